/* The list of candidates: number, name or the end of the ID number; state, subject, class. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { loadForm, loadTable } from "../../document.js";
import { english, fullTime, inFours, t, word } from "../../i18n.js";
import { arriveList, leaveList, listView, loadList } from "../../list.js";
import { lookupReason } from "../../lookup.js";
import { tag } from "../../parts.js";
import { partTag, stateOptions, stateTag } from "../../states.js";
import { createCandidate } from "./create.js";
import { exportList, exportsLists } from "./export-list.js";
import { printJob, printMany, printsMany } from "./printing.js";

export const subjectName = (rows, code) => {
  const row = rows.find((r) => r[0] === code);
  return row ? (english() && row[2] ? row[2] : row[1]) : (code ?? "");
};

/* The job hands the cards out and says who was left out. */
const printing = (kind) => async (ids) => {
  await printJob(kind, { ids });
  return {};
};

/* What the address holds, in words. */
const inForce = (query, subjects) => [
  ["state", t("candidate.state"), () => t(`state.${query.state}`)],
  ["subject", t("candidate.subject"), () => subjectName(subjects, query.subject)],
  ["class", t("candidate.class"), () => query.class],
].filter(([id]) => query[id]).map(([, label, text]) => [label, text()]);

const describe = (ctx, subjects) => ({
  path: "/candidates",
  id: "candidates",
  title: t("menu.candidates"),
  fixed: { org_id: ctx.query.org_id },
  filters: [
    { id: "q", label: t("candidates.q"), input: "search" },
    { id: "state", type: "code", label: t("candidate.state"), options: stateOptions() },
    { id: "subject", type: "code", label: t("candidate.subject"), options: [...subjects.map((r) => [r[0], subjectName(subjects, r[0])])] },
    { id: "class", label: t("candidate.class") },
    { id: "flagged", type: "code", label: t("candidates.flagged"), options: [["true", t("candidates.flagged.only")]] },
  ].map((f) => ({ ...f, select: true })),
  href: (item) => `#/candidates/${item.id}`,
  columns: () => [
    { name: "number", label: t("number"), cell: (c) => (c.number ? inFours(c.number) : t("candidate.noNumber")), text: (c) => c.number ?? "", kind: "tight" },
    { name: "name", label: t("candidate.name"), cell: (c) => html`${c.name} ${c.twin ? tag(t("candidate.twin"), "warn") : nothing}`, text: (c) => c.name },
    { name: "id_number", label: t("candidate.id"), cell: (c) => c.id_number, kind: "tight" },
    { name: "subject", label: t("candidate.subject"), cell: (c) => subjectName(subjects, c.subject) },
    { name: "class", label: t("candidate.class"), cell: (c) => c.class },
    ctx.session.org.level === "point" ? null : { name: "point", label: t("candidate.point"), cell: (c) => c.org?.name },
    { name: "fee", label: t("candidate.fee"), cell: (c) => partTag(c.parts?.fee), text: (c) => word("part.state", c.parts?.fee) },
    ...["review", "papers", "photo", "examination", "bonus", "appraisal"].map((part) => ({
      name: part, hidden: true, label: t(`part.${part}`), cell: (c) => partTag(c.parts?.[part]), text: (c) => word("part.state", c.parts?.[part]) })),
    { name: "candidate_number", hidden: true, label: t("candidate.candidateNumber"), cell: (c) => c.candidate_number ?? "", kind: "tight" },
    { name: "updated", hidden: true, label: t("candidate.updated"), cell: (c) => fullTime(c.updated_at), kind: "tight" },
    { name: "state", label: t("candidate.state"), cell: (c) => stateTag(c.state), text: (c) => t(`state.${c.state}`) },
  ],
  batch: () => [
    may(ctx.session, "card_print") ? { text: t("batch.cards"), run: printing("print_cards") } : null,
    may(ctx.session, "proof_print") ? { text: t("batch.proofs"), run: printing("print_proofs") } : null,
    may(ctx.session, "card_print") ? { text: t("batch.forms"), run: printing("print_forms") } : null,
  ].filter(Boolean),
  tools: (c, model) => html`${may(ctx.session, "candidate_create")
    ? html`<button class="button main" type="button" @click=${() => createCandidate(ctx)}>${t("create.open")}</button>` : nothing}
    ${printsMany(ctx.session).length ? html`<button class="button" type="button" @click=${() => printMany(ctx.session, { class: ctx.query.class ?? "" }).then((done) => done && ctx.reload()).catch((error) => {
      model.problem = error;
      ctx.update();
    })}>${t("paper.many")}</button>` : nothing}
    ${exportsLists(ctx.session) ? html`<button class="button" type="button" @click=${() => exportList(model.query, inForce(model.query, subjects)).catch((error) => {
      model.problem = error;
      ctx.update();
    })}>${t("export.open")}</button>` : nothing}`,
  empty: t("candidates.empty"),
});

export async function load(ctx) {
  const subjects = await loadForm().then(() => loadTable("subject")).catch(() => []);
  const what = describe(ctx, subjects);
  const reason = ctx.query.q ? await lookupReason(ctx.session, ctx.query.q) : "";
  if (reason === undefined) return loadList({ ...ctx, query: { ...ctx.query, q: "" } }, what);
  return loadList(ctx, { ...what, fixed: { ...what.fixed, reason } });
}

export const render = listView;
export const leave = leaveList;
export const arrive = arriveList;
