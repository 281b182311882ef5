/* One form field: label, help, fault, input. Values are strings, as in the candidate document; "" is empty. A field is
 *   {id, label, help, type, required, options, rows, maxLength, ...}
 * Types: text, password, multiline, number, code (options: [[value, label, note]]), search (options as of code tables),
 * flag, date, month, moment (datetime-local), check. `change(value)` at each entry, `done()` when the field is left. */
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { t } from "./i18n.js";
import { icon } from "./parts.js";
import { ofPerson } from "./person.js";
import "./combo.js";

const isNarrow = (options) => options.length <= 5 && options.every(([, label]) => label.length <= 24);

/* Ids in the page: pointers hold slashes. */
export const idOf = (name) => `f-${String(name).replace(/[^A-Za-z0-9_-]/g, "-")}`;

function describedBy(id, field, fault) {
  return [field.help ? `${id}-help` : "", fault ? `${id}-fault` : "", field.note ? `${id}-note` : ""].filter(Boolean).join(" ")
    || nothing;
}

const mark = (field) =>
  field.required ? html`<span class="required" aria-hidden="true"> *</span>`
    : field.optional ? html`<span class="optional"> ${t("field.optional")}</span>` : nothing;

const around = (id, field, fault) => html`
  ${field.help ? html`<p class="help" id="${id}-help">${field.help}</p>` : nothing}
  ${fault ? html`<p class="fault" id="${id}-fault"><span class="unseen">${t("field.fault")}</span>${fault}</p>` : nothing}
  ${field.note ? html`<p class="note" id="${id}-note">${field.note}</p>` : nothing}`;

export function fieldView(field, value, { change, done = () => {}, fault = "" }) {
  const id = idOf(field.id);
  const drawn = SHAPES[field.type] ?? SHAPES.text;
  const wants = { id, value: value ?? "", field, fault, change, done };
  if (drawn.group || (field.type === "code" && !field.select && isNarrow(field.options))) {
    const inner = field.type === "code" ? radios(wants) : drawn(wants);
    return html`<fieldset class="field ${fault ? "faulty" : ""}" id="${id}-group"
        aria-describedby=${describedBy(id, field, fault)}>
      <legend>${field.label}${mark(field)}</legend>${around(id, field, fault)}${inner}
    </fieldset>`;
  }
  if (field.type === "check") return check(wants);
  return html`<div class="field ${fault ? "faulty" : ""}">
    <label for=${id}>${field.label}${mark(field)}</label>${around(id, field, fault)}${drawn(wants)}
  </div>`;
}

/* Puts the focus where a fault can be mended. */
export function focusField(name) {
  const id = idOf(name);
  const place = document.getElementById(id) ?? document.getElementById(`${id}-group`);
  const input = place?.matches("input, select, textarea, button") ? place : place?.querySelector("input, select, textarea, button");
  input?.focus();
  (place ?? input)?.scrollIntoView({ block: "center" });
  return Boolean(input);
}

/* All faults above the form, each leading to its field. faults: [{name, label, text}]. Focus it once after a press. */
export const faultSummary = (faults, title) => (faults.length ? html`
  <section class="summary" tabindex="-1" data-summary aria-labelledby="summary-title">
    <h2 id="summary-title">${title ?? t("faults.title", { n: faults.length })}</h2>
    <ul>${faults.map((f) => html`<li>
      <button class="link" type="button" @click=${() => focusField(f.name)}>${f.label ? html`${f.label}：` : nothing}${f.text}</button>
    </li>`)}</ul>
  </section>` : nothing);

export function focusSummary(root = document) {
  requestAnimationFrame(() => {
    const box = root.querySelector("[data-summary]");
    box?.focus();
    box?.scrollIntoView({ block: "start" });
  });
}

const attributes = ({ field, fault }) => ({
  invalid: fault ? "true" : nothing,
  required: field.required ? "true" : nothing,
});

function text(w) {
  const { id, value, field, fault, change, done } = w;
  const { invalid, required } = attributes(w);
  return html`<input id=${id} type=${field.input ?? "text"} .value=${live(value)} inputmode=${field.inputmode ?? nothing}
    autocomplete=${field.autocomplete ?? "off"} maxlength=${field.maxLength ? field.maxLength * 2 : nothing}
    spellcheck="false" autocapitalize="off" aria-invalid=${invalid} aria-required=${required}
    placeholder=${field.placeholder ?? nothing} aria-describedby=${describedBy(id, field, fault)}
    @input=${(e) => change(e.target.value)} @change=${() => done()}>`;
}

function multiline(w) {
  const { id, value, field, fault, change, done } = w;
  const { invalid, required } = attributes(w);
  return html`<textarea id=${id} .value=${live(value)} rows=${field.lines ?? 3} aria-invalid=${invalid} aria-required=${required}
    aria-describedby=${describedBy(id, field, fault)} @input=${(e) => change(e.target.value)} @change=${() => done()}></textarea>`;
}

const shownSecrets = new Set();
ofPerson(() => shownSecrets.clear());
function password(w) {
  const { id, field } = w;
  const shown = shownSecrets.has(id);
  const turn = (event) => {
    if (shown) shownSecrets.delete(id);
    else shownSecrets.add(id);
    const input = document.getElementById(id);
    input.type = shown ? "password" : "text";
    event.currentTarget.textContent = shown ? t("password.show") : t("password.hide");
  };
  return html`<div class="secret">${text({ ...w, field: { ...field, input: shown ? "text" : "password" } })}
    <button class="button" type="button" aria-controls=${id} @click=${turn}>${shown ? t("password.hide") : t("password.show")}</button>
  </div>`;
}

function select(w) {
  const { id, value, field, fault, change, done } = w;
  const { invalid, required } = attributes(w);
  return html`<select id=${id} aria-invalid=${invalid} aria-required=${required} aria-describedby=${describedBy(id, field, fault)}
      @change=${(e) => { change(e.target.value); done(); }}>
    ${field.plainEmpty === false ? nothing : html`<option value="" ?selected=${!value}>${field.emptyLabel ?? t("field.choose")}</option>`}
    ${field.options.map(([code, label]) => html`<option value=${code} ?selected=${code === value}>${label}</option>`)}
    ${value && !field.options.some(([code]) => code === value)
      ? html`<option value=${value} selected>${value}</option>` : nothing}
  </select>`;
}

function radios({ id, value, field, fault, change, done }) {
  return html`<div class="choices ${field.options.every(([, label]) => label.length < 8) ? "inline" : ""}">
    ${field.options.map(([code, label, note], i) => html`<label class="choice">
      <input type="radio" name=${id} id=${i === 0 ? id : `${id}-${i}`} value=${code} .checked=${live(code === value)}
        aria-invalid=${fault ? "true" : nothing} @change=${() => { change(code); done(); }}>
      <span>${label}${note ? html`<span class="help">${note}</span>` : nothing}</span>
    </label>`)}
    ${!field.required && value ? html`<button type="button" class="link" @click=${() => { change(""); done(); }}>${t("field.clear")}</button>`
      : nothing}
  </div>`;
}

function flag(w) {
  return radios({ ...w, field: { ...w.field, options: [["1", t("yes")], ["0", t("no")]] } });
}
flag.group = true;

/* 2008-02-29, pasted whole into any part in whichever common form, or typed in three. */
function pasted(text, parts) {
  const digits = text.trim().replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  const found = parts === 3
    ? /^(\d{4})\D*(\d{1,2})\D+(\d{1,2})\D*$|^(\d{4})(\d{2})(\d{2})$/.exec(digits)
    : /^(\d{4})\D+(\d{1,2})\D*$|^(\d{4})(\d{2})$/.exec(digits);
  return found ? found.slice(1).filter((piece) => piece !== undefined) : null;
}

const padded = (pieces) => (pieces.every((p) => !p) ? "" : pieces.map((p, i) => p.padStart(i === 0 ? 4 : 2, "0")).join("-"));

function dateParts(count) {
  const drawn = ({ id, value, field, fault, change, done }) => {
    const pieces = value === "长期" ? ["", "", ""] : [...value.split("-"), "", "", ""].slice(0, count);
    const shown = pieces.map((p, i) => (i === 0 ? p.replace(/^0+/, "") : p.replace(/^0(?=\d)/, "")));
    const set = (i, given) => {
      const all = pasted(given, count);
      if (all) return change(padded(all));
      const next = shown.slice();
      next[i] = given.replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/\D/g, "");
      return change(padded(next));
    };
    const names = [t("date.year"), t("date.month"), t("date.day")];
    return html`<div class="dates">
      ${shown.map((piece, i) => html`<label><input id=${i === 0 ? id : `${id}-${i}`} class=${i === 0 ? "y" : "m"} inputmode="numeric"
        .value=${live(piece)} autocomplete="off" aria-invalid=${fault ? "true" : nothing}
        @input=${(e) => set(i, e.target.value)} @change=${() => done()}><span>${names[i]}</span></label>`)}
      ${field.forever ? html`<label class="choice"><input type="checkbox" .checked=${live(value === "长期")}
        @change=${(e) => { change(e.target.checked ? "长期" : ""); done(); }}><span>${t("date.forever")}</span></label>` : nothing}
    </div>`;
  };
  drawn.group = true;
  return drawn;
}

function check({ id, value, field, fault, change, done }) {
  return html`<div class="field ${fault ? "faulty" : ""}">
    ${fault ? html`<p class="fault" id="${id}-fault">${fault}</p>` : nothing}
    <label class="choice"><input type="checkbox" id=${id} .checked=${live(value === "1" || value === true)}
      aria-invalid=${fault ? "true" : nothing} aria-describedby=${fault ? `${id}-fault` : nothing}
      @change=${(e) => { change(e.target.checked ? "1" : ""); done(); }}>
      <span>${field.label}${field.help ? html`<span class="help">${field.help}</span>` : nothing}</span></label>
  </div>`;
}

function search(w) {
  const { id, value, field, fault, change, done } = w;
  const { invalid, required } = attributes(w);
  return html`<gk-combo .options=${field.options} .value=${value} .inputId=${id} .describedBy=${describedBy(id, field, fault)}
    .invalid=${invalid === "true"} .required=${required === "true"} .label=${field.label}
    @choose=${(e) => { change(e.detail); done(); }}></gk-combo>`;
}

const moment = (w) => text({ ...w, field: { ...w.field, input: "datetime-local" } });
const number = (w) => text({ ...w, field: { inputmode: w.field.decimals ? "decimal" : "numeric", ...w.field } });
const code = (w) => (w.field.options.length > 20 ? search(w) : select(w));

const SHAPES = { text, password, multiline, number, code, search, flag, date: dateParts(3), month: dateParts(2), moment };

export const lockedView = (label, value, why) => html`
  <div class="field"><span class="label">${label}</span>
    <p class="locked"><span>${value || t("field.none")}</span>
      <span class="small soft">${icon("lock")} ${why}</span></p></div>`;
