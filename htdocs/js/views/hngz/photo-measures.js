/* What the checks measured on real photos, and what another limit would change: tried here before it goes into a pack. */
import { html, nothing, svg } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { t } from "../../i18n.js";
import { empty, problem, tag } from "../../parts.js";
import { checkName } from "../../photo.js";

export async function load() {
  return { ...(await api.get("/photos/measures")).data, tried: {}, problem: null };
}

export const title = () => t("measures.title");

async function attempt(ctx, model, event) {
  event.preventDefault();
  const limits = Object.entries(model.tried).map(([name, values]) => ({ name, ...values }));
  model.problem = null;
  try {
    Object.assign(model, (await api.post("/photos/measures/trial", { limits })).data);
  } catch (error) {
    model.problem = error;
  }
  ctx.update();
}

const short = (value) => (value === undefined ? "—" : String(Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 1000) / 1000));

function histogram(limit) {
  const most = Math.max(1, ...limit.histogram);
  const step = (limit.to - limit.from) / limit.histogram.length;
  return html`<svg viewBox="0 0 240 44" preserveAspectRatio="none" role="img" aria-label=${`${short(limit.from)} – ${short(limit.to)}`}>${limit.histogram.map((n, i) => {
    const middle = limit.from + (i + 0.5) * step;
    const kind = middle < limit.low || middle > limit.high ? (limit.blocks ? "blocked" : "looked") : middle < limit.look_low || middle > limit.look_high ? "looked" : "good";
    const tall = n ? Math.max(1.5, (42 * n) / most) : 0;
    return svg`<rect class=${kind} x=${i * 10 + 0.5} y=${44 - tall} width="9" height=${tall}/>`;
  })}</svg>`;
}

function field(model, limit, member) {
  const change = (event) => {
    const value = Number(event.target.value);
    if (Number.isFinite(value) && event.target.value !== "") model.tried[limit.name] = { ...model.tried[limit.name], [member]: value };
    else delete model.tried[limit.name]?.[member];
  };
  return html`<input class="narrow" type="number" step="any" .value=${String(model.tried[limit.name]?.[member] ?? limit[member])} aria-label=${`${checkName({ code: limit.name })} ${member}`} @change=${change}>`;
}

const counts = (c) => html`${tag(`${t("photo.severity.fine")} ${c.fine}`, "ok")} ${tag(`${t("photo.severity.look")} ${c.look}`, "warn")} ${tag(`${t("photo.severity.block")} ${c.block}`, "bad")}`;

export function render(ctx, model) {
  const changed = Object.keys(model.tried).length > 0;
  return html`<div class="page"><div class="page-head"><h1>${t("measures.title")}</h1></div>
    <p class="soft">${t("measures.help", { n: model.n })}</p>
    ${model.problem ? problem(model.problem) : nothing}
    ${model.limits.some((l) => l.n) ? html`<form class="stack" @submit=${(e) => attempt(ctx, model, e)}>
      <section class="card"><div class="card-body"><p>${t("measures.now")} ${counts(model.now)}</p>
        ${changed ? html`<p role="status">${t("measures.then")} ${counts(model.then)} <strong>${t("measures.newly", { bad: model.newly_blocked, good: model.newly_passed })}</strong></p>` : nothing}
        <button class="button main">${t("measures.try")}</button></div></section>
      <section class="card"><div class="scroll"><table class="table measures"><thead><tr><th scope="col">${t("measures.name")}</th><th scope="col">${t("measures.spread")}</th>
        <th scope="col">${t("measures.quantiles")}</th><th scope="col">${t("measures.limit")}</th><th scope="col">${t("measures.look")}</th></tr></thead>
        <tbody>${model.limits.filter((l) => l.n).map((l) => html`<tr><th scope="row">${checkName({ code: l.name })}<br><span class="soft small">${l.unit} · ${t("measures.outside", { block: l.block, look: l.look })}</span></th>
          <td>${histogram(l)}</td><td class="num">${short(l.p05)} · ${short(l.p50)} · ${short(l.p95)}</td>
          <td>${field(model, l, "low")} – ${field(model, l, "high")}</td><td>${field(model, l, "look_low")} – ${field(model, l, "look_high")}</td></tr>`)}</tbody></table></div></section>
    </form>` : html`<section class="card">${empty(t("measures.none"))}</section>`}
  </div>`;
}
