/* The same answer everywhere (IN-7): every rule of the shipped packs on every record of the corpus, which tests/tools/corpus
 * had libxml2 judge, by this browser's own XPath. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { page } from "./lab.mjs";

/* What rules may be written with, at its edges: both engines have to say the same. What they disagree about (string lengths and
 * substrings beyond the BMP, numbers to text, exponents) the pack's check refuses (tests/plugin/test_policy). */
const BATTERY = [
  "a = '𠮷田'", "starts-with(a, '𠮷')", "contains(a, '田')", "substring-after(a, '𠮷') = '田'", "substring-before(a, '田') = '𠮷'", "concat(a, b) = '𠮷田买买提·艾力'",
  "contains(b, '·')", "translate(d, '-', '') = '20080229'", "number(translate(d, '-', '')) > 20080228", "translate(d, '-', '') < '20080301'", "d < '2009-01-01'", "d = '2008-02-29'",
  "none = ''", "not(none)", "none != 'x'", "not(none = 'x')", "count(none) = 0", "boolean(none)", "string(none) = ''", "number(none) = number(none)", "none > 0", "none < 0",
  "number(n) = 42", "n + 1 = 43", "n div 5 = 8.4", "n mod 5 = 2", "-n mod 5 = -2", "floor(n div 5) = 8", "ceiling(n div 5) = 9", "round(2.5) = 3", "round(-2.5) = -2", "0.1 + 0.2 = 0.3",
  "1 div 0 > 0", "0 div 0 = 0 div 0", "number('') = 0", "number(' 42 ') = 42", "number('+12') = 12", "number('１２') = 12", "number('4 2') = 42", "'10' < '9'", "'b' > 'a'", "'1' = 1.0",
  "normalize-space(w) = '张 三'", "normalize-space(z) = '张三'", "string-length(normalize-space(' ')) = 0", "string-length(n) = 2", "f = '0' and not(f = '1')", "true() or none/none",
  "not(1 = 1 and 2 = 3)", "resume/row[1]/school = '一中'", "count(resume/row) = 2", "resume/row[last()]/end = '2025-06'", "not(resume/row[end < start])", "resume/row/school = '二中'",
  "resume/row/school != '一中'", "not(resume/row/school = '三中')", "sum(resume/row/k) = 3", "resume/row[position() = 2]/start > resume/row[1]/start", "(n | f) = '0'", "id_number = '430102200802290011'",
  "number('430102200802290011') = number('430102200802290013')", "c = 'e\u0301'", "c = '\u00e9'", "contains('', '')", "starts-with(a, '')", "substring('abc', 2) = 'bc'", "substring('abc', 0, 2) = 'a'",
];
const RECORD = "<candidate><a>𠮷田</a><b>买买提·艾力</b><c>e\u0301</c><d>2008-02-29</d><n>42</n><f>0</f><w>  张   三 </w><z>\u3000张三</z><id_number>430102200802290011</id_number>"
  + "<resume><row><start>2019-09</start><end>2022-06</end><school>一中</school><k>1</k></row><row><start>2022-09</start><end>2025-06</end><school>二中</school><k>2</k></row></resume></candidate>";

/* Expressions about which libxml2 (its own xmllint) and this browser differ; null when xmllint is not installed. */
export async function battery() {
  const file = join(mkdtempSync(join(process.cwd(), "xpath.")), "record.xml");
  writeFileSync(file, RECORD);
  let server;
  try {
    server = BATTERY.map((test) => execFileSync("xmllint", ["--xpath", `boolean(/candidate[${test}])`, file], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() === "true");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
  const tab = await page();
  await tab.goto("about:blank");
  const browser = await tab.evaluate(([tests, text]) => {
    const xml = new DOMParser().parseFromString(text, "application/xml");
    return tests.map((test) => xml.evaluate(`boolean(/candidate[${test}])`, xml, null, XPathResult.BOOLEAN_TYPE, null).booleanValue);
  }, [BATTERY, RECORD]);
  await tab.context().close();
  return BATTERY.filter((test, i) => server[i] !== browser[i]);
}

/* Runs in the page: how many answers there were, and the first that differ. */
function differences(packs) {
  const found = [];
  let count = 0;
  for (const { pack, rules, records } of packs) {
    const compiled = rules.map(([id, test]) => [id, document.createExpression(`boolean(${test})`, null)]);
    for (const { values, rows, fail, undecided } of records) {
      const xml = document.implementation.createDocument(null, "candidate");
      const put = (parent, name, text) => {
        const element = xml.createElement(name);
        if (text !== undefined) element.textContent = text;
        parent.append(element);
        return element;
      };
      for (const [name, value] of Object.entries(values)) put(xml.documentElement, name, value);
      for (const [name, list] of Object.entries(rows)) {
        if (!list.length) continue;
        const outer = put(xml.documentElement, name);
        for (const row of list) {
          const one = put(outer, "row");
          for (const [column, value] of Object.entries(row)) put(one, column, value);
        }
      }
      for (const [id, expression] of compiled) {
        if (undecided.includes(id)) continue;
        count += 1;
        const passes = expression.evaluate(xml.documentElement, XPathResult.BOOLEAN_TYPE, null).booleanValue;
        if (passes === fail.includes(id) && found.length < 10) found.push(`${pack} ${id}: browser ${passes}, ${JSON.stringify(values).slice(0, 300)}`);
      }
    }
  }
  return { count, found };
}

export async function corpus(file) {
  const tab = await page();
  await tab.goto("about:blank");
  return tab.evaluate(differences, JSON.parse(readFileSync(file, "utf8")));
}
