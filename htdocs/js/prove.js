/* Sensitive acts ask once more who is there: the password, or the code where one-time codes are on. Resolves to true when it
 * was proved. */
import { api } from "./api.js";
import { formDialog } from "./form-dialog.js";
import { t } from "./i18n.js";
import { html } from "../vendor/lit-html/lit-html.js";

let asking = null;

export function prove(session) {
  asking ??= formDialog({
    title: t("prove.title"), intro: html`<p>${t("prove.why")}</p>`, act: t("prove.do"),
    fields: [session?.totp
      ? { id: "totp", label: t("signIn.totp"), inputmode: "numeric", autocomplete: "one-time-code", required: true }
      : { id: "password", type: "password", label: t("signIn.password"), autocomplete: "current-password", required: true }],
    send: (values) => api.post("/session/confirmation", values.totp ? { totp: values.totp.replace(/\s/g, "") } : values),
  }).then(Boolean).finally(() => { asking = null; });
  return asking;
}
