/* One candidate in front of a clerk: who, what is right and what differs, and the acts of this state with their keys. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { display, judge, label, loadForm, loadTables } from "../../document.js";
import { fullTime, inFours, pick, t, word, yuan } from "../../i18n.js";
import { banner, icon, problem, tag, typing } from "../../parts.js";
import { link } from "../../router.js";
import { partTag, stateTag } from "../../states.js";
import { actsOf, decide, putPapers, toLookAt } from "./acts.js";
import { partCards } from "./parts.js";
import { openPaper } from "./printing.js";
import { why } from "./why.js";

/* {record, etag, form, judged, verdicts, readings, parts, papers, fee, refresh(), fail(error)} */
export async function loadCandidate(ctx, id) {
  const model = { problem: null, role: ctx.session.account.role, audits: may(ctx.session, "audit_read") };
  const quiet = (promise, otherwise) => promise.then((a) => a.data, () => otherwise);
  model.fetch = async () => {
    const form = await loadForm();
    const [answer] = await Promise.all([api.get(`/candidates/${id}`), loadTables([...form.byId.values()])]);
    const record = answer.data;
    const wantsReadings = may(ctx.session, "reading_read");
    const [verdicts, readings, parts, proof] = await Promise.all([
      quiet(api.get(`/candidates/${id}/verdicts`, { query: { stage: stageOf(record.state) } }), {}),
      wantsReadings ? quiet(api.get("/readings", { query: { candidate_id: id, limit: 5 } }), {}) : {},
      quiet(api.get(`/candidates/${id}/parts`), {}),
      record.proof_version ? quiet(api.get(`/candidates/${id}/proofs/${record.proof_version}`), null) : null,
    ]);
    Object.assign(model, { record, etag: answer.etag, form, judged: judge(form, record.fields ?? {}), verdicts: verdicts.verdicts ?? [],
      readings: readings.items ?? [], parts: parts.items ?? parts.parts ?? [], proof,
      papers: record.papers?.items ?? [], fee: record.fee, compared: null });
    const latest = model.readings[0];
    if (latest && ["different", "verified", "decided"].includes(latest.verdict)) model.compared = await quiet(api.get(`/readings/${latest.id}`), null);
  };
  model.refresh = async () => {
    model.problem = null;
    model.busy = model.fetch();
    await model.busy;
    ctx.update();
    await model.changed?.();
  };
  model.fail = (error) => {
    model.problem = error;
    ctx.update();
    requestAnimationFrame(() => document.querySelector("[role=alert]")?.scrollIntoView({ block: "nearest" }));
  };
  await model.fetch();
  model.sheet = Number(ctx.query?.sheet) || 0;
  model.receipt = Number(ctx.query?.receipt) || 0;
  return model;
}

/* The stage whose rules matter next. */
const stageOf = (state) => (["filling", "proofed"].includes(state) ? "confirm" : state === "reviewed" ? "fill"
  : ["confirmed", "submitted", "accepted"].includes(state) ? "submit" : "review");

const KEYS = { approve: "A", papers: "M", cards: "K", fee: "F", review: "S", proof: "P", verify: "V", confirm: "Enter", edit: "E", return: "R", correct: "G" };

export function head(model) {
  const { record } = model;
  return html`<div class="page-head"><h1>${record.name}</h1>
    <span class="number soft">${record.number ? inFours(record.number) : t("candidate.noNumber")}</span>
    ${stateTag(record.state)}${record.twin ? tag(t("candidate.twin"), "warn") : nothing}
    <div class="acts-right">${model.audits && record.number ? html`<a href=${link("/audit", { number: record.number })}>${t("audit.who")}</a>` : nothing}
      <a href="#/candidates/${record.id}/history">${t("history.title")}</a></div></div>`;
}

export function acts(model, session) {
  const list = actsOf(model, session);
  return html`<section class="card"><div class="card-head"><h2>${t("acts.title")}</h2></div>
    <div class="card-body act-list">
      ${list.length ? list.map((a) => html`<button type="button" class="button ${a.main ? "main" : a.bad ? "bad" : ""}" data-act=${a.id}
          data-key=${KEYS[a.id] ?? ""} @click=${a.run}>${t(`act.${a.id}`)}${KEYS[a.id] ? html` <kbd>${KEYS[a.id]}</kbd>` : nothing}</button>`)
        : html`<p class="soft">${t("acts.none")}</p>`}
    </div></section>`;
}

/* Keys of the acts, where one does not type. */
export function actKeys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (typing(event.target)) return;
  if (event.key === "Enter" && event.target.closest?.("a, button, summary, input")) return;
  const wanted = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const button = [...document.querySelectorAll("[data-act]")].find((b) => b.dataset.key === wanted);
  if (!button) return;
  event.preventDefault();
  button.click();
}

const compared = (model, ctx) => {
  const reading = model.compared;
  if (!reading?.comparison?.length) return nothing;
  const rows = reading.comparison;
  const differ = rows.filter((r) => r.verdict !== "equal");
  const open = reading.verdict === "different" && may(ctx.session, "identity_decide", model.record.state);
  const show = (id, value) => display(model.form.byId.get(id) ?? {}, value);
  return html`<section class="card"><div class="card-head"><h2>${t("reading.title")}</h2>
      <span>${fullTime(reading.taken_at)} ${differ.length && reading.verdict === "different" ? tag(t("reading.differ", { n: differ.length }), "warn")
        : tag(t("reading.equal", { n: rows.length }), "ok")}</span></div>
    <div class="scroll"><table class="table"><thead><tr><th scope="col">${t("reading.field")}</th><th scope="col">${t("reading.record")}</th>
      <th scope="col">${t("reading.card")}</th><th scope="col">${t("reading.verdict")}</th></tr></thead>
      <tbody>${rows.map((r) => html`<tr class=${r.verdict === "equal" ? "" : "differs"}><th scope="row">${pick(r)}</th><td>${show(r.field, r.record)}</td>
        <td>${show(r.field, r.card)}</td><td>${r.verdict === "equal" ? html`<span class="good">${icon("check")}<span class="unseen">${t("reading.same")}</span></span>`
          : tag(t(`reading.${r.verdict}.field`), "warn")}</td></tr>`)}</tbody></table></div>
    ${open ? html`<div class="card-body form-acts">
      <button class="button main" type="button" @click=${() => decide(model, reading, differ.map((r) => r.field), ctx)}>${t("act.decide.take.do")}</button>
      <button class="button" type="button" @click=${() => decide(model, reading, [], ctx)}>${t("act.decide.keep.do")}</button></div>` : nothing}
  </section>`;
};

function papersCard(model, session) {
  if (!model.papers.length) return nothing;
  const may_ = may(session, "papers_write", model.record.state);
  const change = (paper, seen) => {
    paper.seen = seen;
    return putPapers(model, [{ id: paper.id, seen }]);
  };
  const lacking = model.papers.some((p) => p.required && !p.seen);
  return html`<section class="card"><div class="card-head"><h2>${t("papers.title")}</h2>${partTag(lacking ? "incomplete" : model.record.parts.papers)}</div>
    <div class="card-body choices">${model.papers.filter((p) => p.required !== false || p.seen).map((p) => html`<label class="choice">
      <input type="checkbox" .checked=${Boolean(p.seen)} ?disabled=${!may_} @change=${(e) => change(p, e.target.checked)}>
      <span>${pick(p)}${p.required ? nothing : html` <span class="soft small">${t("field.optional")}</span>`}</span></label>`)}</div></section>`;
}

/* The values a rule saw, as the form calls them. */
const named = (model, seen) => Object.entries(seen).map(([id, value]) => {
  const field = model.form.byId.get(id);
  return field ? `${label(field)} = ${value ? display(field, value) : t("try.absent")}` : `${id} = ${value ?? t("try.absent")}`;
});

function verdictsCard(model) {
  const rules = model.verdicts.filter((v) => v.kind !== "required");
  const seen = new Set(toLookAt(model).filter((h) => h.seen).map((h) => h.rule));
  const gaps = model.verdicts.length - rules.length;
  if (!model.verdicts.length) return nothing;
  return html`<section class="card"><div class="card-head"><h2>${t("verdicts.title")}</h2></div><div class="card-body stack">
    ${rules.map((v) => html`<p>${v.severity === "review" && seen.has(v.rule) ? tag(t("verdicts.seen"), "ok")
      : tag(word("severity", v.severity), v.severity === "error" ? "bad" : "warn")} ${pick(v)}
      <span class="soft">${pick(v.hint)}${v.set_by ? ` ${t("why.set.by", { unit: v.set_by.name })}` : ""}</span></p>${why(v, (seen) => named(model, seen))}`)}
    ${gaps ? html`<details><summary>${t("verdicts.gaps", { n: gaps })}</summary><p class="soft">${model.verdicts.filter((v) => !rules.includes(v))
      .map((v) => label(model.form.byId.get(v.field) ?? { zh: v.field })).join("、")}</p></details>` : nothing}</div></section>`;
}

const facts = (model) => model.form.sections.map((section) => {
  const fields = section.fields.filter((f) => model.judged.relevant(f) && (model.record.fields?.[f.id] !== undefined));
  if (!fields.length) return nothing;
  return html`<section class="card"><div class="card-head"><h2>${label(section)}</h2></div><dl class="facts">${fields.map((f) => {
    const value = model.record.fields[f.id];
    return Array.isArray(value)
      ? html`<dt>${label(f)}</dt><dd class="long"><ol>${value.map((row) => html`<li>${(f.columns ?? []).map((c) => display(c, row[c.id])).filter(Boolean).join(" · ")}</li>`)}</ol></dd>`
      : html`<dt>${label(f)}</dt><dd class=${display(f, value).length > 16 ? "long" : ""}>${display(f, value)}</dd>`;
  })}</dl></section>`;
});

export function middle(model, ctx) {
  const { record } = model;
  return html`<div class="stack">
    ${head(model)}
    ${model.problem ? problem(model.problem) : nothing}
    ${record.returned ? banner("warn", html`<strong>${t("candidate.returned", { at: fullTime(record.returned.at), reason: record.returned.reason })}</strong>`) : nothing}
    ${scannedSheet(model)}${scannedReceipt(model)}
    ${record.login?.dead_slip_at ? banner("warn", t("candidate.deadSlip", { at: fullTime(record.login.dead_slip_at) })) : nothing}
    ${record.state === "proofed" && model.proof ? banner("", html`${t("proof.now", { version: record.proof_version, at: fullTime(model.proof.printed_at) })}`) : nothing}
    ${compared(model, ctx)}
    ${verdictsCard(model)}
    ${facts(model)}
    ${partCards(model, ctx)}
  </div>`;
}

/* What can be printed of this record now. Printing changes nothing; first prints are acts. */
function printCard(model, session) {
  const { record } = model;
  const paper = (kind, allowed, query) => (allowed ? [[kind, query]] : []);
  const sheet = record.proof_version || record.confirmed_version;
  const list = [
    ...paper("card", may(session, "paper_card", record.state)),
    ...paper("proof", may(session, "paper_print") && sheet),
    ...paper("form", may(session, "paper_print") && sheet),
    ...paper("receipt", may(session, "paper_print") && model.fee?.paid),
  ];
  if (!list.length) return nothing;
  const open = async (kind) => {
    model.problem = null;
    try {
      await openPaper(`/candidates/${record.id}/papers/${kind}.pdf`);
    } catch (error) {
      model.fail(error);
    }
  };
  return html`<section class="card"><div class="card-head"><h2>${t("paper.title")}</h2></div><div class="card-body act-list">
    ${list.map(([kind]) => html`<button type="button" class="button" data-paper=${kind} @click=${() => open(kind)}>${icon("print")} ${t(`paper.${kind}`)}</button>`)}</div></section>`;
}

/* The sheet that was scanned: whether it is the one to be signed. */
const scannedSheet = (model) => {
  const present = model.record.proof_version || model.record.confirmed_version;
  if (!model.sheet) return nothing;
  return model.sheet === present ? banner("ok", t("sheet.present", { version: model.sheet }))
    : banner("warn", html`<strong>${present ? t("sheet.old", { version: model.sheet, present }) : t("sheet.void", { version: model.sheet })}</strong>`);
};

/* The candidate's own receipt: whether something was changed since. */
const scannedReceipt = ({ receipt, record }) => (!receipt ? nothing
  : receipt === record.version ? banner("ok", t("receipt.same", { version: receipt }))
    : banner("warn", t("receipt.older", { version: receipt, present: record.version })));

export function side(model, ctx) {
  const { record } = model;
  const rows = [["fee", html`${partTag(record.parts.fee)} ${record.fee_fen ? yuan(record.fee_fen) : ""}
    ${model.fee?.paid?.receipt ? html`<br><span class="soft small">${t("fee.receipt", { receipt: model.fee.paid.receipt })}</span>` : nothing}`],
  ["review", partTag(record.parts.review)], ["photo", html`${tag(t(`photo.state.${record.parts.photo}`), { accepted: "ok", look: "warn", refused: "bad", retake: "bad" }[record.parts.photo] ?? "")}
    <br><a href="#/candidates/${record.id}/photo">${t(record.parts.photo === "none" && may(ctx.session, "photo_write", record.state) ? "photo.act.camera" : "photo.look")}</a>`]];
  return html`<div class="stack">
    ${acts(model, ctx.session)}
    ${printCard(model, ctx.session)}
    ${papersCard(model, ctx.session)}
    <section class="card"><dl class="facts one">${rows.map(([id, shown]) => html`<dt>${t(`part.${id}`)}</dt><dd>${shown}</dd>`)}
      <dt>${t("candidate.point")}</dt><dd>${record.org?.name}</dd>
      ${record.candidate_number ? html`<dt>${t("candidate.candidateNumber")}</dt><dd>${record.candidate_number}</dd>` : nothing}
      <dt>${t("candidate.pledged")}</dt><dd>${record.pledged_at ? fullTime(record.pledged_at) : t("no")}</dd>
    </dl></section>
  </div>`;
}
