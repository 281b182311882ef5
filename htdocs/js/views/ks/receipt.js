/* The receipt: what is recorded of oneself, on one page to photograph or print; and all that is kept, as a file. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api, serverNow } from "../../api.js";
import { display } from "../../document.js";
import { fullTime, inFours, pick, t, word } from "../../i18n.js";
import { icon, problem } from "../../parts.js";
import { qr } from "../../qr.js";
import { openOwn } from "./own.js";

export async function load(ctx) {
  return { own: await openOwn(ctx), problem: null, busy: false };
}

export const title = () => t("receipt.title");

/* Scanned in the console it opens the record, and says whether it was changed since. */
const codeOf = (record) => `GKR/${record.number}/${record.version}`;

/* Enough to know oneself by, not enough for whoever sees the picture. */
const masked = (number) => String(number ?? "").replace(/^(.{4}).*(.{4})$/, "$1 •••••• $2");

async function save(ctx, model) {
  Object.assign(model, { busy: true, problem: null });
  ctx.update();
  try {
    const { data } = await api.get("/me/data");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
    link.download = `${model.own.record.number}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    model.problem = error;
  }
  model.busy = false;
  ctx.update();
}

const row = (name, value) => (value ? html`<div><dt>${name}</dt><dd>${value}</dd></div>` : nothing);

export function render(ctx, model) {
  const { own } = model;
  const { record } = own;
  const subject = own.form.subjects?.find((s) => s.code === record.subject);
  const type = own.form.byId.get("exam_type");
  return html`<div class="page">
    <p class="line-top"><a class="back" href="#/home">${t("back")}</a></p>
    <div class="page-head"><h1>${t("receipt.title")}</h1><p class="soft">${t("receipt.help")}</p></div>
    ${model.problem ? problem(model.problem, () => save(ctx, model)) : nothing}
    <section class="card receipt">
      <div class="receipt-head"><div><p class="soft small">${pick(ctx.season?.title ?? ctx.season?.name)}</p>
      <p class="receipt-state">${icon(["confirmed", "submitted", "accepted"].includes(record.state) ? "check" : "alert")} ${word("state", record.state)}</p></div>
      ${qr(codeOf(record), t("receipt.qr", { number: record.number, version: record.version }))}</div>
      <dl class="answers plain">
        ${row(t("number"), html`<strong class="number">${inFours(record.number)}</strong>`)}
        ${row(t("receipt.name"), record.name)}
        ${row(t("receipt.id"), masked(own.record.fields.id_number))}
        ${row(t("receipt.subject"), subject ? pick(subject) : "")}
        ${row(t("receipt.type"), type ? display(type, record.fields.exam_type) : "")}
        ${row(t("receipt.place"), record.org?.name)}
        ${row(t("receipt.candidate"), record.candidate_number)}
        ${row(t("receipt.version"), t("receipt.nth", { n: record.version }))}
        ${row(t("receipt.saved"), fullTime(record.updated_at))}
        ${row(t("receipt.at"), fullTime(new Date(serverNow())))}
      </dl>
    </section>
    <div class="pair">
      <button class="button main" type="button" @click=${() => print()}>${icon("print")} ${t("receipt.print")}</button>
      <button class="button" type="button" aria-disabled=${model.busy ? "true" : nothing} @click=${() => !model.busy && save(ctx, model)}>${t("receipt.data")}</button>
    </div>
    <p class="soft small">${t("receipt.data.help")}</p>
  </div>`;
}
