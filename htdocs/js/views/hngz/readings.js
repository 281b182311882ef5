/* Cards as they are read, the newest on top: asked for every two seconds, and answered without the database while nothing happens. Colour
 * only where somebody has to do something; that is one press: the category of somebody new, or the record that differs. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { loadForm, loadTable } from "../../document.js";
import { count, dayTime, pick, t, word } from "../../i18n.js";
import { table } from "../../list.js";
import { banner, empty, problem, tag, toast } from "../../parts.js";
import { ofPerson } from "../../person.js";
import { acted } from "../../waits.js";
import { subjectName } from "./candidates.js";

export const every = 2;

/* Verdicts that leave work, and those that leave a look. */
const WORK = new Set(["unassigned", "different"]);
const LOOK = new Set(["undecoded", "registered_elsewhere", "unknown", "unmatched"]);
const LOOK_FLAGS = new Set(["future", "after-theft", "seq-reused", "kind-not-enrolled", "sex-differs", "birth-differs", "expired", "not-yet-valid", "private-use"]);

let seen = { query: null, etag: null, items: [] };
let busy = false;
let fault = null;
ofPerson(() => {
  seen = { query: null, etag: null, items: [] };
  fault = null;
});

export async function load(ctx) {
  const device = ctx.query.device_id;
  const [subjects] = await Promise.all([loadForm().then(() => loadTable("subject")).catch(() => [])]);
  if (device) { // one device's: an ordinary list
    const { data } = await api.get("/readings", { query: { device_id: device, limit: 100 } });
    return { items: data.items, subjects, device };
  }
  const same = seen.query === ctx.session.account.id;
  const answer = await api.get("/readings/changes", { query: { limit: 100 }, etag: same ? seen.etag : null });
  if (answer.status !== 304) {
    const known = same ? new Set(seen.items.map((r) => r.id)) : null;
    seen = { query: ctx.session.account.id, etag: answer.etag, items: answer.data.items.map((r) => ({ ...r, fresh: known ? !known.has(r.id) : false })) };
    acted();
  }
  return { items: seen.items, subjects, device: null };
}

async function assign(ctx, reading, subject) {
  if (busy) return;
  busy = true;
  fault = null;
  try {
    const { data } = await api.post(`/readings/${reading.id}/assignment`, subject ? { subject } : {});
    toast(data.candidate?.number ? t("readings.assigned", { name: data.fields.name, number: data.candidate.number }) : t(`reading.${data.verdict}`));
  } catch (error) {
    fault = error;
  }
  busy = false;
  await ctx.reload();
}

const chooser = (ctx, model, reading) => {
  if (!may(ctx.session, "reading_assign")) return nothing;
  if (reading.subject) {
    return html`<button class="button" type="button" @click=${() => assign(ctx, reading, null)}>${t("readings.go", { name: subjectName(model.subjects, reading.subject) })}</button>`;
  }
  return html`<span class="choices inline" role="group" aria-label=${t("readings.choose", { name: reading.name ?? "" })}>${model.subjects.map((row) => html`<button class="button" type="button"
    @click=${() => assign(ctx, reading, row[0])}>${subjectName(model.subjects, row[0])}</button>`)}</span>`;
};

function result(ctx, model, r) {
  const kind = WORK.has(r.verdict) ? "bad" : LOOK.has(r.verdict) ? "warn" : "";
  const flags = r.flags.filter((f) => LOOK_FLAGS.has(f));
  return html`${kind ? tag(t(`reading.${r.verdict}`), kind) : t(`reading.${r.verdict}`)}
    ${flags.map((f) => tag(word("reading.flag", f), "warn"))}
    ${r.problem && kind && !(r.verdict === "unassigned" && r.problem.code === "invalid") ? html`<div class="soft">${pick(r.problem)}</div>` : nothing}
    ${r.elsewhere ? html`<div class="soft">${pick(r.elsewhere)}</div>` : nothing}
    ${r.verdict === "unassigned" ? chooser(ctx, model, r) : nothing}`;
}

function act(ctx, model, r) {
  if (r.verdict === "undecoded" && may(ctx.session, "reading_assign")) return html`<button class="link" type="button" @click=${() => assign(ctx, r, null)}>${t("readings.again")}</button>`;
  if (r.verdict === "different" && r.candidate_id) return html`<a class="button" href="#/candidates/${r.candidate_id}">${t("readings.decide")}</a>`;
  return nothing;
}

const columnsOf = (ctx, model) => [
  { label: t("readings.at"), cell: (r) => dayTime(r.taken_at), kind: "tight" },
  { label: t("readings.name"), cell: (r) => (r.candidate_id ? html`<a href="#/candidates/${r.candidate_id}">${r.name ?? t("readings.noName")}</a>` : r.name ?? t("readings.noName")) },
  { label: t("readings.idNumber"), cell: (r) => r.id_number ?? "", kind: "tight" },
  ctx.session.org.level === "point" ? null : { label: t("candidate.point"), cell: (r) => r.org.name },
  { label: t("readings.result"), cell: (r) => result(ctx, model, r) },
  { label: "", kind: "acts-cell", cell: (r) => act(ctx, model, r) },
].filter(Boolean);

export function render(ctx, model) {
  const work = model.items.filter((r) => WORK.has(r.verdict));
  return html`<div class="page live">
    <div class="page-head"><h1>${model.device ? t("readings.ofDevice") : t("menu.readings")}</h1>
      ${may(ctx.session, "device_read") ? html`<a class="button" href="#/devices">${t("menu.devices")}</a>` : nothing}</div>
    <p class="soft" role="status">${t("readings.note", { n: count(model.items.length) })} ${work.length ? html`<strong class="wrong">${t("readings.work", { n: count(work.length) })}</strong>` : t("readings.noWork")}</p>
    ${fault ? problem(fault) : nothing}
    ${model.items.length ? html`<section class="card">${table(columnsOf(ctx, model), model.items, { caption: t("menu.readings"), chosen: (r) => r.fresh, stack: true })}</section>`
      : html`${empty(t("readings.none"))}${banner("info", html`<p>${t("readings.none.do")} <a href="#/devices">${t("menu.devices")}</a></p>`)}`}
  </div>`;
}
