/* Devices of a point: card readers and cameras with their gateway. A new one gets a code that is shown once, large enough to be read across
 * a table; what is wrong with one stands in its row. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api, serverNow } from "../../api.js";
import { formDialog, reasonDialog } from "../../form-dialog.js";
import { count, dayTime, fromLocalInput, fullTime, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { dialog, dialogFrame, tag, toast } from "../../parts.js";
import { chooseOrg } from "./accounts.js";

export const every = 15;

const KINDS = ["idcard", "camera", "exam"];
const SILENT_MS = 90_000; // a gateway says something every half minute
const SKEW_MS = 120_000;
const SAME_MS = 2_000; // what the line and a clock's step make
const etagOf = (d) => `"v${d.version}"`;

const showCode = (device) => dialog((handle) => dialogFrame(handle, t("devices.code.title", { name: device.name }), html`
  <p class="one-time-code" data-first tabindex="-1">${device.code}</p>
  <p>${t("devices.code.do")}</p>
  <pre class="command">gaokao-gateway enrol --server ${location.origin} --code ${device.code}</pre>
  <p class="soft">${t("devices.code.until", { at: fullTime(device.code_until) })}</p>`,
html`<button class="button main" type="button" @click=${() => handle.close()}>${t("devices.code.seen")}</button>`));

async function coded(ctx, promise) {
  const device = await promise;
  if (device === undefined) return;
  await showCode(device);
  await ctx.reload();
}

/* Instruments of the examination are the county's to make (packs let it enter the results), for one of its points. */
async function create(ctx) {
  const point = ctx.session.org.level === "point";
  const orgs = point ? null : await chooseOrg("point");
  const shown = KINDS.filter((kind) => kind !== "exam" || !point);
  await coded(ctx, formDialog({
    title: t("devices.create"), act: t("create"), values: { idcard: "1", camera: "1" },
    fields: [
      point ? null : { id: "org_id", type: "search", label: t("candidate.point"), required: true, options: orgs },
      { id: "name", label: t("devices.name"), required: true, help: t("devices.name.help") },
      ...shown.map((kind) => ({ id: kind, type: "check", label: word("device.kind", kind) })),
    ],
    send: ({ name, org_id, ...kinds }) => api.post("/devices", { name, kinds: shown.filter((kind) => kinds[kind] === "1"), ...(point ? {} : { org_id: Number(org_id) }) })
      .then((a) => a.data),
  }));
}

const newCode = (ctx, d) => coded(ctx, formDialog({
  title: t("devices.recode.title", { name: d.name }), intro: html`<p>${t("devices.recode.intro")}</p>`, fields: [], act: t("devices.recode"),
  send: () => api.post(`/devices/${d.id}/code`, {}, { etag: etagOf(d) }).then((a) => a.data),
}));

async function revoke(ctx, d) {
  const done = await reasonDialog({
    title: t("devices.revoke.title", { name: d.name }), intro: t("devices.revoke.intro"), act: t("devices.revoke"),
    fields: [{ id: "stolen_at", type: "moment", label: t("devices.stolen"), help: t("devices.stolen.help") }],
    send: ({ reason, stolen_at }) => api.patch(`/devices/${d.id}`, { state: "revoked", reason, ...(stolen_at ? { stolen_at: fromLocalInput(stolen_at) } : {}) }, { etag: etagOf(d) }),
  });
  if (done === undefined) return;
  toast(t("devices.revoked"));
  await ctx.reload();
}

const silent = (d) => d.state === "active" && (!d.seen_at || serverNow() - Date.parse(d.seen_at) > SILENT_MS);

function stateOf(d) {
  if (d.state === "waiting") return html`${tag(t("devices.state.waiting"))} <span class="soft">${d.code_until ? t("devices.code.until", { at: dayTime(d.code_until) }) : ""}</span>`;
  if (d.state === "revoked") return html`${tag(t("devices.state.revoked"))} <span class="soft">${dayTime(d.revoked_at)} ${d.reason ?? ""}</span>`;
  return silent(d) ? tag(t("devices.silent"), "warn") : tag(t("devices.state.active"), "ok");
}

function span(ms) {
  const s = Math.abs(ms) / 1000;
  if (s < 120) return t("devices.seconds", { n: count(Math.round(s)) });
  return s < 7200 ? t("devices.minutes", { n: count(Math.round(s / 60)) }) : t("devices.hours", { n: count(Math.round(s / 3600)) });
}

/* When it was heard of, and how its clock went then. */
const clockOf = (d) => (Math.abs(d.skew_ms) < SAME_MS ? t("devices.clock.right") : t(d.skew_ms > 0 ? "devices.clock.ahead" : "devices.clock.behind", { time: span(d.skew_ms) }));
const seen = (d) => (d.seen_at ? html`${dayTime(d.seen_at)}<br><span class="soft">${clockOf(d)}</span>` : t("devices.never"));

/* Only what asks for somebody: a clock that is wrong, numbers that never came, a reader that says something. */
function troubles(d) {
  const lines = [
    Math.abs(d.skew_ms) > SKEW_MS ? t(d.skew_ms > 0 ? "devices.skew.ahead" : "devices.skew.behind", { time: span(d.skew_ms) }) : null,
    d.holes.length ? t("devices.holes", { list: d.holes.slice(0, 4).map(([from, to]) => (from === to ? from : `${from}–${to}`)).join("，") }) : null,
    d.waiting > 0 ? t("devices.waiting", { n: count(d.waiting) }) : null,
    d.last_error || null,
  ].filter(Boolean);
  return d.state === "active" && lines.length ? html`<ul class="plain">${lines.map((line) => html`<li class="wrong">${line}</li>`)}</ul>` : nothing;
}

export const load = (ctx) => loadList(ctx, {
  path: "/devices",
  stack: true,
  title: t("menu.devices"),
  note: t("devices.note"),
  filters: [{ id: "state", type: "code", select: true, label: t("devices.state"), options: ["active", "waiting", "revoked"].map((s) => [s, t(`devices.state.${s}`)]) }],
  columns: () => [
    { label: t("devices.name"), cell: (d) => d.name },
    ctx.session.org.level === "point" ? null : { label: t("candidate.point"), cell: (d) => d.org.name },
    { label: t("devices.kinds"), cell: (d) => d.kinds.map((k) => word("device.kind", k)).join("、") },
    { label: t("devices.state"), cell: stateOf, text: (d) => t(`devices.state.${d.state}`) },
    { label: t("devices.seen"), cell: seen, text: (d) => (d.seen_at ? `${fullTime(d.seen_at)} ${clockOf(d)}` : "") },
    { label: t("devices.trouble"), cell: troubles, text: (d) => d.last_error ?? "" },
    { label: t("devices.readings"), cell: (d) => html`<a href="#/readings?device_id=${d.id}">${count(d.readings)}</a>`, text: (d) => d.readings, kind: "right" },
    { label: t("devices.software"), cell: (d) => html`${d.software ?? ""}<br><span class="soft">${d.reader_module ?? ""}</span>`, text: (d) => [d.software, d.reader_module].filter(Boolean).join(" ") },
    may(ctx.session, "device_revoke") ? { label: "", kind: "acts-cell", text: () => "", cell: (d) => html`
      ${may(ctx.session, "device_write") ? html`<button class="link" type="button" @click=${() => newCode(ctx, d)}>${t("devices.recode")}</button>` : nothing}
      ${d.state === "revoked" ? nothing : html`<button class="link" type="button" @click=${() => revoke(ctx, d)}>${t("devices.revoke")}</button>`}` } : null,
  ].filter(Boolean),
  tools: () => (may(ctx.session, "device_write") ? html`<button class="button main" type="button" @click=${() => create(ctx)}>${t("devices.create")}</button>` : nothing),
  empty: t("devices.none"),
});

export const render = listView;
