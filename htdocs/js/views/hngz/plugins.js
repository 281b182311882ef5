/* Plugins: state, figures, and a form made of the options each declares. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { count, pick, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { problem, tag, toast } from "../../parts.js";

const milliseconds = (us) => (us / 1000).toLocaleString(undefined, { maximumFractionDigits: us < 10000 ? 2 : 0 });

/* The API speaks of options in words: "on", "off", "250". */
function fieldOf(option) {
  const words = option.type === "bool" ? [["on", t("yes")], ["off", t("no")]] : (option.words ?? []).map((w) => [w, w]);
  const range = option.minimum !== undefined && option.maximum !== undefined
    ? `${option.minimum}–${option.maximum}${option.unit ? ` ${option.unit}` : ""}` : "";
  return { id: option.key, type: words.length ? "code" : "text", select: true, options: words, label: option.key,
    required: option.required, help: [pick(option.help), range, `${t("plugin.preset")} ${option.preset ?? ""}`].filter(Boolean).join(" · ") };
}

async function edit(ctx, plugin) {
  const options = plugin.options ?? [];
  const values = Object.fromEntries(options.map((o) => [o.key, o.value ?? ""]));
  const done = await formDialog({
    title: t("plugins.options", { name: plugin.name }), act: t("save"), values, wide: true, fields: options.map(fieldOf),
    send: (given) => api.patch(`/plugins/${plugin.name}`, {
      options: Object.fromEntries(options.filter((o) => (given[o.key] ?? "") !== values[o.key])
        .map((o) => [o.key, given[o.key] === "" || given[o.key] === undefined ? null : given[o.key]])),
    }),
  });
  if (!done) return;
  toast(t("saved"));
  ctx.reload();
}

/* In service again, and the records it was not asked about any more are forgotten. */
async function reset(ctx, plugin) {
  await api.post(`/plugins/${plugin.name}/reset`, {});
  toast(t("saved"));
  ctx.reload();
}

/* Off, with the reason that everybody reads, or on again. */
async function turn(ctx, plugin, enabled) {
  const name = enabled ? "plugins.enable" : "plugins.disable";
  const done = await formDialog({
    title: t(name).replace(/…$/, ""), intro: html`<p>${t(`${name}.intro.${plugin.kind}`, { name: plugin.name })}</p>`, act: t(name).replace(/…$/, ""),
    kind: enabled ? "" : "bad", fields: [{ id: "reason", type: "multiline", label: t("reason"), required: true, help: t("reason.help") }],
    send: ({ reason }) => api.post(`/plugins/${plugin.name}/state`, { enabled, reason }),
  });
  if (!done) return;
  toast(t("saved"));
  ctx.reload();
}

async function anew(ctx, model, plugin) {
  model.fault = null;
  try {
    await api.post(`/plugins/${plugin.name}/reload`, {});
    toast(t("plugins.reloaded", { name: plugin.name }));
    ctx.reload();
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

/* Records that processes died on: for a person to look at. */
const suspects = (p) => (p.suspects ?? []).map((s) => html`<br><span class="small soft">${
  t(s.barred ? "plugins.barred" : "plugins.suspect", { record: s.record, deaths: count(s.deaths), why: s.why })}</span>`);

export const load = (ctx) => loadList(ctx, {
  path: "/plugins",
  title: t("menu.plugins"),
  columns: () => [
    { label: t("plugin.name"), cell: (p) => html`${p.name}${p.reason ? html`<br><span class="small soft">${pick(p.reason)}</span>` : nothing}${suspects(p)}`, text: (p) => p.name },
    { label: t("plugin.kind"), cell: (p) => word("plugin.kind", p.kind) },
    { label: t("plugin.version"), cell: (p) => p.version },
    { label: t("candidate.state"), cell: (p) => tag(word("plugin.state", p.state), p.state === "started" ? "ok" : "warn"), text: (p) => p.state },
    { label: t("plugin.calls"), cell: (p) => count(p.calls), kind: "right" },
    { label: t("plugin.latency"), cell: (p) => (p.calls ? `${milliseconds(p.mean_us)} / ${milliseconds(p.max_us)}` : ""), text: (p) => p.mean_us, kind: "right" },
    { label: t("plugin.failures"), cell: (p) => count(p.failures), kind: "right" },
    { label: "", kind: "acts-cell", text: () => "", cell: (p) => (may(ctx.session, "plugin_write") ? html`
      ${p.options?.length ? html`<button class="link" type="button" @click=${() => edit(ctx, p)}>${t("plugins.change")}</button>` : nothing}
      ${p.state === "disabled" ? html`<button class="link" type="button" @click=${() => turn(ctx, p, true)}>${t("plugins.enable")}</button>` : nothing}
      ${p.state !== "disabled" && !p.needed ? html`<button class="link" type="button" @click=${() => turn(ctx, p, false)}>${t("plugins.disable")}</button>` : nothing}
      ${p.version && p.state !== "disabled" ? html`<button class="link" type="button" @click=${() => anew(ctx, model, p)}>${t("plugins.reload")}</button>` : nothing}
      ${p.state === "degraded" || p.suspects?.length
    ? html`<button class="link" type="button" @click=${() => reset(ctx, p)}>${t("plugins.reset")}</button>` : nothing}` : nothing) },
  ],
});

export const render = (ctx, model) => listView(ctx, model, { above: model.fault ? problem(model.fault) : html`<p class="soft">${t("plugins.intro")}</p>` });
