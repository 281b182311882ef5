/* The candidates that a list's filters find, as a file: XLSX or CSV, by a job whose window says how many rows there are and gives
 * the file when it is ready. Search words and marks of duplicates are no filters of a file: the dialog says so. */
import { html, nothing } from "../../../vendor/lit-html/lit-html.js";
import { api } from "../../api.js";
import { formDialog } from "../../form-dialog.js";
import { count, t } from "../../i18n.js";
import { printJob } from "./printing.js";

const ROLES = ["point", "county", "city", "province"];
export const exportsLists = (session) => ROLES.includes(session.account.role);

const FORMATS = { xlsx: ["export_xlsx"], csv: ["export_csv", "UTF-8"], gb: ["export_csv", "GB18030"], dbf: ["export_dbf"], dbfPhotos: ["export_dbf"] };

const LIST = {
  done: (job) => t("export.rows", { n: count(job.result.candidates) }),
  keeps: () => t("export.keeps"),
  button: (job) => html`<a class="button main" href=${api.href(`/jobs/${job.id}/result`)} download data-first>${t("jobs.result")}</a>`,
};

/* `shown`: [[label, text]] of the filters in force; `query`: state, subject, class, org_id, q, flagged of the list. */
export async function exportList(query, shown) {
  const left = query.q || query.flagged;
  const wish = await formDialog({
    title: t("export.title"), act: t("export.act"), values: { format: "xlsx", kind: "all", files: "one" },
    intro: html`<p>${shown.length ? t("export.filters", { what: shown.map(([label, text]) => `${label} ${text}`).join(t("export.and")) }) : t("export.everybody")}</p>
      ${left ? html`<p class="soft">${t("export.left")}</p>` : nothing}<p class="soft">${t("export.intro")}</p>`,
    fields: (values) => [
      { id: "format", type: "code", select: true, plainEmpty: false, label: t("export.format"), options: Object.keys(FORMATS).map((f) => [f, t(`export.format.${f}`)]) },
      { id: "kind", type: "code", select: true, plainEmpty: false, label: t("submission.kind"), options: [["all", t("submission.kind.all")], ["art", t("submission.kind.art")]] },
      values.format.startsWith("dbf") ? null
        : { id: "files", type: "code", select: true, plainEmpty: false, label: t("export.perPoint"), options: [["one", t("export.perPoint.one")], ["each", t("export.perPoint.each")]] },
    ],
    send: async (values) => values,
  });
  if (!wish) return;
  const [kind, encoding] = FORMATS[wish.format];
  const given = { state: query.state, subject: query.subject, class: query.class, org_id: query.org_id && Number(query.org_id), encoding, kind: wish.kind === "art" ? "art" : "",
    per_point: wish.files === "each", photos: wish.format === "dbfPhotos" };
  await printJob(kind, Object.fromEntries(Object.entries(given).filter(([, v]) => v)), LIST);
}
