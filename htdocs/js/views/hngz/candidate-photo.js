/* A candidate's photo as a page of its own. */
import { html } from "../../../vendor/lit-html/lit-html.js";
import { inFours, t } from "../../i18n.js";
import { actKeys } from "./candidate-page.js";
import { openPanel, panelView } from "./photo-panel.js";

export async function load(ctx) {
  const panel = await openPanel(ctx, Number(ctx.params.id));
  if (ctx.shown) addEventListener("keydown", actKeys);
  return { panel };
}

export const title = (ctx, { panel }) => t("photo.of", { name: panel.photos.view.candidate.name });

export function leave(ctx, { panel }) {
  removeEventListener("keydown", actKeys);
  panel.close();
}

export function render(ctx, { panel }) {
  const { candidate } = panel.photos.view;
  return panelView(panel, ctx, html`<div class="page-head"><h1>${candidate.name}</h1><span class="number soft">${inFours(candidate.number)}</span>
    <div class="acts-right"><a href="#/candidates/${candidate.id}">${t("photo.back")}</a></div></div>`);
}
