/* Notices as titles that open in place; files to download. */
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { api } from "../api.js";
import { day, t } from "../i18n.js";
import { dialog, dialogFrame, problem, waiting } from "../parts.js";

export const fileLine = (notice, file) => html`<li><a href=${api.href(`/notices/${notice.id}/files/${file.id}`)} download>
  ${file.name}</a> <span class="small soft">${size(file.bytes)}</span></li>`;

export const size = (bytes) => (bytes >= 1048576 ? `${(bytes / 1048576).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1024))} KB`);

function open(id) {
  let notice = null;
  let fault = null;
  dialog((handle) => {
    if (!notice && !fault) {
      api.get(`/notices/${id}`).then(({ data }) => { notice = data; handle.update(); },
        (error) => { fault = error; handle.update(); });
    }
    return dialogFrame(handle, notice?.title ?? t("notices"),
      fault ? problem(fault) : !notice ? waiting() : html`
        <p class="small soft">${day(notice.published_at)}${notice.org?.name ? html` · ${notice.org.name}` : nothing}</p>
        <p class="prose">${notice.body}</p>
        ${notice.files?.length ? html`<ul>${notice.files.map((f) => fileLine(notice, f))}</ul>` : nothing}`,
      html`<button class="button" type="button" @click=${() => handle.close()}>${t("close")}</button>`);
  });
}

export const noticeList = (notices) => html`<ul class="tasks">${notices.map((n) => html`<li class="notice-line">
  <button class="link" type="button" @click=${() => open(n.id)}>${n.title}</button>
  <span class="small soft">${day(n.published_at)}</span></li>`)}</ul>`;
