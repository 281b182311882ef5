/* Accounts of one's own unit and below: singly and in batches, slips, new slips, ending sessions. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { fullTime, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { problem, tag, toast } from "../../parts.js";
import { showSlips } from "./papers.js";

const ROLES = ["province", "city", "county", "point", "reviewer", "auditor", "export"];
const MAKES = { province: ["city", "auditor", "export"], city: ["county", "auditor"], county: ["point", "reviewer", "auditor"], point: ["reviewer"] };

const NEXT = { province: ["city", "city"], city: ["county", "county"], county: ["point", "point"] };
const MOST = 4000; // units that are offered

/* Choosing a unit by typing a part of its name. */
export async function chooseOrg(level) {
  return (await api.every("/orgs", { level }, MOST)).map((o) => [String(o.id), o.name, o.code, o.code]);
}

/* Units right below that nobody can sign in for yet, as lines of the batch. */
async function without(ctx) {
  const [level, role] = NEXT[ctx.session.org.level] ?? [];
  if (!level) return [];
  const [orgs, accounts] = await Promise.all([api.every("/orgs", { level, parent_id: ctx.session.org.id, enabled: "true" }, MOST), api.every("/accounts", { role }, MOST)]);
  const served = new Set(accounts.filter((a) => a.enabled).map((a) => a.org?.id));
  return orgs.filter((o) => !served.has(o.id)).map((o) => o.code);
}

async function create(ctx, model) {
  const roles = MAKES[ctx.session.account.role] ?? [];
  const orgs = await chooseOrg();
  const made = await formDialog({
    title: t("accounts.create"), act: t("create"),
    fields: [
      { id: "role", type: "code", label: t("account.role"), required: true, select: true, options: roles.map((r) => [r, word("role", r)]) },
      { id: "org_id", type: "search", label: t("account.org"), required: true, options: orgs },
      { id: "login", label: t("account.login"), required: true, help: t("accounts.login.help") },
      { id: "display_name", label: t("account.name"), required: true },
    ],
    send: ({ role, org_id, login, display_name }) => api.post("/accounts", { role, org_id: Number(org_id), login: login.trim(), display_name: display_name.trim() }).then((a) => a.data),
  });
  if (!made) return;
  toast(t("saved"));
  await slips(ctx, model, [made.id]);
  ctx.reload();
}

/* One account a line: role, unit's code, login, name; pasted from Excel. */
async function batch(ctx, model) {
  const idle = await without(ctx).catch(() => []);
  const made = await formDialog({
    title: t("accounts.batch"), act: t("accounts.batch.do"), wide: true, intro: html`<p class="soft">${t("accounts.batch.help")}</p>`,
    values: { role: NEXT[ctx.session.org.level]?.[1] ?? "" },
    extra: (state, handle) => (idle.length ? html`<p><button class="button" type="button" @click=${() => { state.values.lines = idle.join("\n"); handle.update(); }}>${t("accounts.without", { n: idle.length })}</button></p>` : nothing),
    fields: [
      { id: "role", type: "code", label: t("account.role"), required: true, select: true, options: (MAKES[ctx.session.account.role] ?? []).map((r) => [r, word("role", r)]) },
      { id: "lines", type: "multiline", lines: 10, label: t("accounts.batch.lines"), required: true, span: true },
    ],
    send: ({ role, lines }) => {
      const accounts = lines.split(/\n/).map((l) => l.trim()).filter(Boolean).map((line) => {
        const [code, login, ...name] = line.split(/[\t,，]+|\s{2,}| /).filter(Boolean);
        return { role, org_code: code, ...(login ? { login } : {}), ...(name.length ? { display_name: name.join(" ") } : {}) };
      });
      return api.post("/accounts/batch", { accounts }).then((a) => a.data);
    },
  });
  if (!made) return;
  toast(t("saved"));
  await slips(ctx, model, (made.items).map((a) => a.id));
  ctx.reload();
}

async function slips(ctx, model, ids) {
  if (!ids.length) return;
  model.problem = null;
  try {
    const { data } = await api.post("/accounts/slips", { ids });
    showSlips(data.items);
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

async function act(ctx, model, run, done) {
  model.fault = null;
  try {
    await run();
    toast(t(done));
    await ctx.reload();
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

const etagOf = (a) => `"v${a.version}"`;

async function renew(ctx, model, account) {
  const used = Boolean(account.own_password || account.signed_in_at);
  const made = await formDialog({
    title: t("accounts.renew.title", { login: account.login }), intro: html`<p>${t("accounts.renew.intro")}</p>`, act: t("accounts.renew"), kind: "bad",
    fields: [used && { id: "used", type: "check", required: true, label: t("act.renew.sure") }],
    send: (values) => api.post(`/accounts/${account.id}/new-slip`, used ? { used: values.used === "1" } : {}, { etag: etagOf(account) }).then((a) => a.data),
  });
  if (!made) return;
  showSlips([made]);
  ctx.reload();
}

export async function load(ctx) {
  const writes = may(ctx.session, "account_write");
  return loadList(ctx, {
    path: "/accounts",
    title: t("menu.accounts"),
    filters: [
      { id: "q", label: t("accounts.q"), input: "search" },
      { id: "role", type: "code", select: true, label: t("account.role"), options: ROLES.map((r) => [r, word("role", r)]) },
      { id: "enabled", type: "code", select: true, label: t("org.state"), options: [["true", t("enabled")], ["false", t("disabled")]] },
    ],
    batch: (c, model) => (writes ? [{ text: t("accounts.print"), run: async (ids) => { await slips(ctx, model, ids); return {}; } }] : []),
    columns: (c, model) => [
      { label: t("account.login"), cell: (a) => a.login },
      { label: t("account.name"), cell: (a) => a.display_name },
      { label: t("account.role"), cell: (a) => word("role", a.role) },
      { label: t("account.org"), cell: (a) => a.org?.name },
      { label: t("account.signedIn"), cell: (a) => fullTime(a.signed_in_at), kind: "tight" },
      { label: t("org.state"), cell: (a) => (!a.enabled ? tag(t("disabled"), "bad") : a.own_password ? tag(t("enabled"), "ok") : tag(t("accounts.slip"), "warn")), text: (a) => t(a.enabled ? "enabled" : "disabled") },
      writes ? { label: "", kind: "acts-cell", text: () => "", cell: (a) => (a.id === ctx.session.account.id || a.login === ctx.session.account.login ? nothing : html`
        ${a.own_password ? nothing : html`<button class="link" type="button" @click=${() => slips(ctx, model, [a.id])}>${t("accounts.print")}</button>`}
        <button class="link" type="button" @click=${() => renew(ctx, model, a)}>${t("accounts.renew")}</button>
        <button class="link" type="button" @click=${() => act(ctx, model, () => api.post(`/accounts/${a.id}/sign-out`, {}), "accounts.signedOut")}>${t("accounts.signOut")}</button>
        <button class="link" type="button" @click=${() => act(ctx, model, () => api.patch(`/accounts/${a.id}`, { enabled: !a.enabled }, { etag: etagOf(a) }), "saved")}>
          ${t(a.enabled ? "accounts.disable" : "accounts.enable")}</button>`) } : null,
    ],
    tools: (c, model) => (writes ? html`<button class="button main" type="button" @click=${() => create(ctx, model)}>${t("accounts.create")}</button>
      <button class="button" type="button" @click=${() => batch(ctx, model)}>${t("accounts.batch")}</button>
      ${model.items.some((a) => !a.own_password) ? html`<button class="button" type="button"
        @click=${() => slips(ctx, model, model.items.filter((a) => !a.own_password && a.enabled).map((a) => a.id))}>${t("accounts.printAll")}</button>` : nothing}` : nothing),
  });
}

export const render = (ctx, model) => listView(ctx, model, { above: model.fault ? problem(model.fault) : nothing });
