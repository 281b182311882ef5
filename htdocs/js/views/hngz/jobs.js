/* Long work: progress, cancel, result. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { count, fullTime, pick, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { bar, problem, toast } from "../../parts.js";
import { jobTag } from "../../states.js";
import { leftOut, pagesAgain, printMany, printsMany } from "./printing.js";

export const every = 3;

async function run(ctx, model, promise, text) {
  model.fault = null;
  try {
    if ((await promise) === undefined) return;
    toast(t(text));
    await ctx.reload();
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

const create = (ctx, model) => run(ctx, model, formDialog({
  title: t("jobs.export"), act: t("jobs.start"), values: { kind: "all", state: "ready" },
  fields: [
    { id: "kind", type: "code", select: true, plainEmpty: false, label: t("submission.kind"), options: [["all", t("submission.kind.all")], ["art", t("submission.kind.art")]] },
    { id: "state", type: "code", select: true, plainEmpty: false, label: t("candidate.state"), options: [["ready", t("jobs.ready")], ["any", t("jobs.any")]] },
  ],
  send: ({ kind, state }) => api.post("/jobs", { kind: "export_xml", args: { kind, ...(state === "any" ? { state } : {}) } }),
}), "jobs.started");

export const load = (ctx) => loadList(ctx, {
  path: "/jobs",
  title: t("menu.jobs"),
  columns: (c, model) => [
    { label: t("job.id"), cell: (j) => j.id, kind: "right" },
    { label: t("job.kind"), cell: (j) => word("job.kind", j.kind) },
    { label: t("candidate.state"), cell: (j) => jobTag(j.state), text: (j) => word("job.state", j.state) },
    { label: t("job.progress"), kind: "bar-cell", text: (j) => `${j.done}/${j.total}`, cell: (j) => html`${bar([{ value: j.state === "done" ? 1 : (j.done ?? 0) / (j.total || 1), kind: "a" }], 1, `${j.done}/${j.total}`)}
      <span class="small soft">${count(j.done)} / ${count(j.total)}</span>` },
    { label: t("job.created"), cell: (j) => fullTime(j.created_at), kind: "tight" },
    { label: t("job.error"), text: (j) => pick(j.error) || "", cell: (j) => (j.result?.skipped_count ? html`<details><summary>${t("paper.leftOut", { n: j.result.skipped_count })}</summary>${leftOut(j.result)}</details>`
      : pick(j.error) || "") },
    { label: "", kind: "acts-cell", text: () => "", cell: (j) => html`
      ${["queued", "running"].includes(j.state) && may(ctx.session, "job_write") ? html`<button class="link" type="button" @click=${() => run(ctx, model, api.post(`/jobs/${j.id}/cancel`, {}), "jobs.cancelled")}>${t("jobs.cancel")}</button>` : nothing}
      ${j.state === "done" && j.kind.startsWith("print_") && j.result?.pages ? html`<button class="link" type="button" @click=${() => run(ctx, model, pagesAgain(j), "jobs.started")}>${t("paper.again")}</button>` : nothing}
      ${j.state === "done" && j.result?.file ? html`<a href=${api.href(`/jobs/${j.id}/result`)} download>${t("jobs.result")}</a>` : nothing}` },
  ],
  empty: t("jobs.empty"),
  tools: (c, model) => html`${may(ctx.session, "export_read") ? html`<button class="button main" type="button" @click=${() => create(ctx, model)}>${t("jobs.export")}</button>` : nothing}
    ${printsMany(ctx.session).length ? html`<button class="button main" type="button" @click=${() => run(ctx, model, printMany(ctx.session).then((done) => done || undefined), "jobs.started")}>${t("paper.many")}</button>` : nothing}`,
});

export const render = (ctx, model) => listView(ctx, model, { above: model.fault ? problem(model.fault) : nothing });
