/* Where one is signed in: which kind of browser, since when; leaving one of them or all. */
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { api } from "../api.js";
import { signOut } from "../app.js";
import { fullTime, t } from "../i18n.js";
import { problem, tag } from "../parts.js";

export const load = async () => ({ items: (await api.get("/sessions")).data.items, problem: null });
export const title = () => t("sessions.title");

async function act(ctx, model, work) {
  model.problem = null;
  try {
    await work();
  } catch (error) {
    model.problem = error;
    ctx.update();
  }
}

const end = (ctx, model, id) => act(ctx, model, async () => {
  await api.delete(`/sessions/${id}`);
  model.items = (await api.get("/sessions")).data.items;
  ctx.update();
});

const everywhere = (ctx, model) => act(ctx, model, async () => {
  await api.delete("/sessions");
  await signOut();
});

export const sessionCard = (ctx, model) => html`<section class="card"><h2>${t("sessions.title")}</h2>
  ${model.problem ? problem(model.problem) : nothing}
  <ul class="session-list">${model.items.map((one) => html`<li class="session-row">
    <span>${one.browser} ${one.new_browser ? tag(t("sessions.new"), "warn") : nothing} ${one.current ? tag(t("sessions.this"), "ok") : nothing}
      <br><span class="soft small">${fullTime(one.begun_at)}</span></span>
    ${one.current ? nothing : html`<button class="button" type="button" @click=${() => end(ctx, model, one.id)}>${t("sessions.end")}</button>`}
  </li>`)}</ul>
  <div class="card-body form-acts"><button class="button bad" type="button" @click=${() => everywhere(ctx, model)}>${t("sessions.everywhere")}</button></div>
</section>`;

export const render = (ctx, model) => html`<div class="page">
  ${ctx.app.edition === "ks" ? html`<p class="line-top"><a class="back" href="#/home">${t("back")}</a></p>` : nothing}<div class="page-head"><h1>${t("sessions.title")}</h1></div>
  ${sessionCard(ctx, model)}</div>`;
