/* The tree of units on the left, the units below the chosen one on the right: what points have and what they still lack. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { count, pick, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { tag, toast } from "../../parts.js";
import { ofPerson } from "../../person.js";
import { go, link } from "../../router.js";
import { makeTree, openBranch, treeView } from "../../tree.js";

const BELOW = { province: "city", city: "county", county: "point" };
let tree = null;
let whose = null;
ofPerson(() => { tree = whose = null; });

async function create(ctx, parent) {
  const level = BELOW[parent.level];
  const made = await formDialog({
    title: t("orgs.create.title", { level: word("level", level), parent: parent.name }), act: t("create"),
    fields: [
      { id: "name", label: t("org.name"), required: true },
      { id: "code", label: t("org.code"), required: level !== "point", optional: level === "point", inputmode: "numeric", help: t(`orgs.code.${level}`, { code: parent.code }) },
    ],
    send: ({ name, code }) => api.post("/orgs", { parent_id: parent.id, name: name.trim(), ...(code ? { code: code.trim() } : {}) }).then((a) => a.data),
  });
  if (!made?.id) return;
  tree = null;
  toast(t("saved"));
  go(`/orgs/${made.id}`);
}

const node = (org) => ({ id: org.id, name: org.name, note: org.enabled === false ? t("disabled") : "", leaf: org.level === "county" || org.level === "point", href: link("/orgs", { parent_id: org.id }) });

const everyChild = async (parent) => (await api.every("/orgs", { parent_id: parent.id })).map(node);

/* Opens what is above the chosen unit, so that it stands in the tree. */
async function showInTree(ctx, org) {
  if (!tree || whose !== ctx.session.account.login) {
    const { data: root } = await api.get(`/orgs/${ctx.session.org.id}`);
    tree = makeTree([node(root)], everyChild);
    whose = ctx.session.account.login;
  }
  const above = [];
  for (let at = org; at && at.id !== ctx.session.org.id && at.parent_id;) {
    above.unshift(at.parent_id);
    if (at.parent_id === ctx.session.org.id) break;
    ({ data: at } = await api.get(`/orgs/${at.parent_id}`));
  }
  for (const id of [ctx.session.org.id, ...above, org.id]) await openBranch(tree, { id, leaf: org.id === id && BELOW[org.level] === "point" });
  tree.here = org.id;
}

const lacking = (o) => (o.readiness?.missing ?? []).map(pick);

export async function load(ctx) {
  const parentId = ctx.query.parent_id ?? ctx.session.org.id;
  const { data: parent } = await api.get(`/orgs/${parentId}`);
  const points = parent.level === "county" || parent.level === "point";
  const model = await loadList(ctx, {
    path: "/orgs",
    title: parent.name,
    note: word("level", parent.level),
    fixed: ctx.query.q ? {} : { parent_id: parent.id, readiness: points ? "true" : "" },
    keep: { parent_id: ctx.query.parent_id },
    filters: [{ id: "q", label: t("orgs.q"), input: "search" }],
    href: (o) => `#/orgs/${o.id}`,
    columns: () => [
      { label: t("org.name"), cell: (o) => o.name },
      { label: t("org.code"), cell: (o) => o.code, kind: "tight" },
      points ? null : { label: t("org.level"), cell: (o) => word("level", o.level) },
      { label: t("org.estimated"), cell: (o) => count(o.profile?.estimated), kind: "right" },
      points ? { label: t("orgs.equipment"), cell: (o) => ["computers", "card_readers", "cameras", "printers"].map((id) => o.profile?.equipment?.[id] ?? "–").join(" / "), kind: "tight" } : null,
      { label: t("org.phone"), cell: (o) => o.profile?.phone ?? "" },
      points ? { label: t("orgs.ready"), text: (o) => lacking(o).join("、") || t("org.ready"), cell: (o) => (!o.readiness ? "" : o.readiness.ready ? tag(t("org.ready"), "ok")
        : html`<details class="lacks"><summary>${tag(t("orgs.lacks", { n: o.readiness.missing.length }), "warn")}</summary><ul>${lacking(o).map((text) => html`<li>${text}</li>`)}</ul></details>`) } : null,
      { label: t("org.state"), cell: (o) => (o.enabled ? tag(t("enabled"), "ok") : tag(t("disabled"), "bad")), text: (o) => t(o.enabled ? "enabled" : "disabled") },
      { label: "", kind: "acts-cell", cell: (o) => (BELOW[o.level] ? html`<a href="#/orgs?parent_id=${o.id}">${t("orgs.below", { level: word("level", BELOW[o.level]) })}</a>` : nothing), text: () => "" },
    ],
    tools: () => html`${parent.id !== ctx.session.org.id ? html`<a class="button" href="#/orgs?parent_id=${parent.parent_id}">${t("orgs.up")}</a>` : nothing}
      <a class="button" href="#/orgs/${parent.id}">${t("orgs.this")}</a>
      ${BELOW[parent.level] && may(ctx.session, "org_write") ? html`<button class="button main" type="button" @click=${() => create(ctx, parent)}>
        ${t("orgs.create", { level: word("level", BELOW[parent.level]) })}</button>` : nothing}`,
    empty: t(BELOW[parent.level] ? "orgs.empty" : "orgs.leaf"),
  });
  if (["province", "city"].includes(ctx.session.org.level)) await showInTree(ctx, parent).catch(() => { tree = null; });
  return Object.assign(model, { tree: ["province", "city"].includes(ctx.session.org.level) ? tree : null });
}

export const render = (ctx, model) => (model.tree ? html`<div class="with-tree"><section class="card"><div class="card-head"><h2>${t("orgs.tree")}</h2></div>
  ${treeView(model.tree, t("orgs.tree"), ctx.update)}</section>${listView(ctx, model)}</div>` : listView(ctx, model));
