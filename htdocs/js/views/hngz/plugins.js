/* Plugins: state, figures, and a form made of the options each declares. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { count, pick, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { tag, toast } from "../../parts.js";

const TYPES = { bool: "flag", boolean: "flag", int: "number", integer: "number", number: "number", enum: "code", choice: "code" };

function fieldOf(option) {
  const type = TYPES[option.type] ?? "text";
  const choices = (option.values ?? option.choices ?? []).map((v) => (typeof v === "string" ? [v, v] : [v.value, pick(v)]));
  const range = option.min !== undefined && option.max !== undefined ? `${option.min}–${option.max}${option.unit ? ` ${option.unit}` : ""}` : "";
  return { id: option.key ?? option.name, type: type === "code" && !choices.length ? "text" : type, select: true, options: choices, label: pick(option.label ?? option.title) || (pick(option) || option.key),
    help: [pick(option.help), range].filter(Boolean).join(" ") };
}

const asText = (value) => (value === true ? "1" : value === false ? "0" : String(value ?? ""));

function asValue(option, text) {
  const type = TYPES[option.type];
  if (type === "flag") return text === "1";
  if (type === "number") return text === "" ? null : Number(text);
  return text;
}

async function edit(ctx, plugin) {
  const options = plugin.options ?? [];
  const idOf = (o) => o.key ?? o.name;
  const values = Object.fromEntries(options.map((o) => [idOf(o), asText(o.value ?? o.default)]));
  const done = await formDialog({
    title: t("plugins.options", { name: plugin.name }), act: t("save"), values, wide: true, fields: options.map(fieldOf),
    send: (given) => api.patch(`/plugins/${plugin.name}`, {
      options: Object.fromEntries(options.filter((o) => given[idOf(o)] !== values[idOf(o)]).map((o) => [idOf(o), asValue(o, given[idOf(o)])])),
    }),
  });
  if (!done) return;
  toast(t("saved"));
  ctx.reload();
}

export const load = (ctx) => loadList(ctx, {
  path: "/plugins",
  title: t("menu.plugins"),
  columns: () => [
    { label: t("plugin.name"), cell: (p) => html`${p.name}<br><span class="small soft">${pick(p.title ?? p.label)}</span>`, text: (p) => p.name },
    { label: t("plugin.kind"), cell: (p) => word("plugin.kind", p.kind) },
    { label: t("plugin.version"), cell: (p) => p.version },
    { label: t("candidate.state"), cell: (p) => tag(word("plugin.state", p.state), p.state === "ready" || p.state === "ok" ? "ok" : "warn"), text: (p) => p.state },
    { label: t("plugin.calls"), cell: (p) => count(p.calls ?? p.metrics?.calls), kind: "right" },
    { label: t("plugin.failures"), cell: (p) => count(p.failures ?? p.metrics?.failures), kind: "right" },
    { label: "", kind: "acts-cell", text: () => "", cell: (p) => (p.options?.length && may(ctx.session, "plugin_write")
      ? html`<button class="link" type="button" @click=${() => edit(ctx, p)}>${t("plugins.change")}</button>` : nothing) },
  ],
});

export const render = listView;
