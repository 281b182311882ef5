/* The pledge, before anything is filled in. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { faultSummary, fieldView, focusSummary } from "../../field.js";
import { pick, t } from "../../i18n.js";
import { problem } from "../../parts.js";
import { go } from "../../router.js";
import { openOwn } from "./own.js";
import { tasks } from "./home.js";

export async function load(ctx) {
  return { own: await openOwn(ctx), agreed: "", faults: [], problem: null, busy: false };
}

async function submit(ctx, model, event) {
  event.preventDefault();
  if (model.busy) return;
  model.faults = model.agreed ? [] : [{ name: "agreed", text: t("pledge.missing") }];
  if (model.faults.length) {
    ctx.update();
    focusSummary();
    return;
  }
  model.busy = true;
  ctx.update();
  try {
    const { data, etag } = await api.post("/me/pledge", { accepted: true }, { etag: model.own.etag });
    if (data?.fields) model.own.take(data, etag);
    else await model.own.refresh();
    const next = tasks(model.own).find((task) => task.missing.length);
    go(next ? `/form/${next.section.id}` : "/check");
  } catch (error) {
    Object.assign(model, { problem: error, busy: false });
    ctx.update();
  }
}

export function render(ctx, model) {
  const text = model.own.form.texts?.pledge;
  return html`<div class="page">
    <p class="line-top"><a class="back" href="#/home">${t("back")}</a></p>
    <div class="page-head"><h1>${text ? pick(text.title) : t("pledge.title")}</h1></div>
    ${faultSummary(model.faults)}
    ${model.problem ? problem(model.problem) : nothing}
    <div class="card prose">${text ? pick(text.body) : t("pledge.text")}</div>
    <form class="form" novalidate @submit=${(e) => submit(ctx, model, e)}>
      ${fieldView({ id: "agreed", type: "check", label: t("pledge.agree") }, model.agreed,
        { change: (v) => { model.agreed = v; }, fault: model.faults[0]?.text })}
      <button class="button main wide" aria-disabled=${model.busy ? "true" : nothing}>${t("pledge.do")}</button>
    </form>
  </div>`;
}
