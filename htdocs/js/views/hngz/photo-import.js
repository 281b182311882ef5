/* Many photos at once: files, a folder or a ZIP, named by registration or ID number. Each is checked by the server and shown
 * before anything is kept; then each is kept like one that was sent alone, so that a line that breaks costs nothing. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { pick, t } from "../../i18n.js";
import { bar, problem, tag } from "../../parts.js";
import { findings, PHOTO_KIND, sendPhoto, SEVERITY, sha256 } from "../../photo.js";
import { acted } from "../../waits.js";
import { isPicture, isZip, openZip, ZipError } from "../../zip.js";

export async function load() {
  return { rows: [], doing: null, done: 0, problem: null, stopped: false, finished: null };
}

export const title = () => t("import.title");
export const leave = (ctx, model) => { model.stopped = true; };

async function collect(list) {
  const rows = [];
  for (const file of list) {
    if (isZip(file)) {
      for (const entry of await openZip(file)) rows.push({ name: entry.name ?? "?", file: entry.file, fault: entry.name === null ? t("import.unknown") : null });
    } else if (isPicture(file)) {
      rows.push({ name: file.name, file: async () => file });
    }
  }
  return rows;
}

async function check(model, row) {
  try {
    const blob = await row.file();
    const { data } = await api.post("/photos/preview", undefined, { raw: blob, type: "application/octet-stream", query: { name: row.name, sha256: await sha256(blob) } });
    row.seen = data;
    if (!data.candidate) row.fault = t("import.unknown");
    else if (!data.open) row.fault = t("error.http", { status: 409 });
    else if (model.rows.some((other) => other !== row && other.seen?.candidate?.id === data.candidate.id && !other.fault)) row.fault = t("import.twice");
  } catch (error) {
    row.fault = error instanceof ZipError ? t("import.zip", { why: t(`import.zip.${error.message}`) }) : (error.detail || error.title || String(error));
  }
}

async function store(row) {
  try {
    const { etag } = await api.get(`/candidates/${row.seen.candidate.id}/photo`);
    const { data } = await sendPhoto(row.seen.candidate.id, etag, await row.file(), "upload");
    row.kept = data.photo.state;
  } catch (error) {
    row.fault = error.detail || error.title || String(error);
  }
}

/* Two at a time: as many as the server's workers on a small machine. */
async function each(ctx, model, rows, doing, work) {
  const queue = [...rows];
  Object.assign(model, { doing, done: 0, of: rows.length, stopped: false });
  const lane = async () => {
    while (queue.length && !model.stopped) {
      await work(queue.shift());
      model.done += 1;
      ctx.update();
    }
  };
  await Promise.all([lane(), lane()]);
  model.doing = null;
  ctx.update();
}

async function choose(ctx, model, event) {
  const list = [...event.target.files];
  event.target.value = "";
  model.problem = null;
  model.finished = null;
  try {
    model.rows = await collect(list);
    if (!model.rows.length) model.problem = { title: t("import.none") };
  } catch (error) {
    model.rows = [];
    model.problem = { title: error instanceof ZipError ? t("import.zip", { why: t(`import.zip.${error.message}`) }) : String(error) };
  }
  ctx.update();
  await each(ctx, model, model.rows.filter((r) => !r.fault), "import.checking", (row) => check(model, row));
}

const keepable = (model) => model.rows.filter((r) => !r.fault && !r.kept && r.seen?.becomes && r.seen.becomes !== "refused");

async function keep(ctx, model) {
  const rows = keepable(model);
  await each(ctx, model, rows, "import.storing", store);
  model.finished = { n: rows.filter((r) => r.kept).length, bad: model.rows.filter((r) => !r.kept).length };
  acted();
  ctx.update();
}

function result(row) {
  if (row.kept) return tag(t(`photo.state.${row.kept}`), PHOTO_KIND[row.kept] ?? "ok");
  if (row.fault) return html`${tag(t("import.fault"), "bad")} ${row.fault}`;
  if (!row.seen) return "";
  const first = findings({ report: row.seen })[0];
  return html`${tag(t(`photo.severity.${row.seen.verdict === "block" && row.seen.becomes === "look" ? "look" : row.seen.verdict}`), SEVERITY[row.seen.verdict])}
    ${row.seen.becomes === "look" && row.seen.verdict === "block" ? t("photo.cropHelps") : first ? pick(first) : nothing}`;
}

export function render(ctx, model) {
  const ready = keepable(model);
  return html`<div class="page"><div class="page-head"><h1>${t("import.title")}</h1></div>
    <p class="soft">${t("import.help")}</p>
    ${model.problem ? problem(model.problem) : nothing}
    <div class="form-acts">
      <label class="button main">${t("import.files")}<input class="unseen" type="file" multiple accept=".jpg,.jpeg,.png,.zip" ?disabled=${Boolean(model.doing)} @change=${(e) => choose(ctx, model, e)}></label>
      <label class="button">${t("import.folder")}<input class="unseen" type="file" webkitdirectory ?disabled=${Boolean(model.doing)} @change=${(e) => choose(ctx, model, e)}></label>
      ${ready.length && !model.doing ? html`<button class="button main" type="button" @click=${() => keep(ctx, model)}>${t("import.store", { n: ready.length })}</button>` : nothing}
      ${model.doing ? html`<button class="button" type="button" @click=${() => { model.stopped = true; }}>${t("import.stop")}</button>` : nothing}
    </div>
    ${model.doing ? html`<p role="status">${t(model.doing, { n: model.done, of: model.of })}</p>${bar([{ value: model.done, kind: "a" }], model.of, t(model.doing, { n: model.done, of: model.of }))}` : nothing}
    ${model.finished ? html`<p role="status"><strong>${t("import.done", model.finished)}</strong></p>` : nothing}
    ${model.rows.length ? html`<section class="card"><div class="scroll"><table class="table"><thead><tr><th scope="col">${t("import.name")}</th><th scope="col">${t("import.candidate")}</th>
      <th scope="col">${t("import.result")}</th></tr></thead><tbody>${model.rows.map((row) => html`<tr><th scope="row">${row.name}</th>
        <td>${row.seen?.candidate ? html`<a href="#/candidates/${row.seen.candidate.id}/photo">${row.seen.candidate.name}</a> <span class="soft">${row.seen.candidate.number}</span>` : "—"}</td>
        <td>${result(row)}</td></tr>`)}</tbody></table></div></section>` : nothing}
  </div>`;
}
