/* Lists of the console: query line, table, pages by key. State (filters) stands in the address, so that reload, back and a
 * copied link show the same list; back also finds its place, its rows and what was chosen. A view hands a description:
 *   {path (of the API), title, columns, filters, fixed (query), tools(ctx, model), href(item), empty, id, batch(ctx, model)}
 * columns: [{label, cell(item), text(item)?, kind: "right"|"tight", hidden (at first)}]; filters: fields of js/field.js.
 * `keep`: what else of the address stays when the filters change. `strict: false`: a filter may name what isn't there. `id` lets people choose columns. `batch` gives acts on chosen rows: [{text, most?, run(ids)}]. */
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { guard } from "../vendor/lit-html/directives/guard.js";
import { api } from "./api.js";
import { hidden } from "./columns.js";
import { fieldView } from "./field.js";
import { language, t } from "./i18n.js";
import { banner, copyTable, empty, icon, problem, typing } from "./parts.js";
import { ofPerson } from "./person.js";
import { replace } from "./router.js";

const PAGE = 50;
const AHEAD_PX = 900; // rows are fetched before the end comes into sight
const MOST = 200; // rows the API gives at once
let place = null; // of the list left last: {hash, count, top, row, chosen}
ofPerson(() => { place = null; });

/* How many rows at once: the address may ask for more or fewer, up to what the API gives. */
function pageOf(ctx, describe) {
  const asked = Number(ctx.query.limit ?? "");
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, MOST) : describe.limit ?? PAGE;
}

export async function loadList(ctx, describe) {
  const filters = Object.fromEntries((describe.filters ?? []).map((f) => [f.id, ctx.query[f.id] ?? f.start ?? ""]));
  const query = { ...describe.fixed, ...filters, limit: pageOf(ctx, describe) };
  const model = { describe, filters, query, items: [], next: null, more: false, extra: null, chosen: new Set(), back: null, problem: null,
    asked: Number(ctx.query.limit) > MOST ? ctx.query.limit : "" };
  if (ctx.listed) { // loaded again where somebody is reading: as many rows, the same ones chosen
    model.chosen = ctx.listed.chosen;
  } else if (place?.hash === location.hash) {
    model.back = place;
    model.chosen = place.chosen;
  }
  const wanted = Math.max(model.back?.count ?? ctx.listed?.items.length ?? 0, query.limit);
  try {
    do {
      const { data } = await api.get(describe.path, { query: { ...query, limit: Math.min(wanted, MOST), after: model.next } });
      add(model, data);
    } while (model.next && model.items.length < wanted);
  } catch (error) {
    if (error.status !== 422 && error.status !== 400 && !(error.status === 404 && describe.strict === false)) throw error;
    model.problem = error; // what the address asks for does not exist: the page stays, with the filters to mend it
  }
  ctx.listed = model;
  return model;
}

/* A row may come again when the list changed between two pages: it counts once. */
function add(model, data) {
  const seen = new Set(model.items.map((item) => item.id).filter((id) => id !== undefined));
  model.items.push(...data.items.filter((item) => item.id === undefined || !seen.has(item.id)));
  model.next = data.next;
  model.extra ??= data;
}

/* Where somebody was when they opened a row. */
export function leaveList(ctx, model) {
  place = { hash: model.hash, count: model.items.length, top: scrollY, row: document.activeElement?.closest("tr")?.rowIndex ?? 0, chosen: model.chosen };
}

export function arriveList(ctx, model) {
  if (!model.back) return;
  scrollTo(0, model.back.top);
  document.querySelector(`main .table tbody tr:nth-child(${model.back.row}) a`)?.focus({ preventScroll: true });
}

/* Every id that the query finds, page after page; what was asked stays. */
const everyId = async (model) => (await api.every(model.describe.path, model.query)).map((item) => item.id);

/* A long table keeps the widths that its first rows gave its columns: a page more then lays out its own rows, not all thousands
 * again. Other columns, another query and another width of the window measure anew. */
function holdWidths() {
  const grown = document.querySelector("main table.table");
  if (!grown?.tHead || grown.style.tableLayout || getComputedStyle(grown).display !== "table") return;
  const heads = [...grown.tHead.rows[0].cells];
  const widths = heads.map((cell) => cell.getBoundingClientRect().width);
  heads.forEach((cell, i) => { cell.style.width = `${widths[i]}px`; });
  grown.style.tableLayout = "fixed";
}

function freeWidths() {
  for (const grown of document.querySelectorAll("main table.table")) {
    if (!grown.style.tableLayout) continue;
    grown.style.tableLayout = "";
    for (const cell of grown.tHead.rows[0].cells) cell.style.width = "";
  }
}
addEventListener("resize", freeWidths);
addEventListener("gaokao-language", freeWidths);

async function more(ctx, model) {
  if (model.more) return;
  holdWidths();
  model.more = true;
  model.problem = null;
  ctx.update();
  try {
    const { data } = await api.get(model.describe.path, { query: { ...model.query, after: model.next } });
    add(model, data);
  } catch (error) {
    model.problem = error;
  }
  model.more = false;
  ctx.update();
}

function queryLine(ctx, model) {
  const { filters } = model.describe;
  if (!filters?.length) return nothing;
  const apply = (event) => {
    event?.preventDefault();
    replace(ctx.path, { ...model.describe.keep, ...model.filters });
  };
  return html`<form class="query" role="search" aria-label=${t("list.query")} @submit=${apply}>
    ${filters.map((f) => fieldView({ emptyLabel: t("list.all"), ...f }, model.filters[f.id], {
      change: (v) => { model.filters[f.id] = v; },
      done: () => f.type === "code" && apply(),
    }))}
    <button class="button main">${icon("search")} ${t("list.search")}</button>
    ${Object.values(model.filters).some(Boolean) ? html`<button class="button" type="button" @click=${() => replace(ctx.path, model.describe.keep ?? {})}>${t("list.reset")}</button>` : nothing}
  </form>`;
}

export const cellText = (column, item) => {
  if (column.text) return column.text(item);
  const value = column.cell(item);
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
};

/* Arrow keys go from row to row, x chooses one; Enter follows the row's link as everywhere. */
function rowKeys(event, pick) {
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if ((!step && event.key !== "x") || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const rows = [...event.currentTarget.querySelectorAll("tbody tr")];
  const at = rows.indexOf(event.target.closest("tbody tr"));
  if (!step) {
    if (at < 0 || !pick) return;
    event.preventDefault();
    pick.toggle(at);
    return;
  }
  const link = rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.querySelector("a, button");
  if (!link) return;
  event.preventDefault();
  link.focus();
}

/* `pick`: {has(item), toggle(index), every, all()}: rows can be chosen. `stack`: on a phone a row is a block of lines. `steady`: a row shows its item and nothing else, so that thousands
 * are not drawn again when one is chosen or more come. */
export function table(columns, items, { caption, href, chosen, foot, pick, stack, steady } = {}) {
  const look = `${language()} ${columns.map((c) => c.name ?? c.label).join(" ")}`;
  const row = (item, at) => {
    const on = Boolean(chosen?.(item) || pick?.has(item));
    return steady ? guard([item, on, look], () => drawRow(item, at, on)) : drawRow(item, at, on);
  };
  const drawRow = (item, at, on) => html`<tr class=${on ? "chosen" : ""}>
        ${pick ? html`<td class="pick"><label><input type="checkbox" .checked=${pick.has(item)} @change=${() => pick.toggle(at)}><span class="unseen">${t("batch.one", { n: at + 1 })}</span></label></td>` : nothing}
        ${columns.map((c, i) => (i === 0 && href?.(item)
          ? html`<th scope="row" class=${c.kind ?? ""}><a href=${href(item)}>${c.cell(item)}</a></th>`
          : html`<td class=${c.kind ?? ""} data-label=${stack && i > 0 && c.label ? c.label : nothing}>${c.cell(item)}</td>`))}</tr>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption} @keydown=${(event) => rowKeys(event, pick)}>
    <table class=${stack ? "table folds" : "table"}>
      <caption class="unseen">${caption}</caption>
      <thead><tr>${pick ? html`<th class="pick" scope="col"><label><input type="checkbox" .checked=${pick.every} @change=${pick.all}><span class="unseen">${t("batch.page")}</span></label></th>` : nothing}${columns.map((c) => html`<th scope="col" class=${c.kind ?? ""}>${c.label
        || html`<span class="unseen">${t(c.kind === "bar-cell" ? "list.picture" : "list.acts")}</span>`}</th>`)}</tr></thead>
      <tbody>${items.map(row)}</tbody>
      ${foot ? html`<tfoot>${foot}</tfoot>` : nothing}
    </table></div>`;
}

export const copyButton = (columns, items) => html`<button class="button" type="button"
  @click=${() => copyTable([columns.map((c) => c.label), ...items().map((item) => columns.map((c) => cellText(c, item)))])}>${icon("copy")} ${t("list.copy")}</button>`;

/* What can be done with the chosen rows; "this page" and "all found" are said in words. */
function batchBar(ctx, model, items) {
  const { chosen } = model;
  const acts = model.describe.batch(ctx, model);
  if (!chosen.size || !acts.length) return nothing;
  const here = items.length && items.every((item) => chosen.has(item.id));
  const run = async (act) => {
    model.problem = null;
    try {
      if ((await act.run([...chosen])) !== undefined) chosen.clear();
    } catch (error) {
      model.problem = error;
    }
    ctx.update();
  };
  const all = async () => {
    model.counting = true;
    ctx.update();
    try {
      for (const id of await everyId(model)) chosen.add(id);
      model.all = chosen.size;
    } catch (error) {
      model.problem = error;
    }
    model.counting = false;
    ctx.update();
  };
  return html`<div class="batch" role="region" aria-label=${t("batch.name")}>
    <strong role="status">${t(model.all === chosen.size ? "batch.all.chosen" : "batch.chosen", { n: chosen.size })}</strong>
    ${here && model.next && model.all !== chosen.size ? html`<button class="link" type="button" aria-disabled=${model.counting ? "true" : nothing} @click=${all}>${t(model.counting ? "busy" : "batch.all")}</button>` : nothing}
    ${acts.map((act) => html`<button class="button" type="button" @click=${() => run(act)}>${act.text}</button>`)}
    <button class="link" type="button" @click=${() => { chosen.clear(); ctx.update(); }}>${t("batch.none")}</button></div>`;
}

function picking(ctx, model, items) {
  const { chosen } = model;
  const flip = (item, on) => (on ? chosen.add(item.id) : chosen.delete(item.id));
  return {
    has: (item) => chosen.has(item.id),
    every: items.length > 0 && items.every((item) => chosen.has(item.id)),
    toggle: (at) => { flip(items[at], !chosen.has(items[at].id)); ctx.update(); },
    all: (event) => { items.forEach((item) => flip(item, event.target.checked)); ctx.update(); },
  };
}

function columnsButton(ctx, describe, columns) {
  const open = async () => {
    const { chooseColumns } = await import("./columns.js");
    await chooseColumns(describe.id, columns.filter((c) => c.label));
    freeWidths();
    ctx.update();
  };
  return html`<button class="button" type="button" @click=${open}>${t("columns.choose")}</button>`;
}

/* Scrolling to the end goes on by itself; the button is for the keyboard and for those who print. */
function goOn(ctx, model) {
  const foot = document.querySelector("main .table-foot");
  if (model.next && !model.more && !model.problem && foot && scrollY > 0 && foot.getBoundingClientRect().top < innerHeight + AHEAD_PX) more(ctx, model);
}

let scrolled = null;
function follow(ctx, model) {
  if (!model.describe.id) return;
  if (scrolled) removeEventListener("scroll", scrolled);
  scrolled = () => (location.hash === model.hash ? goOn(ctx, model) : removeEventListener("scroll", scrolled));
  addEventListener("scroll", scrolled, { passive: true });
}

export function listView(ctx, model, { above = nothing, below = nothing } = {}) {
  const { describe } = model;
  if (model.hash !== location.hash) {
    model.hash = location.hash;
    freeWidths();
    follow(ctx, model);
  }
  const items = describe.filter ? model.items.filter(describe.filter) : model.items;
  const every = describe.columns(ctx, model).filter(Boolean);
  const columns = describe.id ? every.filter((c, i) => i === 0 || !hidden(describe.id, c)) : every;
  const pick = describe.batch?.(ctx, model).length ? picking(ctx, model, items) : null;
  return html`<div class="page">
    <div class="page-head"><h1>${describe.title}</h1>${describe.note ? html`<span class="soft">${describe.note}</span>` : nothing}
      <div class="acts-right">${describe.tools?.(ctx, model) ?? nothing}
        <button class="button" type="button" @click=${() => ctx.reload()}>${icon("refresh")} ${t("list.refresh")}</button>
        ${describe.id ? columnsButton(ctx, describe, every) : nothing}
        ${items.length ? copyButton(columns.filter((c) => c.label), () => items) : nothing}</div></div>
    ${above}
    ${model.asked ? banner("warn", t("list.limit", { n: model.asked, most: MOST })) : nothing}
    <section class="card">
      ${queryLine(ctx, model)}
      ${pick ? batchBar(ctx, model, items) : nothing}
      ${items.length ? table(columns, items, { caption: describe.title, href: describe.href, pick, stack: describe.stack, steady: Boolean(describe.id) }) : empty(describe.empty ?? t("list.empty"))}
      <div class="table-foot"><span role="status">${t(model.next ? "list.shown" : "list.count", { n: items.length })}</span>
        ${model.problem ? problem(model.problem) : nothing}
        ${model.next ? html`<button class="button" type="button" aria-disabled=${model.more ? "true" : nothing}
          @click=${() => more(ctx, model)}>${t("list.more")}</button>` : nothing}</div>
    </section>
    ${below}
  </div>`;
}

/* A view module of a plain list. */
export const listScreen = (describe) => ({
  load: (ctx) => loadList(ctx, describe(ctx)),
  render: listView,
  leave: leaveList,
  arrive: arriveList,
});
