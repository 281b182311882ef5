/* Who did what to a record, newest first, in words. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { display, label, loadForm, loadTables } from "../../document.js";
import { fullTime, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { replace } from "../../router.js";
import { actionWords } from "../../states.js";

/* A value in words: lists and objects by their parts, states by their names. */
function shown(value, field, form) {
  if (value === null || value === undefined || value === "") return t("history.nothing");
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (Array.isArray(value)) return value.map((one) => shown(one, field, form)).join("；");
  if (typeof value === "object") return Object.entries(value).map(([name, one]) => `${name} ${shown(one, name, form)}`).join(" · ");
  const known = form?.byId.get(field.replace(/^fields\./, ""));
  if (field.startsWith("fields.") && known) return display(known, value);
  return field === "state" ? word("state", value) : field.endsWith("_state") ? word("part.state", value) : String(value);
}

export function changeLines(changes, form) {
  const name = (field) => (field.startsWith("fields.") ? label(form?.byId.get(field.slice(7)) ?? { zh: field.slice(7) }) : word("column", field));
  return changes?.length ? html`<ul>${changes.map((c) => html`<li><span class="soft">${name(c.field)}：</span>${shown(c.before, c.field, form)} → ${shown(c.after, c.field, form)}</li>`)}</ul>` : nothing;
}

export async function load(ctx) {
  const [form, { data }] = await Promise.all([loadForm().catch(() => null), api.get(`/candidates/${ctx.params.id}`)]);
  if (form) await loadTables([...form.byId.values()]);
  return loadList(ctx, {
    path: `/candidates/${ctx.params.id}/history`,
    title: t("history.of", { name: data.name }),
    columns: () => [
      { label: t("audit.at"), cell: (r) => fullTime(r.at), kind: "tight" },
      { label: t("audit.actor"), cell: (r) => r.actor?.name || r.actor?.login || t("audit.system") },
      { label: t("audit.action"), cell: (r) => actionWords(r.action) },
      { label: t("audit.changes"), cell: (r) => changeLines(r.changes, form), text: (r) => (r.changes ?? []).map((c) => `${c.field}: ${shown(c.before, c.field, form)} → ${shown(c.after, c.field, form)}`).join("; ") },
    ],
    filter: (r) => ctx.query.reads === "1" || !/\.read$/.test(r.action),
    tools: () => html`<label class="choice"><input type="checkbox" .checked=${ctx.query.reads === "1"}
        @change=${(e) => replace(ctx.path, { reads: e.target.checked ? "1" : "" })}> ${t("history.reads")}</label>
      <a class="button" href="#/candidates/${ctx.params.id}">${t("back")}</a>`,
  });
}

export const render = listView;
