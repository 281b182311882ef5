/* Home: one thing to do now, the time left, the way of one's registration in steps. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { judge, label, missing } from "../../document.js";
import { dayTime, inFours, pick, t } from "../../i18n.js";
import { banner, bar, tag, until } from "../../parts.js";
import { noticeList } from "../notice-list.js";
import { dropOwnPhoto, loadOwnPhoto, photoCard } from "./photo-card.js";
import { mayFill, openOwn, windowOf } from "./own.js";

const ORDER = ["waiting", "allocated", "identified", "card_printed", "reviewed", "filling", "proofed", "confirmed", "submitted", "accepted"];

export async function load(ctx) {
  const [own, photo, verdicts, notices] = await Promise.all([
    openOwn(ctx),
    loadOwnPhoto(),
    api.get("/me/verdicts").then(({ data }) => data.verdicts, () => null),
    api.get("/notices", { query: { limit: 5 } }).then(({ data }) => data.items, () => []),
  ]);
  if (verdicts) own.verdicts = verdicts; // by the rules of now, whatever they were when it was saved
  return { own, notices, photo };
}

export const title = () => t("home.title");
export const leave = (ctx, { photo }) => dropOwnPhoto(photo);

/* Entries of this section that the server did not take. */
const refused = (own, section) => [...own.faults.keys()].filter((name) => section.fields.some((f) => f.id === name.split("/")[0])).length;

/* Sections the candidate fills in: {section, missing: [...], refused: n} */
export function tasks(own) {
  const judged = judge(own.form, own.fields);
  return own.form.sections
    .filter((section) => section.fields.some((f) => f.editable !== false && judged.relevant(f)))
    .map((section) => ({ section, missing: missing(section, own.fields, judged), refused: refused(own, section) }));
}

const place = (record) => record.org?.name ?? "";

/* The steps by the names that announcements of the province have. */
function steps(own, ctx) {
  const { record } = own;
  const at = ORDER.indexOf(record.state);
  const reached = (state) => at >= ORDER.indexOf(state);
  const filled = tasks(own).every((task) => !task.missing.length && !task.refused);
  const failed = record.parts?.review === "failed";
  const fill = windowOf(ctx, "fill");
  const confirm = windowOf(ctx, "confirm");
  const rows = [
    { name: t("step.identity"), done: reached("identified"), text: place(record) },
    { name: t(failed ? "step.review.failed" : "step.review"), done: reached("reviewed"), stopped: failed,
      text: failed ? t("step.review.failed.text", { place: place(record) }) : t("step.review.text") },
    { name: t("step.read"), done: reached("proofed") || Boolean(record.pledged_at), text: t("step.read.text") },
    { name: t("step.fill"), done: reached("proofed") || (Boolean(record.pledged_at) && filled),
      text: fill?.closes_at ? t("step.fill.text", { end: dayTime(fill.closes_at) }) : "" },
    { name: t("step.confirm"), done: reached("confirmed"),
      text: confirm?.closes_at ? t("step.confirm.text", { place: place(record), from: dayTime(confirm.opens_at), to: dayTime(confirm.closes_at) })
        : t("step.confirm.plain", { place: place(record) }) },
    { name: t("step.submit"), done: reached("submitted"),
      text: record.candidate_number ? t("step.submit.number", { number: record.candidate_number }) : t("step.submit.text") },
  ];
  const now = rows.findIndex((row) => !row.done);
  return html`<section class="card"><h2>${t("home.steps")}</h2>
    <ol class="steps">${rows.map((row, i) => {
      const kind = row.stopped ? "stopped" : row.done ? "done" : i === now ? "now-step" : "";
      return html`<li class=${kind} aria-current=${i === now ? "step" : nothing}>
        <span class="name">${row.name}<span class="unseen"> ${t(row.done ? "step.done" : i === now ? "step.now" : "step.later")}</span></span>
        ${row.text ? html`<p>${row.text}</p>` : nothing}</li>`;
    })}</ol></section>`;
}

function now(own, ctx) {
  const { record } = own;
  const fill = windowOf(ctx, "fill");
  if (record.state === "withdrawn") return banner("bad", t("home.withdrawn", { place: place(record) }));
  if (!mayFill(own)) {
    const key = ["submitted", "accepted", "confirmed"].includes(record.state) ? `home.${record.state}` : "home.before";
    return html`<section class="card now"><h2>${t(`${key}.title`)}</h2><p>${t(`${key}.text`, { place: place(record) })}</p>
      ${key === "home.before" ? nothing : html`<a class="button wide" href="#/check">${t("home.look")}</a>`}</section>`;
  }
  if (fill && !fill.open) {
    return html`<section class="card now"><h2>${t(fill.state === "after" ? "home.closed.title" : "home.early.title")}</h2>
      <p>${fill.state === "after" ? t("home.closed.text", { end: dayTime(fill.closes_at), place: place(record) })
        : t("home.early.text", { start: dayTime(fill.opens_at) })}</p>
      <a class="button wide" href="#/check">${t("home.look")}</a></section>`;
  }
  if (!record.pledged_at) {
    return html`<section class="card now"><h2>${t("home.pledge.title")}</h2><p>${t("home.pledge.text")}</p>
      <a class="button main wide" href="#/pledge">${t("home.pledge.do")}</a></section>`;
  }
  const list = tasks(own);
  const done = list.filter((task) => !task.missing.length && !task.refused).length;
  const next = list.find((task) => task.missing.length || task.refused);
  if (next) {
    return html`<section class="card now"><h2>${t("home.fill.title")}</h2>
      <p>${t("home.fill.text", { n: list.length, done })}</p>
      ${bar([{ value: done, kind: "a" }], list.length, t("home.fill.bar", { n: list.length, done }))}
      <a class="button main wide" href="#/form/${next.section.id}">${t(done ? "home.fill.go" : "home.fill.start", { name: label(next.section) })}</a>
    </section>`;
  }
  return html`<section class="card now"><h2>${t("home.ready.title")}</h2>
    <p>${t(record.state === "proofed" ? "home.proofed.text" : "home.ready.text", { place: place(record) })}</p>
    <a class="button main wide" href="#/check">${t("home.ready.do")}</a></section>`;
}

/* What does not meet the rules that are in force now, also where nothing was changed since. */
function unmet(own) {
  const list = mayFill(own) ? own.verdicts.filter((v) => v.severity === "error" && v.kind === "rule") : [];
  if (!list.length) return nothing;
  return html`<section class="card"><h2>${t("home.unmet.title", { n: list.length })}</h2>
    <ul class="plain">${list.map((v) => html`<li>${banner("bad", html`${pick(v)} ${pick(v.hint)}`)}</li>`)}</ul>
    <a class="button wide" href="#/check">${t("home.unmet.do")}</a></section>`;
}

function clock(ctx) {
  const fill = windowOf(ctx, "fill");
  if (!fill?.closes_at || fill.state === "after") return nothing;
  const target = fill.open ? fill.closes_at : fill.opens_at;
  return html`<section class="card clock" @over=${() => ctx.reload()}>
    <div><span class="soft">${t(fill.open ? "clock.closes" : "clock.opens", { at: dayTime(target) })}</span>
      <strong>${t("clock.left")} ${until(target)}</strong></div>
    ${fill.open ? tag(t("clock.open"), "ok") : tag(t("clock.notOpen"), "warn")}
  </section>`;
}

export function render(ctx, { own, notices, photo }) {
  const { record } = own;
  const showTasks = mayFill(own) && record.pledged_at;
  return html`<div class="page">
    <div class="page-head">
      <p class="soft">${t("number")} <span class="number">${inFours(record.number)}</span></p>
      <h1>${t("home.hello", { name: record.name })}</h1>
    </div>
    ${record.returned ? banner("warn", t("home.returned", { reason: record.returned.reason, place: place(record) })) : nothing}
    ${now(own, ctx)}
    ${unmet(own)}
    ${clock(ctx)}
    ${showTasks ? html`<section class="card"><h2>${t("home.sections")}</h2>
      <ul class="tasks">${tasks(own).map(({ section, missing: gaps, refused: n }) => html`<li><a href="#/form/${section.id}"><span>${label(section)}</span>
        ${n ? tag(t("save.faults", { n }), "bad") : gaps.length ? tag(t("home.gaps", { n: gaps.length }), "warn") : tag(t("home.complete"), "ok")}</a></li>`)}
        <li><a href="#/check"><span>${t("check.title")}</span></a></li></ul></section>` : nothing}
    ${photoCard(photo, place(record))}
    ${steps(own, ctx)}
    ${notices.length ? html`<section class="card"><h2>${t("notices")}</h2>${noticeList(notices)}</section>` : nothing}
    <p class="soft small">${pick(ctx.season?.title ?? ctx.season?.name)} · <a href="#/receipt">${t("receipt.title")}</a> · <a href="#/password">${t("password.title")}</a> · <a href="#/sessions">${t("sessions.title")}</a></p>
  </div>`;
}
