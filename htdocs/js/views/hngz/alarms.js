/* Alarms: what may be misuse, and who looked into it. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { fullTime, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { tag, toast } from "../../parts.js";

async function close(ctx, alarm) {
  const done = await formDialog({
    title: t("alarms.close"), act: t("alarms.close.do"),
    fields: [{ id: "note", type: "multiline", label: t("alarms.note"), required: true, help: t("alarms.note.help") }],
    send: ({ note }) => api.post(`/alarms/${alarm.id}/closing`, { note }, { etag: `"v${alarm.version}"` }),
  });
  if (!done) return;
  toast(t("saved"));
  await ctx.reload();
}

const stateOf = (ctx, a) => {
  if (a.seen_at) return html`${tag(t("alarms.seen"), "ok")} ${a.seen_by} ${fullTime(a.seen_at)}<br>${a.note}`;
  const own = a.account_id === ctx.session.account.id;
  return html`${tag(t("alarms.open"), "warn")} ${may(ctx.session, "alarm_write") && !own
    ? html`<button class="button" type="button" @click=${() => close(ctx, a)}>${t("alarms.close")}</button>` : nothing}`;
};

export const load = (ctx) => loadList(ctx, {
  path: "/alarms",
  title: t("menu.alarms"),
  filters: [{ id: "state", type: "code", select: true, label: t("alarms.state"), start: "open", options: [["open", t("alarms.open")], ["all", t("alarms.all")]] }],
  columns: () => [
    { label: t("alarms.kind"), cell: (a) => word("alarm", a.kind) },
    { label: t("alarms.who"), cell: (a) => (a.login ? `${a.display_name}（${a.login}）` : "") },
    { label: t("alarms.org"), cell: (a) => a.org_name },
    { label: t("alarms.n"), cell: (a) => `${a.n} / ${a.bound}`, kind: "right" },
    { label: t("alarms.at"), cell: (a) => fullTime(a.raised_at), kind: "tight" },
    { label: t("alarms.state"), cell: (a) => stateOf(ctx, a), text: (a) => a.note ?? "" },
  ],
  empty: t("alarms.none"),
});

export const render = listView;
