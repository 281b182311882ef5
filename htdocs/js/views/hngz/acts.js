/* What can be done to a candidate now, by role and state: [{key, text, kind, run}]. Each act says the version it saw; a
 * changed record is shown again with a sentence. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api, newKey, serverNow } from "../../api.js";
import { narrow, shape } from "../../document.js";
import { formDialog, reasonDialog } from "../../form-dialog.js";
import { fullTime, inFours, pick, t, word, yuan } from "../../i18n.js";
import { toast } from "../../parts.js";
import { acted } from "../../waits.js";
import { chooseSides } from "./conflict.js";
import { showCards, showProof } from "./papers.js";

/* Sends one act on the record; afterwards the page is loaded again. When somebody changed the record meanwhile, the page
 * shows it as it is now, and the act can be sent again by one who has looked. */
export async function send(model, method, path, body) {
  await model.busy?.catch(() => {}); // quick hands: the record is still being read after the act before
  try {
    const answer = await api[method](`/candidates/${model.record.id}${path}`, body, { etag: model.etag });
    if (answer.etag && answer.data?.id === model.record.id) model.etag = answer.etag;
    acted();
    return answer.data ?? {};
  } catch (error) {
    if (error.slug === "stale-version") {
      await model.refresh();
      error.detail = t("act.stale");
    }
    throw error;
  }
}

async function finish(model, done, text) {
  if (done === undefined) return;
  toast(text);
  await model.refresh();
}

const ask = (model, title, fields, act, path, body, { kind, intro, done, method = "post" } = {}) => formDialog({
  title, fields, act, kind, intro: intro ? html`<p>${intro}</p>` : nothing,
  send: (values) => send(model, method, path, body(values)),
}).then((result) => finish(model, result, done ?? t("act.done")));

const because = (model, key, path, more = () => ({}), fields = []) => reasonDialog({
  title: t(`act.${key}.title`, { name: model.record.name }), intro: t(`act.${key}.intro`), act: t(`act.${key}`), fields,
  send: ({ reason, ...rest }) => send(model, "post", path, { ...more(rest), reason }),
}).then((result) => finish(model, result, t("act.done")));

async function plain(model, path, body, text) {
  model.problem = null;
  try {
    const data = await send(model, "post", path, body);
    await finish(model, data, text);
    return data;
  } catch (error) {
    model.fail(error);
    return null;
  }
}

function approve(model) {
  return ask(model, t("act.approve.title", { name: model.record.name }), [
    { id: "decision", type: "code", label: t("act.approve.verdict"), required: true, options: [["granted", t("act.approve.grant")], ["refused", t("act.approve.refuse")]] },
    { id: "reason", type: "multiline", label: t("reason"), help: t("act.approve.reason") },
  ], t("act.approve"), "/approval", ({ decision, reason }) => ({ decision, ...(reason ? { reason } : {}) }));
}

/* Card fields as a reader would give them; a gateway fills them in without hands. */
const CARD = ["name", "sex", "nation", "birth", "address", "id_number", "issuer", "valid_from", "valid_to"];

export function cardFields(form) {
  const from = { address: "card_address", issuer: "card_issuer", valid_from: "card_valid_from", valid_to: "card_valid_to" };
  return CARD.map((id) => {
    const field = form.byId.get(from[id] ?? id);
    if (!field) return { id, label: id };
    const drawn = shape(field, { id, required: !["issuer", "valid_from"].includes(id) });
    if (id === "sex") drawn.options = drawn.options.filter(([code]) => code === "1" || code === "2"); // what a card can say
    return drawn;
  });
}

/* Codes stand for their names: the server takes both. */
export function readingBody(values, more) {
  const card = Object.fromEntries(CARD.filter((id) => values[id]).map((id) => [id, narrow(values[id])]));
  return { jti: newKey(), taken_at: new Date(serverNow()).toISOString(), card, ...more };
}

function verify(model) {
  return formDialog({
    title: t("act.verify.title", { name: model.record.name }), wide: true, intro: html`<p class="soft">${t("act.verify.intro")}</p>`,
    fields: cardFields(model.form), act: t("act.verify.do"),
    send: (values) => api.post("/readings", readingBody(values, { purpose: "verify", candidate_id: model.record.id })).then((a) => a.data),
  }).then((result) => finish(model, result, result ? t(`reading.${result.verdict}`) : ""));
}

/* Rules that ask for a person, the mark of a namesake among them: [{rule, text, seen}]. */
export function toLookAt(model) {
  const accepted = model.record.review?.accepted ?? [];
  const hints = model.verdicts.filter((v) => v.severity === "review").map((v) => ({ rule: v.rule, text: pick(v) }));
  if (model.record.twin) hints.unshift({ rule: "twin", text: t("act.review.twin") });
  return hints.map((h) => ({ ...h, seen: accepted.includes(h.rule) }));
}

function review(model) {
  const hints = toLookAt(model);
  const before = (model.record.review?.accepted ?? []).filter((rule) => !hints.some((h) => h.rule === rule));
  const clear = !hints.length && !model.verdicts.some((v) => v.severity === "error" && v.kind !== "required"); // nothing to weigh: Enter passes
  return formDialog({
    title: t("act.review.title", { name: model.record.name }), act: t("act.review"),
    values: { verdict: clear || model.record.parts.review === "passed" ? "pass" : "", ...Object.fromEntries(hints.map((h) => [h.rule, h.seen ? "1" : ""])) },
    fields: [
      { id: "verdict", type: "code", label: t("act.review.verdict"), required: true, options: [["pass", t("act.review.pass")], ["fail", t("act.review.fail")]] },
      ...hints.map((h) => ({ id: h.rule, type: "check", label: t("act.review.accept", { text: h.text }) })),
      { id: "reason", type: "multiline", label: t("reason"), help: t("act.review.reason") },
    ],
    send: (values) => send(model, "post", "/review", {
      verdict: values.verdict,
      ...(values.reason ? { reason: values.reason } : {}),
      accepted: [...before, ...hints.filter((h) => values[h.rule] === "1").map((h) => h.rule)],
    }),
  }).then((result) => finish(model, result, t("act.done")));
}

function edit(model) {
  const role = model.role;
  const fields = [...model.form.byId.values()].filter((f) => f.type !== "rows" && mayEdit(f, role, model.record.state)
    && model.judged.relevant(f));
  const values = Object.fromEntries(fields.map((f) => [f.id, model.record.fields[f.id] ?? ""]));
  return formDialog({
    title: t("act.edit.title", { name: model.record.name }), wide: true, values, act: t("save"),
    fields: [...fields.map((f) => ({ ...shape(f), optional: false, select: true })), { id: "_reason", label: t("reason"), span: true, help: t("act.edit.reason") }],
    send: async ({ _reason, ...given }) => {
      const changed = Object.fromEntries(Object.entries(given).filter(([id, v]) => v !== values[id]).map(([id, v]) => [id, v === "" ? null : narrow(v)]));
      const save = (body) => send(model, "patch", "", { fields: body, ...(_reason ? { reason: _reason } : {}) });
      try {
        return await save(changed);
      } catch (error) {
        if (error.slug !== "stale-version") throw error;
        return saveOver(model, changed, values, save, error);
      }
    },
  }).then((result) => finish(model, result, t("saved")));
}

/* Somebody saved first, and the record is here as it is now: what they left alone is saved as asked, where both changed the same the clerk chooses. */
async function saveOver(model, changed, values, save, error) {
  const now = model.record.fields;
  const both = Object.keys(changed).filter((id) => (now[id] ?? "") !== values[id] && (now[id] ?? null) !== changed[id]);
  const kept = both.length ? await chooseSides(model.form, both, changed, now) : [];
  if (!kept) throw error;
  const rest = Object.fromEntries(Object.entries(changed).filter(([id]) => !both.includes(id) || kept.includes(id)));
  return Object.keys(rest).length ? save(rest) : {};
}

function mayEdit(field, role, state) {
  return (field.edit ?? []).some((e) => e.role === role && (e.stage === "any" || e.stage === state
    || (e.stage === "entry" && ["waiting", "allocated"].includes(state))));
}

/* The reading that a confirmation may stand on: after the printing, equal or decided. */
const freshReading = (model) => model.readings.find((r) => ["verified", "decided", "identified"].includes(r.verdict)
  && (!model.proof?.printed_at || r.taken_at >= model.proof.printed_at || r.received_at >= model.proof.printed_at));

async function confirmIt(model) {
  const reading = freshReading(model);
  await plain(model, "/confirmation", { proof_version: model.record.proof_version, ...(reading ? { reading_id: reading.id } : { papers_seen: true }) },
    t("act.confirm.done", { name: model.record.name }));
}

async function proof(model) {
  const data = await plain(model, "/proof", {}, t("act.proof.done"));
  if (data) showProof(data, model.record);
}

async function cards(model) {
  try {
    const { data } = await api.post("/candidates/cards", { ids: [model.record.id] });
    await model.refresh();
    showCards(data.items);
  } catch (error) {
    model.fail(error);
  }
}

/* Somebody who has signed in already may only have mislaid the card: their own password dies too, so it is asked (PE-6). */
async function renew(model) {
  const used = Boolean(model.record.login?.own_password || model.record.login?.signed_in_at);
  const data = await formDialog({
    title: t("act.renew.title", { name: model.record.name }), act: t("act.renew"), kind: "bad",
    intro: html`<p>${t("act.renew.intro")}</p>${used ? html`<p><strong>${t("act.renew.used", { at: fullTime(model.record.login.signed_in_at) })}</strong></p>` : nothing}`,
    fields: [{ id: "card_seen", type: "check", label: t("act.renew.seen") }, used && { id: "used", type: "check", required: true, label: t("act.renew.sure") }],
    send: (values) => send(model, "post", "/new-slip", { card_seen: values.card_seen === "1", ...(used ? { used: values.used === "1" } : {}) }),
  });
  if (!data) return;
  await model.refresh();
  showCards([data]);
}

const BACK = ["filling", "reviewed", "card_printed", "identified"];

/* key: the keyboard letter on the desk; main: the act of this state. */
export function actsOf(model, session) {
  const { record } = model;
  const can = (action) => may(session, action, record.state);
  const paid = record.parts.fee === "paid";
  const lacking = (model.papers ?? []).filter((p) => p.required && !p.seen);
  const list = [
    can("candidate_approve") && { id: "approve", main: true, run: () => approve(model) },
    can("card_print") && { id: "cards", main: record.state === "identified", run: () => cards(model) },
    can("papers_write") && lacking.length && { id: "papers", run: () => putPapers(model, lacking.map((p) => ({ id: p.id, seen: true }))) },
    can("fee_write") && !paid && { id: "fee", main: record.state === "card_printed", run: () => ask(model, t("act.fee.title", { name: record.name }),
      [{ id: "receipt", label: t("act.fee.receipt"), required: true, help: t("act.fee.help") }], t("act.fee"), "/fee", ({ receipt }) => ({ receipt: receipt.trim() }),
      { intro: model.fee?.amount_fen ? t("act.fee.due", { sum: yuan(model.fee.amount_fen) }) : "" }) },
    can("review_write") && { id: "review", main: record.state === "card_printed" && paid, run: () => review(model) },
    can("proof_print") && { id: "proof", main: record.state === "filling", run: () => proof(model) },
    can("confirm") && !freshReading(model) && { id: "verify", main: true, run: () => verify(model) },
    can("confirm") && { id: "confirm", main: Boolean(freshReading(model)), run: () => confirmIt(model) },
    can("identity_decide") && !can("confirm") && { id: "verify", main: ["allocated"].includes(record.state), run: () => verify(model) },
    can("candidate_edit") && { id: "edit", run: () => edit(model) },
    can("slip_renew") && { id: "renew", run: () => renew(model) },
    can("correct") && { id: "correct", bad: true, run: () => because(model, "correct", "/correction") },
    can("fee_cancel") && paid && { id: "feeCancel", bad: true, run: () => because(model, "feeCancel", "/fee/cancel") },
    can("return_state") && { id: "return", bad: true, run: () => because(model, "return", "/return", ({ to }) => ({ to }), [
      { id: "to", type: "code", required: true, select: true, label: t("act.return.to"),
        options: BACK.slice(Math.max(0, BACK.indexOf(record.state) + 1)).map((s) => [s, word("state", s)]) }]) },
    can("withdraw") && { id: "withdraw", bad: true, run: () => because(model, "withdraw", "/withdrawal") },
  ];
  return list.filter(Boolean).sort((a, b) => Number(Boolean(b.main)) - Number(Boolean(a.main)));
}

export async function decide(model, reading, accept, ctx) {
  await formDialog({
    title: t("act.decide.title", { name: model.record.name, number: inFours(model.record.number) }), act: t("act.decide"),
    intro: html`<p>${t(accept.length ? "act.decide.take" : "act.decide.keep")}</p>`,
    fields: [{ id: "reason", type: "multiline", label: t("reason"), required: true, help: t("reason.help") }],
    send: ({ reason }) => send(model, "post", "/identity", { reading_id: reading.id, accept, reason }),
  }).then((result) => finish(model, result, t("act.done")));
  ctx.update();
}

export async function putPapers(model, items) {
  try {
    await send(model, "put", "/papers", { items });
    await model.refresh();
  } catch (error) {
    model.fail(error);
  }
}
