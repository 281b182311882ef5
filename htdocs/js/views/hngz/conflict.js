/* Two people changed the same field: both values, and the clerk chooses. */
import { html } from "../../../vendor/lit-html/lit-html.js";
import { display, label } from "../../document.js";
import { formDialog } from "../../form-dialog.js";
import { t } from "../../i18n.js";

/* `mine`, `theirs`: {field id: value}. Resolves to the ids whose own value stays, undefined when it was left. */
export const chooseSides = (form, ids, mine, theirs) => {
  const name = (id) => label(form.byId.get(id) ?? { zh: id });
  const shown = (id, value) => display(form.byId.get(id) ?? {}, value) || t("conflict.empty");
  return formDialog({
    title: t("conflict.title"), act: t("save"), intro: html`<p>${t("conflict.intro", { fields: ids.map(name).join("、") })}</p>`,
    fields: ids.map((id) => ({ id, type: "code", required: true, label: name(id),
      options: [["mine", t("conflict.mine", { value: shown(id, mine[id]) })], ["theirs", t("conflict.theirs", { value: shown(id, theirs[id]) })]] })),
    send: async (values) => ids.filter((id) => values[id] === "mine"),
  });
};
