/* Check your answers: everything on one page, each with its way back; what is missing leads to where it is filled in. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { display, judge, label, loadTables, missing } from "../../document.js";
import { inFours, pick, sentences, t } from "../../i18n.js";
import { banner, icon } from "../../parts.js";
import { link } from "../../router.js";
import { mayFill, openOwn, windowOf } from "./own.js";

export async function load(ctx) {
  const own = await openOwn(ctx);
  const [verdicts] = await Promise.all([
    api.get("/me/verdicts").then(({ data }) => data.verdicts, () => own.verdicts), // without a network as they were
    loadTables([...own.form.byId.values()]),
  ]);
  own.verdicts = verdicts;
  return { own, open: mayFill(own) && own.record.pledged_at && windowOf(ctx, "fill")?.open !== false, target: ctx.query.field };
}

export const title = () => t("check.title");

const change = (section, id) => link(`/form/${section.id}`, { back: "check", field: id });

function answer(model, section, field, gaps) {
  const { own, open } = model;
  const value = own.fields[field.id];
  const rules = (field.id in own.entered ? own.verdictsHere : own.verdicts).filter((v) => v.kind !== "required" && v.pointer?.startsWith(`/fields/${field.id}`));
  const refused = [...own.faults].filter(([name, words]) => name.split("/")[0] === field.id && !rules.some((v) => words.includes(pick(v)))).map(([, words]) => words);
  const gap = gaps.some((g) => g.name.split("/")[0] === field.id);
  const own_words = Array.isArray(value)
    ? html`<ol>${value.map((row) => html`<li>${(field.columns ?? []).map((c) => display(c, row[c.id])).filter(Boolean).join(" · ")}</li>`)}</ol>`
    : field.id === "id_number" ? String(value ?? "").replace(/^(\d{6})(\d{4})(\d{4})/, "$1 $2 $3 ") : display(field, value);
  const may = open && field.editable !== false;
  return html`<div id="a-${field.id}">
    <dt>${label(field)}</dt>
    <dd>${value === undefined ? (gap ? html`<span class="wrong">${t("check.missing")}</span>` : html`<span class="soft">${t("field.none")}</span>`) : own_words}
      ${gap && value !== undefined ? html`<br><span class="wrong">${t("check.partly")}</span>` : nothing}
      ${refused.map((text) => html`<br><span class="wrong">${text}</span>`)}
      ${rules.map((v) => html`<br><span class=${v.severity === "error" ? "wrong" : "soft"}>${sentences(pick(v), pick(v.hint))}</span>`)}</dd>
    <dd class="from">${may ? html`<a href=${change(section, field.id)}>${t(gap && value === undefined ? "check.fill" : "check.change")}<span class="unseen">
      ${label(field)}</span></a>` : html`${icon("lock")}<span class="unseen">${t("check.locked")}</span> ${field.source === "card" ? t("check.card")
    : field.editable === false ? t("check.point") : nothing}`}</dd>
  </div>`;
}

export function render(ctx, model) {
  const { own, open } = model;
  const judged = judge(own.form, own.fields);
  const gapsOf = new Map(own.form.sections.map((s) => [s.id, missing(s, own.fields, judged)]));
  const gaps = [...gapsOf.values()].flat();
  const errors = own.verdicts.filter((v) => v.severity === "error" && v.kind !== "required");
  const todo = [...gaps.map((gap) => gap.name), ...own.faults.keys(), ...errors.map((v) => v.pointer?.split("/")[2]).filter(Boolean)];
  const left = gaps.length + own.faults.size + errors.length;
  const place = (name) => own.form.sections.find((s) => s.fields.some((f) => f.id === name.split("/")[0] && f.editable !== false));
  const first = todo.find((name) => place(name));
  if (model.target) {
    const { target } = model;
    model.target = null;
    requestAnimationFrame(() => document.querySelector(`#a-${target} a`)?.focus());
  }
  return html`<div class="page">
    <p class="line-top"><a class="back" href="#/home">${t("back")}</a></p>
    <div class="page-head"><h1>${t("check.title")}</h1>
      <p class="soft">${t("number")} <span class="number">${inFours(own.record.number)}</span></p>
      <p class="soft">${t("check.help", { place: own.record.org?.name ?? "" })}</p></div>
    ${errors.filter((v) => !v.pointer).map((v) => banner("bad", sentences(pick(v), pick(v.hint))))}
    ${own.form.sections.map((section) => {
      const fields = section.fields.filter((f) => judged.relevant(f));
      return fields.length ? html`<section><h2>${label(section)}</h2>
        <dl class="answers">${fields.map((f) => answer(model, section, f, gapsOf.get(section.id)))}</dl></section>` : nothing;
    })}
    ${!open ? nothing : left ? html`<div class="acts"><a class="button main"
        href=${first ? change(place(first), first) : "#/home"}>${t("check.left", { n: left })}</a></div>`
      : html`${banner("ok", html`<p><strong>${t("check.done.title")}</strong></p><p>${t("check.done.text", { place: own.record.org?.name ?? "" })}</p>`)}
        <a class="button main wide" href="#/home">${t("check.home")}</a>`}
  </div>`;
}
