/* Photos: fetching, sending, and what the checks said drawn over the picture. Everything that is drawn comes from the
 * verdict JSON (docs/photo.md): bands from `allowed`, marks from `region`, the frame from `crop`. */
import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { api, ApiError } from "./api.js";
import { pick, t } from "./i18n.js";
import { tag } from "./parts.js";

export const SEVERITY = { block: "bad", look: "warn", unchecked: "warn", fine: "ok" };
export const PHOTO_KIND = { accepted: "ok", look: "warn", refused: "bad", retake: "bad", replaced: "", chip: "" };

/* SHA-256 in hex. A page without TLS has no crypto.subtle but on this machine itself. */
export async function sha256(blob) {
  if (!crypto.subtle) throw new ApiError({ title: t("photo.insecure") });
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

export async function sendPhoto(id, etag, blob, source) {
  return api.put(`/candidates/${id}/photo`, undefined, { raw: blob, type: blob.type || "application/octet-stream", etag,
    query: { source, sha256: await sha256(blob) } });
}

/* {view, etag, urls: Map(photo id → object URL)} of the pictures a page shows: the newest that counts, the accepted, the chip's. */
export async function loadPhotos(id, known) {
  const { data, etag } = await api.get(`/candidates/${id}/photo`);
  const shown = new Set([current(data), accepted(data), chip(data)].filter((p) => p?.bytes > 0).map((p) => p.id));
  const urls = new Map();
  await Promise.all([...shown].map(async (photo) => {
    const kept = known?.urls.get(photo);
    urls.set(photo, kept ?? URL.createObjectURL((await api.get(`/candidates/${id}/photo/${photo}`, { way: "blob" })).data));
  }));
  if (known) for (const [photo, url] of known.urls) if (!urls.has(photo)) URL.revokeObjectURL(url);
  return { view: data, etag, urls };
}

export function dropPhotos(model) {
  for (const url of model?.urls.values() ?? []) URL.revokeObjectURL(url);
  model?.urls.clear();
}

export const chip = (view) => view.photos.find((p) => p.state === "chip");
export const accepted = (view) => view.photos.find((p) => p.state === "accepted");
/* What the clerk looks at: the one that waits, else the newest that is no history. */
export const current = (view) => view.photos.find((p) => p.state === "look")
  ?? view.photos.find((p) => ["accepted", "refused", "retake"].includes(p.state));

/* The proposed crop does what the picture itself does not. */
export const helps = (photo) => Boolean(photo.report?.crop) && photo.report.crop.verdict !== "block";

export const findings = (photo) => (photo.report?.findings ?? []).filter((f) => f.severity !== "fine");
const passed = (photo) => (photo.report?.findings ?? []).filter((f) => f.severity === "fine");

const number = (value) => (value === null || value === undefined ? "" : String(Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100));
const signed = (value) => number(value).replace("-", "−");
/* Units that say nothing to a clerk are left out; a limit of a million is none. */
const SILENT = new Set(["ratio", "level", "variance", "bit"]);
const unit = (f) => (!f.unit || SILENT.has(f.unit) ? "" : f.unit === "degree" ? "°" : ` ${f.unit}`);
const NO_LIMIT = 1e6;
export const measured = (f) => (f.measured === null || f.measured === undefined ? "—" : `${signed(f.measured)}${unit(f)}`);
export function allowed(f) {
  const { low = null } = f.allowed ?? {};
  const high = (f.allowed?.high ?? NO_LIMIT) >= NO_LIMIT ? null : f.allowed.high;
  if (low !== null && high !== null) return `${signed(low)} – ${signed(high)}${unit(f)}`;
  return low !== null ? `≥ ${signed(low)}${unit(f)}` : high !== null ? `≤ ${signed(high)}${unit(f)}` : "—";
}

/* A band across the frame, in pixels of the profile. */
export function bands(photo, frame, unit) {
  const scale = frame.height / 640; // limits count in the profile's rows
  const drawn = [];
  for (const f of photo.report?.findings ?? []) {
    const { low = null, high = null } = f.allowed ?? {};
    if (low === null || high === null) continue;
    const kind = f.severity === "fine" ? "ok" : f.severity === "block" ? "bad" : "warn";
    const size = frame.height / 32;
    if (f.code === "eye-line" || f.code === "hair-top") {
      const y = frame.y + low * scale;
      const tall = (high - low) * scale;
      drawn.push(svg`<g class="band ${kind}"><rect x=${frame.x} y=${y} width=${frame.width} height=${tall}/>
        <text x=${frame.x + 3 * unit} y=${y + 9 * unit} font-size=${8 * unit}>${t(`photo.band.${f.code}`)}</text></g>`);
    } else if (f.code === "centre") {
      const middle = frame.x + frame.width / 2;
      drawn.push(svg`<line class="axis ${kind}" x1=${middle} x2=${middle} y1=${frame.y} y2=${frame.y + frame.height}/>`);
    } else if (f.code === "face-width") {
      const middle = frame.x + frame.width / 2;
      const y = frame.y + frame.height * 0.62;
      drawn.push(svg`<g class="bracket ${kind}">${[low, high].map((width, i) => {
        const half = (width * scale) / 2;
        return svg`<path d="M${middle - half} ${y + i * size - size / 2}v${size}M${middle - half} ${y + i * size}h${2 * half}M${middle + half} ${y + i * size - size / 2}v${size}"/>`;
      })}</g>`);
    }
  }
  return drawn;
}

/* The picture with what the checks said about it. `chosen`: code of the finding that is pointed at. */
export function overlay(photo, url, { chosen = null, lines = true } = {}) {
  const picture = photo.report?.picture;
  const same = picture?.width && Math.abs(picture.width / picture.height - photo.width_px / photo.height_px) < 0.02;
  const width = same ? picture.width : photo.width_px;
  const height = same ? picture.height : photo.height_px;
  const crop = same && photo.source !== "crop" ? photo.report?.crop : null;
  const frame = crop ?? { x: 0, y: 0, width, height };
  const unit = Math.max(width, height) / 320;
  const marks = same ? findings(photo).filter((f) => f.region) : [];
  return html`<svg class="photo-view" viewBox="0 0 ${width} ${height}" role="img" aria-label=${t("photo.picture")}>
    ${url ? svg`<image href=${url} width=${width} height=${height} preserveAspectRatio="none"/>` : nothing}
    ${lines ? svg`<g stroke-width=${unit}>
      ${same ? bands(photo, frame, unit) : nothing}
      ${crop ? svg`<path class="outside" fill-rule="evenodd" d="M0 0H${width}V${height}H0ZM${crop.x} ${crop.y}v${crop.height}h${crop.width}v${-crop.height}Z"/>
        <rect class="frame" x=${crop.x} y=${crop.y} width=${crop.width} height=${crop.height} stroke-width=${2 * unit}/>` : nothing}
      ${marks.map((f, i) => svg`<g class="mark ${SEVERITY[f.severity]} ${chosen === f.code ? "chosen" : ""}">
        <rect x=${f.region.x} y=${f.region.y} width=${f.region.width} height=${f.region.height} rx=${2 * unit}/>
        <circle cx=${f.region.x + 7 * unit} cy=${f.region.y + 7 * unit} r=${6 * unit}/>
        <text x=${f.region.x + 7 * unit} y=${f.region.y + 10 * unit} font-size=${9 * unit} text-anchor="middle">${i + 1}</text></g>`)}
    </g>` : nothing}
  </svg>`;
}

/* The proposed crop, cut out of the picture that is there already. */
export function cropView(photo, url) {
  const picture = photo.report?.picture;
  const crop = photo.report?.crop;
  if (!crop || !picture?.width) return nothing;
  return html`<svg class="photo-view" viewBox="${crop.x} ${crop.y} ${crop.width} ${crop.height}" role="img" aria-label=${t("photo.crop")}>
    <image href=${url} width=${picture.width} height=${picture.height} preserveAspectRatio="none"/></svg>`;
}

/* Every check in one table: what has to be looked at first. `point(code)` when a row is pointed at. */
export function findingTable(photo, point = () => {}) {
  let n = 0;
  const rows = [...findings(photo), ...passed(photo)];
  if (!rows.length) return nothing;
  return html`<div class="scroll"><table class="table photo-checks"><thead><tr><th scope="col">${t("photo.check")}</th><th scope="col">${t("photo.measured")}</th>
    <th scope="col">${t("photo.allowed")}</th><th scope="col">${t("photo.verdict")}</th></tr></thead>
    <tbody>${rows.map((f) => html`<tr @mouseenter=${() => point(f.code)} @mouseleave=${() => point(null)}>
      <th scope="row">${f.severity !== "fine" && f.region ? html`<span class="mark-number ${SEVERITY[f.severity]}">${(n += 1)}</span> ` : nothing}${checkName(f)}</th>
      <td>${measured(f)}</td><td>${allowed(f)}</td><td>${tag(t(`photo.severity.${f.severity}`), SEVERITY[f.severity])}</td></tr>`)}</tbody></table></div>`;
}

export const checkName = (f) => {
  const name = t(`photo.code.${f.code}`);
  return name.startsWith("photo.code.") ? f.code : name;
};

/* The sentences: what is wrong, and what to do about it. */
export const advice = (list) => list.filter((f) => f.severity !== "fine").map((f) => html`<p class="photo-advice">
  <strong class=${SEVERITY[f.severity]}>${pick(f)}</strong>${f.remedy ? html`<br>${pick(f.remedy)}` : nothing}</p>`);
