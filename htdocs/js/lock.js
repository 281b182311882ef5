/* The page is locked: nobody was there for long, or the session has ended. The password brings the same person back to where they
 * were, with all that was typed; nothing can be read behind it. */
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { api } from "./api.js";
import { faultSummary, fieldView, focusSummary } from "./field.js";
import { t } from "./i18n.js";
import { dialog } from "./parts.js";

/* Resolves to the new session's document, or null when somebody else wants to sign in. */
export function lock({ account, totp }) {
  const state = { password: "", totp: "", faults: [], busy: false, code: Boolean(totp) };
  async function submit(handle, event) {
    event.preventDefault();
    if (state.busy) return;
    state.busy = true;
    state.faults = [];
    handle.update();
    try {
      const { data } = await api.post("/session", { login: account.login, password: state.password, ...(state.totp.trim() ? { totp: state.totp.replace(/\s/g, "") } : {}) });
      handle.close(data);
      return;
    } catch (error) {
      state.code ||= error.slug === "totp-needed";
      state.faults = [{ name: error.slug === "totp-needed" ? "lock-totp" : "lock-password", label: "", text: error.detail || error.title }];
    }
    state.busy = false;
    handle.update();
    focusSummary(handle.box);
  }
  return dialog((handle) => html`<form novalidate @submit=${(event) => submit(handle, event)}>
    <div class="dialog-head"><h2>${t("lock.title")}</h2></div>
    <div class="dialog-body"><p>${t("lock.why", { who: account.display_name || account.login })}</p>${faultSummary(state.faults)}
      <div class="form">${fieldView({ id: "lock-password", type: "password", label: t("signIn.password"), autocomplete: "current-password" }, state.password, { change: (v) => { state.password = v; } })}
        ${state.code ? fieldView({ id: "lock-totp", label: t("signIn.totp"), inputmode: "numeric", autocomplete: "one-time-code" }, state.totp, { change: (v) => { state.totp = v; } }) : nothing}</div></div>
    <div class="dialog-foot"><button class="button" type="button" @click=${() => handle.close(null)}>${t("lock.other")}</button>
      <button class="button main" aria-disabled=${state.busy ? "true" : nothing}>${t(state.busy ? "signIn.busy" : "lock.do")}</button></div>
  </form>`, { kind: "lock", stay: true });
}
