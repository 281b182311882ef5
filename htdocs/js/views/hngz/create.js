/* A candidate typed in at the point when the card can't be read (F7): waits for the city's approval. */
import { html } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { loadForm, loadTables, narrow, shape } from "../../document.js";
import { formDialog } from "../../form-dialog.js";
import { t } from "../../i18n.js";
import { toast } from "../../parts.js";
import { go } from "../../router.js";

const FIRST = ["name", "sex", "nation", "birth", "id_type", "id_number"];

export async function createCandidate(ctx) {
  const form = await loadForm();
  const fields = [...FIRST, "subject"].map((id) => form.byId.get(id)).filter(Boolean);
  await loadTables(fields);
  const made = await formDialog({
    title: t("create.title"),
    intro: html`<p class="soft">${t("create.help")}</p>`,
    wide: true,
    fields: fields.map((f) => shape(f, { required: true })),
    values: {},
    act: t("create.do"),
    send: async ({ subject, ...entered }) => {
      const filled = Object.fromEntries(Object.entries(entered).filter(([, v]) => v !== "").map(([id, v]) => [id, narrow(v)]));
      return (await api.post("/candidates", { subject, fields: filled })).data;
    },
  });
  if (!made?.id) return;
  toast(t("create.done"));
  go(`/candidates/${made.id}`);
  ctx.update();
}
