/* The audit: who saw or changed what. */
import { loadForm, loadTables } from "../../document.js";
import { fullTime, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { actionWords } from "../../states.js";
import { changeLines } from "./history.js";

const KINDS = ["candidate", "reading", "account", "org", "range", "window", "submission", "notice", "session", "plugin", "job"];

export async function load(ctx) {
  const form = await loadForm().catch(() => null);
  if (form) await loadTables([...form.byId.values()]);
  return loadList(ctx, {
    path: "/audit",
    title: t("menu.audit"),
    filters: [
      { id: "object_kind", type: "code", select: true, label: t("audit.kind"), options: KINDS.map((k) => [k, word("noun", k)]) },
      { id: "object_id", label: t("audit.id"), inputmode: "numeric" },
      { id: "actor", label: t("audit.actorId"), inputmode: "numeric" },
      { id: "action", label: t("audit.actionCode"), placeholder: "candidate." },
    ],
    columns: () => [
      { label: t("audit.seq"), cell: (r) => r.seq, kind: "right" },
      { label: t("audit.at"), cell: (r) => fullTime(r.at), kind: "tight" },
      { label: t("audit.actor"), cell: (r) => (r.actor?.login ? `${r.actor.name || r.actor.login}（${r.actor.login}，${r.actor.id}）` : t("audit.system")) },
      { label: t("audit.action"), cell: (r) => actionWords(r.action), kind: "tight" },
      { label: t("audit.object"), cell: (r) => `${word("noun", r.object?.kind)} ${r.object?.id || ""}`, kind: "tight" },
      { label: t("audit.changes"), cell: (r) => changeLines(r.changes, form), text: (r) => (r.changes ?? []).map((c) => c.field).join(" ") },
    ],
  });
}

export const render = listView;
