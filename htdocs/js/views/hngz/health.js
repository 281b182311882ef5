/* The state of the service in plain words: what the node that answers says of itself, and when each node was last heard. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api, serverNow } from "../../api.js";
import { fullTime, pick, span, t, word } from "../../i18n.js";
import { copyButton, table } from "../../list.js";
import { banner, tag } from "../../parts.js";

export const every = 10;
const SILENT_MS = 120_000;

export const load = async () => ({ document: await api.ready(), at: new Date() });
export const title = () => t("menu.health");

export function render(ctx, { document, at }) {
  const checks = document.checks ?? [];
  const columns = [
    { label: t("health.check"), cell: (c) => word("health", c.name) },
    { label: t("org.state"), cell: (c) => (c.ok ? tag(t("health.fine"), "ok") : tag(t("health.fault"), "bad")), text: (c) => t(c.ok ? "health.fine" : "health.fault") },
    { label: t("health.what"), cell: (c) => [pick(c), c.cure].filter(Boolean).join(" ") },
  ];
  const age = (n) => (n.seen ? serverNow() - Date.parse(n.seen) : Infinity);
  const nodes = [
    { label: t("health.node"), cell: (n) => html`${n.node} ${n.node === document.node ? tag(t("health.this"), "info") : nothing}`, text: (n) => n.node },
    { label: t("health.heard"), cell: (n) => html`${fullTime(n.seen)} ${age(n) > SILENT_MS ? tag(t("health.silent", { since: span(age(n)) }), "warn") : tag(t("health.now"), "ok")}`, text: (n) => fullTime(n.seen) },
  ];
  return html`<div class="page">
    <div class="page-head"><h1>${t("menu.health")}</h1><span class="trail">${t("progress.at", { at: fullTime(at).slice(-8) })}</span><div class="acts-right">${copyButton(columns, () => checks)}</div></div>
    ${document.ready ? banner("ok", t("health.ready", { node: document.node })) : banner("bad", html`<p><strong>${t("health.not", { node: document.node })}</strong></p>`)}
    ${(document.warnings ?? []).map((w) => banner("warn", pick(w)))}
    <section class="card"><div class="card-head"><h2>${t("health.checks")}</h2></div>${table(columns, checks, { caption: t("health.checks") })}</section>
    ${document.nodes?.length ? html`<section class="card"><div class="card-head"><h2>${t("health.nodes")}</h2></div>${table(nodes, document.nodes, { caption: t("health.nodes") })}
      <p class="card-body soft small">${t("health.nodes.how")}</p></section>` : nothing}
    <section class="card"><dl class="facts"><dt>${t("health.pack")}</dt><dd>${document.pack ?? ""}</dd><dt>${t("health.disk")}</dt><dd>${document.disk_free_percent}%</dd></dl></section>
  </div>`;
}
