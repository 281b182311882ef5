/* Recovery codes are shown once: on paper or in a password manager they open the account when the phone is lost. */
import { html } from "../vendor/lit-html/lit-html.js";
import { t } from "./i18n.js";
import { copyTable, dialog, dialogFrame, icon } from "./parts.js";

export const showRecoveryCodes = (codes) => dialog((handle) => dialogFrame(handle, t("recovery.title"), html`
  <p>${t("recovery.why")}</p>
  <ol class="recovery">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>
  <p class="soft">${t("recovery.once")}</p>`, html`
  <button class="button" type="button" @click=${() => copyTable([[t("recovery.title")], ...codes.map((code) => [code])])}>${icon("copy")} ${t("recovery.copy")}</button>
  <button class="button" type="button" @click=${() => print()}>${icon("print")} ${t("recovery.print")}</button>
  <button class="button main" type="button" data-first @click=${() => handle.close(true)}>${t("recovery.kept")}</button>`));
