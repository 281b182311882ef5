/* Progress down the tree: figures, steps and milestones, then one row a unit with stacked bars; each row leads one level
 * down, to the class and to its people. Every table can be copied. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { columnChart } from "../../chart.js";
import { loadForm, loadTable } from "../../document.js";
import { count, dayTime, fullTime, pick, t, word, yuan } from "../../i18n.js";
import { copyButton, table } from "../../list.js";
import { bar, empty, icon, problem, tag, until } from "../../parts.js";
import { link } from "../../router.js";
import { subjectName } from "./candidates.js";
import { openPaper } from "./printing.js";

export const every = 15;

const DONE = ["confirmed", "submitted", "accepted"];
const FILLED = ["proofed", ...DONE];
const PASSED = ["reviewed", "filling", ...FILLED];
const ALL = ["allocated", "identified", "card_printed", ...PASSED];
const sum = (states, names) => names.reduce((total, name) => total + (states?.[name] ?? 0), 0);

/* How far people are: who has come to a step has passed those before it. */
const STEPS = [
  ["progress.total", ALL], ["progress.card", ["card_printed", ...PASSED]], ["progress.reviewed", PASSED], ["progress.filled", FILLED],
  ["progress.signed", DONE], ["progress.submitted", ["submitted", "accepted"]],
];
const BELOW = { province: "city", city: "county", county: "point" };
const BEHIND = 0.75; // of the whole's share of signed: what lies under it is looked at
const SHOWN = 6;

const inOrder = new Intl.Collator("zh-CN", { numeric: true }); // class 2 before class 10

/* What one row of the answer says: {total, filled, signed, states, ...}. */
function figures(row) {
  const states = row.states ?? {};
  return { ...row, states, total: row.total ?? sum(states, ALL), passed: sum(states, PASSED), filled: sum(states, FILLED),
    signed: sum(states, DONE), expected: row.estimated };
}

/* The units from one's own down to the one that is shown. */
async function trailOf(ctx, org) {
  const trail = [];
  for (let id = Number(org); id && id !== ctx.session.org.id && trail.length < 4;) {
    const { data } = await api.get(`/orgs/${id}`);
    trail.unshift(data);
    id = data.parent_id;
  }
  return trail;
}

/* Which units right below have handed in: {art: Set, all: Set} of their ids. */
async function handedIn(ctx, org, level) {
  if (!BELOW[level] || !may(ctx.session, "submission_read")) return null;
  const rows = await api.every("/submissions", { org_id: org, level: BELOW[level] }, 2000).catch(() => []);
  const of = (kind) => new Set(rows.filter((s) => s.kind === kind && s.state !== "returned").map((s) => s.org.id));
  return { art: of("art"), all: of("all") };
}

export async function load(ctx) {
  const org = ctx.params.id ?? ctx.session.org.id;
  const subject = ctx.query.subject ?? "";
  const before = ctx.model;
  const same = before?.org === org && before?.subject === subject;
  const { data, etag, status } = await api.get("/progress", { query: { org_id: org, subject }, etag: same ? before.etag : null });
  if (status === 304) return Object.assign(before, { at: new Date() });
  const level = data.org?.level ?? ctx.session.org.level;
  const [subjects, trail, handed, classes] = await Promise.all([
    same ? before.subjects : loadForm().then(() => loadTable("subject")).catch(() => []),
    same ? before.trail : trailOf(ctx, org).catch(() => []),
    handedIn(ctx, org, level),
    level === "point" ? api.every("/progress/classes", { org_id: org }, 2000).catch(() => []) : [],
  ]);
  const model = { org, subject, etag, data, level, subjects, trail, handed, classes, at: new Date() };
  ctx.model = model;
  return model;
}

async function counts(ctx, model) {
  model.fault = null;
  try {
    await openPaper("/progress/counts.pdf", { org_id: model.org });
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

const figure = (name, value, note, href) => html`<div class="card figure"><span class="small soft">${name}</span>
  <strong>${href ? html`<a href=${href}>${count(value)}</a>` : count(value)}</strong>${note ? html`<span class="small soft">${note}</span>` : nothing}</div>`;

const share = (part, whole) => (whole ? `${((part / whole) * 100).toFixed(1)}%` : "");

/* P2: what has to be done until when, and how much of it is. */
function milestones(ctx, model, whole) {
  const rows = ["fill", "confirm", "submit_art", "submit_all"].map((action) => ctx.season?.windows?.find((w) => w.action === action)).filter((w) => w?.closes_at);
  if (!rows.length) return nothing;
  const units = model.data.items.length;
  const done = {
    fill: () => share(whole.filled, whole.total) && t("progress.milestone.people", { done: count(whole.filled), total: count(whole.total) }),
    confirm: () => share(whole.signed, whole.total) && t("progress.milestone.people", { done: count(whole.signed), total: count(whole.total) }),
    submit_art: () => model.handed && units && t("progress.milestone.units", { done: model.handed.art.size, total: units }),
    submit_all: () => (model.handed && units ? t("progress.milestone.units", { done: model.handed.all.size, total: units })
      : share(sum(whole.states, ["submitted", "accepted"]), whole.total)),
  };
  const state = (w) => (w.open ? tag(t("window.state.open"), "ok") : tag(t(`window.state.${w.state ?? "none"}`), ""));
  return html`<section class="card"><div class="card-head"><h2>${t("progress.milestones")}</h2></div>
    <ul class="marks">${rows.map((w) => html`<li><span><strong>${pick(w.name) || word("window", w.action)}</strong> ${state(w)}</span>
      <span class="soft">${t("progress.milestone.until", { at: dayTime(w.closes_at) })}${w.open ? html` · ${t("top.left")} ${until(w.closes_at)}` : nothing}</span>
      <span>${done[w.action]() || ""}</span></li>`)}</ul></section>`;
}

/* Units far behind the whole, and units that have not handed in while it is time. */
function attention(ctx, model, whole, rows) {
  const open = (action) => ctx.season?.windows?.some((w) => w.action === action && w.open);
  const behind = whole.signed ? rows.filter((r) => r.total && r.signed / r.total < BEHIND * (whole.signed / whole.total)).sort((a, b) => a.signed / a.total - b.signed / b.total) : [];
  const idle = rows.filter((r) => !r.total && r.enabled !== false);
  const late = ["art", "all"].filter((kind) => model.handed && open(`submit_${kind}`)).map((kind) => [kind, rows.filter((r) => r.total && !model.handed[kind].has(r.org.id))]).filter(([, list]) => list.length);
  if (!behind.length && !idle.length && !late.length) return nothing;
  const down = (r) => html`<a href="#/progress/${r.org.id}">${r.org.name}</a>`;
  const more = (list) => (list.length > SHOWN ? html` ${t("progress.more", { n: list.length - SHOWN })}` : nothing);
  return html`<section class="card"><div class="card-head"><h2>${t("progress.attention")}</h2></div><ul class="marks">
    ${behind.slice(0, SHOWN).map((r) => html`<li><span>${tag(t("progress.behind"), "warn")} ${down(r)}</span><span class="soft">${t("progress.behind.why", { share: share(r.signed, r.total), whole: share(whole.signed, whole.total) })}</span></li>`)}
    ${idle.length ? html`<li><span>${tag(t("progress.idle"), "warn")} ${t("progress.idle.units", { n: idle.length })}</span><span>${idle.slice(0, SHOWN).map((r, i) => html`${i ? "、" : ""}${down(r)}`)}${more(idle)}</span></li>` : nothing}
    ${late.map(([kind, list]) => html`<li><span>${tag(t("progress.late"), "")} ${t("progress.late.units", { kind: word("submission.kind", kind), n: list.length })}</span>
      <span>${list.slice(0, SHOWN).map((r, i) => html`${i ? "、" : ""}${down(r)}`)}${more(list)}</span></li>`)}</ul></section>`;
}

const section = (title, columns, rows, { href, note = nothing } = {}) => html`<section class="card">
  <div class="card-head"><h2>${title}</h2>${note}${copyButton(columns.filter((c) => c.label), () => rows)}</div>
  ${table(columns, rows, { caption: title, href })}</section>`;

const legend = () => html`<p class="legend"><span><i class="swatch a"></i>${t("progress.signed")}</span>
  <span><i class="swatch b"></i>${t("progress.filled")}</span><span><i class="swatch c"></i>${t("progress.total")}</span></p>`;

export function render(ctx, model) {
  const { data } = model;
  const whole = figures(data.total);
  const rows = data.items.map(figures);
  const most = Math.max(1, ...rows.map((r) => r.expected || r.total));
  const list = (query) => link("/candidates", { ...query, subject: model.subject, org_id: Number(model.org) === ctx.session.org.id ? "" : model.org });
  const columnsFor = (longest) => [
    { label: t("progress.unit"), cell: (r) => r.org.name, text: (r) => r.org.name },
    { label: t("progress.total"), cell: (r) => count(r.total), text: (r) => r.total, kind: "right" },
    { label: t("progress.reviewed"), cell: (r) => count(r.passed), text: (r) => r.passed, kind: "right" },
    { label: t("progress.filled"), cell: (r) => count(r.filled), text: (r) => r.filled, kind: "right" },
    { label: t("progress.signed"), cell: (r) => count(r.signed), text: (r) => r.signed, kind: "right" },
    { label: t("progress.share"), cell: (r) => share(r.signed, r.total), kind: "right" },
    { label: "", kind: "bar-cell", cell: (r) => bar([{ value: r.signed, kind: "a" }, { value: r.filled - r.signed, kind: "b" },
      { value: r.total - r.filled, kind: "c" }], longest, t("progress.bar", { signed: r.signed, filled: r.filled, total: r.total })) },
  ];
  const classes = model.classes.map(figures).sort((x, y) => inOrder.compare(x.class ?? "", y.class ?? ""));
  const bySubject = Object.entries(data.total.by_subject ?? {}).map(([subject, states]) => figures({ subject, states })).filter((r) => r.total).sort((x, y) => inOrder.compare(x.subject, y.subject));
  const widest = (all) => Math.max(1, ...all.map((r) => r.total));
  const subject = (code) => subjectName(model.subjects, code);
  const states = ["waiting", ...ALL, "withdrawn"].filter((s) => whole.states[s]);
  const choices = [["", t("list.all")], ...model.subjects.filter((row) => data.total.subjects?.[row[0]] || row[0] === model.subject || !model.subject).map((row) => [row[0], subject(row[0])])];
  return html`<div class="page">
    <div class="page-head"><h1>${t("menu.progress")}</h1>
      <nav class="trail" aria-label=${t("progress.trail")}>${model.trail.length ? html`<a href=${link("/progress", { subject: model.subject })}>${ctx.session.org.name}</a>` : html`<span aria-current="page">${ctx.session.org.name}</span>`}
        ${model.trail.map((org, i) => html` › ${i < model.trail.length - 1 ? html`<a href=${link(`/progress/${org.id}`, { subject: model.subject })}>${org.name}</a>` : html`<span aria-current="page">${org.name}</span>`}`)}
        · ${t("progress.at", { at: fullTime(model.at).slice(-8) })}</nav>
      <div class="acts-right"><button class="button" type="button" @click=${() => counts(ctx, model)}>${icon("print")} ${t("paper.counts")}</button></div></div>
    ${model.fault ? problem(model.fault) : nothing}
    ${choices.length > 2 ? html`<nav class="chips" aria-label=${t("candidate.subject")}>${choices.map(([code, name]) => html`<a class="chip" href=${link(ctx.path, { subject: code })}
      aria-current=${code === model.subject ? "true" : nothing}>${name}</a>`)}</nav>` : nothing}
    <div class="figures">
      ${figure(t("progress.total"), whole.total, whole.expected ? t("progress.expected", { n: count(whole.expected), share: share(whole.total, whole.expected) }) : "")}
      ${figure(t("progress.reviewed"), whole.passed, share(whole.passed, whole.total))}
      ${figure(t("progress.filled"), whole.filled, share(whole.filled, whole.total))}
      ${figure(t("progress.signed"), whole.signed, share(whole.signed, whole.total))}
      ${whole.fees ? figure(t("progress.fees"), whole.fees.count, yuan(whole.fees.fen)) : nothing}
      ${whole.review?.failed ? figure(t("progress.failed"), whole.review.failed) : nothing}
      ${whole.states.waiting ? figure(t("state.waiting"), whole.states.waiting, "", list({ state: "waiting" })) : nothing}
    </div>
    <div class="watch"><div class="stack">
      ${rows.length ? section(t("progress.units"), columnsFor(most), rows, { href: (r) => link(`/progress/${r.org.id}`, { subject: model.subject }), note: legend() }) : nothing}
      ${classes.length && !model.subject ? section(t("progress.classes"), [{ label: t("progress.school"), cell: (r) => r.school ?? "" },
        { label: t("candidate.class"), cell: (r) => (r.class ? html`<a href=${list({ class: r.class })}>${r.class}</a>` : t("progress.noClass")), text: (r) => r.class || t("progress.noClass") },
        ...columnsFor(widest(classes)).slice(1)], classes, { note: legend() }) : nothing}
      ${bySubject.length ? section(t("progress.subjects"), [{ label: t("candidate.subject"), cell: (r) => subject(r.subject) }, ...columnsFor(widest(bySubject)).slice(1)], bySubject) : nothing}
    </div><div class="stack">
      ${milestones(ctx, model, whole)}
      ${attention(ctx, model, whole, rows)}
      ${whole.total ? html`<section class="card"><div class="card-head"><h2>${t("progress.steps")}</h2></div>
        ${columnChart(STEPS.map(([key, names], i) => ({ name: t(`${key}.short`), value: sum(whole.states, names), kind: i < 3 ? "c" : i === 3 ? "b" : "a" })), t("progress.steps"))}</section>` : nothing}
      ${states.length ? section(t("progress.states"), [
        { label: t("candidate.state"), cell: (s) => word("state", s) },
        { label: t("progress.people"), cell: (s) => html`<a href=${list({ state: s })}>${count(whole.states[s])}</a>`, text: (s) => whole.states[s], kind: "right" },
        { label: t("progress.part"), cell: (s) => share(whole.states[s], sum(whole.states, ["waiting", ...ALL, "withdrawn"])), kind: "right" },
      ], states) : html`<section class="card">${empty(t("progress.empty"))}</section>`}
    </div></div>
  </div>`;
}
