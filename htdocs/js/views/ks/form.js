/* One section of the form a page. Entries are saved as they are made; "save and go on" looks the section over. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { repeat } from "../../../vendor/lit-html/directives/repeat.js";
import { display, judge, label, loadTables, missing, narrow, shape } from "../../document.js";
import { faultSummary, fieldView, focusField, focusSummary, lockedView } from "../../field.js";
import { clock, pick, sentences, t } from "../../i18n.js";
import { banner, bar, icon, problem } from "../../parts.js";
import { go } from "../../router.js";
import { tasks } from "./home.js";
import { mayFill, openOwn, windowOf } from "./own.js";

const PATIENCE_MS = 2000; // a save that takes longer goes on while the next part is filled in

export async function load(ctx) {
  const own = await openOwn(ctx);
  const list = tasks(own);
  const at = list.findIndex((task) => task.section.id === ctx.params.section);
  const section = list[at]?.section ?? own.form.sections.find((s) => s.id === ctx.params.section);
  if (!section) {
    go("/home");
    return null;
  }
  await loadTables(section.fields);
  return { own, list, at, section, gaps: [], reviewed: false, locked: !mayFill(own) || !own.record.pledged_at
    || windowOf(ctx, "fill")?.open === false, target: ctx.query.field };
}

export const title = (ctx, model) => (shownFaults(model).length ? t("faults.prefix") : "") + label(model.section);

export function leave(ctx, model) {
  if (ctx.session) model.own.save();
}

/* Faults of this section: the server's about entries, and after a look-over what is missing. */
function shownFaults({ own, section, gaps }) {
  const ids = new Map(section.fields.map((f) => [f.id, f]));
  const faults = [];
  for (const [name, text] of own.faults) {
    const [id, , column] = name.split("/");
    const field = ids.get(id);
    if (field) faults.push({ name, text, label: label(column ? (field.columns.find((c) => c.id === column) ?? field) : field) });
  }
  const still = new Set(missing(section, own.fields, judge(own.form, own.fields)).map((gap) => gap.name));
  for (const gap of gaps.filter((one) => still.has(one.name))) { // what was filled in meanwhile is no fault any more
    if (!faults.some((f) => f.name === gap.name)) faults.push({ name: gap.name, label: gap.label, text: t(`missing.${kindOf(gap.field)}`) });
  }
  return faults;
}

const kindOf = (field) => (field.type === "code" || field.type === "flag" ? "choose" : field.type === "rows" ? "rows" : "enter");

/* Rules of the pack that are not met, for fields that have a value: said beside the field. */
function rulesAt(own, id) {
  const verdicts = id in own.entered ? own.verdictsHere : own.verdicts;
  return verdicts.filter((v) => v.kind !== "required" && v.pointer?.startsWith(`/fields/${id}`) && own.fields[id] !== undefined);
}

/* The part of the form where entries were refused, when it is another one: a slow save may come back after one went on. */
function elsewhere(own, section) {
  const ids = new Set([...own.faults.keys()].map((name) => name.split("/")[0]));
  if (section.fields.some((f) => ids.has(f.id))) return "";
  return own.form.sections.find((s) => s.fields.some((f) => ids.has(f.id)))?.id ?? "";
}

function status(own, section) {
  const words = {
    saving: () => html`<span class="soft">${t("save.saving")}</span>`,
    saved: () => html`<span class="good">${icon("check")} ${t("save.saved", { at: clock(own.savedAt) })}</span>`,
    faults: () => html`<span class="wrong">${icon("alert")} ${elsewhere(own, section) ? html`<a href="#/form/${elsewhere(own, section)}">${t("save.faults", { n: own.faults.size })}</a>`
      : t("save.faults", { n: own.faults.size })}</span>`,
    waiting: () => html`<span class="wrong">${icon("alert")} ${t("save.waiting")}</span>`,
    idle: () => html`<span class="soft">${t("save.auto")}</span>`,
    refused: () => html`<span class="wrong">${icon("alert")} ${t("save.refused")}</span>`,
  };
  return html`<span role="status" data-state=${own.state}>${own.dirty && own.state !== "saving" && own.state !== "waiting" && own.state !== "refused"
    && own.state !== "faults" ? html`<span class="soft">${t("save.pending")}</span>` : (words[own.state]?.() ?? nothing)}</span>`;
}

async function goOn(ctx, model, event) {
  event?.preventDefault();
  const { own, section } = model;
  await Promise.race([own.save(), new Promise((done) => setTimeout(done, PATIENCE_MS))]);
  if (!ctx.shown) return;
  model.gaps = missing(section, own.fields, judge(own.form, own.fields));
  model.reviewed = true;
  ctx.update();
  if (shownFaults(model).length) {
    focusSummary();
    return;
  }
  if (own.state !== "refused") next(ctx, model);
}

function next(ctx, { list, at }) {
  if (ctx.query.back === "check") go("/check", { field: ctx.query.field });
  else go(list[at + 1] ? `/form/${list[at + 1].section.id}` : "/check");
}

/* Full-width figures and letters become plain ones where there are only such; the x of an ID number its X. */
const tidied = (field, drawn, value) => (drawn.tidy ? drawn.tidy(narrow(value)) : field.pattern || field.type === "number" ? narrow(value) : value);

function one(model, field, required, fault) {
  const { own } = model;
  const value = own.fields[field.id];
  if (model.locked || field.editable === false) {
    const from = field.source === "card" ? t("field.card") : field.editable === false ? t("field.point") : t("field.closed");
    if (field.type === "rows") return rowsLocked(field, value, from);
    return lockedView(label(field), display(field, value), from);
  }
  const faults = rulesAt(own, field.id);
  const hard = faults.find((v) => v.severity === "error");
  const soft = faults.filter((v) => v !== hard);
  const told = hard && (!fault || fault.includes(pick(hard))); // the page's own judgement and the server's refusal say the same
  const drawn = shape(field, { required });
  if (soft.length) drawn.note = sentences(...soft.flatMap((v) => [pick(v), pick(v.hint)]));
  if (field.type === "rows") return rows(model, field, required);
  return html`${fieldView(drawn, value, {
    change: (v) => own.enter(field.id, tidied(field, drawn, v)),
    done: () => own.left(),
    fault: fault ?? (hard ? pick(hard) : ""),
  })}
  ${told ? html`<p class="soft small">${pick(hard.hint)}${pick(hard.basis) ? ` ${t("field.basis", { basis: pick(hard.basis) })}` : ""}</p>` : nothing}`;
}

const rowsLocked = (field, value, from) => html`<section class="rows"><h2>${label(field)}</h2>
  ${(value ?? []).map((row) => html`<p>${field.columns.map((c) => display(c, row[c.id])).filter(Boolean).join(" · ")}</p>`)}
  <p class="small soft">${icon("lock")} ${from}</p></section>`;

/* Rows: one card each, the next offered with what can be known (the résumé goes on where the row before ended). */
function rows(model, field, required) {
  const { own } = model;
  const value = own.fields[field.id] ?? [];
  const put = (list) => { own.enter(field.id, list); };
  const faults = shownFaults(model);
  const add = () => {
    const last = value[value.length - 1];
    const monthly = field.columns.some((c) => c.id === "start" && c.type === "month");
    put([...value, monthly && last?.end ? { start: last.end } : {}]);
    requestAnimationFrame(() => focusField(`${field.id}/${value.length}/${field.columns[0].id}`));
  };
  const own_fault = faults.find((f) => f.name === field.id)?.text;
  const verdicts = rulesAt(own, field.id);
  return html`<section class="rows" id=${`f-${field.id}`} tabindex="-1">
    ${field.help ? html`<p class="soft">${pick(field.help)}</p>` : nothing}
    ${own_fault ? html`<p class="field"><span class="fault">${own_fault}</span></p>` : nothing}
    ${verdicts.map((v) => banner(v.severity === "error" ? "bad" : "warn", sentences(pick(v), pick(v.hint))))}
    ${value.map((row, i) => html`<fieldset class="row-card">
      <legend class="unseen">${label(field)} ${i + 1}</legend>
      <div class="row-head"><strong>${t("rows.nth", { n: i + 1 })}</strong>
        <button class="link" type="button" @click=${() => { put(value.filter((r, k) => k !== i)); own.left(); }}>${t("rows.remove")}<span class="unseen">
          ${t("rows.nth", { n: i + 1 })}</span></button></div>
      ${field.columns.map((column) => {
        const name = `${field.id}/${i}/${column.id}`;
        const drawn = shape(column, { id: name, required: column.required === "true()" });
        return fieldView(drawn, row[column.id], {
          change: (v) => put(value.map((r, k) => (k === i ? { ...r, [column.id]: tidied(column, drawn, v) } : r))),
          done: () => own.left(),
          fault: faults.find((f) => f.name === name)?.text,
        });
      })}
    </fieldset>`)}
    ${!field.maxLength || value.length < field.maxLength ? html`<button class="button" type="button" data-add=${field.id} @click=${add}>${icon("plus")}
      ${t(value.length ? "rows.more" : "rows.first", { name: label(field) })}${required && !value.length ? html`<span class="required"> *</span>` : nothing}</button>` : nothing}
  </section>`;
}

export function render(ctx, model) {
  const { own, section, list, at, locked } = model;
  const judged = judge(own.form, own.fields);
  const faults = shownFaults(model);
  const faultAt = (id) => faults.find((f) => f.name === id)?.text;
  if (model.target) {
    const { target } = model;
    model.target = null;
    requestAnimationFrame(() => focusField(target));
  }
  return html`<div class="page">
    ${at >= 0 ? bar([{ value: at + 1, kind: "a" }], list.length, t("form.nth", { i: at + 1, n: list.length })) : nothing}
    <p class="line-top"><span><a class="back" href=${ctx.query.back === "check" ? "#/check" : "#/home"}>${t("back")}</a>
      ${at >= 0 ? html`<span class="soft"> · ${t("form.nth", { i: at + 1, n: list.length })}</span>` : nothing}</span>${locked ? nothing : status(own, section)}</p>
    <div class="page-head"><h1>${label(section)}</h1>
      ${section.help ? html`<p class="soft">${pick(section.help)}</p>` : nothing}</div>
    ${model.reviewed || own.faults.size ? faultSummary(faults) : nothing}
    ${model.reviewed && model.gaps.length && !own.faults.size ? html`<p><button class="link" type="button" @click=${() => next(ctx, model)}>
      ${t("form.later")}</button></p>` : nothing}
    ${own.restored ? banner("ok", html`<p>${t("draft.restored", { n: own.restored })}</p>`) : nothing}
    ${own.state === "refused" || (own.state === "waiting" && !own.offline) ? problem(own.problem, () => own.save()) : nothing}
    <form class="form" novalidate autocomplete="off" @submit=${(e) => goOn(ctx, model, e)}>
      ${repeat(section.fields.filter((f) => judged.relevant(f)), (f) => f.id, (f) => html`<div class="one">${one(model, f, judged.required(f), faultAt(f.id))}</div>`)}
      <div class="acts">
        ${at > 0 ? html`<a class="button" href="#/form/${list[at - 1].section.id}">${t("form.before")}</a>` : nothing}
        ${locked ? html`<a class="button main" href=${list[at + 1] ? `#/form/${list[at + 1].section.id}` : "#/check"}>${t("form.next")}</a>`
          : html`<button class="button main">${t("form.save")}</button>`}
      </div>
    </form>
  </div>`;
}
