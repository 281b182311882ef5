/* The pack's rules in the page, for entries the server has not judged yet: by the browser's own XPath, on the same document.
 * Only rules whose every word can be computed here are asked (docs/derived.md says what the server derives besides); the
 * server's verdict is final and takes the place of these as soon as it comes. */
import { serverNow } from "./api.js";
import { rowOf } from "./document.js";

const WORDS = new Set(["and", "or", "div", "mod", "row"]);
const OFFSET_MS = 8 * 3600_000; // Shanghai
const compiled = new Map();

const dayNow = () => new Date(serverNow() + OFFSET_MS).toISOString().slice(0, 10);

/* Whole years; born on 29 February, one is a year older on 1 March of common years. */
function age(birth, today) {
  const years = Number(today.slice(0, 4)) - Number(birth.slice(0, 4));
  return today.slice(5) < birth.slice(5) ? years - 1 : years;
}

/* Everything the page can know about this record: fields, and derived fields by name. */
function known(form, fields) {
  const today = dayNow();
  const values = new Map([["today", today], ["today_number", today.replaceAll("-", "")], ["season", String(form.season ?? "")]]);
  const names = new Set(values.keys());
  for (const field of form.byId.values()) {
    const value = fields[field.id];
    names.add(field.id);
    if (field.type === "rows") {
      names.add(`${field.id}_count`);
      values.set(`${field.id}_count`, String(value?.length ?? 0));
      for (const column of field.columns ?? []) names.add(column.id);
      continue;
    }
    const set = (suffix, derived) => {
      names.add(`${field.id}_${suffix}`);
      if (derived !== undefined) values.set(`${field.id}_${suffix}`, derived);
    };
    const filled = value !== undefined && value !== null && value !== "";
    if (filled) values.set(field.id, String(value));
    if (field.type === "date" || field.type === "month") {
      set("number", filled ? (value === "长期" ? "99991231" : String(value).replaceAll("-", "")) : undefined);
    } else if (field.type === "code") {
      for (const [name, attribute] of Object.entries(rowOf(field, value)?.[5] ?? {})) set(name, attribute);
    } else if (field.type === "text") {
      set("length", filled ? String([...String(value)].length) : undefined);
    }
  }
  if (values.has("birth")) values.set("age", String(age(values.get("birth"), today)));
  names.add("age").add("birth_number");
  return { values, names };
}

function asXml(form, fields, values) {
  const xml = document.implementation.createDocument(null, "candidate");
  const put = (parent, name, text) => {
    const element = xml.createElement(name);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };
  for (const [name, value] of values) put(xml.documentElement, name, value);
  for (const field of form.byId.values()) {
    if (field.type !== "rows" || !fields[field.id]?.length) continue;
    const list = put(xml.documentElement, field.id);
    for (const row of fields[field.id]) {
      const one = put(list, "row");
      for (const [name, value] of Object.entries(row)) if (value) put(one, name, value);
    }
  }
  return xml;
}

/* Names of elements in an expression: words that are no function, operator, literal or axis. */
function namesIn(test) {
  const bare = test.replace(/'[^']*'|"[^"]*"/g, " ");
  return [...bare.matchAll(/[A-Za-z_][\w.-]*/g)]
    .filter((m) => !WORDS.has(m[0]) && !/^\s*(\(|::)/.test(bare.slice(m.index + m[0].length)))
    .map((m) => m[0]);
}

function compile(rule) {
  if (!compiled.has(rule.id)) {
    let expression = null;
    try {
      expression = document.createExpression(`boolean(${rule.test})`, null);
    } catch {
      // the pack's check lets none such through
    }
    compiled.set(rule.id, { test: rule.test, names: namesIn(rule.test), expression });
  }
  return compiled.get(rule.id);
}

const fill = (text, fields, form) => String(text ?? "").replace(/\{(\w+)\}/g, (whole, id) => {
  const field = form.byId.get(id);
  const value = fields[id];
  if (!field || value === undefined) return "";
  return field.type === "code" ? (rowOf(field, value)?.[1] ?? value) : String(value);
});
const both = (pair, fields, form) => pair && { zh: fill(pair.zh, fields, form), en: fill(pair.en, fields, form) };

/* Verdicts in the shape of the server's on rules about any of `ids` all of whose fields have values. */
export function judgeHere(form, rules, fields, ids) {
  const asked = rules.filter((rule) => rule.fields.some((id) => ids.has(id)));
  if (!asked.length) return [];
  const { values, names } = known(form, fields);
  let xml = null;
  const found = [];
  for (const rule of asked) {
    if (rule.subjects && !rule.subjects.includes(fields.subject)) continue;
    if (rule.categories && !rule.categories.includes(fields.category)) continue;
    if (!rule.fields.every((id) => values.has(id) || fields[id]?.length)) continue;
    const { names: needed, expression } = compile(rule);
    if (!expression || !needed.every((name) => names.has(name))) continue;
    xml = xml ?? asXml(form, fields, values);
    let passes = true;
    try {
      passes = expression.evaluate(xml.documentElement, XPathResult.BOOLEAN_TYPE, null).booleanValue;
    } catch {
      continue;
    }
    if (!passes) {
      found.push({ kind: "rule", rule: rule.id, severity: rule.severity, pointer: `/fields/${rule.fields.find((id) => ids.has(id))}`,
        ...both(rule.message, fields, form), hint: both(rule.hint, fields, form), basis: rule.basis, here: true });
    }
  }
  return found;
}
