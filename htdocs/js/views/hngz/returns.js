/* Candidates that the province gave back for correction: the province uploads its list, points correct and hand in again. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { count, fullTime, inFours, pick, t, word } from "../../i18n.js";
import { listView, loadList, table } from "../../list.js";
import { banner, dialog, dialogFrame, problem, toast } from "../../parts.js";
import { ofPerson } from "../../person.js";
import { stateTag } from "../../states.js";

/* Who was left when the point handed in again. Outlives the list, which is read anew then. */
let left = [];
ofPerson(() => { left = []; });

/* What a list would do is shown before it does it. */
async function upload(ctx, model, event) {
  const file = event.target.files[0];
  event.target.value = "";
  if (!file) return;
  model.fault = null;
  const sent = { raw: file, type: file.type || "application/octet-stream" };
  try {
    const { data } = await api.post("/export/returns/preview", undefined, sent);
    if (!await confirmed(data)) return;
    const done = await api.post("/export/returns", undefined, sent);
    if (done === undefined) return;
    toast(t("returns.applied", { n: count(done.data.candidates) }));
    await ctx.reload();
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

const confirmed = (report) => dialog((handle) => html`<form @submit=${(e) => { e.preventDefault(); handle.close(true); }}>
  ${dialogFrame(handle, t("returns.preview"), html`
    <p>${t("returns.preview.text", { n: count(report.candidates), accepted: count(report.accepted), points: count(report.points) })}</p>
    ${table([
      { label: t("number"), cell: (r) => inFours(r.candidate.number) },
      { label: t("candidate.name"), cell: (r) => r.candidate.name },
      { label: t("submission.org"), cell: (r) => r.org.name },
      { label: t("reason"), cell: (r) => r.reason },
    ], report.items, { caption: t("returns.preview") })}`,
  html`<button class="button" type="button" @click=${() => handle.close()}>${t("cancel")}</button>
    <button class="button bad">${t("returns.apply", { n: count(report.candidates) })}</button>`)}</form>`, { wide: true });

async function supplement(ctx, model) {
  model.fault = null;
  try {
    const { data } = await api.post("/submissions/supplement", {});
    toast(t("returns.supplemented", { n: count(data.submitted) }));
    left = data.waiting;
    await ctx.reload();
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

/* The point's own card: how far all those returned are, not only the rows that are shown. */
function own(ctx, model) {
  const { all, ready } = model.tally;
  if (!all) return nothing;
  return banner(ready ? "ok" : "warn", html`<p><strong>${t("returns.progress", { n: count(all), ready: count(ready) })}</strong></p>
    <p>${t("returns.how")}</p>`,
  ready ? html`<button class="button main" type="button" @click=${() => supplement(ctx, model)}>${t("returns.supplement")}</button>` : nothing);
}

const waiting = () => (left.length ? banner("warn", html`<p>${t("returns.left", { n: count(left.length) })}</p>
  <ul>${left.map((w) => html`<li>${w.candidate.name}：${w.missing.map(pick).join("、") || word("state", w.candidate.state)}</li>`)}</ul>`) : nothing);

async function tally(ctx, model) {
  const items = model.next ? await api.every("/returns") : model.items;
  return { all: items.length, ready: items.filter((r) => r.candidate.state === "confirmed").length };
}

const list = (ctx) => loadList(ctx, {
  path: "/returns",
  title: t("menu.returns"),
  href: (r) => (may(ctx.session, "candidate_read") ? `#/candidates/${r.candidate.id}` : null),
  columns: () => [
    { label: t("number"), cell: (r) => inFours(r.candidate.number) },
    { label: t("candidate.name"), cell: (r) => r.candidate.name },
    { label: t("submission.org"), cell: (r) => r.org.name },
    { label: t("candidate.state"), cell: (r) => stateTag(r.candidate.state), text: (r) => word("state", r.candidate.state) },
    { label: t("reason"), cell: (r) => r.reason ?? "" },
    { label: t("returns.at"), cell: (r) => fullTime(r.returned_at), kind: "tight" },
  ],
  empty: t("returns.empty"),
  tools: (c, model) => (may(ctx.session, "export_return") ? html`<label class="button main">${t("returns.upload")}<input class="unseen" type="file"
    accept=".xml,.xlsx" @change=${(e) => upload(ctx, model, e)}></label>` : nothing),
});

export async function load(ctx) {
  const model = await list(ctx);
  if (may(ctx.session, "supplement")) model.tally = await tally(ctx, model);
  return model;
}

export const render = (ctx, model) => listView(ctx, model, {
  above: html`${model.fault ? problem(model.fault) : nothing}${may(ctx.session, "supplement") ? own(ctx, model) : nothing}${waiting()}
    ${may(ctx.session, "export_return") ? html`<p class="soft">${t("returns.intro")}</p>` : nothing}`,
});
