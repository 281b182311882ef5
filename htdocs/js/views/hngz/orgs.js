/* The tree of units, one level at a time. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { count, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { tag, toast } from "../../parts.js";
import { go } from "../../router.js";

const BELOW = { province: "city", city: "county", county: "point" };

async function create(ctx, parent) {
  const level = BELOW[parent.level];
  const made = await formDialog({
    title: t("orgs.create.title", { level: word("level", level), parent: parent.name }), act: t("create"),
    fields: [
      { id: "name", label: t("org.name"), required: true },
      { id: "code", label: t("org.code"), optional: true, inputmode: "numeric", help: t(`orgs.code.${level}`) },
    ],
    send: ({ name, code }) => api.post("/orgs", { parent_id: parent.id, name: name.trim(), ...(code ? { code: code.trim() } : {}) }).then((a) => a.data),
  });
  if (!made?.id) return;
  toast(t("saved"));
  go(`/orgs/${made.id}`);
}

export async function load(ctx) {
  const parentId = ctx.query.parent_id ?? ctx.session.org.id;
  const { data: parent } = await api.get(`/orgs/${parentId}`);
  const model = await loadList(ctx, {
    path: "/orgs",
    title: parent.name,
    note: word("level", parent.level),
    fixed: ctx.query.q ? {} : { parent_id: parent.id },
    filters: [{ id: "q", label: t("orgs.q"), input: "search" }],
    href: (o) => `#/orgs/${o.id}`,
    columns: () => [
      { label: t("org.name"), cell: (o) => o.name },
      { label: t("org.code"), cell: (o) => o.code, kind: "tight" },
      { label: t("org.level"), cell: (o) => word("level", o.level) },
      { label: t("org.estimated"), cell: (o) => count(o.profile?.estimated), kind: "right" },
      { label: t("org.phone"), cell: (o) => o.profile?.phone ?? "" },
      { label: t("org.state"), cell: (o) => (o.enabled ? tag(t("enabled"), "ok") : tag(t("disabled"), "bad")), text: (o) => t(o.enabled ? "enabled" : "disabled") },
      { label: "", kind: "acts-cell", cell: (o) => (BELOW[o.level] ? html`<a href="#/orgs?parent_id=${o.id}">${t("orgs.below", { level: word("level", BELOW[o.level]) })}</a>` : nothing), text: () => "" },
    ],
    tools: () => html`${parent.id !== ctx.session.org.id ? html`<a class="button" href="#/orgs?parent_id=${parent.parent_id}">${t("orgs.up")}</a>` : nothing}
      <a class="button" href="#/orgs/${parent.id}">${t("orgs.this")}</a>
      ${BELOW[parent.level] && may(ctx.session, "org_write") ? html`<button class="button main" type="button" @click=${() => create(ctx, parent)}>
        ${t("orgs.create", { level: word("level", BELOW[parent.level]) })}</button>` : nothing}`,
    empty: t(BELOW[parent.level] ? "orgs.empty" : "orgs.leaf"),
  });
  return model;
}

export const render = listView;
