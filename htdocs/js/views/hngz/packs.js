/* The policy packs: each version with its state and who stands for it; a draft is uploaded here, or made from a version. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { may } from "../../access.js";
import { api } from "../../api.js";
import { fullTime, t } from "../../i18n.js";
import { listView, loadList } from "../../list.js";
import { problem, toast } from "../../parts.js";
import { packName, packTag } from "./pack.js";

export const load = (ctx) => loadList(ctx, {
  path: "/packs",
  title: t("menu.packs"),
  href: (p) => `#/packs/${p.id}`,
  columns: () => [
    { label: t("pack.name"), cell: (p) => `${packName(p)} ${t("pack.v", { version: p.version })}` },
    { label: t("pack.set.by"), cell: (p) => p.unit?.name ?? t("pack.province") },
    { label: t("candidate.state"), cell: packTag, text: (p) => p.state },
    { label: t("pack.note"), cell: (p) => p.note },
    { label: t("pack.proposer"), cell: (p) => p.proposer || t("pack.byhand") },
    { label: t("pack.approver"), cell: (p) => p.approver },
    { label: t("job.created"), cell: (p) => fullTime(p.created_at), kind: "tight" },
    { label: t("pack.activated.at"), cell: (p) => (p.activates_at ? t("pack.waits", { at: fullTime(p.activates_at) }) : fullTime(p.activated_at)), kind: "tight" },
  ],
  tools: (c, model) => (may(ctx.session, "pack_write") ? html`<label class="button"><input class="unseen" type="file" accept=".xml,application/xml,text/xml"
    @change=${(event) => upload(ctx, model, event.target)}>${t("pack.upload")}</label>` : nothing),
});

async function upload(ctx, model, input) {
  const [file] = input.files;
  if (!file) return;
  model.fault = null;
  try {
    const { data } = await api.upload("/packs", file, { query: { name: file.name.slice(0, 100) } });
    toast(t("pack.drafted"));
    location.hash = `#/packs/${data.id}`;
  } catch (error) {
    model.fault = error;
    input.value = "";
    ctx.update();
  }
}

export const render = (ctx, model) => listView(ctx, model, { above: model.fault ? problem(model.fault) : html`<p class="soft">${t(may(ctx.session, "pack_write") || !may(ctx.session, "pack_change") ? "packs.intro" : "packs.intro.local")}</p>` });
