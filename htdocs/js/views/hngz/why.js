/* Why a record does not pass: what would satisfy the rule, the values it saw, who set it, where it is put right and by whom. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { pick, t, word } from "../../i18n.js";

const ROLES = new Set(["candidate", "point", "reviewer", "county", "city", "province"]);

/* "报名点、考生": roles that may edit the field at some stage; a card's reading is no person. */
const people = (place) => [...new Set(place.edit.map((e) => e.role))].filter((role) => ROLES.has(role)).map((role) => word("role", role)).join(t("list.comma"));

const place = (one) => html`<li>${one.section ? `${pick(one.section)} › ` : ""}${pick(one)}${people(one) ? html` <span class="soft">${t("why.who", { who: people(one) })}</span>` : nothing}</li>`;

/* Closed until somebody asks. */
export function why(v, values = (seen) => Object.entries(seen).map(([name, value]) => `${name} = ${value ?? t("try.absent")}`)) {
  const seen = values(v.seen ?? {});
  if (!v.satisfy && !v.test && !v.change?.length) return nothing;
  return html`<details class="small why"><summary>${t("why")}</summary><dl class="facts">
    ${v.basis?.zh ? html`<dt>${t("rule.basis")}</dt><dd class="long">${pick(v.basis)}${v.set_by ? html` <span class="soft">${t("why.set.by", { unit: v.set_by.name })}</span>` : nothing}</dd>` : nothing}
    ${seen.length ? html`<dt>${t("why.seen")}</dt><dd class="long">${seen.join(t("list.semicolon"))}</dd>` : nothing}
    ${v.satisfy ? html`<dt>${t("why.satisfy")}</dt><dd class="long">${pick(v.satisfy)}</dd>`
    : v.test ? html`<dt>${t("why.satisfy")}</dt><dd class="long"><code>${v.test}</code></dd>` : nothing}
    ${v.change?.length ? html`<dt>${t("why.where")}</dt><dd class="long"><ul>${v.change.map(place)}</ul></dd>` : nothing}</dl></details>`;
}
