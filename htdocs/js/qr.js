/* A QR code as one path of a picture: no canvas, no HTML. */
import { correction, generate } from "../vendor/lean-qr/nano.mjs";
import { html } from "../vendor/lit-html/lit-html.js";

const QUIET = 4; // modules of white around it

export function qr(text, label) {
  const code = generate(text, { minCorrectionLevel: correction.M });
  const side = code.size + 2 * QUIET;
  let path = "";
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (code.get(x, y)) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
    }
  }
  return html`<svg class="qr" viewBox="0 0 ${side} ${side}" role="img" aria-label=${label} shape-rendering="crispEdges">
    <rect width=${side} height=${side} fill="#fff"></rect><path d=${path} fill="#000"></path></svg>`;
}
