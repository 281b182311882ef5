/* Many photos at once: files, a folder or a ZIP, named by registration or ID number. Files are put into a ZIP here; the server opens it
 * in a job, checks every picture and shows the table; what was seen is kept by a second one. Both go on when the page is left, and what
 * was checked can be taken up again for a day. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { pick, t, word } from "../../i18n.js";
import { bar, problem, tag } from "../../parts.js";
import { PHOTO_KIND, sha256, SEVERITY } from "../../photo.js";
import { acted } from "../../waits.js";
import { isPicture, isZip, openZip, packZips, ZipError } from "../../zip.js";

const ASK_EVERY_MS = 700;
const SENT_AT_ONCE = 32_000_000; // what the server takes; a larger ZIP is opened here and sent in pieces

export async function load() {
  const model = { rows: [], doing: null, done: 0, of: 0, job: null, problem: null, run: null, finished: null, earlier: null };
  const { data } = await api.get("/jobs", { query: { limit: 50 } });
  const kept = new Set(data.items.filter((j) => j.kind === "photo_keep").map((j) => j.args.job));
  model.earlier = data.items.find((j) => j.kind === "photo_check" && (["queued", "running"].includes(j.state) || j.result?.file) && !kept.has(j.id)) ?? null;
  return model;
}

export const title = () => t("import.title");
export const leave = (ctx, model) => { model.run = null; };

/* What is sent: archives that are small enough as they are, everything else packed anew. */
async function collect(list) {
  const archives = [];
  const pictures = [];
  for (const file of list) {
    if (isZip(file) && file.size <= SENT_AT_ONCE) archives.push(file);
    else if (isZip(file)) for (const entry of await openZip(file)) pictures.push({ name: entry.name ?? "?", blob: await entry.file() });
    else if (isPicture(file)) pictures.push({ name: file.name, blob: file });
  }
  return [...archives, ...(await packZips(pictures))];
}

/* Stays with a job until it is over; null when it was stopped, or the page left. `run` is what is going on: model.run while it is. */
async function follow(ctx, model, run, job, doing) {
  let now = job;
  model.job = job;
  while (["queued", "running"].includes(now.state)) {
    Object.assign(model, { doing, done: now.done ?? 0, of: now.total || 0 });
    ctx.update();
    await new Promise((done) => { setTimeout(done, ASK_EVERY_MS); });
    if (model.run !== run) return null;
    now = (await api.get(`/jobs/${job.id}`)).data;
  }
  model.job = null;
  if (now.state !== "done") throw { title: pick(now.error) || word("job.state", now.state) };
  return now;
}

const rowsOf = async (job) => (await api.get(`/jobs/${job.id}/result`)).data.rows;

async function seen(ctx, model, run, job) {
  const done = await follow(ctx, model, run, job, "import.checking");
  const rows = done ? await rowsOf(done) : [];
  if (model.run !== run) return;
  model.rows.push(...rows.map((row) => ({ ...row, job: job.id, chosen: row.keepable, kept: null })));
}

async function working(ctx, model, work) {
  const run = {};
  Object.assign(model, { problem: null, finished: null, earlier: null, run });
  try {
    await work(run);
  } catch (error) {
    if (model.run === run) model.problem = error instanceof ZipError ? { title: t("import.zip", { why: t(`import.zip.${error.message}`) }) } : error;
  }
  if (model.run !== run) return; // stopped, and perhaps something else begun
  Object.assign(model, { doing: null, job: null, run: null });
  ctx.update();
}

const choose = (ctx, model, event) => {
  const list = [...event.target.files];
  event.target.value = "";
  model.rows = [];
  return working(ctx, model, async (run) => {
    Object.assign(model, { doing: "import.packing", done: 0, of: 0 });
    ctx.update();
    const archives = await collect(list);
    if (!archives.length) throw { title: t("import.none") };
    for (const archive of archives) {
      if (model.run !== run) return;
      Object.assign(model, { doing: "import.sending", done: 0, of: 0 });
      ctx.update();
      const { data } = await api.post("/photos/imports", undefined, { raw: archive, type: "application/zip", query: { sha256: await sha256(archive) } });
      if (model.run !== run) { // stopped while it was on its way
        await api.post(`/jobs/${data.id}/cancel`, {}).catch(() => {});
        return;
      }
      await seen(ctx, model, run, data);
    }
  });
};

const again = (ctx, model) => {
  const job = model.earlier;
  model.rows = [];
  return working(ctx, model, (run) => seen(ctx, model, run, job));
};

const keepable = (model) => model.rows.filter((row) => row.keepable && row.chosen && !row.kept);

const keep = (ctx, model) => working(ctx, model, async (run) => {
  const jobs = [...new Set(keepable(model).map((row) => row.job))];
  for (const id of jobs) {
    const mine = model.rows.filter((row) => row.job === id);
    const { data } = await api.post(`/jobs/${id}/photos`, { leave_out: mine.filter((row) => row.keepable && !row.chosen).map((row) => row.n) });
    const done = await follow(ctx, model, run, data, "import.storing");
    if (!done) return;
    for (const one of await rowsOf(done)) {
      const row = mine.find((other) => other.n === one.n);
      Object.assign(row, { kept: one.state, fault: one.fault });
    }
  }
  model.finished = { n: model.rows.filter((row) => row.kept).length, bad: model.rows.filter((row) => !row.kept).length };
  acted();
});

async function stop(ctx, model) {
  model.run = null;
  const { job } = model;
  Object.assign(model, { doing: null, job: null });
  ctx.update();
  if (job) await api.post(`/jobs/${job.id}/cancel`, {}).catch(() => {});
}

function result(row) {
  if (row.kept) return tag(t(`photo.state.${row.kept}`), PHOTO_KIND[row.kept] ?? "ok");
  if (row.fault) return html`${tag(t("import.fault"), "bad")} ${pick(row.fault)}${row.findings?.[0] ? html` <span class="soft">${pick(row.findings[0])}</span>` : nothing}`;
  const first = row.findings?.[0];
  const helped = row.verdict === "block" && row.becomes === "look";
  return html`${tag(t(`photo.severity.${helped ? "look" : row.verdict}`), helped ? "warn" : SEVERITY[row.verdict])}
    ${helped ? t("photo.cropHelps") : first ? html`${pick(first)} <span class="soft">${pick(first.remedy) ?? ""}</span>` : nothing}
    ${row.photo_state === "accepted" ? html` <span class="soft">${t("import.replaces")}</span>` : nothing}`;
}

const box = (ctx, model, row) => (row.keepable && !row.kept && !row.fault ? html`<input type="checkbox" .checked=${row.chosen} ?disabled=${Boolean(model.doing)}
  aria-label=${t("import.choose", { name: row.candidate.name })} @change=${(e) => { row.chosen = e.target.checked; ctx.update(); }}>` : nothing);

const table = (ctx, model) => html`<section class="card"><div class="scroll"><table class="table"><thead><tr><th scope="col"><span class="unseen">${t("import.keep")}</span></th>
  <th scope="col">${t("import.name")}</th><th scope="col">${t("import.candidate")}</th><th scope="col">${t("import.result")}</th></tr></thead>
  <tbody>${model.rows.map((row) => html`<tr><td>${box(ctx, model, row)}</td><th scope="row">${row.name ?? "?"}</th>
    <td>${row.candidate ? html`<a href="#/candidates/${row.candidate.id}/photo">${row.candidate.name}</a> <span class="soft">${row.candidate.number}</span>` : "—"}</td>
    <td>${result(row)}</td></tr>`)}</tbody></table></div></section>`;

export function render(ctx, model) {
  const ready = keepable(model);
  const says = model.doing ? t(model.doing, { n: model.done, of: model.of || "…" }) : "";
  const bad = model.rows.filter((row) => !row.keepable).length;
  return html`<div class="page"><div class="page-head"><h1>${t("import.title")}</h1></div>
    <p class="soft">${t("import.help")}</p>
    ${model.problem ? problem(model.problem) : nothing}
    <div class="form-acts">
      <label class="button main">${t("import.files")}<input class="unseen" type="file" multiple accept=".jpg,.jpeg,.png,.zip" ?disabled=${Boolean(model.doing)} @change=${(e) => choose(ctx, model, e)}></label>
      <label class="button">${t("import.folder")}<input class="unseen" type="file" webkitdirectory ?disabled=${Boolean(model.doing)} @change=${(e) => choose(ctx, model, e)}></label>
      ${model.earlier && !model.doing ? html`<button class="button" type="button" @click=${() => again(ctx, model)}>${t("import.earlier")}</button>` : nothing}
      ${ready.length && !model.doing ? html`<button class="button main" type="button" @click=${() => keep(ctx, model)}>${t("import.store", { n: ready.length })}</button>` : nothing}
      ${model.doing ? html`<button class="button" type="button" @click=${() => stop(ctx, model)}>${t("import.stop")}</button>` : nothing}
    </div>
    ${model.doing ? html`<p role="status">${says}</p>${bar([{ value: model.done, kind: "a" }], model.of || 1, says)}` : nothing}
    ${model.finished ? html`<p role="status"><strong>${t("import.done", model.finished)}</strong></p>`
      : model.rows.length && !model.doing ? html`<p role="status">${t("import.seen", { n: model.rows.length, good: model.rows.length - bad, bad })}</p>` : nothing}
    ${model.rows.length ? table(ctx, model) : nothing}
  </div>`;
}
