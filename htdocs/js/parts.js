/* Small parts of both editions: icon, tag, banner, bar, countdown, dialog, short messages. Templates only; no data is
 * fetched here. Inline styles are forbidden by the CSP: lengths of bars are SVG attributes. */
import { html, nothing, render, svg } from "../vendor/lit-html/lit-html.js";
import { serverNow } from "./api.js";
import { span, t } from "./i18n.js";

const SHAPES = {
  check: svg`<path d="M5 12l5 5L20 7"/>`,
  cross: svg`<path d="M6 6l12 12M18 6L6 18"/>`,
  alert: svg`<path d="M12 4L2.5 20h19zM12 10v5M12 17.6v.1"/>`,
  lock: svg`<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 018 0v3"/>`,
  next: svg`<path d="M9 5l7 7-7 7"/>`,
  search: svg`<circle cx="11" cy="11" r="6.5"/><path d="M16 16l5 5"/>`,
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  copy: svg`<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M15 5H6a2 2 0 00-2 2v9"/>`,
  print: svg`<path d="M7 9V4h10v5M7 17H4v-8h16v8h-3"/><rect x="7" y="14" width="10" height="6"/>`,
  refresh: svg`<path d="M20 12a8 8 0 11-2.4-5.7M20 3v5h-5"/>`,
  eye: svg`<path d="M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7z"/><circle cx="12" cy="12" r="3"/>`,
};

export const icon = (name) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${SHAPES[name]}</svg>`;

export const tag = (text, kind = "") => (text ? html`<span class="tag ${kind}">${text}</span>` : nothing);

export const banner = (kind, content, act = nothing) => html`
  <div class="banner ${kind}" role=${kind === "bad" ? "alert" : nothing}>
    ${icon(kind === "ok" ? "check" : "alert")}
    <div class="grow">${content}</div>
    ${act}
  </div>`;

/* A fault that is not about one field: what happened, what to do, and the number to tell support. */
export const problem = (error, again) => banner("bad", html`
  <p><strong>${error.title || error.message}</strong></p>
  ${error.detail && error.detail !== error.title ? html`<p>${error.detail}</p>` : nothing}
  ${error.violations?.length ? html`<ul>${error.violations.map((v) => html`<li>${v.text}</li>`)}</ul>` : nothing}
  ${error.requestId ? html`<p class="small soft">${t("error.request", { id: error.requestId })}</p>` : nothing}
`, again ? html`<button class="button" @click=${again}>${t("again")}</button>` : nothing);

export const waiting = () => html`<p class="waiting" role="status"><span>${t("loading")}</span></p>`;
export const empty = (text) => html`<p class="empty">${text}</p>`;

/* Stacked parts of a whole: [{value, kind: "a"|"b"|"c"|"d"}], drawn one after another. */
export function bar(parts, whole, label) {
  let left = 0;
  const scale = whole > 0 ? 100 / whole : 0;
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=${label}>
    ${parts.map(({ value, kind }) => {
      const x = left;
      const width = Math.min(Math.max(0, value * scale), 100 - left);
      left += width;
      return svg`<rect class=${kind} x=${x} y="0" width=${width} height="10"></rect>`;
    })}
  </svg>`;
}

/* <gk-until moment="2025-11-10T10:00:00Z">: time left by the server's clock, a second at a time. Screen readers find
 * it when they come by; it never interrupts. Sends "over" once. */
class Until extends HTMLElement {
  static observedAttributes = ["moment"];

  connectedCallback() {
    this.setAttribute("role", "timer");
    this.setAttribute("aria-live", "off");
    this.tick();
    this.timer = setInterval(() => this.tick(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  attributeChangedCallback() {
    this.over = false;
    if (this.isConnected) this.tick();
  }

  tick() {
    const left = Date.parse(this.getAttribute("moment")) - serverNow();
    const text = Number.isNaN(left) ? "" : span(left);
    if (this.textContent !== text) this.textContent = text;
    if (left <= 0 && !this.over) {
      this.over = true;
      this.dispatchEvent(new CustomEvent("over", { bubbles: true }));
    }
  }
}
customElements.define("gk-until", Until);
export const until = (moment) => html`<gk-until moment=${moment}></gk-until>`;

/* True where letters belong to what somebody types, and in dialogs: keys of acts keep away. */
export function typing(target) {
  if (!target.closest) return false;
  return Boolean(target.closest("dialog, textarea, select, gk-combo")
    || target.closest("input:not([type=checkbox]):not([type=radio]):not([type=file])"));
}

/* ---- Short messages: success goes after 4 s and is read aloud; failures never come this way ---------- */
export function toast(text) {
  const region = document.getElementById("toasts");
  const line = document.createElement("p");
  line.className = "toast";
  line.textContent = text;
  region.append(line);
  setTimeout(() => line.remove(), 4000);
}

/* ---- Dialogs ------------------------------------------------------------------------------------------ */

/* Opens a dialog; `draw({close, update})` gives its inner template. Resolves to what close(value) was given, undefined
 * when it was dismissed. Focus goes back to where it came from. `stay`: Esc does not dismiss it. */
export function dialog(draw, { wide = false, kind = "", stay = false } = {}) {
  return new Promise((done) => {
    const came = document.activeElement;
    const box = document.createElement("dialog");
    box.className = [wide ? "wide" : "", kind].filter(Boolean).join(" ");
    if (stay) box.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
    let result;
    const handle = {
      box,
      close(value) {
        result = value;
        box.close();
      },
      update() {
        render(draw(handle), box);
      },
    };
    box.addEventListener("close", () => {
      if (stay && result === undefined && box.isConnected) { // a second Esc closes whatever a page says
        box.showModal();
        return;
      }
      box.remove();
      if (came?.isConnected) came.focus();
      done(result);
    });
    document.body.append(box);
    handle.update();
    const head = box.querySelector("h2");
    if (head) {
      head.id = `dialog-title-${document.querySelectorAll("dialog").length}`;
      box.setAttribute("aria-labelledby", head.id);
    }
    box.showModal();
    box.querySelector("[data-first], .dialog-body input, .dialog-body select, .dialog-body textarea")?.focus();
  });
}

export const dialogFrame = (handle, title, body, foot) => html`
  <div class="dialog-head">
    <h2>${title}</h2>
    <button class="button quiet" type="button" aria-label=${t("close")} @click=${() => handle.close()}>${icon("cross")}</button>
  </div>
  <div class="dialog-body">${body}</div>
  <div class="dialog-foot">${foot}</div>`;

/* Copies rows (arrays of text) as a table that Excel, WPS and Word take: TSV and HTML, numbers as text. */
export async function copyTable(rows) {
  const plain = rows.map((row) => row.map((cell) => String(cell ?? "").replace(/[\t\r\n]+/g, " ")).join("\t")).join("\n");
  const safe = (cell) => String(cell ?? "").replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const cells = (row) => row.map((cell) => `<td style="mso-number-format:'\\@'">${safe(cell)}</td>`).join("");
  const rich = `<table>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("")}</table>`;
  try {
    await navigator.clipboard.write([new ClipboardItem({
      "text/plain": new Blob([plain], { type: "text/plain" }),
      "text/html": new Blob([rich], { type: "text/html" }),
    })]);
  } catch {
    const area = document.createElement("textarea");
    area.value = plain;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(t("copied", { n: rows.length - 1 }));
}
