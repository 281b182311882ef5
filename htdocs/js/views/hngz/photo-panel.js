/* One record's photo in front of a clerk: picture with what the checks said, table, acts with keys, the chip's picture, history.
 * Used by the queue (photos.js) and by a candidate's page (candidate-photo.js). */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { fullTime, t } from "../../i18n.js";
import { empty, icon, problem, tag, toast } from "../../parts.js";
import { accepted, advice, chip, cropView, current, dropPhotos, findings, findingTable, helps, loadPhotos, overlay, PHOTO_KIND } from "../../photo.js";
import { cropByHand } from "./photo-crop.js";
import { acceptAnyway, askAgain, choices, decide, takeBy } from "./photo-acts.js";

export const PHOTO_KEYS = { crop: "Enter", hand: "K", accept: "A", anyway: "A", retake: "R", camera: "C", file: "U", lines: "L" };

export async function openPanel(ctx, id) {
  const panel = { id, photos: await loadPhotos(id), chosen: null, lines: true, problem: null, busy: false, moved: null };
  panel.close = () => dropPhotos(panel.photos);
  panel.run = async (work) => {
    if (panel.busy) return;
    panel.busy = true;
    panel.problem = null;
    try {
      const answer = await work();
      if (answer) {
        const before = panel.photos.view.candidate.state;
        panel.photos = await loadPhotos(id, panel.photos);
        if (before === "proofed" && panel.photos.view.candidate.state === "filling") toast(t("photo.sheetVoid"));
        await panel.moved?.(answer);
      }
    } catch (error) {
      panel.problem = error;
      if (error.slug === "stale-version") panel.photos = await loadPhotos(id, panel.photos);
    }
    panel.busy = false;
    ctx.update();
    if (panel.problem) requestAnimationFrame(() => document.querySelector("[role=alert]")?.scrollIntoView({ block: "nearest" }));
  };
  return panel;
}

/* id → what it does; the order of the buttons. */
export function panelActs(panel, session, state) {
  const { view, etag } = panel.photos;
  const photo = current(view);
  if (!may(session, "photo_write", state ?? view.candidate.state)) return [];
  const act = {
    crop: () => panel.run(() => decide(panel.id, etag, photo, "crop")),
    accept: () => panel.run(() => decide(panel.id, etag, photo, "accept")),
    anyway: () => panel.run(() => acceptAnyway(panel.id, etag, photo)),
    hand: () => panel.run(() => cropByHand(panel.id, etag, photo, panel.photos.urls.get(photo.id))),
    retake: () => panel.run(() => askAgain(panel.id, etag, photo)),
  };
  const list = choices(view, photo).map((name, i) => ({ id: name, run: act[name], main: i === 0 && !["retake", "hand"].includes(name), bad: name === "retake" }));
  list.push({ id: "camera", run: () => panel.run(() => takeBy("camera", panel.id, etag)), main: !list.some((a) => a.main) });
  return list;
}

const button = (a) => html`<button type="button" class="button ${a.main ? "main" : ""}" data-act=${`photo-${a.id}`} data-key=${PHOTO_KEYS[a.id] ?? ""}
  @click=${a.run}>${t(`photo.act.${a.id}`)}${PHOTO_KEYS[a.id] ? html` <kbd>${PHOTO_KEYS[a.id]}</kbd>` : nothing}</button>`;

export function panelActions(panel, ctx) {
  const list = panelActs(panel, ctx.session);
  const file = list.length ? html`<label class="button">${t("photo.act.file")} <kbd>${PHOTO_KEYS.file}</kbd><input class="unseen" type="file" accept="image/jpeg,image/png"
    data-act="photo-file" data-key=${PHOTO_KEYS.file} @change=${(e) => panel.run(() => takeBy("file", panel.id, panel.photos.etag, e))}></label>` : nothing;
  return html`<div class="photo-acts">${list.map(button)}${file}</div>`;
}

function summary(photo, view) {
  const list = findings(photo);
  const first = list[0];
  const crop = photo.state === "look" && helps(photo);
  return html`<section class="card"><div class="card-body stack">
    ${crop && photo.report.crop.verdict === "fine" ? html`<p class="photo-lead">${icon("check")} ${t("photo.cropHelps")}</p>` : nothing}
    ${first ? advice(list) : html`<p class="photo-lead ok">${icon("check")} ${t("photo.allFine")}</p>`}
    ${photo.decision?.reason ? html`<p>${tag(t(`photo.decision.${photo.decision.verdict}`), photo.decision.verdict === "retake" ? "bad" : "ok")} ${photo.decision.reason}</p>` : nothing}
    ${view.clerk_decides && photo.verdict === "block" ? html`<p class="soft">${t("photo.clerkDecides", { n: view.refusals })}</p>`
      : view.refusals ? html`<p class="soft">${t("photo.refusals", { n: view.refusals })}</p>` : nothing}
  </div></section>`;
}

const history = (view) => (view.photos.length > 1 ? html`<section class="card"><div class="card-head"><h2>${t("photo.history")}</h2></div>
  <ol class="photo-history">${view.photos.map((p) => html`<li><span>${fullTime(p.taken_at)}</span> <span class="soft">${t(`photo.source.${p.source}`)}</span>
    ${tag(t(`photo.state.${p.state}`), PHOTO_KIND[p.state])}${p.decision?.reason ? html`<br><span class="small">${p.decision.reason}</span>` : nothing}</li>`)}</ol></section>` : nothing);

/* Picture | verdict and acts | crop, chip, history. */
export function panelView(panel, ctx, headLine) {
  const { view, urls } = panel.photos;
  const photo = current(view);
  const point = (code) => { panel.chosen = code; ctx.update(); };
  const own = chip(view);
  const present = accepted(view);
  const crop = photo?.state === "look" && photo.report?.crop;
  return html`<div class="photo-panel">
    <section class="card photo-card">${photo ? html`
      <div class="photo-stage">${overlay(photo, urls.get(photo.id), { chosen: panel.chosen, lines: panel.lines })}</div>
      <p class="photo-note"><span class="soft">${t(`photo.source.${photo.source}`)} ${photo.report?.picture?.width ?? photo.width_px}×${photo.report?.picture?.height ?? photo.height_px} · ${fullTime(photo.taken_at)}</span>
        <label class="choice small lines"><input type="checkbox" .checked=${panel.lines} data-act="photo-lines" data-key=${PHOTO_KEYS.lines}
          @change=${(e) => { panel.lines = e.target.checked; ctx.update(); }}><span>${t("photo.lines")} <kbd>${PHOTO_KEYS.lines}</kbd></span></label></p>`
      : html`<div class="photo-stage none">${empty(t("photo.none"))}</div>`}
    </section>
    <div class="stack">
      ${headLine}
      ${panel.problem ? problem(panel.problem) : nothing}
      ${photo ? summary(photo, view) : nothing}
      ${panelActions(panel, ctx)}
      ${photo ? html`<section class="card">${findingTable(photo, point)}</section>` : nothing}
    </div>
    <div class="stack photo-beside">
      ${crop ? html`<section class="card"><div class="card-head"><h2>${t("photo.crop")}</h2>${tag(t(`photo.severity.${crop.verdict ?? "fine"}`), { block: "bad", look: "warn", unchecked: "warn" }[crop.verdict] ?? "ok")}</div>
        <div class="photo-small">${cropView(photo, urls.get(photo.id))}</div></section>` : nothing}
      ${present && present.id !== photo?.id ? html`<section class="card"><div class="card-head"><h2>${t("photo.present")}</h2></div>
        <div class="photo-small">${overlay(present, urls.get(present.id), { lines: false })}</div></section>` : nothing}
      ${own ? html`<section class="card"><div class="card-head"><h2>${t("photo.chip")}</h2></div>
        <div class="photo-small chip">${overlay(own, urls.get(own.id), { lines: false })}</div></section>` : nothing}
      ${history(view)}
    </div>
  </div>`;
}
