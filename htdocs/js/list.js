/* Lists of the console: query line, table, pages by key. State (filters) stands in the address, so that reload, back and a
 * copied link show the same list. A view hands a description:
 *   {path (of the API), title, columns, filters, fixed (query), tools(ctx, model), href(item), empty}
 * columns: [{label, cell(item), text(item)?, kind: "right"|"tight"}]; filters: fields of js/field.js. */
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { api } from "./api.js";
import { fieldView } from "./field.js";
import { t } from "./i18n.js";
import { copyTable, empty, icon, problem } from "./parts.js";
import { replace } from "./router.js";

const PAGE = 50;

export async function loadList(ctx, describe) {
  const filters = Object.fromEntries((describe.filters ?? []).map((f) => [f.id, ctx.query[f.id] ?? f.start ?? ""]));
  const query = { ...describe.fixed, ...filters, limit: describe.limit ?? PAGE };
  const { data } = await api.get(describe.path, { query });
  return { describe, filters, query, items: data.items, next: data.next, more: false, extra: data };
}

async function more(ctx, model) {
  if (model.more) return;
  model.more = true;
  model.problem = null;
  ctx.update();
  try {
    const { data } = await api.get(model.describe.path, { query: { ...model.query, after: model.next } });
    model.items = [...model.items, ...data.items];
    model.next = data.next;
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
    replace(ctx.path, model.filters);
  };
  return html`<form class="query" role="search" aria-label=${t("list.query")} @submit=${apply}>
    ${filters.map((f) => fieldView({ emptyLabel: t("list.all"), ...f }, model.filters[f.id], {
      change: (v) => { model.filters[f.id] = v; },
      done: () => f.type === "code" && apply(),
    }))}
    <button class="button main">${icon("search")} ${t("list.search")}</button>
    ${Object.values(model.filters).some(Boolean) ? html`<button class="button" type="button" @click=${() => replace(ctx.path, {})}>${t("list.reset")}</button>` : nothing}
  </form>`;
}

export const cellText = (column, item) => {
  if (column.text) return column.text(item);
  const value = column.cell(item);
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
};

export function table(columns, items, { caption, href, chosen, foot } = {}) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}>
    <table class="table">
      <caption class="unseen">${caption}</caption>
      <thead><tr>${columns.map((c) => html`<th scope="col" class=${c.kind ?? ""}>${c.label
        || html`<span class="unseen">${t(c.kind === "bar-cell" ? "list.picture" : "list.acts")}</span>`}</th>`)}</tr></thead>
      <tbody>${items.map((item) => html`<tr class=${chosen?.(item) ? "chosen" : ""}>
        ${columns.map((c, i) => (i === 0 && href?.(item)
          ? html`<th scope="row" class=${c.kind ?? ""}><a href=${href(item)}>${c.cell(item)}</a></th>`
          : html`<td class=${c.kind ?? ""}>${c.cell(item)}</td>`))}</tr>`)}</tbody>
      ${foot ? html`<tfoot>${foot}</tfoot>` : nothing}
    </table></div>`;
}

export const copyButton = (columns, items) => html`<button class="button" type="button"
  @click=${() => copyTable([columns.map((c) => c.label), ...items().map((item) => columns.map((c) => cellText(c, item)))])}>${icon("copy")} ${t("list.copy")}</button>`;

export function listView(ctx, model, { above = nothing, below = nothing } = {}) {
  const { describe } = model;
  const items = describe.filter ? model.items.filter(describe.filter) : model.items;
  const columns = describe.columns(ctx, model).filter(Boolean);
  return html`<div class="page">
    <div class="page-head"><h1>${describe.title}</h1>${describe.note ? html`<span class="soft">${describe.note}</span>` : nothing}
      <div class="acts-right">${describe.tools?.(ctx, model) ?? nothing}
        ${items.length ? copyButton(columns.filter((c) => c.label), () => items) : nothing}</div></div>
    ${above}
    <section class="card">
      ${queryLine(ctx, model)}
      ${items.length ? table(columns, items, { caption: describe.title, href: describe.href }) : empty(describe.empty ?? t("list.empty"))}
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
});
