/* One import: what the columns are, what each row would do, doing it, taking it back. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { count, english, fullTime, pick, t, word } from "../../i18n.js";
import { copyButton, cellText, table } from "../../list.js";
import { banner, bar, problem, tag, toast } from "../../parts.js";
import { go } from "../../router.js";
import { COLOURS } from "./imports.js";

const ASK_EVERY_MS = 700;
const PAGE = 200;
const BUSY = ["reading", "applying", "undoing"];
const VERDICTS = { change: "info", create: "info", same: "", unknown: "bad", outside: "bad", invalid: "bad", closed: "bad", stage: "bad", duplicate: "bad" };
const OUTCOMES = { applied: "ok", failed: "bad", undone: "", touched: "warn" };

/* A table's own names: what the pack calls its fields. */
const label = (model, id) => {
  const target = model.import.targets.find((one) => one.id === id);
  return target ? (english() ? target.en : target.zh) : id;
};

async function rows(id, show, after) {
  const { data } = await api.get(`/imports/${id}/rows`, { query: { limit: PAGE, ...(show ? { show } : {}), ...(after ? { after } : {}) } });
  return data;
}

async function fetchAll(model) {
  const { data, etag } = await api.get(`/imports/${model.id}`);
  Object.assign(model, { import: data, etag });
  const page = BUSY.includes(data.state) || ["mapping", "unreadable", "gone"].includes(data.state) ? { items: [], next: null } : await rows(model.id, model.show);
  Object.assign(model, { rows: page.items, next: page.next });
  model.columns = (data.columns ?? []).map((c) => c.field);
}

export async function load(ctx) {
  const model = { id: ctx.params.id, show: ctx.query?.show ?? "", fault: null, gone: false, mapping: false };
  await fetchAll(model);
  model.mapping = model.import.state === "mapping";
  if (BUSY.includes(model.import.state)) follow(ctx, model);
  return model;
}

export const title = (ctx, model) => model.import.name ?? t("menu.imports");
export const leave = (ctx, model) => { model.gone = true; };

/* Stays with the job until the step is over. */
async function follow(ctx, model) {
  try {
    while (BUSY.includes(model.import.state)) {
      await new Promise((done) => { setTimeout(done, ASK_EVERY_MS); });
      if (model.gone) return;
      const { data, etag } = await api.get(`/imports/${model.id}`);
      Object.assign(model, { import: data, etag });
      if (!model.gone && BUSY.includes(data.state)) ctx.update();
    }
    await fetchAll(model);
    model.mapping = model.import.state === "mapping";
  } catch (error) {
    model.fault = error;
  }
  if (!model.gone) ctx.update();
}

async function act(ctx, model, promise) {
  model.fault = null;
  try {
    const reply = await promise;
    if (reply === undefined || reply === true) return;
    Object.assign(model, { import: reply.data, etag: reply.etag, mapping: false, show: "", rows: [], next: null });
    ctx.update();
    await follow(ctx, model);
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

const map = (ctx, model, body) => act(ctx, model, api.patch(`/imports/${model.id}`, body, { etag: model.etag }));

const apply = (ctx, model) => act(ctx, model, formDialog({
  title: t("imp.apply"), act: t("imp.apply"), fields: [], values: {},
  intro: html`<p>${t("imp.applySure", { n: (model.import.counts.change ?? 0) + (model.import.counts.create ?? 0) })}</p>
    ${model.import.counts.bad ? html`<p>${t("imp.applyLeaves", { n: model.import.counts.bad })}</p>` : nothing}`,
  send: () => api.post(`/imports/${model.id}/apply`, {}, { etag: model.etag }),
}));

const undo = (ctx, model, partial) => act(ctx, model, formDialog({
  title: t("imp.undo"), act: t("imp.undo"), kind: "bad", fields: [], values: {},
  intro: html`<p>${partial ? t("imp.undoPart", { n: model.import.counts.touched }) : t("imp.undoSure", { n: model.import.counts.applied })}</p>`,
  send: () => api.post(`/imports/${model.id}/undo`, partial ? { partial: true } : {}, { etag: model.etag }),
}));

async function cancel(ctx, model) {
  await api.post(`/jobs/${model.import.job.id}/cancel`, {}).catch((error) => { model.fault = error; });
  ctx.update();
}

async function show(ctx, model, what) {
  model.show = what;
  try {
    const page = await rows(model.id, what);
    if (model.show !== what) return; // something else was chosen meanwhile
    Object.assign(model, { rows: page.items, next: page.next });
  } catch (error) {
    model.fault = error;
  }
  ctx.update();
}

async function more(ctx, model) {
  if (model.more) return;
  const { show: what, next } = model;
  model.more = true;
  try {
    const page = await rows(model.id, what, next);
    if (model.show === what && model.next === next) {
      model.rows.push(...page.items);
      model.next = page.next;
    }
  } catch (error) {
    model.fault = error; // what is shown stays, and so does the way to the rest
  }
  model.more = false;
  ctx.update();
}

/* ---- the columns ------------------------------------------------------------------------------------------- */

const sheetChoice = (ctx, model) => html`<label for="imp-sheet">${t("imp.sheet")}</label>
  <select id="imp-sheet" @change=${(e) => map(ctx, model, { sheet: Number(e.target.value) })}>
    ${model.import.state === "unreadable" ? html`<option value="" selected disabled></option>` : nothing}
    ${model.import.sheets.map((s, i) => html`<option value=${i} ?selected=${i === model.import.sheet}>${s.name}${s.hidden ? ` (${t("imp.hidden")})` : ""}</option>`)}</select>`;

const mappingCard = (ctx, model) => html`<section class="card"><div class="card-head"><h2>${t("imp.columns")}</h2></div>
  <div class="card-body stack">
    <p class="soft">${t(model.import.state === "mapping" ? "imp.columnsNeeded" : "imp.columnsHelp")}</p>
    <div class="in-line">
      ${model.import.sheets.length > 1 ? sheetChoice(ctx, model) : nothing}
      <label for="imp-head">${t("imp.headerRow")}</label>
      <input id="imp-head" class="short" inputmode="numeric" .value=${String(model.import.header_row ?? "")} @change=${(e) => { const n = Number(e.target.value); if (/^[0-9]+$/.test(e.target.value)) map(ctx, model, { header_row: n }); }}>
      ${model.import.encoding ? html`<span class="soft">${t("imp.encoding", { what: model.import.encoding })}</span>` : nothing}
    </div></div>
  ${table([
    { label: t("imp.heading"), cell: ([c, i]) => c.heading || t("imp.columnN", { n: i + 1 }) },
    { label: t("imp.samples"), cell: ([c]) => html`<span class="soft">${c.samples.join("，")}</span>` },
    { label: t("imp.field"), cell: ([, i]) => html`<select aria-label=${t("imp.fieldOf", { name: model.import.columns[i].heading || i + 1 })} @change=${(e) => { model.columns[i] = e.target.value || null; ctx.update(); }}>
      <option value="">${t("imp.leaveOut")}</option>${model.import.targets.map((one) => html`<option value=${one.id} ?selected=${model.columns[i] === one.id}>${english() ? one.en : one.zh}${one.key ? ` (${t("imp.key")})` : ""}</option>`)}</select>` },
    { label: t("imp.source"), cell: ([c]) => (c.source ? t(`imp.source.${c.source}`) : "") },
  ], model.import.columns.map((c, i) => [c, i]), { caption: t("imp.columns") })}
  <div class="table-foot"><button class="button main" type="button" @click=${() => map(ctx, model, { columns: model.columns })}>${t("imp.remap")}</button>
    ${model.import.state === "mapping" ? nothing : html`<button class="button" type="button" @click=${() => { model.mapping = false; ctx.update(); }}>${t("cancel")}</button>`}</div>
</section>`;

/* ---- the rows ---------------------------------------------------------------------------------------------- */

const shown = (value) => (value === null || value === undefined || value === "" ? "—" : value);
const change = (model, row) => Object.keys(row.after).map((id) => `${label(model, id)}${t("imp.colon")}${shown(row.before[id])} → ${shown(row.after[id])}`);
const faults = (row) => row.faults.map((f) => pick(f));

const rowColumns = (model) => [
  { label: t("imp.rowN"), kind: "right", cell: (r) => `${r.n}${r.hidden ? ` (${t("imp.hidden")})` : ""}`, text: (r) => String(r.n) },
  { label: t("number"), kind: "tight", cell: (r) => (r.candidate_id ? html`<a href="#/candidates/${r.candidate_id}">${r.number ?? t("imp.record")}</a>` : r.number ?? r.values.id_number ?? ""), text: (r) => r.number ?? r.values.id_number ?? "" },
  { label: t("candidate.name"), cell: (r) => r.name ?? "" },
  { label: t("imp.verdict"), cell: (r) => html`${r.outcome ? tag(t(`imp.outcome.${r.outcome}`), OUTCOMES[r.outcome]) : tag(t(`imp.verdict.${r.verdict}`), VERDICTS[r.verdict])}`,
    text: (r) => t(r.outcome ? `imp.outcome.${r.outcome}` : `imp.verdict.${r.verdict}`) },
  { label: t("imp.what"), cell: (r) => html`${faults(r).map((f) => html`<div>${f}</div>`)}${faults(r).length && r.outcome !== "touched" ? nothing : change(model, r).map((c) => html`<div>${c}</div>`)}`,
    text: (r) => [...faults(r), ...(faults(r).length ? [] : change(model, r))].join("；") },
];

/* As a file for the one who sent the table: what to put right, in which row. */
async function save(model) {
  const list = [];
  for (let after = null, next = true; next; after = next) {
    const page = await rows(model.id, "errors", after);
    list.push(...page.items);
    next = page.next;
  }
  const columns = rowColumns(model);
  const quote = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replace(/"/g, '""')}"`;
  const lines = [columns.map((c) => c.label), ...list.map((r) => columns.map((c) => String(cellText(c, r))))];
  const blob = new Blob([`\ufeff${lines.map((line) => line.map(quote).join(",")).join("\r\n")}\r\n`], { type: "text/csv" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${(model.import.name ?? "import").replace(/\.\w+$/, "")}-${t("imp.errors")}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  toast(t("imp.saved", { n: list.length }));
}

const filters = (model) => ["", "errors", ...Object.keys(VERDICTS), ...Object.keys(OUTCOMES)]
  .filter((id) => id === "" || id === model.show || (id === "errors" ? (model.import.counts.bad || model.import.counts.failed || model.import.counts.touched) : model.import.counts[id]));

const howMany = (model, id) => (id === "" ? model.import.counts.rows : id === "errors"
  ? (model.import.counts.bad ?? 0) + (model.import.step === "ready" ? 0 : model.import.counts.touched ?? 0) : model.import.counts[id]) ?? 0;

const rowsCard = (ctx, model) => html`<section class="card"><div class="card-head"><h2>${t("imp.rowsOf")}</h2>
    <div class="acts-right in-line"><label for="imp-show">${t("imp.show")}</label>
      <select id="imp-show" @change=${(e) => show(ctx, model, e.target.value)}>${filters(model).map((id) => html`<option value=${id} ?selected=${id === model.show}>${t(id === "" ? "imp.all" : id === "errors" ? "imp.onlyErrors" : VERDICTS[id] !== undefined ? `imp.verdict.${id}` : `imp.outcome.${id}`)} ${count(howMany(model, id))}</option>`)}</select>
      ${model.rows.length ? copyButton(rowColumns(model), () => model.rows) : nothing}
      ${model.import.counts.bad || model.import.counts.failed || model.import.counts.touched ? html`<button class="button" type="button" @click=${() => save(model).catch((error) => { model.fault = error; ctx.update(); })}>${t("imp.saveErrors")}</button>` : nothing}</div></div>
  ${model.rows.length ? table(rowColumns(model), model.rows, { caption: t("imp.rowsOf") }) : html`<p class="empty">${t("imp.noRows")}</p>`}
  <div class="table-foot"><span role="status">${t(model.next ? "list.shown" : "list.count", { n: model.rows.length })}</span>
    ${model.next ? html`<button class="button" type="button" @click=${() => more(ctx, model)}>${t("list.more")}</button>` : nothing}</div>
</section>`;

/* ---- the page ---------------------------------------------------------------------------------------------- */

function notes(model) {
  const { import: i } = model;
  const said = [];
  if (i.state === "unreadable") said.push(banner("bad", pick(i.fault)));
  if (i.state === "stopped") said.push(banner("warn", html`${t("imp.stopped")} ${i.job.error ? pick(i.job.error) : ""}`));
  if (i.counts.outside) said.push(banner("bad", t("imp.outside", { n: i.counts.outside })));
  if (i.state === "applied" && i.counts.touched) said.push(banner("warn", t("imp.touched", { n: i.counts.touched })));
  if (i.counts.hidden) said.push(banner("warn", t("imp.hiddenRows", { n: i.counts.hidden })));
  if (i.counts.failed) said.push(banner("warn", t("imp.failed", { n: i.counts.failed })));
  return said;
}

function acts(ctx, model) {
  const { import: i } = model;
  if (!may(ctx.session, "import_write")) return nothing;
  const wait = (i.counts.change ?? 0) + (i.counts.create ?? 0) - (i.counts.applied ?? 0) - (i.counts.failed ?? 0);
  const stoppedAt = (step) => i.state === "stopped" && i.step === step;
  return html`
    ${(i.state === "ready" || stoppedAt("reading")) && !model.mapping ? html`<button class="button" type="button" @click=${() => { if (i.columns) { model.mapping = true; ctx.update(); } else map(ctx, model, {}); }}>${t("imp.columns")}</button>` : nothing}
    ${(i.state === "ready" || stoppedAt("applying")) && wait > 0 && !i.counts.outside ? html`<button class="button main" type="button" @click=${() => apply(ctx, model)}>${t("imp.applyN", { n: wait })}</button>` : nothing}
    ${(i.state === "applied" && !i.counts.touched && i.counts.applied) || stoppedAt("applying") || stoppedAt("undoing") ? html`<button class="button bad" type="button" @click=${() => undo(ctx, model, false)}>${t("imp.undo")}</button>` : nothing}
    ${i.state === "applied" && i.counts.touched && i.counts.applied ? html`<button class="button bad" type="button" @click=${() => undo(ctx, model, true)}>${t("imp.undoRest")}</button>` : nothing}`;
}

export function render(ctx, model) {
  const { import: i } = model;
  const busy = BUSY.includes(i.state);
  return html`<div class="page">
    <div class="page-head"><h1>${i.name ?? t("menu.imports")}</h1>${tag(word("imp.state", i.state), COLOURS[i.state])}
      <div class="acts-right"><a class="button" href="#/imports">${t("back")}</a>${acts(ctx, model)}</div></div>
    ${model.fault ? problem(model.fault) : nothing}
    ${notes(model)}
    ${busy ? html`<section class="card"><div class="card-body stack"><p role="status">${t(`imp.busy.${i.state}`, { n: i.job.done, of: i.job.total || "…" })}</p>
      ${bar([{ value: i.job.done, kind: "a" }], i.job.total || 1, t(`imp.busy.${i.state}`, { n: i.job.done, of: i.job.total || "…" }))}
      <div class="form-acts"><button class="button" type="button" @click=${() => cancel(ctx, model)}>${t("jobs.cancel")}</button></div></div></section>` : nothing}
    <section class="card"><dl class="facts">
      <dt>${t("imp.kind")}</dt><dd>${t(`imp.kind.${i.kind}`)}</dd>
      <dt>${t("imp.by")}</dt><dd>${i.org.name} ${i.account ?? ""}，${fullTime(i.created_at)}</dd>
      ${i.counts.rows === undefined || ["mapping", "unreadable"].includes(i.state) ? nothing : html`<dt>${t("imp.rows")}</dt><dd>${[["rows", "imp.all"], ["change", "imp.verdict.change"], ["create", "imp.verdict.create"], ["same", "imp.verdict.same"], ["bad", "imp.bad"], ["applied", "imp.outcome.applied"], ["failed", "imp.outcome.failed"], ["undone", "imp.outcome.undone"], ["touched", "imp.outcome.touched"]]
        .filter(([id]) => id === "rows" || i.counts[id]).map(([id, key]) => `${t(key)} ${count(i.counts[id])}`).join("，")}${i.counts.aside ? `；${t("imp.aside", { n: i.counts.aside })}` : ""}</dd>`}
    </dl></section>
    ${model.mapping && !busy && i.columns ? mappingCard(ctx, model) : nothing}
    ${busy || ["mapping", "unreadable", "gone"].includes(i.state) ? nothing : rowsCard(ctx, model)}
    ${i.state === "unreadable" ? html`<p class="in-line">${i.sheets?.length > 1 ? sheetChoice(ctx, model) : nothing}<button class="button main" type="button" @click=${() => go("/imports", { kind: i.kind })}>${t("imp.again")}</button></p>` : nothing}
  </div>`;
}
