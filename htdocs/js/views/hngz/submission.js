/* One submission: counts, digest, acceptance or return. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { loadForm, loadTable } from "../../document.js";
import { reasonDialog } from "../../form-dialog.js";
import { count, fullTime, t, word } from "../../i18n.js";
import { table } from "../../list.js";
import { icon, problem, toast } from "../../parts.js";
import { partTag } from "../../states.js";
import { subjectName } from "./candidates.js";
import { openPaper } from "./printing.js";

/* Accepted by the level right above. */
const BELOW = { province: "city", city: "county", county: "point" };

export async function load(ctx) {
  const [{ data, etag }, subjects] = await Promise.all([api.get(`/submissions/${ctx.params.id}`), loadForm().then(() => loadTable("subject")).catch(() => [])]);
  return { submission: data, etag, subjects };
}

async function accept(ctx, model) {
  try {
    await api.post(`/submissions/${model.submission.id}/acceptance`, {}, { etag: model.etag });
    toast(t("submissions.accepted"));
    await ctx.reload();
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

async function sheet(ctx, model) {
  model.fault = null;
  try {
    await openPaper(`/submissions/${model.submission.id}/sheet.pdf`);
  } catch (error) {
    model.fault = error;
    ctx.update();
  }
}

async function giveBack(ctx, model) {
  const { submission } = model;
  const done = await reasonDialog({
    title: t("submissions.return.title", { org: submission.org?.name }), intro: t("submissions.return.intro"), act: t("submissions.return"),
    send: ({ reason }) => api.post(`/submissions/${submission.id}/return`, { reason }, { etag: model.etag }),
  });
  if (!done) return;
  toast(t("act.done"));
  ctx.reload();
}

export function render(ctx, model) {
  const { submission: s } = model;
  const decides = may(ctx.session, "submission_decide") && s.org?.id !== ctx.session.org.id && s.state !== "returned";
  const counts = Object.entries(s.subjects ?? {}).filter(([, n]) => typeof n === "number");
  return html`<div class="page">
    <div class="page-head"><h1>${s.org?.name} ${word("submission.kind", s.kind)}</h1>${partTag(s.state)}
      <div class="acts-right"><a class="button" href="#/submissions">${t("back")}</a>
        <button class="button" type="button" @click=${() => sheet(ctx, model)}>${icon("print")} ${t("paper.submission")}</button>
        ${decides ? html`${s.state === "submitted" && BELOW[ctx.session.org.level] === s.org.level ? html`<button class="button main" type="button" @click=${() => accept(ctx, model)}>${t("submissions.accept")}</button>` : nothing}
          <button class="button bad" type="button" @click=${() => giveBack(ctx, model)}>${t("submissions.return")}</button>` : nothing}</div></div>
    ${model.fault ? problem(model.fault) : nothing}
    <section class="card"><dl class="facts">
      <dt>${t("submission.total")}</dt><dd>${count(s.total)}</dd>
      <dt>${t("submission.at")}</dt><dd>${fullTime(s.submitted_at)}</dd>
      ${s.decided_at ? html`<dt>${t("submission.decided")}</dt><dd>${fullTime(s.decided_at)}</dd>` : nothing}
      ${s.reason ? html`<dt>${t("reason")}</dt><dd>${s.reason}</dd>` : nothing}
      <dt>${t("submission.digest")}</dt><dd class="long"><span class="small">${s.digest}</span></dd></dl></section>
    ${counts.length ? html`<section class="card"><div class="card-head"><h2>${t("submission.counts")}</h2></div>
      ${table([{ label: t("candidate.subject"), cell: ([code]) => subjectName(model.subjects, code) }, { label: t("progress.people"), kind: "right", cell: ([, n]) => count(n) }],
        counts, { caption: t("submission.counts") })}</section>` : nothing}
  </div>`;
}
