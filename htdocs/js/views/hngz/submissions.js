/* Submissions upward: one's own with what is still missing, and those of the level below to accept or return. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { count, fullTime, inFours, pick, t, word } from "../../i18n.js";
import { listView, loadList, table } from "../../list.js";
import { banner, problem, toast } from "../../parts.js";
import { partTag } from "../../states.js";
import { go } from "../../router.js";

const KINDS = ["art", "all"];

async function check(ctx, model, kind) {
  Object.assign(model, { kind, check: null, fault: null });
  ctx.update();
  try {
    model.check = (await api.get("/submissions/check", { query: { org_id: ctx.session.org.id, kind } })).data;
  } catch (error) {
    model.fault = error;
  }
  ctx.update();
}

async function submit(ctx, model) {
  model.fault = null;
  try {
    const { data } = await api.post("/submissions", { kind: model.kind });
    toast(t("submissions.done"));
    go(`/submissions/${data.id}`);
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

export async function load(ctx) {
  const list = await loadList(ctx, {
    path: "/submissions",
    title: t("menu.submissions"),
    filters: [
      { id: "kind", type: "code", select: true, label: t("submission.kind"), options: KINDS.map((k) => [k, word("submission.kind", k)]) },
      { id: "state", type: "code", select: true, label: t("candidate.state"), options: ["submitted", "accepted", "returned"].map((s) => [s, word("part.state", s)]) },
    ],
    href: (s) => `#/submissions/${s.id}`,
    columns: () => [
      { label: t("submission.org"), cell: (s) => s.org?.name },
      { label: t("submission.kind"), cell: (s) => word("submission.kind", s.kind) },
      { label: t("submission.total"), cell: (s) => count(s.total), kind: "right" },
      { label: t("candidate.state"), cell: (s) => partTag(s.state), text: (s) => word("part.state", s.state) },
      { label: t("submission.at"), cell: (s) => fullTime(s.submitted_at), kind: "tight" },
      { label: t("reason"), cell: (s) => s.reason ?? "" },
    ],
    empty: t("submissions.empty"),
  });
  return Object.assign(list, { kind: null, check: null });
}

/* What is missing: of a candidate, or a unit below that has not submitted. */
const missingWords = (row) => (row.missing ?? []).map(pick).join("、") || word("part.state", row.state ?? "none");

function checked(ctx, model) {
  const result = model.check;
  if (!result) return nothing;
  const kind = word("submission.kind", model.kind);
  return html`${result.ready ? banner("ok", html`<p><strong>${t("submissions.complete", { kind, n: count(result.live) })}</strong></p>`,
      html`<button class="button main" type="button" @click=${() => submit(ctx, model)}>${t("submissions.do")}</button>`)
    : banner("warn", result.live ? t("submissions.missing", { n: count(result.incomplete) }) : t("submissions.nobody", { kind }))}
    ${result.items.length ? table([
      { label: t("number"), cell: (r) => (r.candidate ? inFours(r.candidate.number) : r.org?.code) },
      { label: t("candidate.name"), cell: (r) => r.candidate?.name ?? r.org?.name },
      { label: t("submissions.what"), cell: missingWords },
    ], result.items.filter((r) => r.ready !== true), { caption: t("submissions.what"), href: (r) => (r.candidate ? `#/candidates/${r.candidate.id}` : null) }) : nothing}
    ${result.next ? html`<p class="soft">${t("list.shown", { n: result.items.length })}</p>` : nothing}`;
}

export const render = (ctx, model) => listView(ctx, model, {
  above: html`${model.fault ? problem(model.fault) : nothing}
    ${may(ctx.session, "submission_write") ? html`<section class="card"><div class="card-head"><h2>${t("submissions.own", { org: ctx.session.org.name })}</h2>
      <span class="form-acts">${KINDS.map((k) => html`<button class="button" type="button" @click=${() => check(ctx, model, k)}>${t("submissions.check", { kind: word("submission.kind", k) })}</button>`)}</span></div>
      ${model.check ? html`<div class="card-body stack">${checked(ctx, model)}</div>` : nothing}</section>` : nothing}`,
});
