/* How somebody likes to read: size of letters and contrast, kept in this browser. Says nothing about the person. */
import { html } from "../vendor/lit-html/lit-html.js";
import { t } from "./i18n.js";
import { dialog, dialogFrame } from "./parts.js";

const STORE = "gaokao.comfort";
const CHOICES = { size: ["normal", "large", "larger"], contrast: ["normal", "more"] };
const root = document.documentElement;
const chosen = { size: "normal", contrast: "normal" };

function show() {
  for (const [name, value] of Object.entries(chosen)) {
    if (value === "normal") delete root.dataset[name];
    else root.dataset[name] = value;
  }
}

/* At the start; what is stored may be anything. */
export function wearComfort() {
  try {
    const stored = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    for (const [name, words] of Object.entries(CHOICES)) if (words.includes(stored?.[name])) chosen[name] = stored[name];
  } catch {
    // as everybody sees it
  }
  show();
}

/* Also after signing out, which clears what the browser kept of this site. */
export function keepComfort() {
  try {
    localStorage.setItem(STORE, JSON.stringify(chosen));
  } catch {
    // asked again at the next visit
  }
}

export const chooseComfort = () => dialog((handle) => dialogFrame(handle, t("comfort.title"), html`
  ${Object.entries(CHOICES).map(([name, words]) => html`<fieldset class="field">
    <legend>${t(`comfort.${name}`)}</legend>
    <div class="choices inline">${words.map((value) => html`<label class="choice"><input type="radio" name=${`comfort-${name}`} .checked=${chosen[name] === value}
      @change=${() => { chosen[name] = value; show(); keepComfort(); }}><span>${t(`comfort.${name}.${value}`)}</span></label>`)}</div>
  </fieldset>`)}`, html`<button class="button main" type="button" @click=${() => handle.close()}>${t("comfort.done")}</button>`));
