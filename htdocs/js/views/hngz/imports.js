/* Tables handed in as files: what was, and a new one. A file goes up as it is; the server reads it and shows what it would change. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { count, dayTime, t, word } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { problem, tag } from "../../parts.js";
import { go } from "../../router.js";

/* What may be imported goes by who may enter it singly. */
const KINDS = [["appraisal", "appraisal_write"], ["examination", "examination_write"], ["grades", "grades_write"], ["bonus", "bonus_write"], ["roll", "candidate_edit"]];
export const COLOURS = { reading: "info", mapping: "warn", ready: "info", unreadable: "bad", applying: "info", applied: "ok", undoing: "info", undone: "", stopped: "warn", gone: "" };

const kindsOf = (session) => KINDS.filter(([, action]) => may(session, action)).map(([kind]) => kind);

async function send(ctx, model, event) {
  const [file] = event.target.files;
  event.target.value = "";
  if (!file) return;
  Object.assign(model, { fault: null, sending: true });
  ctx.update();
  try {
    const { data } = await api.post("/imports", undefined, { raw: file, type: "application/octet-stream", query: { kind: model.kind, name: file.name } });
    go(`/imports/${data.id}`);
  } catch (error) {
    Object.assign(model, { fault: error, sending: false });
    ctx.update();
  }
}

const choice = (ctx, model) => html`<section class="card"><div class="card-head"><h2>${t("imp.new")}</h2></div>
  <div class="card-body stack">
    <p class="soft">${t("imp.help")}</p>
    <div class="in-line">
      <label for="imp-kind">${t("imp.kind")}</label>
      <select id="imp-kind" @change=${(e) => { model.kind = e.target.value; ctx.update(); }}>${kindsOf(ctx.session).map((kind) => html`<option value=${kind} ?selected=${kind === model.kind}>${t(`imp.kind.${kind}`)}</option>`)}</select>
      <a class="button" href=${api.href("/imports/template.xlsx", { kind: model.kind })} download>${t("imp.template")}</a>
      <label class="button main" aria-disabled=${model.sending ? "true" : nothing}>${model.sending ? t("busy") : t("imp.file")}<input class="unseen" type="file" accept=".xlsx,.csv,.txt,.xml,.xls" ?disabled=${model.sending} @change=${(e) => send(ctx, model, e)}></label>
    </div>
  </div></section>`;

export async function load(ctx) {
  const model = await loadList(ctx, {
    path: "/imports",
    title: t("menu.imports"),
    href: (i) => `#/imports/${i.id}`,
    columns: () => [
      { label: t("imp.name"), cell: (i) => i.name ?? t("imp.noName") },
      { label: t("imp.kind"), cell: (i) => t(`imp.kind.${i.kind}`) },
      { label: t("candidate.state"), cell: (i) => tag(word("imp.state", i.state), COLOURS[i.state]), text: (i) => word("imp.state", i.state) },
      { label: t("imp.rows"), kind: "right", cell: (i) => count(i.counts.rows ?? 0) },
      { label: t("imp.bad"), kind: "right", cell: (i) => count(i.counts.bad ?? 0) },
      { label: t("imp.outcome.applied"), kind: "right", cell: (i) => count((i.counts.applied ?? 0) + (i.counts.touched ?? 0)) },
      { label: t("imp.outcome.undone"), kind: "right", cell: (i) => count(i.counts.undone ?? 0) },
      { label: t("imp.by"), cell: (i) => `${i.org.name} ${i.account ?? ""}` },
      { label: t("job.created"), cell: (i) => dayTime(i.created_at), kind: "tight" },
    ],
    empty: t("imp.empty"),
  });
  model.kind ??= kindsOf(ctx.session).includes(ctx.query?.kind) ? ctx.query.kind : kindsOf(ctx.session)[0];
  return model;
}

export const title = () => t("menu.imports");
export const render = (ctx, model) => listView(ctx, model, {
  above: html`${model.fault ? problem(model.fault) : nothing}${choice(ctx, model)}`,
});
