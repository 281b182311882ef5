/* Progress down the tree: figures, then one row a unit with stacked bars; each row leads one level down. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { fullTime, count, t, word, yuan } from "../../i18n.js";
import { copyButton, table } from "../../list.js";
import { bar, empty, icon, problem } from "../../parts.js";
import { openPaper } from "./printing.js";

export const every = 15;

const DONE = ["confirmed", "submitted", "accepted"];
const FILLED = ["proofed", ...DONE];
const ALL = ["allocated", "identified", "card_printed", "reviewed", "filling", ...FILLED];
const sum = (states, names) => names.reduce((total, name) => total + (states?.[name] ?? 0), 0);

const inOrder = new Intl.Collator("zh-CN", { numeric: true }); // class 2 before class 10

/* What one row of the answer says: {total, filled, signed, states, ...}. */
function figures(row) {
  const states = row.states ?? {};
  return { ...row, states, total: row.total ?? sum(states, ALL), filled: sum(states, FILLED), signed: sum(states, DONE),
    expected: row.estimated };
}

export async function load(ctx) {
  const org = ctx.params.id ?? ctx.session.org.id;
  const before = ctx.model;
  const { data, etag, status } = await api.get("/progress", { query: { org_id: org, subject: ctx.query.subject }, etag: before?.org === org ? before.etag : null });
  if (status === 304) return Object.assign(before, { at: new Date() });
  const model = { org, etag, data, at: new Date(), classes: [] };
  if ((data.org?.level ?? ctx.session.org.level) === "point") {
    model.classes = await api.get("/progress/classes", { query: { org_id: org } }).then((a) => a.data.items ?? [], () => []);
  }
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

export function render(ctx, model) {
  const { data } = model;
  const whole = figures(data.total);
  const rows = data.items.map(figures);
  const most = Math.max(1, ...rows.map((r) => r.expected || r.total));
  const list = (state) => `#/candidates?state=${state}${ctx.params.id ? `&org_id=${model.org}` : ""}`;
  const columnsFor = (longest) => [
    { label: t("progress.unit"), cell: (r) => r.org.name, text: (r) => r.org.name },
    { label: t("progress.total"), cell: (r) => count(r.total), kind: "right" },
    { label: t("progress.reviewed"), cell: (r) => count(sum(r.states, ["reviewed", "filling", ...FILLED])), kind: "right" },
    { label: t("progress.filled"), cell: (r) => count(r.filled), kind: "right" },
    { label: t("progress.signed"), cell: (r) => count(r.signed), kind: "right" },
    { label: t("progress.share"), cell: (r) => share(r.signed, r.total), kind: "right" },
    { label: "", kind: "bar-cell", cell: (r) => bar([{ value: r.signed, kind: "a" }, { value: r.filled - r.signed, kind: "b" },
      { value: r.total - r.filled, kind: "c" }], longest, t("progress.bar", { signed: r.signed, filled: r.filled, total: r.total })) },
  ];
  const columns = columnsFor(most);
  const classes = model.classes.map(figures).sort((x, y) => inOrder.compare(x.class ?? "", y.class ?? ""));
  const largest = Math.max(1, ...classes.map((r) => r.total));
  const named = columns.filter((c) => c.label);
  const name = data.org?.name ?? ctx.session.org.name;
  const down = (r) => `#/progress/${r.org.id}`;
  const states = ["waiting", ...ALL, "withdrawn"].filter((s) => whole.states[s]);
  return html`<div class="page">
    <div class="page-head"><h1>${t("menu.progress")}</h1>
      <span class="trail">${ctx.params.id ? html`<a href="#/progress">${ctx.session.org.name}</a> › ${name}` : name} · ${t("progress.at", { at: fullTime(model.at).slice(-8) })}</span>
      <div class="acts-right"><button class="button" type="button" @click=${() => counts(ctx, model)}>${icon("print")} ${t("paper.counts")}</button>
        ${rows.length ? copyButton(named, () => rows) : nothing}</div></div>
    ${model.fault ? problem(model.fault) : nothing}
    <div class="figures">
      ${figure(t("progress.total"), whole.total, whole.expected ? t("progress.expected", { n: count(whole.expected), share: share(whole.total, whole.expected) }) : "")}
      ${figure(t("progress.reviewed"), sum(whole.states, ["reviewed", "filling", ...FILLED]), share(sum(whole.states, ["reviewed", "filling", ...FILLED]), whole.total))}
      ${figure(t("progress.filled"), whole.filled, share(whole.filled, whole.total))}
      ${figure(t("progress.signed"), whole.signed, share(whole.signed, whole.total))}
      ${whole.fees ? figure(t("progress.fees"), whole.fees.count, yuan(whole.fees.fen)) : nothing}
      ${whole.states.waiting ? figure(t("state.waiting"), whole.states.waiting, "", list("waiting")) : nothing}
    </div>
    ${rows.length ? html`<section class="card">
      <div class="card-head"><h2>${t("progress.units")}</h2><p class="legend"><span><i class="swatch a"></i>${t("progress.signed")}</span>
        <span><i class="swatch b"></i>${t("progress.filled")}</span><span><i class="swatch c"></i>${t("progress.total")}</span></p></div>
      ${table(columns, rows, { caption: t("menu.progress"), href: down })}</section>` : nothing}
    ${classes.length ? html`<section class="card"><div class="card-head"><h2>${t("progress.classes")}</h2></div>
      ${table([{ label: t("candidate.class"), cell: (r) => r.class || t("progress.noClass"), text: (r) => r.class }, ...columnsFor(largest).slice(1)],
        classes, { caption: t("progress.classes") })}</section>` : nothing}
    <section class="card"><div class="card-head"><h2>${t("progress.states")}</h2></div>
      ${states.length ? table([
        { label: t("candidate.state"), cell: (s) => word("state", s) },
        { label: t("progress.people"), cell: (s) => html`<a href=${list(s)}>${count(whole.states[s])}</a>`, kind: "right" },
        { label: "", kind: "bar-cell", cell: (s) => bar([{ value: whole.states[s], kind: "b" }], whole.total || 1, share(whole.states[s], whole.total)) },
      ], states, { caption: t("progress.states") }) : empty(t("progress.empty"))}</section>
  </div>`;
}
