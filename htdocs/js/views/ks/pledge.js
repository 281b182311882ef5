/* The pledge, before anything is filled in. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { faultSummary, fieldView, focusField, focusSummary } from "../../field.js";
import { pick, t } from "../../i18n.js";
import { banner, problem } from "../../parts.js";
import { go } from "../../router.js";
import { openOwn } from "./own.js";
import { tasks } from "./home.js";

export async function load(ctx) {
  return { own: await openOwn(ctx), privacy: "", agreed: "", guardian: null, name: "", relation: "", faults: [], problem: null, busy: false };
}

async function submit(ctx, model, event) {
  event.preventDefault();
  if (model.busy) return;
  const faults = [];
  if (!model.privacy) faults.push({ name: "privacy", text: t("privacy.missing") });
  if (!model.agreed) faults.push({ name: "agreed", text: t("pledge.missing") });
  if (model.guardian && !model.name.trim()) faults.push({ name: "name", text: t("guardian.name.missing") });
  if (model.guardian && !model.relation.trim()) faults.push({ name: "relation", text: t("guardian.relation.missing") });
  model.faults = faults;
  if (model.faults.length) {
    ctx.update();
    focusSummary();
    return;
  }
  model.busy = true;
  ctx.update();
  try {
    const { data, etag } = await api.post("/me/pledge", { accepted: true, privacy: true,
      ...(model.guardian ? { guardian: { name: model.name.trim(), relation: model.relation.trim() } } : {}) }, { etag: model.own.etag });
    if (data?.fields) model.own.take(data, etag);
    else await model.own.refresh();
    const next = tasks(model.own).find((task) => task.missing.length);
    go(next ? `/form/${next.section.id}` : "/check");
  } catch (error) {
    const needed = error.at?.("/guardian");
    if (needed) model.guardian = needed.text;
    Object.assign(model, needed ? { busy: false } : { problem: error, busy: false });
    ctx.update();
    if (needed) focusField("name");
  }
}

/* Two things are agreed to, each for itself; somebody under 14 names a guardian when the server asks. */
export function render(ctx, model) {
  const { pledge, privacy } = model.own.form.texts ?? {};
  const faultOf = (name) => model.faults.find((f) => f.name === name)?.text;
  const entry = (name, label) => fieldView({ id: name, label, type: "text", required: true, maxLength: 60 }, model[name],
    { change: (v) => { model[name] = v; }, fault: faultOf(name) });
  return html`<div class="page">
    <p class="line-top"><a class="back" href="#/home">${t("back")}</a></p>
    <div class="page-head"><h1>${t("pledge.page")}</h1></div>
    ${faultSummary(model.faults)}
    ${model.problem ? problem(model.problem) : nothing}
    <form class="form" novalidate @submit=${(e) => submit(ctx, model, e)}>
      <section><h2>${privacy ? pick(privacy.title) : t("privacy.title")}</h2>
        <div class="card prose">${privacy ? pick(privacy.body) : t("privacy.text")}</div>
        ${fieldView({ id: "privacy", type: "check", label: t("privacy.agree") }, model.privacy,
          { change: (v) => { model.privacy = v; }, fault: faultOf("privacy") })}</section>
      ${model.guardian ? html`<section><h2>${t("guardian.title")}</h2>${banner("warn", html`<p>${model.guardian}</p>`)}
        ${entry("name", t("guardian.name"))}${entry("relation", t("guardian.relation"))}</section>` : nothing}
      <section><h2>${pledge ? pick(pledge.title) : t("pledge.title")}</h2>
        <div class="card prose">${pledge ? pick(pledge.body) : t("pledge.text")}</div>
        ${fieldView({ id: "agreed", type: "check", label: t("pledge.agree") }, model.agreed,
          { change: (v) => { model.agreed = v; }, fault: faultOf("agreed") })}</section>
      <button class="button main wide" aria-disabled=${model.busy ? "true" : nothing}>${t("pledge.do")}</button>
    </form>
  </div>`;
}
