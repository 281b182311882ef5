/* Number ranges of points: use, free serials of the county, splitting and refilling. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { loadForm, loadTable } from "../../document.js";
import { formDialog } from "../../form-dialog.js";
import { count, t } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { bar, problem, toast } from "../../parts.js";
import { chooseOrg } from "./accounts.js";
import { subjectName } from "./candidates.js";

const four = (n) => String(n).padStart(4, "0");
const etagOf = (r) => `"v${r.version}"`;

async function create(ctx, subjects, free) {
  const orgs = await chooseOrg("point");
  const gap = free?.items?.[0];
  await finish(ctx, formDialog({
    title: t("ranges.create"), act: t("create"), values: gap ? { first: String(gap.first), last: String(Math.min(gap.last, gap.first + 499)) } : {},
    fields: [
      { id: "org_id", type: "search", label: t("candidate.point"), required: true, options: orgs },
      { id: "subject", type: "code", select: true, label: t("candidate.subject"), required: true, options: subjects.map((r) => [r[0], subjectName(subjects, r[0])]) },
      { id: "first", type: "number", label: t("range.first"), required: true, help: free ? t("ranges.free", { list: freeWords(free) }) : "" },
      { id: "last", type: "number", label: t("range.last"), required: true },
    ],
    send: ({ org_id, subject, first, last }) => api.post("/ranges", { org_id: Number(org_id), subject, first: Number(first), last: Number(last) }),
  }));
}

const freeWords = (free) => free.items.slice(0, 6).map((g) => `${four(g.first)}–${four(g.last)}`).join("，") || t("ranges.full");

async function finish(ctx, promise) {
  if ((await promise) === undefined) return;
  toast(t("saved"));
  await ctx.reload();
}

const resize = (ctx, r) => finish(ctx, formDialog({
  title: t("ranges.resize.title", { range: `${four(r.first)}–${four(r.last)}` }), act: t("save"), values: { last: String(r.last) },
  fields: [{ id: "last", type: "number", label: t("range.last"), required: true, help: t("ranges.resize.help", { next: four(r.next) }) }],
  send: ({ last }) => api.patch(`/ranges/${r.id}`, { last: Number(last) }, { etag: etagOf(r) }),
}));

const split = async (ctx, r, subjects) => {
  const orgs = await chooseOrg("point");
  await finish(ctx, formDialog({
    title: t("ranges.split.title", { range: `${four(r.first)}–${four(r.last)}` }), act: t("ranges.split"), values: { org_id: String(r.org.id), subject: r.subject },
    fields: [
      { id: "at", type: "number", label: t("ranges.split.at"), required: true, help: t("ranges.split.help", { from: four(Math.max(r.next, r.first + 1)), to: four(r.last) }) },
      { id: "org_id", type: "search", label: t("candidate.point"), required: true, options: orgs },
      { id: "subject", type: "code", select: true, label: t("candidate.subject"), required: true, options: subjects.map((s) => [s[0], subjectName(subjects, s[0])]) },
    ],
    send: ({ at, org_id, subject }) => api.post(`/ranges/${r.id}/split`, { at: Number(at), org_id: Number(org_id), subject }, { etag: etagOf(r) }),
  }));
};

const remove = (ctx, r) => finish(ctx, formDialog({
  title: t("ranges.delete.title", { range: `${four(r.first)}–${four(r.last)}` }), fields: [], act: t("ranges.delete"), kind: "bad",
  send: () => api.delete(`/ranges/${r.id}`, { etag: etagOf(r) }),
}));

export async function load(ctx) {
  const writes = may(ctx.session, "range_write");
  const [subjects, free] = await Promise.all([
    loadForm().then(() => loadTable("subject")).catch(() => []),
    ctx.session.org.level === "county" ? api.get("/ranges/free").then((a) => a.data, () => null) : null,
  ]);
  const model = await loadList(ctx, {
    path: "/ranges",
    title: t("menu.ranges"),
    note: free ? t("ranges.free", { list: freeWords(free) }) : "",
    filters: [
      { id: "subject", type: "code", select: true, label: t("candidate.subject"), options: subjects.map((r) => [r[0], subjectName(subjects, r[0])]) },
      { id: "usable", type: "code", select: true, label: t("ranges.usable"), options: [["true", t("ranges.usable.only")]] },
    ],
    columns: () => [
      { label: t("candidate.point"), cell: (r) => r.org?.name },
      { label: t("candidate.subject"), cell: (r) => subjectName(subjects, r.subject) },
      { label: t("ranges.numbers"), cell: (r) => `${r.county_code.slice(-4)} ${four(r.first)}–${four(r.last)}`, kind: "tight" },
      { label: t("ranges.given"), cell: (r) => count(r.given), kind: "right" },
      { label: t("ranges.left"), cell: (r) => html`<span class=${r.left < (r.last - r.first + 1) / 20 ? "wrong" : ""}>${count(r.left)}</span>`, text: (r) => r.left, kind: "right" },
      { label: "", kind: "bar-cell", text: () => "", cell: (r) => bar([{ value: r.given, kind: "a" }], r.given + r.left, t("ranges.bar", { given: r.given, left: r.left })) },
      writes ? { label: "", kind: "acts-cell", text: () => "", cell: (r) => html`<button class="link" type="button" @click=${() => resize(ctx, r)}>${t("ranges.resize")}</button>
        ${r.left > 1 ? html`<button class="link" type="button" @click=${() => split(ctx, r, subjects)}>${t("ranges.split")}</button>` : nothing}
        ${r.given ? nothing : html`<button class="link" type="button" @click=${() => remove(ctx, r)}>${t("ranges.delete")}</button>`}` } : null,
    ],
    tools: () => (writes ? html`<button class="button main" type="button" @click=${() => create(ctx, subjects, free)}>${t("ranges.create")}</button>` : nothing),
  });
  return model;
}

export const render = (ctx, model) => listView(ctx, model, { above: model.fault ? problem(model.fault) : nothing });
