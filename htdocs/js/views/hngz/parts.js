/* Other information of a candidate (W8): appraisal, examination, grades, bonus; entered and decided in a dialog. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { display, label, loadTables, narrow, shape } from "../../document.js";
import { formDialog } from "../../form-dialog.js";
import { fullTime, pick, t } from "../../i18n.js";
import { toast } from "../../parts.js";
import { partTag } from "../../states.js";
import { send } from "./acts.js";

const KINDS = ["appraisal", "examination", "grades", "bonus"];
const definition = (model, id) => (model.form.parts ?? []).find((p) => p.id === id);

async function enter(model, id) {
  const part = definition(model, id);
  await loadTables(part.fields);
  const values = { ...(model.parts.find((p) => p.id === id)?.fields ?? {}) };
  const done = await formDialog({
    title: `${label(part)} - ${model.record.name}`, wide: true, values, act: t("save"),
    intro: part.help ? html`<p class="soft">${pick(part.help)}</p>` : nothing,
    fields: part.fields.filter((f) => f.type !== "rows").map((f) => ({ ...shape(f, { required: f.required === "true()" }), span: f.multiline })),
    send: (given) => send(model, "put", `/${id}`, {
      fields: Object.fromEntries(Object.entries(given).map(([k, v]) => [k, v === "" ? null : narrow(v)])),
    }),
  });
  if (!done) return;
  toast(t("saved"));
  await model.refresh();
}

async function decideBonus(model) {
  const done = await formDialog({
    title: t("bonus.decide.title", { name: model.record.name }), act: t("bonus.decide"),
    fields: [
      { id: "verdict", type: "code", required: true, label: t("bonus.verdict"), options: [["approve", t("bonus.approve")], ["refuse", t("bonus.refuse")]] },
      { id: "reason", type: "multiline", label: t("reason"), help: t("bonus.reason") },
    ],
    send: ({ verdict, reason }) => send(model, "post", "/bonus/decision", { verdict, ...(reason ? { reason } : {}) }),
  });
  if (!done) return;
  toast(t("act.done"));
  await model.refresh();
}

export function partCards(model, ctx) {
  const { record } = model;
  return html`<section class="card"><div class="card-head"><h2>${t("parts.title")}</h2></div>
    <dl class="facts one">${KINDS.map((id) => {
      const part = model.parts.find((p) => p.id === id);
      const known = definition(model, id);
      const filled = Object.entries(part?.fields ?? {});
      return html`<dt>${t(`part.${id}`)}</dt><dd>${partTag(record.parts[id])}
        ${known && may(ctx.session, `${id}_write`, record.state) ? html` <button class="link" type="button" @click=${() => enter(model, id)}>${t(filled.length ? "parts.change" : "parts.enter")}</button>` : nothing}
        ${id === "bonus" && record.parts.bonus === "entered" && may(ctx.session, "bonus_decide", record.state)
          ? html` <button class="link" type="button" @click=${() => decideBonus(model)}>${t("bonus.decide")}</button>` : nothing}
        ${filled.length ? html`<p class="small soft">${filled.slice(0, 6).map(([k, v]) => {
          const field = known?.fields.find((f) => f.id === k);
          return field && !Array.isArray(v) ? `${label(field)} ${display(field, v)}` : "";
        }).filter(Boolean).join(" · ")}${part.updated_at ? ` · ${fullTime(part.updated_at)}` : ""}</p>` : nothing}</dd>`;
    })}</dl></section>`;
}
