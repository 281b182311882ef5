/* The desk: the queue on the left, one candidate in the middle, the acts of this step on the right. J and K (or the arrow
 * keys) go through the queue. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { loadForm, loadTables, options } from "../../document.js";
import { formDialog } from "../../form-dialog.js";
import { inFours, t } from "../../i18n.js";
import { empty, problem, tag, toast, typing } from "../../parts.js";
import { ofPerson } from "../../person.js";
import { go, link } from "../../router.js";
import { cardFields, readingBody } from "./acts.js";
import { actKeys, loadCandidate, middle, side } from "./candidate-page.js";
import { printJob } from "./printing.js";

const WORDS = { to_read: "menu.reading", to_print: "menu.cards", to_review: "menu.review", to_proof: "menu.proof", to_confirm: "menu.confirm",
  to_approve: "menu.approve", to_fill: "menu.fill", to_submit: "menu.submissions",
  returned: "menu.returned" };

/* Who waits in a queue. Those given back from above stand in a list of their own, with the reason. */
async function waitingIn(queue, room) {
  if (queue !== "returned") return api.get("/candidates", { query: { queue, class: room, limit: 100 } });
  const { data } = await api.get("/returns", { query: { limit: 100 } });
  return { data: { ...data, items: data.items.map((r) => ({ ...r.candidate, reason: r.reason })) } };
}

export async function load(ctx) {
  const { queue, id } = ctx.params;
  const room = queue === "returned" ? "" : ctx.query.class ?? "";
  const list = await waitingIn(queue, room);
  const model = { queue, room, items: list.data.items, next: list.data.next, page: null, id: Number(id) || null, problem: null };
  if (model.id) {
    model.page = await loadCandidate(ctx, model.id);
    model.page.changed = () => refreshQueue(ctx, model);
  }
  if (!ctx.shown) return model;
  removeEventListener("keydown", current);
  current = (event) => keys(event, model);
  addEventListener("keydown", current);
  catchUp(ctx, model);
  return model;
}

let current = () => {};
ofPerson(() => removeEventListener("keydown", keep));
let early = []; // letters that quick hands typed at the next record before it stood here

/* Only letters: nothing is agreed to with Enter that nobody has seen. */
function keep(event) {
  if (!location.hash.startsWith("#/desk/")) removeEventListener("keydown", keep);
  else if (/^[a-z]$/i.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey && !typing(event.target)) early.push(event.key);
}

function catchUp(ctx, model) {
  removeEventListener("keydown", keep);
  const typed = early;
  early = [];
  if (model.page) setTimeout(() => ctx.shown && typed.forEach((key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))), 0);
}

export function leave() {
  removeEventListener("keydown", current);
  early = [];
  addEventListener("keydown", keep);
}
export const title = (ctx, model) => [model.page?.record.name, t(WORDS[model.queue] ?? "menu.candidates")].filter(Boolean).join(" - ");

async function refreshQueue(ctx, model) {
  const { data } = await waitingIn(model.queue, model.room);
  model.before = model.items;
  Object.assign(model, { items: data.items, next: data.next });
  ctx.update();
}

/* Who comes after the one in the middle, also when that one has just left the queue. */
function neighbour(model, step) {
  const at = model.items.findIndex((c) => c.id === model.id);
  if (at >= 0) return model.items[at + step];
  const was = (model.before ?? []).findIndex((c) => c.id === model.id);
  return was < 0 ? model.items[0] : model.items[Math.min(Math.max(0, step > 0 ? was : was - 1), model.items.length - 1)];
}

function keys(event, model) {
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (step && event.key.length > 1 && !typing(event.target) && !event.ctrlKey && !event.altKey && !event.metaKey) {
    const next = neighbour(model, step);
    if (next) {
      event.preventDefault();
      go(`/desk/${model.queue}/${next.id}`, { class: model.room });
    }
    return;
  }
  actKeys(event);
}

async function readCard(ctx, model) {
  const form = await loadForm();
  await loadTables([...form.byId.values()]);
  const subject = form.byId.get("subject");
  const result = await formDialog({
    title: t("reading.create"), wide: true, intro: html`<p class="soft">${t("reading.create.help")}</p>`, act: t("reading.create.do"),
    fields: [...cardFields(form), { id: "subject", type: "code", select: true, label: t("candidate.subject"), required: true, options: options(subject) }],
    send: (values) => api.post("/readings", readingBody(values, { purpose: "create", subject: values.subject })).then((a) => a.data),
  });
  if (!result) return;
  toast(t(`reading.${result.verdict}`));
  const id = result.candidate_id;
  if (id && !result.elsewhere) go(`/candidates/${id}`);
  else if (result.elsewhere) {
    model.problem = { title: t("reading.registered_elsewhere"), detail: result.elsewhere.zh ?? "", violations: [] };
    ctx.update();
  }
}

/* Queues whose paper is printed for all at once. */
const PRINTS = { to_print: ["card_print", "print_cards", "cards.all"], to_proof: ["proof_print", "print_proofs", "proof.all"] };

async function printAll(ctx, model) {
  model.problem = null;
  try {
    await printJob(PRINTS[model.queue][1], { ids: model.items.map((c) => c.id) });
    await refreshQueue(ctx, model);
  } catch (error) {
    model.problem = error;
    ctx.update();
  }
}

function chooseClass(event, model) {
  event.preventDefault();
  go(`/desk/${model.queue}`, { class: event.target.elements.class.value.trim() });
}

function nextCard(model) {
  const next = neighbour(model, 1);
  return next && next.id !== model.id ? html`<section class="card"><div class="card-body">${t("desk.next")}
    <a href=${link(`/desk/${model.queue}/${next.id}`, { class: model.room })}><strong>${next.name}</strong></a> <kbd>↓</kbd></div></section>` : nothing;
}

export function render(ctx, model) {
  const { queue, items, page } = model;
  const name = t(WORDS[queue] ?? "menu.candidates");
  return html`<div class="desk ${page ? "" : "nobody"}">
    <section class="card queue" aria-label=${name}>
      <div class="card-head"><h2>${name} ${items.length}${model.next ? "+" : ""}</h2>
        ${queue === "to_read" && may(ctx.session, "candidate_create") ? html`<button class="button main" type="button" @click=${() => readCard(ctx, model)}>${t("reading.create")}</button>` : nothing}
        ${PRINTS[queue] && items.length && may(ctx.session, PRINTS[queue][0]) ? html`<button class="button" type="button" @click=${() => printAll(ctx, model)}>${t(PRINTS[queue][2], { n: items.length })}</button>` : nothing}</div>
      ${queue !== "returned" && (items.length || model.room) ? html`<form class="queue-class" @submit=${(event) => chooseClass(event, model)}>
        <input type="search" name="class" aria-label=${t("desk.class")} placeholder=${t("desk.class")} .value=${model.room} autocomplete="off"></form>` : nothing}
      ${items.length ? html`<ul>${items.map((c) => html`<li><a href=${link(`/desk/${queue}/${c.id}`, { class: model.room })} aria-current=${c.id === model.id ? "true" : nothing}>
        <span class="num">${c.number ? c.number.slice(4) : "—"}</span><span>${c.name}</span>
        ${c.reason ? html`<span class="small soft">${c.reason}</span>` : nothing}
        ${c.parts?.review === "failed" ? tag(t("part.state.failed"), "bad") : c.twin ? tag(t("candidate.twin"), "warn") : nothing}</a></li>`)}</ul>`
        : empty(t("desk.empty"))}
    </section>
    ${page ? html`${middle(page, ctx)}<div class="stack">${side(page, ctx)}${nextCard(model)}</div>` : html`<div class="stack"><div class="page-head"><h1>${name}</h1></div>
      ${model.problem ? problem(model.problem) : nothing}
      <section class="card">${empty(items.length ? t("desk.choose", { n: items.length }) : t("desk.done"))}
        ${items.length ? html`<p class="empty"><a class="button main" href=${link(`/desk/${queue}/${items[0].id}`, { class: model.room })}>${t("desk.first", { name: items[0].name, number: inFours(items[0].number) })}</a></p>` : nothing}</section></div>`}
  </div>`;
}
