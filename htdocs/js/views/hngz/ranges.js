/* Number ranges of points: a picture of the county's serials with what is used and free, and the same as a list; splitting
 * and refilling start from both. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { piece, pieces } from "../../chart.js";
import { loadForm, loadTable } from "../../document.js";
import { formDialog } from "../../form-dialog.js";
import { count, t } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { bar, dialog, dialogFrame, problem, tag, toast } from "../../parts.js";
import { chooseOrg } from "./accounts.js";
import { subjectName } from "./candidates.js";

const four = (n) => String(n).padStart(4, "0");
const etagOf = (r) => `"v${r.version}"`;
const LOW = 1 / 20; // of a range: what is left is soon gone
const PIECE = 500; // serials that are proposed at once
const LINE = 1000; // serials a line of the picture
const MOST = 4000; // ranges that are drawn

const spanOf = (r) => `${four(r.first)}–${four(r.last)}`;
const low = (r) => r.left <= (r.last - r.first + 1) * LOW;

/* `near`: the gap that the picture was pressed in; `like`: the range that runs out. */
async function create(ctx, model, { near, like } = {}) {
  const { subjects, free } = model;
  const orgs = await chooseOrg("point");
  const gap = near ?? (like && free?.items.find((g) => g.first > like.last)) ?? free?.items?.[0];
  await finish(ctx, formDialog({
    title: like ? t("ranges.refill.title", { org: like.org.name, subject: subjectName(subjects, like.subject) }) : t("ranges.create"), act: t("create"),
    values: { ...(gap ? { first: String(gap.first), last: String(Math.min(gap.last, gap.first + PIECE - 1)) } : {}), ...(like ? { org_id: String(like.org.id), subject: like.subject } : {}) },
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
  title: t("ranges.resize.title", { range: spanOf(r) }), act: t("save"), values: { last: String(r.last) },
  fields: [{ id: "last", type: "number", label: t("range.last"), required: true, help: t("ranges.resize.help", { next: four(r.next) }) }],
  send: ({ last }) => api.patch(`/ranges/${r.id}`, { last: Number(last) }, { etag: etagOf(r) }),
}));

const split = async (ctx, r, subjects) => {
  const orgs = await chooseOrg("point");
  const from = Math.max(r.next, r.first + 1);
  await finish(ctx, formDialog({
    title: t("ranges.split.title", { range: spanOf(r) }), act: t("ranges.split"), values: { at: String(Math.ceil((from + r.last) / 2)), org_id: String(r.org.id), subject: r.subject },
    fields: [
      { id: "at", type: "number", label: t("ranges.split.at"), required: true, help: t("ranges.split.help", { from: four(from), to: four(r.last) }) },
      { id: "org_id", type: "search", label: t("candidate.point"), required: true, options: orgs },
      { id: "subject", type: "code", select: true, label: t("candidate.subject"), required: true, options: subjects.map((s) => [s[0], subjectName(subjects, s[0])]) },
    ],
    send: ({ at, org_id, subject }) => api.post(`/ranges/${r.id}/split`, { at: Number(at), org_id: Number(org_id), subject }, { etag: etagOf(r) }),
  }));
};

const remove = (ctx, r) => finish(ctx, formDialog({
  title: t("ranges.delete.title", { range: spanOf(r) }), fields: [], act: t("ranges.delete"), kind: "bad",
  send: () => api.delete(`/ranges/${r.id}`, { etag: etagOf(r) }),
}));

/* What can be done with a range: [[text key, run]]. */
const actsFor = (ctx, model, r) => (model.writes ? [
  ["ranges.resize", () => resize(ctx, r)],
  ...(r.left > 1 ? [["ranges.split", () => split(ctx, r, model.subjects)]] : []),
  ...(low(r) && model.free?.items.length ? [["ranges.refill", () => create(ctx, model, { like: r })]] : []),
  ...(r.given ? [] : [["ranges.delete", () => remove(ctx, r)]]),
] : []);

/* A range of the picture: what it is, and its acts. */
async function open(ctx, model, r) {
  const run = await dialog((handle) => dialogFrame(handle, t("ranges.one", { range: spanOf(r) }), html`<dl class="facts one">
    <dt>${t("candidate.point")}</dt><dd>${r.org.name}</dd><dt>${t("candidate.subject")}</dt><dd>${subjectName(model.subjects, r.subject)}</dd>
    <dt>${t("ranges.given")}</dt><dd>${count(r.given)}${r.given ? html` <span class="soft">${four(r.first)}–${four(r.next - 1)}</span>` : nothing}</dd>
    <dt>${t("ranges.left")}</dt><dd>${count(r.left)} ${low(r) ? tag(t("ranges.low"), "warn") : nothing}</dd></dl>`,
  html`<button class="button" type="button" @click=${() => handle.close()}>${t("close")}</button>
    ${actsFor(ctx, model, r).map(([key, act], i) => html`<button class="button" type="button" ?data-first=${i === 0} @click=${() => handle.close(act)}>${t(key)}</button>`)}`));
  run?.();
}

const everyRange = async () => (await api.every("/ranges", {}, MOST)).sort((a, b) => a.first - b.first);

export async function load(ctx) {
  const writes = may(ctx.session, "range_write");
  const county = ctx.session.org.level === "county";
  const [subjects, free, drawn] = await Promise.all([
    loadForm().then(() => loadTable("subject")).catch(() => []),
    county ? api.get("/ranges/free").then((a) => a.data, () => null) : null,
    county ? everyRange(ctx).catch(() => []) : [],
  ]);
  const model = await loadList(ctx, {
    path: "/ranges",
    title: t("menu.ranges"),
    filters: [
      { id: "subject", type: "code", select: true, label: t("candidate.subject"), options: subjects.map((r) => [r[0], subjectName(subjects, r[0])]) },
      { id: "usable", type: "code", select: true, label: t("ranges.usable"), options: [["true", t("ranges.usable.only")]] },
    ],
    columns: (c, m) => [
      { label: t("candidate.point"), cell: (r) => r.org?.name },
      { label: t("candidate.subject"), cell: (r) => subjectName(subjects, r.subject) },
      { label: t("ranges.numbers"), cell: (r) => `${r.county_code.slice(-4)} ${spanOf(r)}`, kind: "tight" },
      { label: t("ranges.given"), cell: (r) => count(r.given), text: (r) => r.given, kind: "right" },
      { label: t("ranges.left"), cell: (r) => html`${low(r) ? tag(t("ranges.low"), "warn") : nothing} ${count(r.left)}`, text: (r) => r.left, kind: "right" },
      { label: "", kind: "bar-cell", text: () => "", cell: (r) => bar([{ value: r.given, kind: "a" }], r.given + r.left, t("ranges.bar", { given: r.given, left: r.left })) },
      writes ? { label: "", kind: "acts-cell", text: () => "", cell: (r) => actsFor(ctx, m, r).map(([key, act]) => html`<button class="link" type="button" @click=${act}>${t(key)}</button>`) } : null,
    ],
    tools: (c, m) => (writes ? html`<button class="button main" type="button" @click=${() => create(ctx, m)}>${t("ranges.create")}</button>` : nothing),
  });
  return Object.assign(model, { writes, subjects, free, drawn });
}

/* Ten lines of a thousand serials: used, given to a point, free. */
function picture(ctx, model) {
  const parts = [
    ...model.drawn.flatMap((r) => [
      ...(r.given ? [{ first: r.first, last: r.next - 1, kind: "a", range: r }] : []),
      ...(r.left ? [{ first: r.next, last: r.last, kind: low(r) ? "low" : "b", range: r }] : []),
    ]),
    ...(model.free?.items ?? []).map((gap) => ({ ...gap, kind: "free", gap })),
  ].sort((a, b) => a.first - b.first);
  const words = (p) => (p.gap ? t("ranges.gap", { range: spanOf(p), n: count(p.last - p.first + 1) })
    : t(p.kind === "a" ? "ranges.piece.given" : "ranges.piece.left", { range: spanOf(p), org: p.range.org.name, subject: subjectName(model.subjects, p.range.subject), n: count(p.last - p.first + 1) }));
  const press = (p) => () => (p.gap ? model.writes && create(ctx, model, { near: p.gap }) : open(ctx, model, p.range));
  let first = true;
  const line = (from) => parts.filter((p) => p.last >= from && p.first < from + LINE).map((p) => {
    const x = Math.max(p.first, from) - from;
    const drawn = piece({ x: x + 0.5, height: 20, width: Math.max(1, Math.min(p.last, from + LINE - 1) - from - x + 1 - 1), kind: p.kind, label: words(p), first, press: press(p) });
    first = false;
    return drawn;
  });
  const given = model.drawn.reduce((n, r) => n + r.given, 0);
  const left = model.drawn.reduce((n, r) => n + r.left, 0);
  return html`<section class="card"><div class="card-head"><h2>${t("ranges.picture")}</h2>
      <p class="legend"><span><i class="swatch a"></i>${t("ranges.given")} ${count(given)}</span><span><i class="swatch b"></i>${t("ranges.left")} ${count(left)}</span>
        <span><i class="swatch low"></i>${t("ranges.low")}</span><span><i class="swatch free"></i>${t("ranges.free.word")} ${count(model.free?.total)}</span></p></div>
    <p class="card-body soft small">${t(model.writes ? "ranges.picture.how" : "ranges.picture.look")}</p>
    <div class="map" role=${pieces.role} aria-label=${t("ranges.picture")} @keydown=${pieces.keydown}>
      ${Array.from({ length: 10 }, (_, i) => html`<span class="small soft" aria-hidden="true">${four(i * LINE || 1)}</span>
        <svg viewBox="0 0 ${LINE} 20" preserveAspectRatio="none">${line(i * LINE)}</svg>`)}</div></section>`;
}

export const render = (ctx, model) => listView(ctx, model, { above: html`${model.fault ? problem(model.fault) : nothing}${model.free ? picture(ctx, model) : nothing}` });
