/* Rules in a dialog, and a place to try one on a record before it counts for anybody. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { loadForm } from "../../document.js";
import { fieldView } from "../../field.js";
import { formDialog } from "../../form-dialog.js";
import { pick, t, word } from "../../i18n.js";
import { problem, tag } from "../../parts.js";
import { why } from "./why.js";

const SEVERITIES = ["error", "review", "warn"];
const STAGES = ["fill", "review", "confirm", "submit", "export"];

/* "birth=2007-01-01 sex=1" as fields; values with spaces stand on lines of their own. */
export function fieldsOf(text) {
  const lines = text.split(/\n/).flatMap((line) => (/^\s*\w+=.*\s\w+=/.test(line) ? line.trim().split(/\s+(?=\w+=)/) : [line]));
  return Object.fromEntries(lines.map((line) => line.trim()).filter(Boolean).map((line) => {
    const at = line.indexOf("=");
    return at < 0 ? [line, ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  }));
}

/* ---- conditions: all or any of rows, for those who write no XPath -------------------------------------------- */

const OPS = ["=", "!=", "<", "<=", ">", ">=", "filled", "empty", "contains", "starts-with"];

/* Rows of conditions that are flat; null where only XPath says it. */
function rowsOf(conditions) {
  if (!conditions) return null;
  const list = conditions.all ?? conditions.any ?? [conditions];
  const rows = list.map((one) => {
    const inner = one.not ?? one;
    if (!inner.field || inner.other) return null;
    return { field: inner.field, op: inner.op, value: inner.value ?? inner.number ?? "", number: "number" in inner, not: Boolean(one.not) };
  });
  return rows.includes(null) ? null : { join: conditions.any ? "any" : "all", rows };
}

function conditionsOf({ join, rows }) {
  const list = rows.filter((row) => row.field.trim()).map((row) => {
    const one = { field: row.field.trim(), op: row.op };
    if (!["filled", "empty"].includes(row.op)) one[row.number ? "number" : "value"] = row.value;
    return row.not ? { not: one } : one;
  });
  return list.length === 1 ? list[0] : { [join]: list };
}

function builder(build, handle) {
  const set = (row, key, value) => { row[key] = value; handle.update(); };
  const select = (value, options, label, change) => html`<select aria-label=${label} @change=${(e) => change(e.target.value)}>
    ${options.map(([one, text]) => html`<option value=${one} ?selected=${one === value}>${text}</option>`)}</select>`;
  return html`<fieldset class="field"><legend>${t("build")}</legend>
    <p class="help">${t("build.help")}</p>
    <p>${select(build.join, [["all", t("build.all")], ["any", t("build.any")]], t("build.join"), (v) => { build.join = v; })}</p>
    <datalist id="build-names">${(build.names ?? []).map(([id, label]) => html`<option value=${id}>${label}</option>`)}</datalist>
    ${build.rows.map((row, i) => html`<p class="build-row">
      ${select(row.not ? "not" : "", [["", t("build.is")], ["not", t("build.not")]], t("build.not"), (v) => set(row, "not", v === "not"))}
      <input list="build-names" aria-label=${t("build.field")} placeholder=${t("build.field")} .value=${row.field} @input=${(e) => { row.field = e.target.value; }}>
      ${select(row.op, OPS.map((op) => [op, t(`build.op.${op}`)]), t("build.op"), (v) => set(row, "op", v))}
      ${["filled", "empty"].includes(row.op) ? nothing : html`<input aria-label=${t("build.value")} placeholder=${t("build.value")} .value=${row.value} @input=${(e) => { row.value = e.target.value; }}>
        ${select(row.number ? "n" : "t", [["t", t("build.text")], ["n", t("build.number")]], t("build.kind"), (v) => set(row, "number", v === "n"))}`}
      <button class="link" type="button" @click=${() => { build.rows.splice(i, 1); handle.update(); }}>${t("build.drop")}</button></p>`)}
    <p><button class="button" type="button" @click=${() => { build.rows.push({ field: "", op: "=", value: "", number: false, not: false }); handle.update(); }}>${t("build.add")}</button></p>
  </fieldset>`;
}

/* `rule` null: a new one. Resolves to what was saved. */
export function ruleDialog(model, rule) {
  const both = (name) => [
    { id: `${name}_zh`, type: "multiline", rows: 2, required: true, label: `${t(`rule.${name}`)}（中文）` },
    { id: `${name}_en`, type: "multiline", rows: 2, required: true, label: `${t(`rule.${name}`)} (English)` },
  ];
  const values = { severity: rule?.severity ?? "error", test: rule?.test ?? "",
    ...Object.fromEntries(["title", "message", "hint"].flatMap((n) => [[`${n}_zh`, rule?.[n]?.zh ?? ""], [`${n}_en`, rule?.[n]?.en ?? ""]])) };
  const start = rowsOf(rule?.conditions);
  const build = { join: start?.join ?? "all", rows: start?.rows ?? [], names: [] };
  if (start) values.test = "";
  loadForm().then((form) => {
    build.names = form.sections.flatMap((section) => section.fields.map((f) => [f.id, pick(f)]));
  }, () => {});
  return formDialog({
    extra: (state, handle) => builder(build, handle),
    title: rule ? t("rule.change.title", { title: pick(rule.title) }) : t("rule.new").replace(/…$/, ""), act: t("save"), wide: true, values,
    fields: [
      !rule && { id: "id", type: "text", label: t("rule.id"), required: true, help: t("rule.id.help"), maxLength: 60 },
      !rule && { id: "fields", type: "text", label: t("rule.fields"), required: true, help: t("rule.fields.help") },
      !rule && (model.pack.unit ? { id: "basis", type: "multiline", rows: 2, label: t("rule.basis"), required: true, help: t("rule.basis.local.help") }
        : { id: "basis", type: "text", label: t("rule.basis"), required: true, help: t("rule.basis.help") }),
      { id: "severity", type: "code", select: true, plainEmpty: false, label: t("rule.severity"), options: SEVERITIES.map((s) => [s, word("rule.severity", s)]) },
      ...both("title"),
      { id: "test", type: "multiline", rows: 3, span: true, label: t("rule.test"), help: t("rule.test.help") },
      ...both("message"), ...both("hint"),
      { id: "good", type: "multiline", rows: 2, label: t("rule.good"), required: !rule, help: t("rule.case.help") },
      { id: "bad", type: "multiline", rows: 2, label: t("rule.bad"), required: !rule, help: t("rule.case.help") },
    ],
    send: async (v) => {
      const change = { id: rule?.id ?? v.id, severity: v.severity };
      if (v.test.trim() || !build.rows.length) change.test = v.test;
      else change.conditions = conditionsOf(build);
      for (const name of ["title", "message", "hint"]) change[name] = { zh: v[`${name}_zh`], en: v[`${name}_en`] };
      if (!rule) Object.assign(change, { ...(model.pack.unit ? { basis_text: { zh: v.basis, en: v.basis } } : { basis: v.basis }), fields: v.fields.split(/[\s,，、]+/).filter(Boolean), stages: model.pack.unit ? STAGES.slice(0, -1) : STAGES });
      if (v.good || v.bad) change.cases = [["pass", v.good], ["fail", v.bad]].filter(([, text]) => text).map(([expect, text]) => ({ expect, fields: fieldsOf(text) }));
      return api.patch(`/packs/${model.pack.id}`, { rules: [change] }, { etag: model.etag });
    },
  });
}

/* ---- try it ------------------------------------------------------------------------------------------------- */

async function run(ctx, model) {
  const { trial } = model;
  trial.fault = null;
  trial.answer = null;
  const test = (trial.test ?? "").trim(), who = (trial.who ?? "").trim();
  const body = test ? (model.rules.some((r) => r.id === test) ? { rule: test } : { test }) : {};
  try {
    if (/^\d{8}$/.test(who)) {
      const { data } = await api.get("/candidates", { query: { q: who, limit: 1 } });
      if (!data.items.length) throw new Error(t("try.nobody"));
      body.candidate_id = data.items[0].id;
    } else {
      body.fields = fieldsOf(trial.who ?? "");
    }
    trial.answer = (await api.post(`/packs/${model.pack.id}/trial`, body)).data;
  } catch (error) {
    trial.fault = error;
  }
  ctx.update();
}

const RESULT = { pass: "ok", fail: "bad", undecided: "warn" };

export function tryView(ctx, model) {
  const { trial } = model;
  const field = (id, label, help) => fieldView({ id: `try-${id}`, type: "multiline", rows: 2, label, help }, trial[id] ?? "", { change: (v) => { trial[id] = v; } });
  return html`<section class="card"><div class="card-head"><h2>${t("try")}</h2></div>
    <form class="padded" @submit=${(e) => { e.preventDefault(); run(ctx, model); }}><div class="columns">
      ${field("test", t("try.test"), t("try.test.help"))}${field("who", t("try.who"), t("try.who.help"))}</div>
      <p><button class="button">${t("try.run")}</button></p></form>
    ${trial.fault ? problem(trial.fault) : nothing}
    ${trial.answer ? html`<div class="padded" role="status"><p>${tag(t(`try.${trial.answer.result}`), RESULT[trial.answer.result])}
      ${Object.entries(trial.answer.seen).map(([name, value]) => html`<span class="small soft">${name} = ${value ?? t("try.absent")}　</span>`)}</p>
      ${trial.answer.verdicts.length ? html`<ul>${trial.answer.verdicts.map((v) => html`<li>${tag(word("rule.severity", v.severity), v.severity === "error" ? "bad" : "warn")} ${pick(v)}
        ${v.hint ? html`<span class="soft">${pick(v.hint)}</span>` : nothing}
        ${why(v)}</li>`)}</ul>` : nothing}</div>` : nothing}
  </section>`;
}
