/* Who did what to a record, newest first, in words. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { label, loadForm } from "../../document.js";
import { fullTime, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { actionWords } from "../../states.js";

const shown = (value) => (value === null || value === undefined ? t("history.nothing") : typeof value === "object" ? JSON.stringify(value) : String(value));

export function changeLines(changes, form) {
  const name = (field) => (field.startsWith("fields.") ? label(form?.byId.get(field.slice(7)) ?? { zh: field.slice(7) }) : word("column", field));
  return changes?.length ? html`<ul>${changes.map((c) => html`<li><span class="soft">${name(c.field)}：</span>${shown(c.before)} → ${shown(c.after)}</li>`)}</ul>` : nothing;
}

export async function load(ctx) {
  const [form, { data }] = await Promise.all([loadForm().catch(() => null), api.get(`/candidates/${ctx.params.id}`)]);
  return loadList(ctx, {
    path: `/candidates/${ctx.params.id}/history`,
    title: t("history.of", { name: data.name }),
    columns: () => [
      { label: t("audit.at"), cell: (r) => fullTime(r.at), kind: "tight" },
      { label: t("audit.actor"), cell: (r) => r.actor?.name || r.actor?.login || t("audit.system") },
      { label: t("audit.action"), cell: (r) => actionWords(r.action) },
      { label: t("audit.changes"), cell: (r) => changeLines(r.changes, form), text: (r) => (r.changes ?? []).map((c) => `${c.field}: ${shown(c.before)} → ${shown(c.after)}`).join("; ") },
    ],
    tools: () => html`<a class="button" href="#/candidates/${ctx.params.id}">${t("back")}</a>`,
  });
}

export const render = listView;
