/* The candidate document in the page: the pack's form, its code tables, and which fields apply and are asked for. The
 * XPath of the pack is evaluated here only to draw the form; the server's verdict is final. */
import { api } from "./api.js";
import { english, pick, t } from "./i18n.js";

const cache = new Map();

/* Kept for the page's life: packs change rarely, and the server says so by the ETag of the season. */
async function kept(path, query) {
  if (!cache.has(path)) {
    cache.set(path, api.get(path, { query }).then((answer) => answer.data, (error) => {
      cache.delete(path);
      throw error;
    }));
  }
  return cache.get(path);
}

const tables = new Map(); // name → rows, once loaded

export async function loadTable(name) {
  if (!tables.has(name)) tables.set(name, (await kept(`/season/tables/${name}`)).rows);
  return tables.get(name);
}

/* {sections, fields (by id), subjects, texts, watched: tables that expressions ask for} */
export async function loadForm() {
  const form = await kept("/season/form");
  if (!form.byId) {
    form.byId = new Map(form.sections.flatMap((s) => s.fields).map((f) => [f.id, f]));
    const asked = [...form.byId.values()].flatMap((f) => [f.required, f.relevant]).filter(Boolean).join(" ");
    form.watched = [...form.byId.values()].filter((f) => f.table && asked.includes(`${f.id}_`)).map((f) => f.table);
  }
  await Promise.all(form.watched.map(loadTable));
  return form;
}

/* Rules a candidate's entries are judged by, for js/rules.js. */
export const loadRules = async () => (await kept("/season/rules", { stage: "fill" })).rules;

const tablesOf = (fields) => fields.flatMap((f) => [f.table, ...(f.columns ?? []).map((c) => c.table)]).filter(Boolean);
export const loadTables = (fields) => Promise.all([...new Set(tablesOf(fields))].map(loadTable));

export const label = (field) => (english() ? field.en : field.zh) || field.zh;

/* Name of a row with the names above it: 长沙市 芙蓉区. */
function pathOf(rows, row) {
  const names = [];
  const byCode = rows.index ?? (rows.index = new Map(rows.map((r) => [r[0], r])));
  for (let at = row; at && names.length < 4; at = at[4] ? byCode.get(at[4]) : null) names.unshift(english() && at[2] ? at[2] : at[1]);
  return names.join(" ");
}

/* The row of a chosen code, or undefined; its table must be loaded. */
export const rowOf = (field, code) => (tables.get(field.table) ?? []).find((row) => row[0] === code);

/* Options of a code field: [code, label, note, words to search]. */
export function options(field) {
  const rows = tables.get(field.table) ?? [];
  const id = english() ? "en" : "zh";
  rows.options = rows.options ?? {};
  if (!rows.options[id]) {
    const parents = new Set(rows.map((row) => row[4]).filter(Boolean));
    rows.options[id] = rows.filter((row) => !parents.has(row[0]))
      .map((row) => [row[0], pathOf(rows, row), "", `${(row[3] ?? "").toLowerCase()} ${row[1]} ${(row[2] ?? "").toLowerCase()}`]);
  }
  return rows.options[id];
}

/* A stored value as people read it. */
export function display(field, value) {
  if (value === undefined || value === null || value === "") return "";
  if (field.type === "flag") return value === "1" ? t("yes") : t("no");
  if (field.type !== "code") return String(value);
  const rows = tables.get(field.table) ?? [];
  const row = rows.find((r) => r[0] === value);
  return row ? pathOf(rows, row) : String(value);
}

/* Fields and the attributes of chosen codes as one flat XML document: what the expressions look at. */
function asXml(form, fields) {
  const xml = document.implementation.createDocument(null, "candidate");
  const put = (name, value) => {
    const element = xml.createElement(name);
    element.textContent = value;
    xml.documentElement.append(element);
  };
  for (const [id, value] of Object.entries(fields)) {
    if (value === null || value === "") continue;
    if (Array.isArray(value)) {
      put(`${id}_count`, String(value.length));
      continue;
    }
    put(id, value);
    const field = form.byId.get(id);
    const row = field?.table ? (tables.get(field.table) ?? []).find((r) => r[0] === value) : null;
    for (const [name, attribute] of Object.entries(row?.[5] ?? {})) put(`${id}_${name}`, attribute);
  }
  return xml;
}

function truth(expression, xml, otherwise) {
  if (!expression) return otherwise;
  try {
    return xml.evaluate(`boolean(${expression})`, xml.documentElement, null, XPathResult.BOOLEAN_TYPE, null).booleanValue;
  } catch {
    return otherwise;
  }
}

/* Which fields apply to this candidate, and which of those must be filled in: {relevant(field), required(field)}. */
export function judge(form, fields) {
  const xml = asXml(form, fields);
  const relevant = (field) => truth(field.relevant, xml, true);
  return { relevant, required: (field) => relevant(field) && truth(field.required, xml, false) };
}

const isEmpty = (value) => value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);

/* Required and empty fields of a section that the candidate may fill in; missing cells of rows too. */
export function missing(section, fields, judged) {
  const found = [];
  for (const field of section.fields) {
    if (field.editable === false || !judged.relevant(field)) continue;
    const value = fields[field.id];
    if (isEmpty(value)) {
      if (judged.required(field)) found.push({ name: field.id, field, label: label(field) });
    } else if (Array.isArray(value)) {
      value.forEach((row, i) => {
        for (const column of field.columns ?? []) {
          if (column.required === "true()" && isEmpty(row[column.id])) {
            found.push({ name: `${field.id}/${i}/${column.id}`, field: column, row: i, label: label(column) });
          }
        }
      });
    }
  }
  return found;
}

/* Field of the pack → field of js/field.js. */
export function shape(field, { required = false, id = field.id } = {}) {
  return {
    id,
    label: label(field),
    help: pick(field.help),
    type: field.multiline ? "multiline" : field.type,
    required,
    optional: !required,
    options: field.type === "code" ? options(field) : undefined,
    maxLength: field.maxLength,
    decimals: field.decimals,
    forever: field.forever,
    inputmode: { digits: "numeric", postcode: "numeric", mobile: "tel", phone: "tel" }[field.pattern],
    tidy: field.upper ? (text) => text.toUpperCase() : undefined,
  };
}

/* Full-width letters and digits to ASCII: what the server would do, done where it is typed. */
export const narrow = (text) => text.replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
  .replace(/\u3000/g, " ");
