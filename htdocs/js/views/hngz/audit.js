/* The audit: who saw or changed what. One record's rows are found by its registration number, a person's by the login; an action, a unit
 * and a span of days narrow them. Looking here is on record too. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { loadForm, loadTables } from "../../document.js";
import { fullTime, known, t, word } from "../../i18n.js";
import { arriveList, leaveList, listView, loadList } from "../../list.js";
import { banner } from "../../parts.js";
import { link } from "../../router.js";
import { actionWords } from "../../states.js";
import { changeLines } from "./history.js";

const KINDS = ["candidate", "reading", "account", "org", "range", "window", "submission", "notice", "session", "plugin", "job", "pack", "device", "export"];

/* Actions one looks for, in the order of the work. */
const ACTIONS = ["candidate.read", "candidate.paper.read", "candidate.photo.read", "export.", "job.fetch", "candidate.create", "candidate.identify", "candidate.identity", "candidate.card", "candidate.papers", "candidate.fee",
  "candidate.review", "candidate.save", "candidate.update", "candidate.photo", "candidate.proof", "candidate.confirm", "candidate.correct", "candidate.return", "candidate.withdraw", "candidate.new_slip", "submission.", "account.",
  "session.", "range.", "window.", "pack.", "plugin.", "device.", "audit.search"];

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const begin = (day) => (DAY.test(day ?? "") ? `${day}T00:00:00+08:00` : "");
const end = (day) => (DAY.test(day ?? "") ? new Date(Date.parse(`${day}T00:00:00+08:00`) + 86_400_000).toISOString().replace(/\.\d+/, "") : "");
const actionName = (action) => (action.endsWith(".") ? t("audit.allOf", { noun: word("noun", action.slice(0, -1)) }) : actionWords(action));

/* Where the thing itself can be looked at. */
const HREF = { candidate: (id) => `#/candidates/${id}`, org: (id) => `#/orgs/${id}`, submission: (id) => `#/submissions/${id}`, notice: (id) => `#/notices/${id}`, pack: (id) => `#/packs/${id}` };
const objectLink = (object) => (object?.id && HREF[object.kind] ? html`<a href=${HREF[object.kind](object.id)}>${word("noun", object.kind)} ${object.id}</a>` : `${word("noun", object?.kind)} ${object?.id || ""}`);

export async function load(ctx) {
  const form = await loadForm().catch(() => null);
  if (form) await loadTables([...form.byId.values()]);
  const { from, to } = ctx.query;
  const model = await loadList({ ...ctx, query: { ...ctx.query, number: (ctx.query.number ?? "").replace(/\s/g, "") } }, {
    path: "/audit",
    title: t("menu.audit"),
    fixed: { from: begin(from), to: end(to) },
    keep: { from, to },
    strict: false,
    filters: [
      { id: "number", label: t("audit.number"), inputmode: "numeric" },
      { id: "login", label: t("audit.login") },
      { id: "action", type: "code", select: true, label: t("audit.action"), options: ACTIONS.map((a) => [a, actionName(a)]) },
      { id: "object_kind", type: "code", select: true, label: t("audit.kind"), options: KINDS.map((k) => [k, word("noun", k)]) },
      { id: "object_id", label: t("audit.id"), inputmode: "numeric" },
      { id: "org", label: t("audit.org"), inputmode: "numeric" },
    ],
    columns: () => [
      { label: t("audit.seq"), cell: (r) => r.seq, kind: "right" },
      { label: t("audit.at"), cell: (r) => fullTime(r.at), kind: "tight" },
      { label: t("audit.actor"), text: (r) => (r.actor?.login ? `${r.actor.name || r.actor.login}（${r.actor.login}）` : t("audit.system")),
        cell: (r) => (r.actor?.login ? html`${r.actor.name || r.actor.login}（<a href=${link("/audit", { login: r.actor.login })}>${r.actor.login}</a>）` : t("audit.system")) },
      { label: t("audit.action"), cell: (r) => actionWords(r.action), kind: "tight" },
      { label: t("audit.object"), cell: (r) => objectLink(r.object), text: (r) => `${word("noun", r.object?.kind)} ${r.object?.id || ""}`, kind: "tight" },
      { label: t("audit.changes"), cell: (r) => changeLines(r.changes, form), text: (r) => (r.changes ?? []).map((c) => (known(`column.${c.field}`) ? t(`column.${c.field}`) : c.field)).join(" ") },
    ],
    empty: t("audit.none"),
  });
  ctx.listed = model; // the list was given a context of its own
  return Object.assign(model, { days: { from: from ?? "", to: to ?? "" } });
}

/* Days stand beside the filters: what the API takes are moments. */
function days(ctx, model) {
  const set = (name) => (event) => {
    const next = { ...ctx.query, [name]: event.target.value };
    location.hash = link("/audit", next);
  };
  return html`<section class="card"><div class="query">
    ${["from", "to"].map((name) => html`<div class="field"><label for="audit-${name}">${t(`audit.${name}`)}</label><input id="audit-${name}" type="date" .value=${model.days[name]} @change=${set(name)}></div>`)}
    <nav class="chips" aria-label=${t("audit.quick")}>${[["candidate.read", "audit.quick.seen"], ["export.", "audit.quick.taken"], ["session.", "audit.quick.in"]].map(([action, key]) => html`<a class="chip"
      href=${link("/audit", { ...ctx.query, action })} aria-current=${ctx.query.action === action ? "true" : nothing}>${t(key)}</a>`)}</nav></div></section>`;
}

export const render = (ctx, model) => listView(ctx, model, { above: html`${ctx.query.number || ctx.query.login || ctx.query.action ? nothing : banner("", t("audit.how"))}${days(ctx, model)}` });
export const leave = leaveList;
export const arrive = arriveList;
