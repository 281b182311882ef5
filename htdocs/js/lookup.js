/* Above the points somebody who looks for one person by the whole ID number says why; the audit keeps it. */
import { formDialog } from "./form-dialog.js";
import { t } from "./i18n.js";
import { html } from "../vendor/lit-html/lit-html.js";

/* "" when none is needed, undefined when the question was dismissed. */
export async function lookupReason(session, q) {
  if (session.org.level === "point" || !/^\d{14,17}[\dXx]$/.test(q.trim())) return "";
  return formDialog({
    title: t("lookup.title"), intro: html`<p>${t("lookup.why")}</p>`, act: t("lookup.do"),
    fields: [{ id: "reason", label: t("reason"), required: true }],
    send: async ({ reason }) => reason.trim(),
  });
}
