/* Things that are handed out, shown for printing: login cards, slips, the proof sheet. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { fullTime, inFours, pick, t, word } from "../../i18n.js";
import { dialog, dialogFrame, icon, problem } from "../../parts.js";
import { openPaper, printJob } from "./printing.js";

/* Prints the paper itself; what goes wrong is said in the dialog. */
const printButton = (handle, run, text = "print") => html`<button class="button main" type="button" data-first @click=${async () => {
  handle.fault = null;
  try {
    await run();
  } catch (error) {
    handle.fault = error;
  }
  if (handle.box.isConnected) handle.update();
}}>${icon("print")} ${t(text)}</button>`;
const faultOf = (handle) => (handle.fault ? problem(handle.fault) : nothing);
const printCards = (cards) => (cards.length === 1 ? openPaper(`/candidates/${cards[0].id}/papers/card.pdf`) : printJob("print_cards", { ids: cards.map((c) => c.id) }));
const closeButton = (handle) => html`<button class="button" type="button" @click=${() => handle.close()}>${t("close")}</button>`;

export const showCards = (cards = []) => dialog((handle) => dialogFrame(handle, t("cards.title", { n: cards.length }), html`
  ${faultOf(handle)}<div class="slips">${cards.map((c) => html`<div class="slip">
    <strong>${t("cards.head")}</strong>
    <span>${c.name} · ${c.org?.name ?? c.org ?? ""} ${c.class ?? ""}</span>
    <span>${t("number")} <code>${inFours(c.number)}</code></span>
    ${c.id_number ? html`<span>${t("candidate.id")} ${c.id_number}</span>` : nothing}
    <span>${t("cards.password")} ${c.password ? html`<code>${c.password}</code>` : t("cards.own")}</span>
    ${c.site ? html`<span class="small">${c.site}</span>` : nothing}
  </div>`)}</div>`, html`${closeButton(handle)}${printButton(handle, () => printCards(cards))}`), { wide: true });

export const showSlips = (slips = []) => dialog((handle) => dialogFrame(handle, t("slips.title", { n: slips.length }), html`
  ${faultOf(handle)}<div class="slips">${slips.map((s) => html`<div class="slip">
    <strong>${s.org?.name ?? ""} ${word("role", s.role)}</strong>
    <span>${s.display_name ?? ""}</span>
    <span>${t("account.login")} <code>${s.login}</code></span>
    <span>${t("cards.password")} ${s.password ? html`<code>${s.password}</code>` : t("cards.own")}</span>
  </div>`)}</div>`, html`${closeButton(handle)}${printButton(handle, () => printJob("print_slips", { ids: slips.map((s) => s.account_id) }))}`), { wide: true });

/* proof: {version, digest, printed_at, document: {sections: [{fields: [{id, zh, en, value, text, rows}]}]}} */
export const showProof = (proof, record) => dialog((handle) => dialogFrame(handle,
  t("proof.title", { name: record.name, version: proof.version }), html`
  ${faultOf(handle)}<p>${t("number")} <strong>${inFours(record.number)}</strong> · ${fullTime(proof.printed_at)} · <span class="small soft">${String(proof.digest ?? "").slice(0, 16)}</span></p>
  ${(proof.document?.sections ?? []).map((s) => html`<section><h3>${pick(s)}</h3><dl class="facts">${s.fields.map((f) => html`
    <dt>${pick(f)}</dt><dd class=${f.rows ? "long" : ""}>${f.rows ? html`<ol>${f.rows.map((r) => html`<li>${rowText(r)}</li>`)}</ol>` : (pick(f.text) || f.value || "")}</dd>`)}</dl></section>`)}
  `, html`${closeButton(handle)}${printButton(handle, () => openPaper(`/candidates/${record.id}/papers/proof.pdf`, { version: proof.version }))}`), { wide: true });

const rowText = (row) => (Array.isArray(row) ? row : Object.values(row)).map((cell) => (cell && typeof cell === "object" ? pick(cell.text ?? cell) || cell.value : cell))
  .filter(Boolean).join(" · ");
