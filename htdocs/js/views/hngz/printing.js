/* Papers from the console: one paper opens in a tab of its own; many are a job whose progress is shown, whose pages can be
 * printed again, and which says who was left out. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { count, pick, t, word } from "../../i18n.js";
import { bar, dialog, dialogFrame, icon, problem } from "../../parts.js";

const ASK_EVERY_MS = 700;

/* A PDF in a new tab; where the browser keeps tabs shut, it is saved. */
function show(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.target = "_blank";
  link.rel = "noopener";
  if (!navigator.pdfViewerEnabled) link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/* A character that no font has: the clerk decides whether a box stands in its place. Resolves to false when not. */
const boxInstead = (error) => formDialog({
  title: t("paper.glyph.title"), intro: html`<p>${error.detail}</p><p class="soft">${t("paper.glyph.intro")}</p>`, fields: [], act: t("paper.glyph.box"),
  send: async () => true,
});

/* One paper: path below /api/v1, "/candidates/7/papers/proof.pdf". Faults are thrown as ApiError. */
export async function openPaper(path, query = {}) {
  try {
    const { data } = await api.get(path, { query, way: "blob" });
    show(data, path.split("/").pop());
  } catch (error) {
    if (error.slug !== "glyph-missing" || !(await boxInstead(error))) throw error;
    const { data } = await api.get(path, { query: { ...query, missing: "box" }, way: "blob" });
    show(data, path.split("/").pop());
  }
}

/* Who was left out of a print, with the reason; many with one reason are counted. */
export const leftOut = (result) => {
  if (!result?.skipped?.length) return nothing;
  const reasons = new Map();
  for (const one of result.skipped) {
    const why = pick(one);
    reasons.set(why, [...(reasons.get(why) ?? []), one]);
  }
  return html`<div class="banner warn" role="alert">${icon("alert")}<div class="grow"><p><strong>${t("paper.leftOut", { n: result.skipped_count })}</strong></p>
    <ul>${[...reasons].map(([why, people]) => html`<li>${why}${people.some((p) => p.number) ? html`<br><span class="small">${people.map((p, i) => html`${i ? "、" : ""}<a
      href="#/candidates/${p.id}">${p.number ?? p.id}</a>`)}</span>` : nothing}</li>`)}</ul></div></div>`;
};

const over = (job) => !["queued", "running"].includes(job.state);

/* What the window of a job says when there is something to fetch. */
const PAPER = {
  done: (job) => (job.result.file ? t("paper.done", { people: count(job.result.people), pages: count(job.result.pages) }) : t("paper.nobody")),
  keeps: () => t("paper.keeps"),
  button: (job, fetch) => html`<button class="button main" type="button" data-first @click=${fetch}>${icon("print")} ${t("paper.open")}</button>`,
};

/* Starts a job and stays with it. Resolves when the dialog is closed; the job goes on without it. */
export async function printJob(kind, args, words = PAPER) {
  const { data } = await api.post("/jobs", { kind, args });
  let job = data;
  let fault = null;
  let timer = 0;
  await dialog((handle) => {
    const follow = async () => {
      try {
        job = (await api.get(`/jobs/${job.id}`)).data;
      } catch (error) {
        fault = error;
      }
      if (!handle.box.isConnected) return;
      handle.update();
      if (!over(job) && !fault) timer = setTimeout(follow, ASK_EVERY_MS);
    };
    if (!timer) timer = setTimeout(follow, 200);
    const fetch = async () => {
      try {
        const file = await api.get(`/jobs/${job.id}/result`, { way: "blob" });
        show(file.data, job.result.name);
      } catch (error) {
        fault = error;
        handle.update();
      }
    };
    const done = job.state === "done";
    return dialogFrame(handle, word("job.kind", kind), html`
      ${fault ? problem(fault) : nothing}
      ${over(job) ? nothing : html`<p role="status">${t(job.state === "queued" ? "paper.waits" : "paper.works", { done: count(job.done), total: count(job.total) })}</p>
        ${bar([{ value: job.done ?? 0, kind: "a" }], job.total || 1, `${job.done}/${job.total}`)}`}
      ${done ? html`<p role="status">${words.done(job)}</p>
        ${job.result.file ? html`<p class="soft">${words.keeps()}</p>` : nothing}${leftOut(job.result)}` : nothing}
      ${["failed", "cancelled"].includes(job.state) ? html`<div class="banner bad" role="alert">${icon("alert")}<div class="grow">${pick(job.error) || word("job.state", job.state)}</div></div>` : nothing}`,
    html`<button class="button" type="button" @click=${() => handle.close()}>${t(over(job) ? "close" : "paper.later")}</button>
      ${done && job.result.file ? words.button(job, fetch) : nothing}`);
  });
  clearTimeout(timer);
}

/* Pages of a job that is done, once more: a printer jams. */
export const pagesAgain = (job) => formDialog({
  title: t("paper.again.title", { kind: word("job.kind", job.kind) }), act: t("paper.again.do"), intro: html`<p class="soft">${t("paper.again.intro", { pages: job.result.pages })}</p>`,
  values: { first: "1", last: String(job.result.pages) },
  fields: [{ id: "first", label: t("paper.again.first"), required: true, pattern: "digits" }, { id: "last", label: t("paper.again.last"), required: true, pattern: "digits" }],
  send: async ({ first, last }) => ({ job: job.id, first_page: Number(first), last_page: Number(last) }),
}).then((args) => (args ? printJob(job.kind, args) : null));

/* What a role prints for many. */
const KINDS = { point: ["print_cards", "print_login_sheet", "print_proofs", "print_forms", "print_roster"], county: ["print_roster"] };
export const printsMany = (session) => KINDS[session.account.role] ?? [];

/* Which paper, for whom, on what. */
export async function printMany(session, given = {}) {
  const kinds = printsMany(session);
  const args = await formDialog({
    title: t("paper.many.title"), act: t("paper.many.do"), intro: html`<p class="soft">${t("paper.many.intro")}</p>`,
    values: { kind: kinds[0], paper: "a4", ...given },
    fields: [
      { id: "kind", type: "code", select: true, plainEmpty: false, required: true, label: t("paper.kind"), options: kinds.map((k) => [k, word("job.kind", k)]) },
      { id: "class", label: t("candidate.class") },
      { id: "from", label: t("paper.from") },
      { id: "to", label: t("paper.to") },
      { id: "paper", type: "code", select: true, plainEmpty: false, label: t("paper.size"), options: [["a4", "A4"], ["letter", t("paper.letter")]] },
    ],
    send: async (values) => {
      const digits = (text) => text.replace(/\s+/g, "");
      return { kind: values.kind, args: Object.fromEntries(Object.entries({ class: values.class.trim(), from: digits(values.from), to: digits(values.to),
        paper: values.paper === "letter" ? "letter" : "" }).filter(([, v]) => v)) };
    },
  });
  if (args) await printJob(args.kind, args.args);
  return Boolean(args);
}
