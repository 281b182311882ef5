/* One's own account: who, where, password, second factor, signing out everywhere. */
import { html } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { signOut } from "../../app.js";
import { t, word } from "../../i18n.js";

async function everywhere() {
  await api.delete("/sessions");
  await signOut();
}

export function render(ctx) {
  const { account, org } = ctx.session;
  return html`<div class="page"><div class="page-head"><h1>${t("self.title")}</h1></div>
    <section class="card"><dl class="facts one">
      <dt>${t("account.login")}</dt><dd>${account.login}</dd>
      <dt>${t("account.name")}</dt><dd>${account.display_name}</dd>
      <dt>${t("account.role")}</dt><dd>${word("role", account.role)}</dd>
      <dt>${t("account.org")}</dt><dd>${org.name}（${org.code}）</dd>
    </dl>
    <div class="card-body form-acts"><a class="button" href="#/password">${t("password.title")}</a>
      <a class="button" href="#/enrol">${t("self.totp")}</a>
      <button class="button bad" type="button" @click=${everywhere}>${t("self.everywhere")}</button></div></section></div>`;
}
