/* One unit: its data, equipment, and what is missing before it can work. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { count, pick, t, word } from "../../i18n.js";
import { banner, tag, toast } from "../../parts.js";

const OWN = ["hours", "phone", "address"];
const EQUIPMENT = ["computers", "card_readers", "cameras", "printers", "bandwidth_mbit"];

export async function load(ctx) {
  const { data, etag } = await api.get(`/orgs/${ctx.params.id}`);
  return { org: data, etag };
}

export const title = (ctx, { org }) => org.name;

function edit(ctx, model) {
  const { org } = model;
  const boss = may(ctx.session, "org_write") && org.id !== ctx.session.org.id;
  const profile = org.profile ?? {};
  const values = { name: org.name, enabled: org.enabled ? "1" : "0", estimated: String(profile.estimated ?? ""),
    ...Object.fromEntries(OWN.map((id) => [id, profile[id] ?? ""])),
    ...Object.fromEntries(EQUIPMENT.map((id) => [id, String(profile.equipment?.[id] ?? "")])) };
  const number = (id) => ({ id, label: t(`org.${id}`), inputmode: "numeric" });
  return formDialog({
    title: org.name, wide: true, values, act: t("save"),
    fields: [
      ...(boss ? [{ id: "name", label: t("org.name"), required: true }, { id: "enabled", type: "flag", label: t("org.enabled"), required: true }] : []),
      ...(boss && org.level === "point" ? [number("estimated")] : []),
      ...OWN.map((id) => ({ id, label: t(`org.${id}`) })),
      ...(org.level === "point" ? EQUIPMENT.map(number) : []),
    ],
    send: async (given) => {
      const changed = (id) => id in given && given[id] !== values[id];
      const body = {};
      if (changed("name")) body.name = given.name;
      if (changed("enabled")) body.enabled = given.enabled === "1";
      const next = {};
      for (const id of OWN) if (changed(id)) next[id] = given[id] || null;
      if (changed("estimated")) next.estimated = given.estimated === "" ? null : Number(given.estimated);
      const equipment = {};
      for (const id of EQUIPMENT) if (changed(id)) equipment[id] = given[id] === "" ? null : Number(given[id]);
      if (Object.keys(equipment).length) next.equipment = equipment;
      if (Object.keys(next).length) body.profile = next;
      await api.patch(`/orgs/${org.id}`, body, { etag: model.etag });
    },
  }).then((done) => {
    if (!done) return;
    toast(t("saved"));
    ctx.reload();
  });
}

export function render(ctx, model) {
  const { org } = model;
  const profile = org.profile ?? {};
  const row = (id, value) => (value === undefined || value === null || value === "" ? nothing : html`<dt>${t(`org.${id}`)}</dt><dd>${value}</dd>`);
  const ready = org.readiness;
  return html`<div class="page">
    <div class="page-head"><h1>${org.name}</h1>${org.enabled ? tag(t("enabled"), "ok") : tag(t("disabled"), "bad")}
      <div class="acts-right"><a class="button" href="#/orgs${org.parent_id && org.id !== ctx.session.org.id ? `?parent_id=${org.parent_id}` : ""}">${t("back")}</a>
        ${may(ctx.session, "org_profile_write") ? html`<button class="button main" type="button" @click=${() => edit(ctx, model)}>${t("edit")}</button>` : nothing}</div></div>
    ${ready && !ready.ready ? banner("warn", html`<p><strong>${t("org.notReady")}</strong></p><ul>${ready.missing.map((m) => html`<li>${pick(m)}</li>`)}</ul>`) : nothing}
    ${ready?.ready ? banner("ok", t("org.ready")) : nothing}
    <section class="card"><dl class="facts">
      ${row("code", org.code)}${row("level", word("level", org.level))}
      ${row("estimated", profile.estimated === undefined || profile.estimated === null ? null : count(profile.estimated))}
      ${OWN.map((id) => row(id, profile[id]))}
      ${EQUIPMENT.map((id) => row(id, profile.equipment?.[id]))}
    </dl></section></div>`;
}
