/* Submissions upward: one's own with what is still missing, and those of the level below to accept or return. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { count, fullTime, inFours, t, word } from "../../i18n.js";
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

/* One missing thing in words: of a candidate, or of a unit below. */
function missingRows(result) {
  const candidates = result.items ?? result.candidates ?? result.missing ?? [];
  return candidates.map((row) => ({ ...row, what: row.missing ?? row.items ?? [] }));
}

const words = (what) => (Array.isArray(what) ? what : [what]).map((w) => (typeof w === "string" ? word("missing", w) : (w.zh && w.en ? (document.documentElement.lang === "en" ? w.en : w.zh) : word("missing", w.item ?? w.code)))).join("、");

function checked(ctx, model) {
  const result = model.check;
  if (!result) return nothing;
  const rows = missingRows(result);
  const complete = result.complete ?? result.ready ?? !rows.length;
  return html`${complete ? banner("ok", html`<p><strong>${t("submissions.complete", { kind: word("submission.kind", model.kind), n: count(result.total ?? 0) })}</strong></p>`,
      html`<button class="button main" type="button" @click=${() => submit(ctx, model)}>${t("submissions.do")}</button>`)
    : banner("warn", t("submissions.missing", { n: count(result.incomplete ?? rows.length) }))}
    ${result.units?.length ? html`<ul>${result.units.map((u) => html`<li>${u.name ?? u.org?.name}：${words(u.missing ?? u.state ?? "not_submitted")}</li>`)}</ul>` : nothing}
    ${rows.length ? table([
      { label: t("number"), cell: (r) => inFours(r.number ?? r.candidate?.number) },
      { label: t("candidate.name"), cell: (r) => r.name ?? r.candidate?.name ?? r.org?.name },
      { label: t("submissions.what"), cell: (r) => words(r.what) },
    ], rows, { caption: t("submissions.what"), href: (r) => (r.id && r.number ? `#/candidates/${r.id}` : r.candidate?.id ? `#/candidates/${r.candidate.id}` : null) }) : nothing}`;
}

export const render = (ctx, model) => listView(ctx, model, {
  above: html`${model.fault ? problem(model.fault) : nothing}
    ${may(ctx.session, "submission_write") ? html`<section class="card"><div class="card-head"><h2>${t("submissions.own", { org: ctx.session.org.name })}</h2>
      <span class="form-acts">${KINDS.map((k) => html`<button class="button" type="button" @click=${() => check(ctx, model, k)}>${t("submissions.check", { kind: word("submission.kind", k) })}</button>`)}</span></div>
      ${model.check ? html`<div class="card-body stack">${checked(ctx, model)}</div>` : nothing}</section>` : nothing}`,
});
