/* A candidate's page, reached by scanning, searching or a list. */
import { html } from "../../../vendor/lit-html/lit-html.js";
import { actKeys, loadCandidate, middle, side } from "./candidate-page.js";

export async function load(ctx) {
  const page = await loadCandidate(ctx, ctx.params.id);
  if (ctx.shown) addEventListener("keydown", actKeys);
  return { page };
}

export const title = (ctx, { page }) => page.record.name;
export const leave = () => removeEventListener("keydown", actKeys);

export const render = (ctx, { page }) => html`<div class="desk no-queue">${middle(page, ctx)}${side(page, ctx)}</div>`;
