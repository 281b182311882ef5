/* The same answer everywhere (IN-7): every rule of the shipped packs on every record of the corpus, which tests/tools/corpus
 * had libxml2 judge, by this browser's own XPath. */
import { readFileSync } from "node:fs";
import { page } from "./lab.mjs";

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
