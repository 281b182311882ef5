/* A password of one's own: forced at the first sign-in, and later by choice. */
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { api } from "../api.js";
import { signOut, signedIn } from "../app.js";
import { faultSummary, fieldView, focusSummary } from "../field.js";
import { t } from "../i18n.js";
import { toast } from "../parts.js";
import { go } from "../router.js";

export const load = (ctx) => ({ current: ctx.app.slip, known: Boolean(ctx.app.slip), next: "", again: "", faults: [], busy: false });
export const title = (ctx, model) => (model.faults.length ? t("faults.prefix") : "") + t("password.title");

async function submit(ctx, model, event) {
  event.preventDefault();
  if (model.busy) return;
  const faults = [];
  if (!model.current) faults.push({ name: "current", text: t("password.current.missing") });
  if (!model.next) faults.push({ name: "new", text: t("password.new.missing") });
  else if (model.next !== model.again) faults.push({ name: "again", text: t("password.again.differs") });
  model.faults = faults;
  if (!faults.length) {
    model.busy = true;
    ctx.update();
    try {
      const forced = ctx.session.must_change_password;
      const { data } = await api.post("/session/password", { current: model.current, new: model.next });
      const session = data?.account ? data : (await api.get("/session")).data;
      toast(t("password.done"));
      if (!forced) go("/");
      await signedIn(session);
      return;
    } catch (error) {
      model.faults = error.violations?.length
        ? error.violations.map((v) => ({ name: v.pointer.slice(1), text: v.text }))
        : [{ name: error.slug === "sign-in-failed" ? "current" : "new", text: error.detail || error.title }];
      if (model.faults.some((f) => f.name === "current")) model.known = false;
    }
    model.busy = false;
  }
  ctx.update();
  focusSummary();
}

export function render(ctx, model) {
  const ed = ctx.app.edition;
  const forced = ctx.session.must_change_password;
  const fault = (name) => model.faults.find((f) => f.name === name)?.text;
  return html`<div class="page ${ed === "hngz" ? "gate card" : ""}">
    ${ed === "ks" && !forced ? html`<p class="line-top"><a class="back" href="#/home">${t("back")}</a></p>` : nothing}
    <div class="page-head"><h1>${t(forced ? "password.first" : "password.title")}</h1></div>
    <p>${t(forced ? `password.${ed}.why` : "password.why")}</p>
    ${faultSummary(model.faults)}
    <form class="form" novalidate @submit=${(e) => submit(ctx, model, e)}>
      <input class="unseen" type="text" autocomplete="username" tabindex="-1" aria-hidden="true" .value=${ctx.session.account.login}>
      ${model.known ? nothing : fieldView({ id: "current", type: "password", label: t(forced ? `password.${ed}.slip` : "password.current"), autocomplete: "current-password" },
        model.current, { change: (v) => { model.current = v; }, fault: fault("current") })}
      ${fieldView({ id: "new", type: "password", label: t("password.new"), help: t(`password.${ed}.rule`), autocomplete: "new-password" },
        model.next, { change: (v) => { model.next = v; }, fault: fault("new") })}
      ${fieldView({ id: "again", type: "password", label: t("password.again"), autocomplete: "new-password" },
        model.again, { change: (v) => { model.again = v; }, fault: fault("again") })}
      <button class="button main wide" aria-disabled=${model.busy ? "true" : nothing}>${t("password.do")}</button>
      ${forced ? html`<button class="button wide" type="button" @click=${signOut}>${t("signOut")}</button>`
        : html`<a class="button wide" href="#/">${t("cancel")}</a>`}
    </form>
  </div>`;
}
