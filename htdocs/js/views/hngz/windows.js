/* When what is open: windows, slots of regions, extensions. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { dayTime, fromLocalInput, fullTime, pick, t, toLocalInput, word } from "../../i18n.js";
import { listView, loadList, table } from "../../list.js";
import { dialog, dialogFrame, tag, toast } from "../../parts.js";
import { chooseOrg } from "./accounts.js";
import { calendar } from "./calendar.js";

export const ACTIONS = ["read", "print_card", "review", "fill", "proof", "confirm", "other_info", "submit_art", "submit_all"];
const etagOf = (w) => `"v${w.version}"`;
const kindsFor = (role) => (role === "province" ? ["window", "slot", "extension"] : ["slot", "extension"]);

async function finish(ctx, promise) {
  if ((await promise) === undefined) return;
  toast(t("saved"));
  await ctx.reload();
}

/* A point gives one of its candidates more time. */
async function extend(ctx) {
  await finish(ctx, formDialog({
    title: t("windows.create"), act: t("create"), wide: true,
    fields: [
      { id: "action", type: "code", select: true, label: t("window.action"), required: true, options: ACTIONS.map((a) => [a, word("window", a)]) },
      { id: "number", label: t("number"), required: true, inputmode: "numeric" },
      { id: "closes_at", type: "moment", label: t("window.closes"), required: true },
      { id: "reason", label: t("reason"), required: true, span: true },
    ],
    send: async ({ action, number, closes_at, reason }) => {
      const { data } = await api.get("/candidates", { query: { q: number.trim(), limit: 1 } });
      return api.post("/windows", { kind: "extension", action, candidate_id: data.items[0]?.id ?? 0, closes_at: fromLocalInput(closes_at), reason });
    },
  }));
}

async function create(ctx) {
  if (ctx.session.account.role === "point") return extend(ctx);
  const orgs = await chooseOrg();
  await finish(ctx, formDialog({
    title: t("windows.create"), act: t("create"), wide: true,
    fields: (values) => [
      { id: "kind", type: "code", label: t("window.kind"), required: true, options: kindsFor(ctx.session.account.role).map((k) => [k, word("window.kind", k), t(`window.kind.${k}.help`)]) },
      { id: "action", type: "code", select: true, label: t("window.action"), required: true, options: ACTIONS.map((a) => [a, word("window", a)]) },
      { id: "org_id", type: "search", label: t("window.org"), required: values.kind !== "window", options: orgs },
      { id: "opens_at", type: "moment", label: t("window.opens"), required: values.kind !== "extension" },
      { id: "closes_at", type: "moment", label: t("window.closes"), required: true },
      values.kind === "extension" ? { id: "reason", label: t("reason"), required: true, span: true } : null,
    ],
    send: ({ kind, action, org_id, opens_at, closes_at, reason }) => api.post("/windows", { kind, action, closes_at: fromLocalInput(closes_at),
      ...(org_id ? { org_id: Number(org_id) } : {}), ...(opens_at ? { opens_at: fromLocalInput(opens_at) } : {}), ...(reason ? { reason } : {}) }),
  }));
}

const change = (ctx, w) => finish(ctx, formDialog({
  title: t("windows.change", { name: word("window", w.action) }), act: t("save"), values: { opens_at: toLocalInput(w.opens_at), closes_at: toLocalInput(w.closes_at), reason: w.reason ?? "" },
  fields: [
    { id: "opens_at", type: "moment", label: t("window.opens"), required: true },
    { id: "closes_at", type: "moment", label: t("window.closes"), required: true },
    w.kind === "extension" ? { id: "reason", label: t("reason"), required: true } : null,
  ],
  send: ({ opens_at, closes_at, reason }) => api.patch(`/windows/${w.id}`, { opens_at: fromLocalInput(opens_at), closes_at: fromLocalInput(closes_at), ...(reason ? { reason } : {}) }, { etag: etagOf(w) }),
}));

const remove = (ctx, w) => finish(ctx, formDialog({
  title: t("windows.delete", { name: word("window", w.action), org: w.org?.name ?? "" }), fields: [], act: t("delete"), kind: "bad",
  send: () => api.delete(`/windows/${w.id}`, { etag: etagOf(w) }),
}));

const MOST = 2000; // times that are drawn

export async function load(ctx) {
  const writes = may(ctx.session, "window_write");
  const drawn = api.every("/windows", {}, MOST);
  const model = await loadList(ctx, {
    path: "/windows",
    title: t("menu.windows"),
    filters: [
      { id: "action", type: "code", select: true, label: t("window.action"), options: ACTIONS.map((a) => [a, word("window", a)]) },
      { id: "kind", type: "code", select: true, label: t("window.kind"), options: ["window", "slot", "extension"].map((k) => [k, word("window.kind", k)]) },
    ],
    columns: () => [
      { label: t("window.action"), cell: (w) => word("window", w.action) },
      { label: t("window.kind"), cell: (w) => word("window.kind", w.kind) },
      { label: t("window.org"), cell: (w) => [w.org?.name, w.candidate?.number].filter(Boolean).join(" · ") },
      { label: t("window.opens"), cell: (w) => fullTime(w.opens_at), kind: "tight" },
      { label: t("window.closes"), cell: (w) => fullTime(w.closes_at), kind: "tight" },
      { label: t("reason"), cell: (w) => w.reason ?? "" },
      writes ? { label: "", kind: "acts-cell", text: () => "", cell: (w) => html`<button class="link" type="button" @click=${() => change(ctx, w)}>${t("change")}</button>
        <button class="link" type="button" @click=${() => remove(ctx, w)}>${t("delete")}</button>` } : null,
    ],
    tools: () => (writes ? html`<button class="button main" type="button" @click=${() => create(ctx)}>${t("windows.create")}</button>` : nothing),
  });
  return Object.assign(model, { writes, drawn: await drawn.catch(() => []) });
}

/* A piece of the calendar: what it is, and its acts. */
async function open(ctx, model, w) {
  const mine = model.writes && (w.kind !== "window" || ctx.session.account.role === "province");
  const row = (label, value) => (value ? html`<dt>${label}</dt><dd>${value}</dd>` : nothing);
  const run = await dialog((handle) => dialogFrame(handle, `${word("window", w.action)} · ${word("window.kind", w.kind)}`, html`<dl class="facts one">
    ${row(t("window.org"), w.org?.name)}${row(t("window.opens"), fullTime(w.opens_at))}${row(t("window.closes"), fullTime(w.closes_at))}${row(t("reason"), w.reason)}</dl>`,
  html`<button class="button" type="button" @click=${() => handle.close()}>${t("close")}</button>
    ${mine ? html`<button class="button bad" type="button" @click=${() => handle.close(() => remove(ctx, w))}>${t("delete")}</button>
      <button class="button main" type="button" data-first @click=${() => handle.close(() => change(ctx, w))}>${t("change")}</button>` : nothing}`));
  run?.();
}

const stateTag = (w) => (w.open ? tag(t("window.state.open"), "ok") : tag(t(`window.state.${w.state ?? "none"}`), ""));

export const render = (ctx, model) => listView(ctx, model, {
  above: html`${calendar(model.drawn, ACTIONS, (w) => open(ctx, model, w))}${ctx.season?.windows?.length ? html`<section class="card"><div class="card-head"><h2>${t("windows.now", { org: ctx.session.org.name })}</h2></div>
    ${table([
      { label: t("window.action"), cell: (w) => pick(w.name) || word("window", w.action) },
      { label: t("org.state"), cell: stateTag },
      { label: t("window.opens"), cell: (w) => dayTime(w.opens_at) },
      { label: t("window.closes"), cell: (w) => dayTime(w.closes_at) },
    ], ctx.season.windows, { caption: t("windows.now", { org: ctx.session.org.name }) })}</section>` : nothing}`,
});
