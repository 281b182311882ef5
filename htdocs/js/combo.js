/* <gk-combo>: search in a code list by name, code or pinyin initials (the ARIA combobox pattern). Options:
 * [code, label, note, words] where `words` (lower case) is searched too. Sends "choose" with the code. */
import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { live } from "../vendor/lit-html/directives/live.js";
import { t } from "./i18n.js";

const MOST = 50;
const narrow = (text) => text.trim().toLowerCase()
  .replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));

class Combo extends HTMLElement {
  constructor() {
    super();
    Object.assign(this, { listed: [], typed: null, open: false, active: -1, state: {} });
  }

  connectedCallback() {
    this.classList.add("combo");
    this.draw();
  }

  get chosen() {
    return this.options.find(([code]) => code === this.value);
  }

  find(text) {
    const wanted = narrow(text);
    if (!wanted) return this.options.slice(0, MOST);
    const scored = [];
    for (const option of this.options) {
      const [code, label, , words = ""] = option;
      const at = label.toLowerCase().indexOf(wanted);
      const near = code === wanted ? 0 : at === 0 ? 1 : words.split(" ").some((w) => w.startsWith(wanted)) ? 2 : at > 0 ? 3 : 9;
      if (near < 9) scored.push([near, option]);
    }
    return scored.sort((a, b) => a[0] - b[0]).slice(0, MOST).map(([, option]) => option);
  }

  show(text) {
    this.typed = text;
    this.listed = this.find(text ?? "");
    this.open = true;
    this.active = this.listed.length && text ? 0 : this.listed.findIndex(([code]) => code === this.value);
    this.draw();
  }

  hide() {
    this.open = false;
    this.active = -1;
    this.draw();
  }

  take(option) {
    this.typed = null;
    this.value = option ? option[0] : "";
    this.hide();
    this.dispatchEvent(new CustomEvent("choose", { detail: this.value }));
  }

  /* Left with text that was not chosen: an exact or only hit counts, other text stays to be mended. */
  leave() {
    if (this.typed === null) {
      if (this.open) this.hide();
      return;
    }
    const text = this.typed.trim();
    const exact = this.options.find(([code, label]) => label === text || code === text);
    if (!text) this.take(null);
    else if (exact) this.take(exact);
    else if (this.listed.length === 1) this.take(this.listed[0]);
    else this.hide();
  }

  key(event) {
    if (event.isComposing) return;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (!this.open) {
        this.show(this.typed);
        return;
      }
      const step = key === "ArrowDown" ? 1 : -1;
      this.active = (this.active + step + this.listed.length) % Math.max(1, this.listed.length);
      this.draw();
      this.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
    } else if (key === "Enter" && this.open && this.listed[this.active]) {
      event.preventDefault();
      this.take(this.listed[this.active]);
    } else if (key === "Escape" && this.open) {
      event.preventDefault();
      event.stopPropagation();
      this.typed = null;
      this.hide();
    }
  }

  draw() {
    if (!this.isConnected || !this.options) return;
    const id = this.inputId;
    const chosen = this.chosen;
    const lost = this.typed !== null && !this.open;
    const shown = this.typed ?? (chosen ? chosen[1] : (this.value ?? ""));
    render(html`
      <input id=${id} role="combobox" aria-expanded=${this.open} aria-controls="${id}-list" aria-autocomplete="list" autocomplete="off"
        spellcheck="false" aria-activedescendant=${this.open && this.active >= 0 ? `${id}-${this.active}` : nothing}
        aria-invalid=${this.invalid || lost ? "true" : nothing} aria-required=${this.required ? "true" : nothing}
        aria-describedby=${this.describedBy ?? nothing} .value=${live(shown)} placeholder=${t("combo.hint")}
        @input=${(e) => this.show(e.target.value)} @click=${() => this.open || this.show(this.typed)}
        @keydown=${(e) => this.key(e)} @blur=${() => this.leave()}>
      ${lost ? html`<p class="fault">${t("combo.none", { text: this.typed })}</p>` : nothing}
      <ul id="${id}-list" role="listbox" aria-label=${this.label ?? ""} ?hidden=${!this.open}>
        ${this.listed.map((option, i) => html`<li role="option" id="${id}-${i}" aria-selected=${i === this.active}
            @mousedown=${(e) => { e.preventDefault(); this.take(option); }}>
          <span>${option[1]}</span>${option[2] ? html`<span class="small soft">${option[2]}</span>` : nothing}</li>`)}
        ${this.listed.length ? nothing : html`<li class="tip" role="option" aria-selected="false" aria-disabled="true">${t("combo.nothing")}</li>`}
      </ul>`, this);
  }
}

/* Properties that redraw. */
for (const name of ["options", "value", "invalid", "required", "describedBy", "inputId", "label"]) {
  Object.defineProperty(Combo.prototype, name, {
    get() {
      return this.state[name];
    },
    set(given) {
      if (this.state[name] === given) return;
      this.state[name] = given;
      if (name === "value" && given) this.typed = null;
      this.draw();
    },
  });
}
customElements.define("gk-combo", Combo);
