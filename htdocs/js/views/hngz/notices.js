/* The notice board: what was published for whom; writing, changing, files. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { fromLocalInput, fullTime, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { toast } from "../../parts.js";
import { go } from "../../router.js";

export const AUDIENCES = ["public", "candidates", "staff", "points"];

export const noticeFields = () => [
  { id: "title", label: t("notice.title"), required: true },
  { id: "audience", type: "code", select: true, required: true, label: t("notice.audience"), options: AUDIENCES.map((a) => [a, word("audience", a)]) },
  { id: "body", type: "multiline", lines: 10, required: true, label: t("notice.body"), span: true },
];

async function create() {
  const made = await formDialog({
    title: t("notices.create"), act: t("notices.publish"), wide: true, values: { audience: "staff" },
    fields: [...noticeFields(), { id: "published_at", type: "moment", label: t("notice.publish"), help: t("notice.publish.help"), optional: true }],
    send: ({ title, audience, body, published_at }) => api.post("/notices", { title, audience, body, ...(published_at ? { published_at: fromLocalInput(published_at) } : {}) }).then((a) => a.data),
  });
  if (!made?.id) return;
  toast(t("saved"));
  go(`/notices/${made.id}`);
}

export const load = (ctx) => loadList(ctx, {
  path: "/notices",
  title: t("menu.notices"),
  href: (n) => `#/notices/${n.id}`,
  columns: () => [
    { label: t("notice.title"), cell: (n) => n.title },
    { label: t("notice.audience"), cell: (n) => word("audience", n.audience) },
    { label: t("notice.org"), cell: (n) => n.org?.name ?? "" },
    { label: t("notice.publish"), cell: (n) => fullTime(n.published_at), kind: "tight" },
    { label: t("notice.files"), cell: (n) => n.files?.length || "", kind: "right" },
  ],
  tools: () => (may(ctx.session, "notice_write") ? html`<button class="button main" type="button" @click=${create}>${t("notices.create")}</button>` : nothing),
  empty: t("notices.none"),
});

export const render = listView;
