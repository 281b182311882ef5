/* Submissions upward: one's own with what is still missing, and those of the level below to accept or return. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { count, fullTime, inFours, pick, t, word } from "../../i18n.js";
import { copyButton, listView, loadList, table } from "../../list.js";
import { banner, problem, toast } from "../../parts.js";
import { partTag } from "../../states.js";
import { go } from "../../router.js";

const KINDS = ["art", "all"];

const MOST = 3000; // rows of a check that are fetched: more is mended in parts

async function check(ctx, model, kind) {
  Object.assign(model, { kind, check: null, fault: null, only: "", checking: true });
  ctx.update();
  try {
    const query = { org_id: ctx.session.org.id, kind, limit: 200 };
    let { data } = await api.get("/submissions/check", { query });
    const found = { ...data };
    while (data.next && found.items.length < MOST) {
      ({ data } = await api.get("/submissions/check", { query: { ...query, after: data.next } }));
      found.items.push(...data.items);
    }
    model.check = { ...found, next: data.next };
  } catch (error) {
    model.fault = error;
  }
  model.checking = false;
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
const missingOf = (row) => ((row.missing ?? []).length ? row.missing.map(pick) : [row.org ? t(`submissions.unit.${row.state ?? "none"}`) : word("part.state", row.state ?? "none")]);

/* How many lack what, the most frequent first: what a clerk mends in one go. */
function byItem(rows) {
  const found = new Map();
  for (const row of rows) for (const item of new Set(missingOf(row))) found.set(item, (found.get(item) ?? 0) + 1);
  return [...found].sort(([, a], [, b]) => b - a);
}

function missingList(ctx, model, rows) {
  const groups = byItem(rows);
  const shown = model.only ? rows.filter((r) => missingOf(r).includes(model.only)) : rows;
  const units = rows.some((r) => r.org);
  const columns = [
    { label: units ? t("org.code") : t("number"), cell: (r) => (r.candidate ? inFours(r.candidate.number) : r.org?.code), text: (r) => r.candidate?.number ?? r.org?.code ?? "" },
    { label: units ? t("submission.org") : t("candidate.name"), cell: (r) => r.candidate?.name ?? r.org?.name },
    ...(rows.some((r) => r.candidate?.class) ? [{ label: t("candidate.class"), cell: (r) => r.candidate?.class ?? "" }] : []),
    { label: t("submissions.what"), cell: (r) => missingOf(r).join("、") },
  ];
  const choose = (item) => {
    model.only = model.only === item ? "" : item;
    ctx.update();
  };
  return html`${groups.length > 1 ? html`<div class="chips" role="group" aria-label=${t("submissions.what")}>${groups.map(([item, n]) => html`<button type="button" class="chip"
      aria-pressed=${model.only === item} @click=${() => choose(item)}>${item} ${count(n)}</button>`)}</div>` : nothing}
    <div class="table-foot"><span role="status">${t("list.count", { n: count(shown.length) })}${model.check.next ? html` · ${t("submissions.more")}` : nothing}</span>${copyButton(columns, () => shown)}</div>
    ${table(columns, shown.slice(0, 500), { caption: t("submissions.what"), href: (r) => (r.candidate ? `#/candidates/${r.candidate.id}` : r.org ? `#/progress/${r.org.id}` : null) })}`;
}

function checked(ctx, model) {
  const result = model.check;
  if (!result) return nothing;
  const kind = word("submission.kind", model.kind);
  const rows = result.items.filter((r) => r.ready !== true);
  return html`${result.ready ? banner("ok", html`<p><strong>${t("submissions.complete", { kind, n: count(result.live) })}</strong></p>`,
      html`<button class="button main" type="button" @click=${() => submit(ctx, model)}>${t("submissions.do")}</button>`)
    : banner("warn", result.live ? t("submissions.missing", { n: count(result.incomplete) }) : t("submissions.nobody", { kind }))}
    ${rows.length ? missingList(ctx, model, rows) : nothing}`;
}

export const render = (ctx, model) => listView(ctx, model, {
  above: html`${model.fault ? problem(model.fault) : nothing}
    ${may(ctx.session, "submission_write") ? html`<section class="card"><div class="card-head"><h2>${t("submissions.own", { org: ctx.session.org.name })}</h2>
      <span class="form-acts">${KINDS.map((k) => html`<button class="button" type="button" aria-disabled=${model.checking ? "true" : nothing} @click=${() => model.checking || check(ctx, model, k)}>${t("submissions.check", { kind: word("submission.kind", k) })}</button>`)}</span></div>
      ${model.check ? html`<div class="card-body stack">${checked(ctx, model)}</div>` : nothing}</section>` : nothing}`,
});
