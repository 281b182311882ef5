/* The queue of photos that somebody must look at: one key a photo, and the next one is there. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { inFours, t } from "../../i18n.js";
import { empty, tag, typing } from "../../parts.js";
import { findings, checkName } from "../../photo.js";
import { go } from "../../router.js";
import { acted } from "../../waits.js";
import { actKeys } from "./candidate-page.js";
import { openPanel, panelView } from "./photo-panel.js";

export async function load(ctx) {
  const state = ctx.query.state ?? "look";
  const { data } = await api.get("/photos", { query: { state, limit: 100 } });
  const id = ctx.params.id ? Number(ctx.params.id) : data.items[0]?.candidate.id;
  const model = { state, items: data.items, next: data.next, id, panel: id ? await openPanel(ctx, id) : null };
  if (model.panel) model.panel.moved = () => moved(ctx, model);
  model.keys = (event) => keys(event, model);
  if (ctx.shown) addEventListener("keydown", model.keys);
  return model;
}

export const title = () => t("photos.title");

export function leave(ctx, model) {
  removeEventListener("keydown", model.keys);
  model.panel?.close();
}

const place = (model) => (model.state === "look" ? "" : `?state=${model.state}`);
const neighbour = (model, step) => model.items[model.items.findIndex((i) => i.candidate.id === model.id) + step];

/* Done with this one: the next stands in its place, and it leaves the list. */
async function moved(ctx, model) {
  acted();
  const { view } = model.panel.photos;
  if (view.state === model.state) return;
  const next = neighbour(model, 1) ?? neighbour(model, -1);
  model.items = model.items.filter((i) => i.candidate.id !== model.id);
  if (next) go(`/photos/${next.candidate.id}${place(model)}`);
}

function keys(event, model) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && !typing(event.target) && !event.ctrlKey && !event.altKey && !event.metaKey) {
    const next = neighbour(model, step);
    if (next) {
      event.preventDefault();
      go(`/photos/${next.candidate.id}${place(model)}`);
    }
    return;
  }
  actKeys(event);
}

export function render(ctx, model) {
  const { items, panel } = model;
  const view = panel?.photos.view;
  const at = items.findIndex((i) => i.candidate.id === model.id);
  return html`<div class="desk photos-desk">
    <section class="card queue" aria-label=${t("photos.title")}>
      <div class="card-head"><h2>${t("photos.title")} ${items.length}${model.next ? "+" : ""}</h2></div>
      <nav class="photo-states" aria-label=${t("photos.states")}>${["look", "refused", "retake"].map((s) => html`<a href="#/photos${s === "look" ? "" : `?state=${s}`}"
        aria-current=${s === model.state ? "page" : nothing}>${t(`photo.state.${s}`)}</a>`)}</nav>
      ${items.length ? html`<ul>${items.map(({ candidate, photo }) => html`<li><a href="#/photos/${candidate.id}${place(model)}" aria-current=${candidate.id === model.id ? "true" : nothing}>
        <span class="num">${candidate.number ? candidate.number.slice(4) : "—"}</span><span>${candidate.name}</span>
        ${photo.verdict === "block" ? tag(t("photo.queue.crop"), "ok") : tag(findings(photo)[0] ? checkName(findings(photo)[0]) : t("photo.severity.look"), "warn")}</a></li>`)}</ul>`
        : empty(t(`photos.empty.${model.state}`))}
      ${may(ctx.session, "photo_import") ? html`<div class="card-body"><a class="button wide" href="#/photos/import">${t("photos.import")}</a></div>` : nothing}
    </section>
    ${panel ? panelView(panel, ctx, html`<div class="page-head"><h1><a href="#/candidates/${view.candidate.id}">${view.candidate.name}</a></h1>
        <span class="number soft">${inFours(view.candidate.number)}</span>${tag(t(`photo.state.${view.state}`), { accepted: "ok", look: "warn", refused: "bad", retake: "bad" }[view.state] ?? "")}
        <div class="acts-right soft">${at >= 0 ? t("photos.place", { n: at + 1, of: items.length }) : nothing}</div></div>`)
      : html`<div class="stack"><div class="page-head"><h1>${t("photos.title")}</h1></div><section class="card">${empty(t(`photos.empty.${model.state}`))}</section></div>`}
  </div>`;
}
