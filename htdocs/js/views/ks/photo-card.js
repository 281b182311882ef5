/* The own photo: the picture once it was accepted, or what is wrong with the last one and what to do. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { pick, t } from "../../i18n.js";
import { tag } from "../../parts.js";

/* {state, photo, last, url}; null when nothing can be said. */
export async function loadOwnPhoto() {
  try {
    const { data } = await api.get("/me/photo");
    if (data.photo) data.url = URL.createObjectURL((await api.get("/me/photo/picture", { way: "blob" })).data);
    return data;
  } catch {
    return null;
  }
}

export const dropOwnPhoto = (photo) => photo?.url && URL.revokeObjectURL(photo.url);

const KINDS = { accepted: "ok", look: "", refused: "bad", retake: "bad" };

export function photoCard(photo, place) {
  if (!photo || photo.state === "none") return nothing;
  const { last } = photo;
  return html`<section class="card own-photo"><h2>${t("photo.title")} ${tag(t(`photo.${photo.state}`), KINDS[photo.state])}</h2>
    <div class="own-photo-body">${photo.url ? html`<img src=${photo.url} width="120" height="160" alt=${t("photo.alt")}>` : nothing}
    <div>${photo.photo && !last ? html`<p>${t("photo.use")}</p>` : nothing}
      ${last?.word ? html`<p><strong>${t("photo.word", { place })}</strong>${last.word}</p>` : nothing}
      ${last?.reasons.length ? html`<ul>${last.reasons.map((r) => html`<li>${pick(r)}${r.remedy ? html` <span class="soft">${pick(r.remedy)}</span>` : nothing}</li>`)}</ul>` : nothing}
      ${photo.state === "look" ? html`<p class="soft">${t("photo.look.text", { place })}</p>` : nothing}
      ${["refused", "retake"].includes(photo.state) ? html`<p>${t("photo.again", { place })}</p>` : nothing}</div></div></section>`;
}
