/* When what is open, drawn over the days: a line for each act, its window, slots in it, extensions after it, and now. */
import { html, nothing, svg } from "../../../vendor/lit-html/lit-html.js";
import { serverNow } from "../../api.js";
import { piece, pieces } from "../../chart.js";
import { day, dayTime, t, word } from "../../i18n.js";

const DAY = 86_400_000;
const ZONE = 8 * 3600_000; // Shanghai's midnight
const WIDE = 900;
const HIGH = 26;
const HEAD = 22;
const TICKS = 12;
const KINDS = { window: "b", slot: "a", extension: "low" };

const midnight = (ms) => Math.floor((ms + ZONE) / DAY) * DAY - ZONE;

/* What a piece says: act, kind, unit, from, to, why. */
const words = (w) => [word("window", w.action), word("window.kind", w.kind), w.org?.name, w.candidate?.number, `${w.opens_at ? dayTime(w.opens_at) : ""} – ${dayTime(w.closes_at)}`, w.reason]
  .filter(Boolean).join(" · ");

/* items: rows of /windows; press(w) opens one. Those of single candidates are only counted. */
export function calendar(items, actions, press) {
  const drawn = items.filter((w) => !w.candidate);
  const alone = items.length - drawn.length;
  if (!drawn.length) return nothing;
  const now = serverNow();
  const opens = drawn.map((w) => Date.parse(w.opens_at ?? w.closes_at));
  const from = midnight(Math.min(...opens, now));
  const to = midnight(Math.max(...drawn.map((w) => Date.parse(w.closes_at)), now)) + DAY;
  const x = (ms) => ((ms - from) / (to - from)) * WIDE;
  const days = Math.round((to - from) / DAY);
  const step = Math.max(1, Math.ceil(days / TICKS));
  const ticks = Array.from({ length: Math.ceil(days / step) }, (_, i) => from + i * step * DAY);
  const rows = actions.filter((action) => drawn.some((w) => w.action === action));
  let first = true;
  const line = (action, at) => drawn.filter((w) => w.action === action).sort((a, b) => Object.keys(KINDS).indexOf(a.kind) - Object.keys(KINDS).indexOf(b.kind)).map((w) => {
    const left = x(Date.parse(w.opens_at ?? w.closes_at));
    const right = x(Date.parse(w.closes_at));
    const slim = w.kind !== "window";
    const one = piece({ x: left, y: HEAD + at * HIGH + (slim ? 14 : 3), height: slim ? 9 : 20, width: Math.max(4, right - left), kind: KINDS[w.kind], label: words(w), first, press: () => press(w) });
    first = false;
    return one;
  });
  return html`<section class="card"><div class="card-head"><h2>${t("windows.calendar")}</h2>
      <p class="legend"><span><i class="swatch b"></i>${word("window.kind", "window")}</span><span><i class="swatch a"></i>${word("window.kind", "slot")}</span>
        <span><i class="swatch low"></i>${word("window.kind", "extension")}</span><span><i class="swatch now"></i>${t("windows.now.line")}</span></p></div>
    <div class="scroll calendar" tabindex="0" role="region" aria-label=${t("windows.calendar")}><div class="calendar-in">
      <ul class="calendar-names">${rows.map((action) => html`<li>${word("window", action)}</li>`)}</ul>
      <div role=${pieces.role} aria-label=${t("windows.calendar")} @keydown=${pieces.keydown}>
        <svg viewBox="0 0 ${WIDE} ${HEAD + rows.length * HIGH}" width=${WIDE} height=${HEAD + rows.length * HIGH}>
          ${ticks.map((ms) => svg`<line class="grid" x1=${x(ms)} x2=${x(ms)} y1=${HEAD - 4} y2=${HEAD + rows.length * HIGH}></line><text class="tick" x=${x(ms) + 3} y="14" aria-hidden="true">${day(new Date(ms))}</text>`)}
          ${rows.map((_, at) => svg`<line class="grid" x1="0" x2=${WIDE} y1=${HEAD + at * HIGH} y2=${HEAD + at * HIGH}></line>`)}
          ${rows.map(line)}
          <line class="now" x1=${x(now)} x2=${x(now)} y1=${HEAD - 6} y2=${HEAD + rows.length * HIGH}></line>
        </svg></div></div></div>
    ${alone ? html`<p class="card-body soft small">${t("windows.alone", { n: alone })}</p>` : nothing}</section>`;
}
