/* Signing in, both editions. Staff give a one-time code when the server asks for it. A candidate's login card opens
 * /ks/#n=NUMBER&p=PASSWORD: the fragment goes into the form and out of the address at once, it never reaches a server. */
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { api } from "../api.js";
import { signedIn } from "../app.js";
import { faultSummary, fieldView, focusField, focusSummary } from "../field.js";
import { pick, t } from "../i18n.js";
import { banner } from "../parts.js";
import { noticeList } from "./notice-list.js";

function fromCard() {
  const hash = location.hash.slice(1);
  if (!/(^|&)n=/.test(hash)) return null;
  const given = new URLSearchParams(hash);
  history.replaceState(null, "", location.pathname);
  return { login: given.get("n") ?? "", password: given.get("p") ?? "" };
}

export async function load(ctx) {
  const card = fromCard();
  const kept = ctx.model ?? {};
  const model = { login: "", password: "", totp: "", recovery: "", step: "password", faults: [], busy: false, ...kept, ...card,
    card: Boolean(card), notices: [] };
  ctx.model = model;
  api.get("/notices", { query: { limit: 5 } }).then(({ data }) => {
    model.notices = data.items;
    ctx.update();
  }, () => {}); // the page serves without them
  return model;
}

export const title = (ctx, model) => (model.faults.length ? `${t("faults.prefix")}${t("signIn.title")}` : t("signIn.title"));

/* Digits typed as full-width, spaces of a number read in fours. */
const tidyNumber = (text) => text.replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/\s+/g, "");

async function submit(ctx, model, event) {
  event.preventDefault();
  if (model.busy) return;
  const staff = ctx.app.edition === "hngz";
  const login = staff ? model.login.trim() : tidyNumber(model.login);
  const faults = [];
  if (!login) faults.push({ name: "login", label: "", text: t(`signIn.${ctx.app.edition}.login.missing`) });
  if (!model.password) faults.push({ name: "password", label: "", text: t("signIn.password.missing") });
  if (model.step === "recovery" && !model.recovery.trim()) faults.push({ name: "recovery", label: "", text: t("signIn.recovery.missing") });
  if (model.step === "totp" && !/^\d{6}$/.test(tidyNumber(model.totp))) {
    faults.push({ name: "totp", label: "", text: t("signIn.totp.missing") });
  }
  model.faults = faults;
  if (faults.length) {
    ctx.update();
    focusSummary();
    return;
  }
  model.busy = true;
  ctx.update();
  try {
    const body = { login, password: model.password };
    if (model.step === "totp") body.totp = tidyNumber(model.totp);
    if (model.step === "recovery") body.recovery_code = model.recovery.trim();
    const { data } = await api.post("/session", body);
    Object.assign(model, { password: "", totp: "", recovery: "", step: "password" });
    await signedIn(data, body.password);
    return;
  } catch (error) {
    if (error.slug === "totp-needed" && model.step === "password") {
      model.step = "totp";
    } else {
      const name = model.step === "password" ? "login" : model.step;
      model.faults = error.violations?.length
        ? error.violations.map((v) => ({ name: v.pointer.slice(1), text: v.text }))
        : [{ name, text: error.detail || error.title }];
      model.help = error.slug === "sign-in-failed";
    }
  }
  model.busy = false;
  ctx.update();
  if (model.faults.length) focusSummary();
  else requestAnimationFrame(() => focusField("totp"));
}

export function render(ctx, model) {
  const ed = ctx.app.edition;
  const fault = (name) => model.faults.find((f) => f.name === name)?.text;
  const put = (name) => ({ change: (v) => { model[name] = v; }, fault: fault(name) });
  const totp = model.step !== "password";
  const other = model.step === "totp" ? "recovery" : "totp";
  return html`<div class="page ${ed === "hngz" ? "gate card" : ""}">
    <div class="page-head"><h1>${t("signIn.title")}</h1></div>
    ${ctx.season ? html`<p class="soft">${pick(ctx.season.title ?? ctx.season.name)}</p>` : nothing}
    ${ctx.app.notice ? banner("warn", t(ctx.app.notice)) : nothing}
    ${faultSummary(model.faults)}
    ${model.help && ed === "ks" ? html`<p class="soft">${t("signIn.ks.lost")}</p>` : nothing}
    <form class="form" novalidate @submit=${(e) => submit(ctx, model, e)}>
      ${totp ? html`
        ${model.step === "totp" ? html`<p>${t("signIn.totp.help", { login: model.login })}</p>
          ${fieldView({ id: "totp", label: t("signIn.totp"), inputmode: "numeric", autocomplete: "one-time-code" }, model.totp, put("totp"))}`
        : html`<p>${t("signIn.recovery.help")}</p>
          ${fieldView({ id: "recovery", label: t("signIn.recovery"), autocomplete: "off" }, model.recovery, put("recovery"))}`}`
      : html`
        ${fieldView({ id: "login", label: t(`signIn.${ed}.login`), help: ed === "ks" ? t("signIn.ks.login.help") : "",
          inputmode: ed === "ks" ? "numeric" : undefined, autocomplete: "username" }, model.login, put("login"))}
        ${fieldView({ id: "password", type: "password", label: t("signIn.password"), autocomplete: "current-password",
          help: ed === "ks" ? t("signIn.ks.password.help") : "" }, model.password, put("password"))}`}
      <button class="button main wide" aria-disabled=${model.busy ? "true" : nothing}>${model.busy ? t("signIn.busy") : t("signIn.do")}</button>
      ${totp ? html`<button class="button wide" type="button"
        @click=${() => { Object.assign(model, { step: other, faults: [] }); ctx.update(); }}>${t(other === "recovery" ? "signIn.recovery.use" : "signIn.totp.use")}</button>
      <button class="button wide" type="button"
        @click=${() => { Object.assign(model, { step: "password", faults: [] }); ctx.update(); }}>${t("signIn.back")}</button>` : nothing}
    </form>
    ${ed === "ks" ? html`<p class="soft small">${t("signIn.ks.shared")}</p>` : nothing}
    ${model.notices.length ? html`<section class="${ed === "ks" ? "card" : "stack"}"><h2>${t("notices")}</h2>${noticeList(model.notices)}</section>`
      : nothing}
  </div>`;
}
