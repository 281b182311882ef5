/* A frame drawn by hand over a picture: dragged, or moved by arrow keys and made larger and smaller by + and -. What it gives is judged
 * by the server. */
import { html, nothing, svg } from "../../../vendor/lit-html/lit-html.js";
import { t } from "../../i18n.js";
import { dialog, dialogFrame, problem } from "../../parts.js";
import { bands } from "../../photo.js";
import { decide } from "./photo-acts.js";

const RATIO = 3 / 4;
const LEAST = 60; // px across

/* Inside the picture, in the ratio of the photo. */
function fitted(frame, picture) {
  const width = Math.round(Math.max(LEAST, Math.min(frame.width, picture.width, picture.height * RATIO)));
  const height = Math.min(picture.height, Math.round(width / RATIO));
  const between = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
  return { x: between(frame.x, picture.width - width), y: between(frame.y, picture.height - height), width, height };
}

function first(photo, picture) {
  const { crop } = photo.report ?? {};
  if (crop) return fitted(crop, picture);
  const width = Math.min(picture.width, picture.height * RATIO) * 0.9;
  return fitted({ x: (picture.width - width) / 2, y: (picture.height - width / RATIO) / 2, width }, picture);
}

const grown = (frame, by, picture) => {
  const width = frame.width * by;
  return fitted({ x: frame.x - (width - frame.width) / 2, y: frame.y - (width - frame.width) / RATIO / 2, width }, picture);
};

/* What a key does to the frame; null: nothing. */
function moved(key, shift, frame, picture) {
  const step = picture.width * (shift ? 0.05 : 0.005);
  const shifts = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (shifts[key]) return fitted({ ...frame, x: frame.x + shifts[key][0], y: frame.y + shifts[key][1] }, picture);
  if (key === "+" || key === "=") return grown(frame, 1.02, picture);
  return key === "-" ? grown(frame, 1 / 1.02, picture) : null;
}

/* Where the pointer is, in pixels of the picture. */
function spot(event) {
  const drawn = event.currentTarget;
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawn.getScreenCTM().inverse());
  return { x: point.x, y: point.y };
}

/* Resolves to the answer, undefined when dismissed. */
export function cropByHand(id, etag, photo, url, reason) {
  const said = photo.report?.picture;
  const picture = said?.width ? said : { width: photo.width_px, height: photo.height_px };
  const state = { frame: first(photo, picture), grip: null, fault: null, busy: false };
  const unit = Math.max(picture.width, picture.height) / 320;
  const use = async (handle) => {
    if (state.busy) return;
    Object.assign(state, { busy: true, fault: null });
    try {
      handle.close(await decide(id, etag, photo, "crop", reason, state.frame));
    } catch (error) {
      state.fault = error;
    }
    state.busy = false;
    if (handle.box.isConnected) handle.update();
  };
  const down = (handle, event) => {
    const at = spot(event);
    const { frame } = state;
    const corner = Math.hypot(at.x - frame.x - frame.width, at.y - frame.y - frame.height) < 14 * unit;
    state.grip = { at, frame, corner };
    event.currentTarget.setPointerCapture(event.pointerId);
    event.preventDefault();
  };
  const drag = (handle, event) => {
    if (!state.grip) return;
    const { at, frame, corner } = state.grip;
    const now = spot(event);
    state.frame = corner ? fitted({ ...frame, width: Math.min(now.x - frame.x, picture.width - frame.x, (picture.height - frame.y) * RATIO) }, picture)
      : fitted({ ...frame, x: frame.x + now.x - at.x, y: frame.y + now.y - at.y }, picture);
    handle.update();
  };
  const key = (handle, event) => {
    const frame = event.ctrlKey || event.altKey || event.metaKey ? null : moved(event.key, event.shiftKey, state.frame, picture);
    if (!frame) return;
    event.preventDefault();
    state.frame = frame;
    handle.update();
  };
  return dialog((handle) => html`<div @keydown=${(e) => key(handle, e)}>${dialogFrame(handle, t("crop.title"), html`
    ${state.fault ? problem(state.fault) : nothing}
    <svg class="photo-view crop-view" viewBox="0 0 ${picture.width} ${picture.height}" tabindex="0" data-first role="img" aria-label=${t("crop.label", state.frame)}
      @pointerdown=${(e) => down(handle, e)} @pointermove=${(e) => drag(handle, e)} @pointerup=${() => { state.grip = null; }} @pointercancel=${() => { state.grip = null; }}>
      <image href=${url} width=${picture.width} height=${picture.height} preserveAspectRatio="none"/>
      ${svg`<g stroke-width=${unit}>${bands(photo, state.frame, unit * (state.frame.height / picture.height))}
        <path class="outside" fill-rule="evenodd" d="M0 0H${picture.width}V${picture.height}H0ZM${state.frame.x} ${state.frame.y}v${state.frame.height}h${state.frame.width}v${-state.frame.height}Z"/>
        <rect class="frame" x=${state.frame.x} y=${state.frame.y} width=${state.frame.width} height=${state.frame.height} stroke-width=${2 * unit}/>
        <circle class="grip" cx=${state.frame.x + state.frame.width} cy=${state.frame.y + state.frame.height} r=${7 * unit}/></g>`}
    </svg>
    <p class="soft">${t("crop.help")}</p>`,
  html`<button class="button" type="button" aria-label=${t("crop.smaller")} @click=${() => { state.frame = grown(state.frame, 1 / 1.05, picture); handle.update(); }}>−</button>
    <button class="button" type="button" aria-label=${t("crop.larger")} @click=${() => { state.frame = grown(state.frame, 1.05, picture); handle.update(); }}>+</button>
    <button class="button" type="button" @click=${() => handle.close()}>${t("cancel")}</button>
    <button class="button main" type="button" ?disabled=${state.busy} @click=${() => use(handle)}>${t("crop.use")}</button>`)}</div>`, { wide: true });
}
