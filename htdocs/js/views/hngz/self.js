/* One's own account: who, where, password, second factor, recovery codes, where one is signed in. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { t, word } from "../../i18n.js";
import { tag } from "../../parts.js";
import { showRecoveryCodes } from "../../recovery.js";
import { load as loadSessions, sessionCard } from "../sessions.js";

export async function load() {
  const [sessions, session] = await Promise.all([loadSessions(), api.get("/session")]);
  return { ...sessions, left: session.data.recovery_left };
}

async function newCodes(ctx, model) {
  model.problem = null;
  try {
    const { data } = await api.post("/session/recovery-codes", {});
    model.left = data.recovery_codes.length;
    await showRecoveryCodes(data.recovery_codes);
  } catch (error) {
    model.problem = error;
  }
  ctx.update();
}

export function render(ctx, model) {
  const { account, org } = ctx.session;
  const codes = model.left !== null;
  return html`<div class="page"><div class="page-head"><h1>${t("self.title")}</h1></div>
    <section class="card"><dl class="facts one">
      <dt>${t("account.login")}</dt><dd>${account.login}</dd>
      <dt>${t("account.name")}</dt><dd>${account.display_name}</dd>
      <dt>${t("account.role")}</dt><dd>${word("role", account.role)}</dd>
      <dt>${t("account.org")}</dt><dd>${org.name}（${org.code}）</dd>
      ${codes ? html`<dt>${t("recovery.title")}</dt><dd>${t("recovery.left", { n: model.left })} ${model.left < 3 ? tag(t("recovery.few"), "warn") : nothing}</dd>` : nothing}
    </dl>
    <div class="card-body form-acts"><a class="button" href="#/password">${t("password.title")}</a>
      <a class="button" href="#/enrol">${t("self.totp")}</a>
      ${codes ? html`<button class="button" type="button" @click=${() => newCodes(ctx, model)}>${t("recovery.new")}</button>` : nothing}</div></section>
    ${sessionCard(ctx, model)}</div>`;
}
