/* Which columns of a list one wants to see: kept in this browser, by list; holds no person's data. */
import { formDialog } from "./form-dialog.js";
import { t } from "./i18n.js";

const key = (list) => `gaokao-columns-${list}`;

function kept(list) {
  try {
    return JSON.parse(localStorage.getItem(key(list)) ?? "null");
  } catch {
    return null;
  }
}

/* `column.label` stands in the language of the page: columns are known by their `name`. */
export function hidden(list, column) {
  if (!column.name) return false;
  return kept(list)?.[column.name] ?? Boolean(column.hidden);
}

export const chooseColumns = (list, columns) => formDialog({
  title: t("columns.title"), act: t("save"),
  fields: columns.filter((c) => c.name).map((c) => ({ id: c.name, type: "check", label: c.label })),
  values: Object.fromEntries(columns.filter((c) => c.name).map((c) => [c.name, hidden(list, c) ? "" : "1"])),
  send: async (values) => {
    try {
      localStorage.setItem(key(list), JSON.stringify(Object.fromEntries(Object.entries(values).map(([name, shown]) => [name, shown !== "1"]))));
    } catch {
      // a browser that keeps nothing: the columns stay as they were
    }
  },
});
