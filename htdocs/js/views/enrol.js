/* A second factor: an app on the phone gives a code of six digits. Forced for province and city, free for others. */
import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { api } from "../api.js";
import { signOut, signedIn } from "../app.js";
import { faultSummary, fieldView, focusSummary } from "../field.js";
import { t } from "../i18n.js";
import { toast } from "../parts.js";
import { showRecoveryCodes } from "../recovery.js";
import { go } from "../router.js";

export async function load() {
  const { data } = await api.post("/session/totp", {});
  return { secret: data.secret, uri: data.uri, code: "", faults: [], busy: false };
}

export const title = () => t("enrol.title");

async function submit(ctx, model, event) {
  event.preventDefault();
  if (model.busy) return;
  const code = model.code.replace(/\s/g, "");
  model.faults = /^\d{6}$/.test(code) ? [] : [{ name: "code", text: t("signIn.totp.missing") }];
  if (!model.faults.length) {
    model.busy = true;
    ctx.update();
    try {
      const forced = ctx.session.must_enrol_totp;
      const { data } = await api.post("/session/totp", { code });
      if (data.recovery_codes) await showRecoveryCodes(data.recovery_codes);
      toast(t("enrol.done"));
      if (!forced) go("/");
      await signedIn(data?.account ? data : (await api.get("/session")).data);
      return;
    } catch (error) {
      model.faults = [{ name: "code", text: error.violations?.[0]?.text ?? (error.detail || error.title) }];
    }
    model.busy = false;
  }
  ctx.update();
  focusSummary();
}

export function render(ctx, model) {
  const fault = model.faults[0]?.text;
  return html`<div class="page gate card">
    <div class="page-head"><h1>${t("enrol.title")}</h1></div>
    <p>${t(ctx.session.must_enrol_totp ? "enrol.why" : "enrol.free")}</p>
    ${faultSummary(model.faults)}
    <ol class="stack">
      <li>${t("enrol.step1")}</li>
      <li>${t("enrol.step2")}<br><code>${model.secret.replace(/(.{4})(?=.)/g, "$1 ")}</code>
        ${model.uri ? html`<br><a href=${model.uri}>${t("enrol.open")}</a>` : nothing}</li>
      <li>${t("enrol.step3")}</li>
    </ol>
    <form class="form" novalidate @submit=${(e) => submit(ctx, model, e)}>
      ${fieldView({ id: "code", label: t("signIn.totp"), inputmode: "numeric", autocomplete: "one-time-code" }, model.code,
        { change: (v) => { model.code = v; }, fault })}
      <button class="button main wide" aria-disabled=${model.busy ? "true" : nothing}>${t("enrol.do")}</button>
      ${ctx.session.must_enrol_totp ? html`<button class="button wide" type="button" @click=${signOut}>${t("signOut")}</button>`
        : html`<a class="button wide" href="#/">${t("cancel")}</a>`}
    </form>
  </div>`;
}
