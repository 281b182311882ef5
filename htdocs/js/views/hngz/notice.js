/* One notice with its files; its unit changes and withdraws it. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { fullTime, t, word } from "../../i18n.js";
import { problem, toast } from "../../parts.js";
import { go } from "../../router.js";
import { size } from "../notice-list.js";
import { noticeFields } from "./notices.js";

export async function load(ctx) {
  const { data, etag } = await api.get(`/notices/${ctx.params.id}`);
  return { notice: data, etag };
}

export const title = (ctx, { notice }) => notice.title;

async function run(ctx, model, promise, text = "saved") {
  model.fault = null;
  try {
    if ((await promise) === undefined) return;
    toast(t(text));
    await ctx.reload();
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

const edit = (ctx, model) => run(ctx, model, formDialog({
  title: model.notice.title, act: t("save"), wide: true, values: model.notice, fields: noticeFields(),
  send: ({ title: name, audience, body }) => api.patch(`/notices/${model.notice.id}`, { title: name, audience, body }, { etag: model.etag }),
}));

async function withdraw(ctx, model) {
  const done = await formDialog({ title: t("notices.withdraw.title", { title: model.notice.title }), fields: [], act: t("notices.withdraw"), kind: "bad",
    send: () => api.delete(`/notices/${model.notice.id}`, { etag: model.etag }) });
  if (done) go("/notices");
}

function upload(ctx, model, event) {
  const file = event.target.files[0];
  if (!file) return;
  run(ctx, model, api.upload(`/notices/${model.notice.id}/files`, file, { query: { name: file.name } }), "notices.uploaded");
}

export function render(ctx, model) {
  const { notice } = model;
  const mine = may(ctx.session, "notice_write") && (notice.org?.id === undefined || notice.org.id === ctx.session.org.id);
  return html`<div class="page">
    <div class="page-head"><h1>${notice.title}</h1><div class="acts-right"><a class="button" href="#/notices">${t("back")}</a>
      ${mine ? html`<button class="button" type="button" @click=${() => edit(ctx, model)}>${t("change")}</button>
        <button class="button bad" type="button" @click=${() => withdraw(ctx, model)}>${t("notices.withdraw")}</button>` : nothing}</div></div>
    ${model.fault ? problem(model.fault) : nothing}
    <section class="card"><div class="card-body stack"><p class="soft">${[word("audience", notice.audience), notice.org?.name, fullTime(notice.published_at)].filter(Boolean).join(" · ")}</p>
      <p class="prose">${notice.body}</p></div></section>
    <section class="card"><div class="card-head"><h2>${t("notice.files")}</h2>
      ${mine ? html`<label class="button">${t("notices.upload")}<input class="unseen" type="file" @change=${(e) => upload(ctx, model, e)}></label>` : nothing}</div>
      <div class="card-body">${notice.files?.length ? html`<ul>${notice.files.map((f) => html`<li><a href=${api.href(`/notices/${notice.id}/files/${f.id}`)} download>${f.name}</a>
        <span class="small soft">${size(f.bytes)}</span>
        ${mine ? html`<button class="link" type="button" @click=${() => run(ctx, model, api.delete(`/notices/${notice.id}/files/${f.id}`))}>${t("delete")}</button>` : nothing}</li>`)}</ul>`
        : html`<p class="soft">${t("notices.noFiles")}</p>`}</div></section></div>`;
}
