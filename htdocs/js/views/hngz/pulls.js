/* The province's pulls: what was asked for, its manifest and parts, and the receipt (docs/province.md). */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { count, fullTime, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { problem, tag, toast } from "../../parts.js";
import { ofPerson } from "../../person.js";

export const every = 3;

const COLOURS = { writing: "info", ready: "ok", failed: "bad", acknowledged: "ok", gone: "warn" };

async function run(ctx, model, promise, text) {
  model.fault = null;
  try {
    const done = await promise;
    if (done === undefined) return;
    toast(typeof text === "function" ? text(done) : t(text));
    await ctx.reload();
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

const choice = (id, label, options) => ({ id, type: "code", select: true, plainEmpty: false, label, options });

/* Everything, or what changed since one of those that are there. */
const create = (ctx, model, since) => run(ctx, model, formDialog({
  title: t(since ? "pulls.since" : "pulls.create"), act: t("jobs.start"),
  intro: since ? html`<p>${t("pulls.sinceHint", { id: since.id, time: fullTime(since.ready_at) })}</p>` : nothing,
  values: { kind: "all", states: "default", encoding: "UTF-8", compression: "gzip", photos: "no" },
  fields: [
    ...(since ? [] : [
      choice("kind", t("submission.kind"), [["all", t("submission.kind.all")], ["art", t("submission.kind.art")]]),
      choice("states", t("candidate.state"), [["default", t("jobs.ready")], ["any", t("jobs.any")]]),
    ]),
    choice("encoding", t("pulls.encoding"), ["UTF-8", "GB18030"].map((c) => [c, c])),
    choice("compression", t("pulls.compression"), [["none", t("pulls.compression.none")], ["gzip", "gzip"], ["zstd", "zstd"]]),
    choice("photos", t("pulls.photos"), [["no", t("pulls.photos.no")], ["yes", t("pulls.photos.yes")]]),
  ],
  send: ({ states, photos, ...rest }) => api.post("/export/pulls", { ...rest, photos: photos === "yes", ...(since ? { since: since.mark } : states === "any" ? { states } : {}) }),
}), "jobs.started");

const acknowledge = (ctx, model, pull) => run(ctx, model, formDialog({
  title: t("pulls.receipt"), act: t("pulls.receipt"), values: { digest: "" },
  intro: html`<p>${t("pulls.receiptHint")}</p>`,
  fields: [{ id: "manifest_sha256", label: t("pulls.digest"), required: true, span: true }],
  send: ({ manifest_sha256: digest }) => api.post(`/export/pulls/${pull.id}/receipt`, { manifest_sha256: digest.trim().toLowerCase() }, { etag: `"v${pull.version}"` }),
}), ({ data }) => t("pulls.received", { accepted: count(data.pull.accepted), rest: count(data.pull.passed_over) }));

/* Its parts, each to be saved. Outlives the list, which is read anew every few seconds. */
let shown = null;
ofPerson(() => { shown = null; });
async function parts(ctx, model, pull) {
  const whole = await api.get(`/export/pulls/${pull.id}`).catch((error) => { model.fault = error; ctx.update(); });
  shown = whole ? { id: pull.id, parts: whole.data.parts } : null;
  ctx.update();
}

const partList = () => (shown ? html`<section class="card"><div class="card-head"><h2>${t("pulls.parts", { id: shown.id })}</h2></div>
  <div class="scroll"><table class="table"><thead><tr><th scope="col">${t("pulls.part")}</th><th scope="col" class="right">${t("pulls.records")}</th>
    <th scope="col" class="right">${t("pulls.photos")}</th>    <th scope="col" class="right">${t("pulls.bytes")}</th><th scope="col">SHA-256</th></tr></thead>
  <tbody>${shown.parts.map((p) => html`<tr><td><a href=${api.href(`/export/pulls/${shown.id}/parts/${p.n}`)} download>${t("pulls.part")} ${p.n}</a></td>
    <td class="right">${p.photos ? "" : count(p.records + p.withdrawn)}</td>
    <td class="right">${p.photos ? count(p.photos) : ""}</td><td class="right">${count(p.bytes)}</td><td><code>${p.sha256}</code></td></tr>`)}</tbody></table></div></section>` : nothing);

export const load = (ctx) => loadList(ctx, {
  path: "/export/pulls",
  title: t("menu.pulls"),
  columns: (c, model) => [
    { label: t("job.id"), cell: (p) => p.id, kind: "right" },
    { label: t("pulls.content"), cell: (p) => (p.content === "full" ? t("pulls.full") : t("pulls.changes", { id: p.since_pull })) },
    { label: t("pulls.scope"), cell: (p) => `${p.org} ${t(`submission.kind.${p.kind}`)}` },
    { label: t("candidate.state"), cell: (p) => tag(word("pull.state", p.state), COLOURS[p.state] ?? ""), text: (p) => word("pull.state", p.state) },
    { label: t("pulls.records"), kind: "right", cell: (p) => (p.state === "writing" ? `${count(p.done)} / ${count(p.total)}` : count(p.records)) },
    { label: t("pulls.withdrawn"), kind: "right", cell: (p) => count(p.withdrawn) },
    { label: t("pulls.photos"), kind: "right", cell: (p) => (p.photos ? count(p.photo_count) : "") },
    { label: t("job.created"), cell: (p) => fullTime(p.created_at), kind: "tight" },
    { label: t("job.error"), cell: (p) => (p.fault ? (document.documentElement.lang.startsWith("zh") ? p.fault.zh : p.fault.en)
      : p.state === "acknowledged" ? t("pulls.received", { accepted: count(p.accepted), rest: count(p.passed_over) }) : "") },
    { label: "", kind: "acts-cell", text: () => "", cell: (p) => html`
      ${p.state === "ready" ? html`<button class="link" type="button" @click=${() => parts(ctx, model, p)}>${t("pulls.showParts")}</button>` : nothing}
      ${p.manifest_sha256 ? html`<a href=${api.href(`/export/pulls/${p.id}/manifest.xml`)} download=${`manifest-${p.id}.xml`}>${t("pulls.manifest")}</a>` : nothing}
      ${p.state === "ready" && may(ctx.session, "export_pull") ? html`<button class="link" type="button" @click=${() => acknowledge(ctx, model, p)}>${t("pulls.receipt")}</button>` : nothing}
      ${p.mark && may(ctx.session, "export_pull") ? html`<button class="link" type="button" @click=${() => create(ctx, model, p)}>${t("pulls.since")}</button>` : nothing}` },
  ],
  empty: t("pulls.empty"),
  tools: (c, model) => (may(ctx.session, "export_pull") ? html`<button class="button main" type="button" @click=${() => create(ctx, model)}>${t("pulls.create")}</button>` : nothing),
});

export const render = (ctx, model) => listView(ctx, model, { above: html`${model.fault ? problem(model.fault) : nothing}${partList()}` });
