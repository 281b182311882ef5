/* Charts of the console: plain SVG with its figures written in it; a table with the same figures stands beside each. Nothing
 * is told by colour alone, and no length is an inline style: the CSP forbids those. */
import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { count } from "./i18n.js";

const COLUMN = 56;
const HIGH = 108;
const WIDEST = 8; // letters under a column

/* A round figure at or above the largest one. */
function ceiling(most) {
  const ten = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [1, 2, 2.5, 5, 10].map((n) => n * ten).find((n) => n >= most) ?? most;
}

/* items: [{name, value, kind?: "a"|"b"|"c"|"d", note?}], one column each, in order. */
export function columnChart(items, label) {
  const top = ceiling(Math.max(1, ...items.map((one) => one.value)));
  const width = items.length * COLUMN + 8;
  const y = (value) => 20 + HIGH - (value / top) * HIGH;
  return html`<div class="chart"><svg viewBox="0 0 ${width} ${HIGH + 42}" width=${width} role="img" aria-label=${`${label}：${items.map((one) => `${one.name} ${count(one.value)}`).join("，")}`}>
    ${[0.5, 1].map((part) => svg`<line class="grid" x1="0" x2=${width} y1=${y(top * part)} y2=${y(top * part)}></line>`)}
    <line class="axis" x1="0" x2=${width} y1=${y(0)} y2=${y(0)}></line>
    ${items.map((one, i) => svg`<g>
      <rect class=${one.kind ?? "a"} x=${i * COLUMN + 14} width=${COLUMN - 20} y=${y(one.value)} height=${Math.max(one.value ? 1 : 0, y(0) - y(one.value))}></rect>
      <text class="value" x=${i * COLUMN + 14 + (COLUMN - 20) / 2} y=${y(one.value) - 5}>${count(one.value)}</text>
      <text x=${i * COLUMN + 14 + (COLUMN - 20) / 2} y=${HIGH + 37}>${one.name.slice(0, WIDEST)}</text></g>`)}
  </svg></div>`;
}

/* Pieces of a picture that act: one of them is in the tab order, arrow keys go from one to the next, Enter and space press. */
export const pieces = { role: "group", keydown: pieceKeys };

function pieceKeys(event) {
  const all = [...event.currentTarget.querySelectorAll("[data-piece]")];
  const at = all.indexOf(event.target.closest("[data-piece]"));
  if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
  const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") all[at].dispatchEvent(new MouseEvent("click", { bubbles: true }));
  else if (to === undefined) return;
  else {
    const next = all[Math.min(Math.max(0, to), all.length - 1)];
    all.forEach((one) => one.setAttribute("tabindex", one === next ? "0" : "-1"));
    next.focus();
  }
  event.preventDefault();
}

/* One piece: a rectangle that is a button. `label` says what it is and, in a tooltip, shows it. */
export const piece = ({ x, y = 0, width, height, kind, label, first, press }) => svg`<rect class="piece ${kind}" x=${x} y=${y} width=${width}
  height=${height} data-piece role="button" tabindex=${first ? "0" : "-1"} aria-label=${label} @click=${press ?? nothing}><title>${label}</title></rect>`;
