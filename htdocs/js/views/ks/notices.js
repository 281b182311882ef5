/* All notices for candidates. */
import { html } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { t } from "../../i18n.js";
import { empty } from "../../parts.js";
import { noticeList } from "../notice-list.js";

export const load = async () => ({ items: (await api.get("/notices", { query: { limit: 50 } })).data.items });

export const render = (ctx, { items }) => html`<div class="page">
  <p class="line-top"><a class="back" href="#/home">${t("back")}</a></p>
  <div class="page-head"><h1>${t("notices")}</h1></div>
  <div class="card">${items.length ? noticeList(items) : empty(t("notices.none"))}</div>
</div>`;
