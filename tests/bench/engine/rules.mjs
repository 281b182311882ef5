/* The 30 rules of tests/bench/rules.c on its record, by json-rules-engine from npm: what a form server in JavaScript would use.
 * Prints microseconds a record, best of five; the same number of rules has to be unmet.
 *   npm ci && node rules.mjs [rounds] */
import { Engine } from "json-rules-engine";

const rounds = Number(process.argv[2] ?? 5000);
const is = (fact, value) => ({ fact, operator: "equal", value });
const isNot = (fact, value) => ({ fact, operator: "notEqual", value });
const filled = (fact) => ({ fact, operator: "filled", value: true });
const empty = (fact) => ({ fact, operator: "filled", value: false });
const op = (fact, operator, value) => ({ fact, operator, value });
const all = (...list) => ({ all: list });
const any = (...list) => ({ any: list });

/* In the order of tests/bench/rules.c. */
const conditions = [
  any(isNot("f3", "5"), is("f7", "8")),
  any(empty("f1"), op("f1", "length", 3)),
  any(is("f4", "4"), is("f5", "5"), is("f6", "6")),
  any(empty("f9"), op("f9", "begins", "9")),
  all(op("f10", "atLeast", 10), op("f10", "atMost", 2000)),
  all(op("f12", "notEqual", { fact: "f13" })),
  all(filled("f14")),
  any(isNot("f15", "1"), isNot("f16", "2"), isNot("f17", "3")),
  all(isNot("f18", ""), filled("f18")),
  all(op("f19", "lacks", "x")),
  all(op("f20", "digits", true)),
  any(filled("f21"), filled("f22")),
  any(isNot("f23", "0"), filled("f24")),
  all(op("f25", "moreThan", { fact: "f24" })),
  all(filled("f26")),
  any(isNot("f27", "9"), all(filled("f28"), filled("f29"))),
  all(op("f30", "lengthAtMost", 60)),
  all(is("f31", "31")),
  all(isNot("f60", "1")),
  all(op("f33", "equal", { fact: "f33" })),
  any(empty("f34"), filled("f35")),
  any(empty("f59"), op("f59", "lessThan", 100)),
  all(op("r", "rowsAtLeast", 1)),
  all(op("r", "someC1", "x1")),
  all(op("r", "everyC2", true)),
  all(is("f40", "40"), is("f41", "41")),
  all(isNot("f42", "1"), isNot("f42", "2"), isNot("f42", "3")),
  all(op("f43", "begins", "4")),
  all(op("f44", "trimmed", true)),
  all(isNot("f45", ""), isNot("f46", ""), isNot("f47", "")),
];

const engine = new Engine([], { allowUndefinedFacts: true });
const operators = {
  filled: (value, wanted) => (value !== undefined && value !== "") === wanted,
  length: (value, n) => [...(value ?? "")].length === n,
  lengthAtMost: (value, n) => [...(value ?? "")].length <= n,
  begins: (value, head) => (value ?? "").startsWith(head),
  lacks: (value, part) => !(value ?? "").includes(part),
  digits: (value) => /^\d*$/.test(value ?? ""),
  atLeast: (value, n) => Number(value) >= n,
  atMost: (value, n) => Number(value) <= n,
  moreThan: (value, other) => Number(value) > Number(other),
  lessThan: (value, n) => Number(value) < n,
  rowsAtLeast: (rows, n) => (rows ?? []).length >= n,
  someC1: (rows, value) => (rows ?? []).some((row) => row.c1 === value),
  everyC2: (rows) => (rows ?? []).every((row) => row.c2 !== undefined),
  trimmed: (value) => (value ?? "").trim().replace(/\s+/g, " ") === value,
};
for (const [name, run] of Object.entries(operators)) engine.addOperator(name, run);
conditions.forEach((one, i) => engine.addRule({ name: `rule-${i}`, conditions: one, event: { type: `rule-${i}` } }));

const record = { r: [1, 2, 3].map((n) => ({ c1: `x${n}`, c2: "y" })) };
for (let i = 1; i <= 60; i++) record[`f${i}`] = String(i);
const text = JSON.stringify(record);

let best = Infinity, unmet = 0;
for (let repeat = 0; repeat < 5; repeat++) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < rounds; i++) unmet = (await engine.run(JSON.parse(text))).failureEvents.length;
  best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e3 / rounds);
}
console.log(`json-rules-engine ${unmet} not met ${best.toFixed(2)} us`);
