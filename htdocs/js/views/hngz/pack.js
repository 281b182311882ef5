/* One version of the policy: its life, what differs in words, what the check and the dry run found, its rules. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { formDialog, reasonDialog } from "../../form-dialog.js";
import { count, fromLocalInput, fullTime, pick, t, word } from "../../i18n.js";
import { table } from "../../list.js";
import { banner, bar, problem, tag, toast } from "../../parts.js";
import { actionWords, stateTag } from "../../states.js";
import { ruleDialog, tryView } from "./rule.js";
import { why } from "./why.js";

const KIND = { active: "ok", approved: "ok", scheduled: "warn", draft: "", checked: "", rehearsed: "", superseded: "" };
export const packName = (p) => (p.unit ? t("pack.local.name", { unit: p.unit.name }) : p.name);

/* The province changes its packs, a unit its own rules; approving, activating and withdrawing are also for who is above it. */
const owns = ({ session }, { unit }) => may(session, "pack_change") && (unit ? unit.code === session.org.code : session.account.role === "province");
const above = (ctx, pack) => owns(ctx, pack) || Boolean(pack.unit && may(ctx.session, "pack_change") && pack.unit.code.startsWith(ctx.session.org.code));
/* From the province's pack a city or county makes a draft of its own rules. */
const drafts = (ctx, pack) => may(ctx.session, "pack_change") && (pack.unit ? owns(ctx, pack) : owns(ctx, pack) || pack.active);

export const packTag = (p) => tag(word("pack.state", p.state), KIND[p.state] ?? "");

export async function load(ctx) {
  const path = `/packs/${ctx.params.id}`;
  const [{ data: pack, etag }, { data: diff }, { data: ran }, { data: rules }, counties, history] = await Promise.all([
    api.get(path), api.get(`${path}/diff`), api.get(`${path}/rehearsal`), api.get(`${path}/rules`),
    api.get("/orgs", { query: { level: "county", limit: 200 } }).then(({ data }) => data.items, () => []),
    api.get("/audit", { query: { object_kind: "pack", object_id: ctx.params.id, limit: 50 } }).then(({ data }) => data.items, () => []),
  ]);
  const model = { pack, etag, diff, rehearsal: ran.rehearsal, rules: rules.rules, leftOut: rules.left_out, counties: new Map(counties.map((c) => [c.code, c.name])),
    history, findings: null, job: null, fault: null, outcome: "failing", rule: "", records: [], trial: {} };
  if (model.rehearsal?.state === "done" && !model.rehearsal.reversed) await loadRecords(model);
  return model;
}

async function loadRecords(model) {
  const { data } = await api.get(`/packs/${model.pack.id}/rehearsal/records`, { query: { outcome: model.outcome, rule: model.rule, limit: 50 } });
  model.records = data.items;
  model.moreRecords = Boolean(data.next);
}

/* One step of the pack's life; whatever fails stands on top of the page. */
async function step(ctx, model, run, text) {
  model.fault = null;
  try {
    if ((await run()) === undefined) return;
    if (text) toast(t(text));
    await ctx.reload();
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

const path = (model, rest) => `/packs/${model.pack.id}/${rest}`;

async function check(ctx, model) {
  model.fault = null;
  try {
    const { data, etag } = await api.post(path(model, "check"), {}, { etag: model.etag });
    Object.assign(model, { pack: data.pack, etag, findings: data.findings });
  } catch (error) {
    model.fault = error;
  }
  ctx.update();
}

async function rehearse(ctx, model) {
  model.fault = null;
  try {
    model.job = (await api.post(path(model, "rehearsal"), {})).data;
    while (["queued", "running"].includes(model.job.state)) {
      ctx.update();
      await new Promise((done) => { setTimeout(done, 700); });
      model.job = (await api.get(`/jobs/${model.job.id}`)).data;
    }
    if (model.job.state === "done") {
      toast(t("pack.rehearsal.done"));
      await ctx.reload();
      return;
    }
  } catch (error) {
    model.fault = error;
  }
  ctx.update();
}

const cancel = (ctx, model) => step(ctx, model, () => api.post(`/jobs/${model.job.id}/cancel`, {}), "jobs.cancelled");

const draft = (ctx, model) => step(ctx, model, () => formDialog({
  title: owns(ctx, model.pack) ? t("pack.draft.title", { version: model.pack.version }) : t("pack.draft.local").replace(/…$/, ""),
  intro: owns(ctx, model.pack) ? nothing : html`<p>${t("pack.draft.local.intro")}</p>`, act: t("pack.draft").replace(/…$/, ""),
  fields: [{ id: "note", type: "multiline", label: t("pack.note"), rows: 2 }],
  send: async ({ note }) => {
    const { data } = await api.post(path(model, "drafts"), { note });
    location.hash = `#/packs/${data.id}`;
    return data;
  },
}), "pack.drafted");

const approve = (ctx, model) => step(ctx, model, () => formDialog({
  title: t("pack.approve").replace(/…$/, ""), act: t("pack.approve"), intro: html`<p>${t("pack.approve.intro", numbers(model))}</p>`,
  fields: [{ id: "totp", type: "text", label: t("pack.totp"), required: true, maxLength: 6, help: t("pack.totp.help") }],
  send: ({ totp }) => api.post(path(model, "approval"), { totp }, { etag: model.etag }),
}), "pack.approved");

const numbers = (model) => ({ failing: count(model.rehearsal?.newly_failing ?? 0), passing: count(model.rehearsal?.newly_passing ?? 0),
  records: count(model.rehearsal?.records ?? 0) });

const activate = (ctx, model) => step(ctx, model, () => formDialog({
  title: t(model.pack.state === "superseded" ? "pack.rollback" : "pack.activate").replace(/…$/, ""), kind: "bad",
  act: t(model.pack.state === "superseded" ? "pack.rollback" : "pack.activate"),
  intro: html`<p>${t("pack.activate.intro", numbers(model))}</p>`,
  fields: [
    { id: "reason", type: "multiline", label: t("reason"), required: true, rows: 2 },
    { id: "newly_failing", type: "number", label: t("pack.number"), help: t("pack.number.help") },
    !model.pack.unit && { id: "at", type: "moment", label: t("pack.at"), help: t("pack.at.help") },
  ].filter(Boolean),
  send: ({ reason, newly_failing: failing, at }) => api.post(path(model, "activation"), { reason,
    ...(failing === "" ? {} : { newly_failing: Number(failing) }), ...(at ? { at: fromLocalInput(at) } : {}) }, { etag: model.etag }),
}), "pack.activated");

const withdraw = (ctx, model) => step(ctx, model, () => reasonDialog({
  title: t("pack.withdraw").replace(/…$/, ""), intro: t("pack.withdraw.intro", { unit: model.pack.unit.name }), act: t("pack.withdraw").replace(/…$/, ""),
  send: ({ reason }) => api.post(path(model, "withdrawal"), { reason }, { etag: model.etag }),
}), "act.done");

const decide = (ctx, model, decision) => step(ctx, model, () => reasonDialog({
  title: t(`pack.decide.${decision}`), intro: t(`pack.decide.${decision}.intro`), act: t(`pack.decide.${decision}`),
  send: ({ reason }) => api.post(path(model, "rehearsal/decision"), { decision, reason, ...(model.rule ? { rule: model.rule } : {}) }),
}), "act.done");

const ruleName = (model, id) => {
  if (id.startsWith("required:")) return t("pack.required", { field: id.slice(9) });
  const rule = model.rules.find((r) => r.id === id);
  return rule ? pick(rule.title) : id;
};

/* ---- parts of the page -------------------------------------------------------------------------------------- */

function acts(ctx, model) {
  const { pack } = model;
  if (!drafts(ctx, pack) && !above(ctx, pack)) return nothing;
  const mine = pack.created_by === ctx.session.account.id;
  const open = ["draft", "checked", "rehearsed", "approved"].includes(pack.state);
  const ready = model.rehearsal?.counts_now;
  const can = {
    check: pack.state === "draft" && owns(ctx, pack),
    rehearse: !["draft", "active", "scheduled"].includes(pack.state) && above(ctx, pack),
    approve: pack.state === "rehearsed" && ready && !mine && above(ctx, pack),
    activate: ["approved", "superseded"].includes(pack.state) && ready && above(ctx, pack),
  };
  const most = can.activate ? "activate" : can.approve ? "approve" : can.check ? "check" : "rehearse";
  const button = (name, text, run) => (can[name] ? html`<button class="button ${most === name ? "main" : ""}" type="button" @click=${run}>${text}</button>` : nothing);
  return html`
    ${open && owns(ctx, pack) ? html`<button class="button" type="button" @click=${() => step(ctx, model, () => ruleDialog(model, null), "saved")}>${t("rule.new")}</button>`
    : !open && drafts(ctx, pack) ? html`<button class="button" type="button" @click=${() => draft(ctx, model)}>${t(owns(ctx, pack) ? "pack.draft" : "pack.draft.local")}</button>` : nothing}
    ${pack.unit && pack.active && above(ctx, pack) ? html`<button class="button" type="button" @click=${() => withdraw(ctx, model)}>${t("pack.withdraw")}</button>` : nothing}
    ${button("check", t("pack.check"), () => check(ctx, model))}
    ${button("rehearse", t(model.rehearsal ? "pack.rehearse.again" : "pack.rehearse"), () => rehearse(ctx, model))}
    ${button("approve", t("pack.approve"), () => approve(ctx, model))}
    ${button("activate", t(pack.state === "superseded" ? "pack.rollback" : "pack.activate"), () => activate(ctx, model))}
    ${pack.state === "scheduled" && owns(ctx, pack) ? html`<button class="button" type="button" @click=${() => step(ctx, model, () => api.delete(path(model, "activation"), { etag: model.etag }), "act.done")}>${t("pack.unschedule")}</button>` : nothing}`;
}

/* What has to happen next, in one sentence. */
function next(ctx, model) {
  const { pack } = model;
  if (pack.state === "active" || pack.state === "superseded") return nothing;
  const mine = pack.created_by === ctx.session.account.id;
  const asked = pack.unit ? "rehearsed.mine.local" : "rehearsed.mine";
  const key = pack.state === "rehearsed" ? (!model.rehearsal?.counts_now ? "stale" : mine ? asked : "rehearsed") : pack.state;
  return html`<p class="soft">${t(`pack.next.${key}`, { at: fullTime(pack.activates_at) })}</p>`;
}

/* Who did what to it and when, as the audit has it. */
const SAID = { newly_failing: "pack.failing", newly_passing: "pack.passing", records: "pack.history.records", findings: "pack.findings", reason: "reason", note: "pack.note" };
const said = (row) => Object.entries(SAID).map(([key, name]) => [name, row.changes?.find((c) => c.field === key)?.after])
  .filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => `${t(name)} ${value}`).join("；");
const history = ({ history: rows }) => (!rows.length ? nothing : html`<section class="card"><div class="card-head"><h2>${t("pack.history")}</h2></div>
  ${table([
    { label: t("audit.at"), cell: (r) => fullTime(r.at), kind: "tight" },
    { label: t("audit.actor"), cell: (r) => r.actor?.name || r.actor?.login || t("audit.system") },
    { label: t("audit.action"), cell: (r) => actionWords(r.action), kind: "tight" },
    { label: t("pack.history.said"), cell: said },
  ], rows, { caption: t("pack.history") })}</section>`);

const facts = ({ pack }) => html`<section class="card"><dl class="facts">
  ${pack.unit ? html`<dt>${t("pack.set.by")}</dt><dd>${pack.unit.name}</dd>` : nothing}
  ${pack.note ? html`<dt>${t("pack.note")}</dt><dd>${pack.note}</dd>` : nothing}
  <dt>${t("pack.proposer")}</dt><dd>${pack.proposer || t("pack.byhand")} · ${fullTime(pack.created_at)}</dd>
  ${pack.approved_at ? html`<dt>${t("pack.approver")}</dt><dd>${pack.approver} · ${fullTime(pack.approved_at)}</dd>` : nothing}
  ${pack.activated_at ? html`<dt>${t("pack.activator")}</dt><dd>${pack.activator} · ${fullTime(pack.activated_at)}</dd>` : nothing}
  ${pack.reason ? html`<dt>${t("reason")}</dt><dd>${pack.reason}</dd>` : nothing}
  <dt>${t("submission.digest")}</dt><dd class="long"><span class="small">${pack.digest}</span>
    <a href=${api.href(`/packs/${pack.id}/document`)} download>${t("pack.xml")}</a></dd></dl></section>`;

const differences = ({ diff, pack }) => (diff.with === pack.id ? nothing : html`<section class="card">
  <div class="card-head"><h2>${t(pack.unit && pack.version === "1" ? "pack.diff.local" : "pack.diff", { version: diff.with_version })}</h2></div>
  ${diff.changes.length ? table([
    { label: t("pack.change"), cell: (c) => pick(c) },
    { label: t("pack.before"), cell: (c) => c.details.map((d) => html`<div class="small"><del>${d.before ?? "—"}</del></div>`) },
    { label: t("pack.after"), cell: (c) => c.details.map((d) => html`<div class="small"><ins>${d.after ?? "—"}</ins></div>`) },
  ], diff.changes, { caption: t("pack.diff", { version: diff.with_version }) }) : html`<p class="empty">${t("pack.diff.none")}</p>`}</section>`);

const found = ({ findings }) => (!findings ? nothing : findings.length === 0 ? banner("ok", t("pack.check.fine")) : html`<section class="card">
  <div class="card-head"><h2>${t("pack.findings")}</h2></div>
  ${table([
    { label: t("rule.severity"), cell: (f) => tag(t(`pack.finding.${f.severity}`), f.severity === "error" ? "bad" : "warn") },
    { label: t("pack.finding"), cell: (f) => pick(f) },
    { label: t("rule.id"), cell: (f) => f.rule ?? f.where },
  ], findings, { caption: t("pack.findings") })}</section>`);

const figure = (name, value, note) => html`<div class="card figure"><span class="small soft">${name}</span><strong>${count(value)}</strong>
  ${note ? html`<span class="small soft">${note}</span>` : nothing}</div>`;

function choose(ctx, model, what) {
  Object.assign(model, what);
  loadRecords(model).catch((error) => { model.fault = error; }).then(() => ctx.update());
}

async function compare(ctx, model, record) {
  model.fault = null;
  try {
    model.side = { record, ...(await api.get(path(model, "comparison"), { query: { candidate_id: record.candidate_id } })).data };
  } catch (error) {
    model.fault = error;
  }
  ctx.update();
}

const verdicts = (list) => (list.length ? html`<ul>${list.map((v) => html`<li>${tag(word("rule.severity", v.severity), v.severity === "error" ? "bad" : "warn")}
  ${pick(v)}${v.hint ? html` <span class="small soft">${pick(v.hint)}</span>` : nothing}${why(v)}</li>`)}</ul>` : html`<p>${tag(t("pack.passes"), "ok")}</p>`);

const sideBySide = ({ side, rehearsal }) => (!side || !rehearsal ? nothing : html`<section class="card">
  <div class="card-head"><h2>${side.record.name} ${side.record.number}</h2>${side.record.confirmed ? tag(t("pack.signed"), "") : nothing}</div>
  ${table([
    { label: t("pack.judged.now"), cell: () => verdicts(side.before) },
    { label: t("pack.judged.then"), cell: () => verdicts(side.after) },
  ], [side], { caption: t("pack.compare") })}</section>`);

function results(ctx, model) {
  const { rehearsal: r, job } = model;
  const running = job && ["queued", "running"].includes(job.state);
  if (running) return html`<section class="card"><div class="card-head"><h2>${t("pack.rehearsal.running")}</h2>
    <div class="acts-right"><button class="button" type="button" @click=${() => cancel(ctx, model)}>${t("jobs.cancel")}</button></div></div>
    ${bar([{ value: job.done / (job.total || 1), kind: "a" }], 1, `${job.done}/${job.total}`)}<p class="small soft" role="status">${count(job.done)} / ${count(job.total)}</p></section>`;
  if (!r || r.state !== "done") return nothing;
  const rules = Object.entries(r.rules).sort(([, a], [, b]) => b.failing - a.failing);
  const counties = Object.entries(r.counties).filter(([, c]) => c.failing || c.passing || c.other).sort(([, a], [, b]) => b.failing - a.failing);
  const most = Math.max(1, ...counties.map(([, c]) => c.failing));
  const signed = model.records.filter((one) => one.confirmed).length;
  return html`
    ${r.counts_now ? nothing : banner("warn", t("pack.rehearsal.stale"))}
    ${r.reversed ? banner("warn", t("pack.rehearsal.reversed")) : nothing}
    ${r.remarks.map((one) => banner("warn", t(`pack.remark.${one.code}`, { rule: ruleName(model, one.rule) })))}
    <div class="figures">
      ${figure(t("pack.failing"), r.newly_failing)}${figure(t("pack.passing"), r.newly_passing)}
      ${figure(t("pack.unchanged"), r.unchanged, t("pack.of", { records: count(r.records) }))}${figure(t("pack.other"), r.other, t("pack.other.note"))}</div>
    ${rules.length ? html`<section class="card"><div class="card-head"><h2>${t("pack.byrule")}</h2></div>${table([
      { label: t("rule.title"), cell: ([id]) => html`<button class="link" type="button" @click=${() => choose(ctx, model, { rule: model.rule === id ? "" : id })}>${ruleName(model, id)}</button>`, text: ([id]) => id },
      { label: t("pack.failing"), cell: ([, n]) => count(r.reversed ? n.passing : n.failing), kind: "right" },
      { label: t("pack.passing"), cell: ([, n]) => count(r.reversed ? n.failing : n.passing), kind: "right" },
    ], rules, { caption: t("pack.byrule"), chosen: ([id]) => id === model.rule })}</section>` : nothing}
    ${counties.length && !r.reversed ? html`<section class="card"><div class="card-head"><h2>${t("pack.bycounty")}</h2></div>${table([
      { label: t("pack.county"), cell: ([code]) => model.counties.get(code) ?? code },
      { label: t("pack.failing"), cell: ([, c]) => count(c.failing), kind: "right" },
      { label: t("pack.passing"), cell: ([, c]) => count(c.passing), kind: "right" },
      { label: t("progress.people"), cell: ([, c]) => count(c.records), kind: "right" },
      { label: "", kind: "bar-cell", text: () => "", cell: ([, c]) => bar([{ value: c.failing / most, kind: "d" }], 1, String(c.failing)) },
    ], counties, { caption: t("pack.bycounty") })}</section>` : nothing}
    ${r.reversed ? nothing : html`<section class="card"><div class="card-head"><h2>${t("pack.records")}</h2>
      <div class="acts-right">${["failing", "passing", "other"].map((one) => html`<button class="button" type="button" aria-pressed=${model.outcome === one ? "true" : "false"}
        @click=${() => choose(ctx, model, { outcome: one })}>${t(`pack.${one}`)}</button>`)}</div></div>
      ${model.records.length ? table([
        { label: t("candidate.name"), cell: (one) => html`<a href="#/candidates/${one.candidate_id}">${one.name}</a>`, text: (one) => one.name },
        { label: t("column.number"), cell: (one) => one.number },
        { label: t("column.school"), cell: (one) => one.school },
        { label: t("candidate.state"), cell: (one) => stateTag(one.state), text: (one) => one.state },
        { label: t("pack.signed"), cell: (one) => (one.confirmed ? html`${t("yes")} ${one.decision ? tag(t(`pack.decision.${one.decision}`)) : nothing}` : "") },
        { label: t("pack.rules.by"), cell: (one) => one.rules.map((id) => ruleName(model, id)).join("、") },
        { label: "", kind: "acts-cell", text: () => "", cell: (one) => html`<button class="link" type="button" @click=${() => compare(ctx, model, one)}>${t("pack.compare")}</button>` },
      ], model.records, { caption: t("pack.records") }) : html`<p class="empty">${t("pack.records.none")}</p>`}
      ${model.moreRecords ? html`<p class="small soft">${t("pack.records.first")}</p>` : nothing}
      ${signed && model.outcome === "failing" && may(ctx.session, "pack_decide") ? html`<div class="table-foot"><span>${t("pack.decide")}</span>
        <button class="button" type="button" @click=${() => decide(ctx, model, "keep")}>${t("pack.decide.keep")}</button>
        <button class="button" type="button" @click=${() => decide(ctx, model, "return")}>${t("pack.decide.return")}</button></div>` : nothing}</section>`}`;
}

const stages = (r) => (r.stages ?? []).map((s) => word("stage", s)).join("、");

export function rulesTable(ctx, model, edit) {
  return html`<section class="card"><div class="card-head"><h2>${t("pack.rules", { n: model.rules.length })}</h2></div>
    ${table([
      { label: t("rule.title"), cell: (r) => pick(r.title) },
      { label: t("rule.severity"), cell: (r) => tag(word("rule.severity", r.severity), r.severity === "error" ? "bad" : "warn"), text: (r) => r.severity },
      { label: t("rule.stages"), cell: stages },
      { label: t("rule.message"), cell: (r) => pick(r.message) },
      { label: t("rule.basis"), cell: (r) => html`<span class="small">${pick(r.basis)}</span>`, text: (r) => pick(r.basis) },
      edit && { label: "", kind: "acts-cell", text: () => "", cell: (r) => html`
        <button class="link" type="button" @click=${() => edit(r)}>${t("rule.change")}</button>
        <button class="link" type="button" @click=${() => edit(r, true)}>${t("rule.remove")}</button>` },
    ].filter(Boolean), model.rules, { caption: t("pack.rules", { n: model.rules.length }) })}</section>`;
}

export function render(ctx, model) {
  const { pack } = model;
  const open = owns(ctx, pack) && ["draft", "checked", "rehearsed", "approved"].includes(pack.state);
  const edit = (rule, removed) => step(ctx, model, () => (removed
    ? reasonDialog({ title: t("rule.remove.title", { title: pick(rule.title) }), act: t("rule.remove"), label: t("pack.note"),
      send: ({ reason }) => api.patch(`/packs/${pack.id}`, { remove: [rule.id], note: reason }, { etag: model.etag }) })
    : ruleDialog(model, rule)), "saved");
  return html`<div class="page">
    <div class="page-head"><h1>${packName(pack)} ${t("pack.v", { version: pack.version })}</h1>${packTag(pack)}
      <div class="acts-right"><a class="button" href="#/packs">${t("back")}</a>${acts(ctx, model)}</div></div>
    ${next(ctx, model)}
    ${model.fault ? problem(model.fault) : nothing}
    ${model.leftOut.length ? banner("bad", html`${t(model.pack.active ? "pack.local.left-out" : "pack.local.unfit")} ${model.leftOut.map((one) => html`<br>${pick(one)}`)}`) : nothing}
    ${found(model)}${differences(model)}${results(ctx, model)}${sideBySide(model)}${facts(model)}${history(model)}
    ${may(ctx.session, "pack_judge") ? tryView(ctx, model) : nothing}
    ${rulesTable(ctx, model, open ? edit : null)}
  </div>`;
}
