/* What a clerk does about a photo: take it with the camera, send a file, accept, crop, ask for another one. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { t } from "../../i18n.js";
import { dialog, dialogFrame, problem, toast } from "../../parts.js";
import { current, helps, sendPhoto } from "../../photo.js";

const CANNED = ["hat", "front", "ears", "background", "eyes", "light", "person", "blur"];

/* `id` of the record; {etag} of what was seen. Resolves to the answer, undefined when dismissed. */
export async function uploadPhoto(id, etag, file, source = "upload") {
  const { data } = await sendPhoto(id, etag, file, source);
  toast(t(`photo.taken.${data.photo.state}`));
  return data;
}

export const askAgain = (id, etag, photo) => formDialog({
  title: t("photo.retake.title"), act: t("photo.retake"), kind: "bad",
  fields: [
    { id: "canned", type: "code", select: true, label: t("photo.retake.canned"), options: CANNED.map((c) => [t(`photo.canned.${c}`), t(`photo.canned.${c}`)]) },
    { id: "reason", type: "multiline", lines: 2, label: t("photo.retake.own"), help: t("photo.retake.help"), maxLength: 200 },
  ],
  send: (values) => decide(id, etag, photo, "retake", [values.canned, values.reason.trim()].filter(Boolean).join("；")),
});

export async function decide(id, etag, photo, verdict, reason, frame) {
  const { data } = await api.post(`/candidates/${id}/photo/${photo.id}/decision`, { verdict, reason: reason || null, ...(frame ? { frame } : {}) }, { etag });
  toast(t(`photo.decided.${verdict}`));
  return data;
}

/* After three refusals: as it is, with a reason that stays. */
export const acceptAnyway = (id, etag, photo) => formDialog({
  title: t("photo.anyway.title"), act: t("photo.anyway"), kind: "main", intro: html`<p>${t("photo.anyway.intro")}</p>`,
  fields: [{ id: "reason", type: "multiline", lines: 2, label: t("reason"), required: true, help: t("photo.anyway.help"), maxLength: 200 }],
  send: (values) => decide(id, etag, photo, "accept", values.reason.trim()),
});

/* Which buttons there are for a photo: [[verdict, main]] in the order of their use. */
export function choices(view, photo, profile = { width: 480, height: 640 }) {
  if (!photo || photo.bytes === 0 || !["look", "refused", "accepted"].includes(photo.state)) return [];
  const exact = photo.width_px === profile.width && photo.height_px === profile.height;
  const blocked = photo.verdict === "block";
  const list = [];
  if (photo.state === "look" && helps(photo)) list.push("crop");
  if (photo.state === "look" && exact && !blocked) list.push("accept");
  if (["look", "refused"].includes(photo.state) && (!exact || blocked)) list.push("hand");
  if (blocked && (exact || photo.report?.crop) && view.clerk_decides && photo.state !== "accepted") list.push("anyway");
  if (photo.state !== "refused") list.push("retake");
  return list;
}

/* ---- the camera at the counter ------------------------------------------------------------------------- */

/* A still of the camera with a frame to stand in. Resolves to a JPEG blob, undefined when dismissed. */
export async function openCamera() {
  let stream;
  try {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error("none");
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1440 }, facingMode: "environment" }, audio: false });
  } catch (error) {
    toast(t(error?.name === "NotAllowedError" ? "camera.refused" : "camera.none"));
    return undefined;
  }
  const state = { busy: false, fault: null };
  const shoot = async (handle) => {
    const video = handle.box.querySelector("video");
    if (state.busy || !video.videoWidth) return;
    state.busy = true;
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    handle.close(await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.95); }));
  };
  try {
    return await dialog((handle) => html`<div @keydown=${(e) => {
      if (e.key === " " && !e.target.closest("button")) {
        e.preventDefault();
        shoot(handle);
      }
    }}>${dialogFrame(handle, t("camera.title"), html`
      ${state.fault ? problem(state.fault) : nothing}
      <div class="camera"><video autoplay playsinline muted .srcObject=${stream}></video>
        <svg viewBox="0 0 480 640" aria-hidden="true"><path class="frame" d="M0 0h480v640H0z"/><ellipse cx="240" cy="262" rx="122" ry="178"/>
          <path d="M0 250h480M0 200h480M0 300h480M240 0v640"/></svg></div>
      <p class="soft">${t("camera.help")}</p>`,
    html`<button class="button" type="button" @click=${() => handle.close()}>${t("cancel")}</button>
      <button class="button main" type="button" data-first @click=${() => shoot(handle)}>${t("camera.shoot")}</button>`)}</div>`, { wide: true });
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

/* Camera or file for one record; resolves to the answer. */
export async function takeBy(way, id, etag, event) {
  const file = way === "camera" ? await openCamera() : event.target.files[0];
  if (event && way !== "camera") event.target.value = "";
  return file ? uploadPhoto(id, etag, file, way === "camera" ? "camera" : "upload") : undefined;
}

export { current };
