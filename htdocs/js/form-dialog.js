/* A form in a dialog: fields, faults by pointer, one act. `send(values)` resolves, or rejects with an ApiError whose
 * violations ("/name", "/profile/name") go to the fields of that name. Resolves to what `send` gave, undefined when
 * dismissed. */
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { ApiError } from "./api.js";
import { faultSummary, fieldView, focusSummary } from "./field.js";
import { t } from "./i18n.js";
import { dialog, dialogFrame, problem } from "./parts.js";

export function formDialog({ title, intro = nothing, fields, values = {}, act, send, kind = "main", wide = false, extra = () => nothing }) {
  const state = { values: { ...values }, faults: [], problem: null, busy: false };
  const listOf = () => (typeof fields === "function" ? fields(state.values) : fields).filter(Boolean);

  async function submit(handle, event) {
    event.preventDefault();
    if (state.busy) return;
    const list = listOf();
    state.problem = null;
    state.faults = list.filter((f) => f.required && !String(state.values[f.id] ?? "").trim())
      .map((f) => ({ name: f.id, label: f.label, text: t(f.type === "code" ? "missing.choose" : "missing.enter") }));
    if (!state.faults.length) {
      state.busy = true;
      handle.update();
      try {
        const wanted = Object.fromEntries(list.map((f) => [f.id, state.values[f.id] ?? ""]));
        const result = await send(wanted, state);
        handle.close(result ?? true);
        return;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const known = new Map(list.map((f) => [f.id, f]));
        state.faults = error.violations.map((v) => ({ v, f: known.get(v.pointer.slice(1)) ?? known.get(v.pointer.split("/").pop()) }))
          .filter(({ f }) => f).map(({ v, f }) => ({ name: f.id, label: f.label, text: v.text }));
        if (state.faults.length < error.violations.length || !error.violations.length) state.problem = error;
      }
      state.busy = false;
    }
    handle.update();
    focusSummary(handle.box);
  }

  return dialog((handle) => html`<form novalidate @submit=${(e) => submit(handle, e)}>
    ${dialogFrame(handle, title, html`
      ${intro}
      ${faultSummary(state.faults)}
      ${state.problem ? problem(state.problem) : nothing}
      <div class=${wide ? "columns" : "form"}>${listOf().map((f) => {
        const drawn = fieldView(f, state.values[f.id], {
          change: (v) => { state.values[f.id] = v; },
          done: () => handle.update(),
          fault: state.faults.find((one) => one.name === f.id)?.text,
        });
        return f.span ? html`<div class="span">${drawn}</div>` : drawn;
      })}</div>
      ${extra(state, handle)}`,
    html`<button class="button" type="button" @click=${() => handle.close()}>${t("cancel")}</button>
      <button class="button ${kind}" aria-disabled=${state.busy ? "true" : nothing}>${state.busy ? t("busy") : act.replace(/…$/, "")}</button>`)}
  </form>`, { wide });
}

/* Dangerous acts ask for a reason and name what they do. */
export const reasonDialog = ({ title, intro, act, send, label = t("reason"), fields = [] }) => formDialog({
  title, intro: intro ? html`<p>${intro}</p>` : nothing, act, kind: "bad",
  fields: [...fields, { id: "reason", type: "multiline", label, required: true, help: t("reason.help") }],
  send,
});
