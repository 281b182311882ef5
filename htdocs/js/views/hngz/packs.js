/* The policy packs of the season and the rules in force. */
import { html } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { fullTime, pick, t, word } from "../../i18n.js";
import { listView, loadList, table } from "../../list.js";
import { tag } from "../../parts.js";

export async function load(ctx) {
  const [model, rules] = await Promise.all([
    loadList(ctx, {
      path: "/packs",
      title: t("menu.packs"),
      columns: () => [
        { label: t("pack.name"), cell: (p) => p.name },
        { label: t("pack.version"), cell: (p) => p.version },
        { label: t("candidate.state"), cell: (p) => tag(word("pack.state", p.state), p.state === "active" || p.active ? "ok" : "") },
        { label: t("job.created"), cell: (p) => fullTime(p.created_at), kind: "tight" },
        { label: t("submission.digest"), cell: (p) => String(p.digest ?? "").slice(0, 16) },
      ],
    }),
    api.get("/season/rules").then(({ data }) => data.rules, () => []),
  ]);
  return Object.assign(model, { rules });
}

const stages = (r) => (r.stages ?? []).map((s) => word("stage", s)).join("、");

export const render = (ctx, model) => listView(ctx, model, {
  below: html`<section class="card"><div class="card-head"><h2>${t("pack.rules", { n: model.rules.length })}</h2></div>
    ${table([
      { label: t("rule.id"), cell: (r) => r.id },
      { label: t("rule.title"), cell: (r) => pick(r.title) },
      { label: t("rule.severity"), cell: (r) => tag(word("rule.severity", r.severity), r.severity === "error" ? "bad" : "warn") },
      { label: t("rule.stages"), cell: stages },
      { label: t("rule.basis"), cell: (r) => pick(r.basis) },
      { label: t("rule.message"), cell: (r) => pick(r.message) },
    ], model.rules, { caption: t("pack.rules", { n: model.rules.length }) })}</section>`,
});
