/* Texts by key, in Chinese and English; moments and numbers as people in Hunan read them. */
const ZONE = "Asia/Shanghai";
const STORE = "gaokao.language";
let texts = {};
let current = remembered();

function remembered() {
  try {
    const kept = localStorage.getItem(STORE);
    if (kept === "zh-CN" || kept === "en") return kept;
  } catch {
    // storage is forbidden: the browser's language decides
  }
  return (navigator.language ?? "zh").toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

export const language = () => current;
export const english = () => current === "en";

/* Loads the texts of an edition: `file` fetches a JSON file beside the pages. */
export async function loadTexts(edition, file, wanted = current) {
  const parts = await Promise.all(["common", edition].map((name) => file(`i18n/${name}.${wanted}.json`)));
  texts = Object.assign({}, ...parts);
  current = wanted;
  document.documentElement.lang = wanted;
  keepLanguage();
}

/* Also after signing out, which clears all that the browser kept of this site. */
export function keepLanguage() {
  try {
    localStorage.setItem(STORE, current);
  } catch {
    // asked again at the next visit
  }
}

/* The text of a key with {names} filled in. A missing key shows itself: tests look for it. */
export function t(key, values) {
  const text = texts[key] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole) : text;
}

export const known = (key) => key in texts;

/* A text that may be missing: the word itself instead. */
export const word = (group, value) => (value ? (texts[`${group}.${value}`] ?? String(value)) : "");

/* {zh, en} or a plain string in the page's language. */
export function pick(pair) {
  if (pair === null || pair === undefined) return "";
  if (typeof pair === "string") return pair;
  return (english() ? pair.en : pair.zh) ?? pair.zh ?? pair.en ?? "";
}

/* Sentences one after another; texts of rules have no full stop of their own. */
export const sentences = (...all) => all.filter(Boolean).map((text) => text.replace(/[。.]$/, "")).join(english() ? ". " : "。")
  + (all.filter(Boolean).length > 1 ? (english() ? "." : "。") : "");

const formats = new Map();
function format(name, options) {
  const id = `${current} ${name}`;
  if (!formats.has(id)) formats.set(id, new Intl.DateTimeFormat(current, { timeZone: ZONE, hourCycle: "h23", ...options }));
  return formats.get(id);
}

function moment(value) {
  const date = value instanceof Date ? value : new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

const ofMoment = (name, options) => (value) => {
  const date = value ? moment(value) : null;
  return date ? format(name, options).format(date) : "";
};

export const clock = ofMoment("clock", { hour: "2-digit", minute: "2-digit" });
export const day = ofMoment("day", { month: "long", day: "numeric" });
export const dayTime = ofMoment("dayTime", { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });
export const fullTime = ofMoment("fullTime", {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

/* For <input type=datetime-local>: the wall clock of Shanghai, and back (it has had no summer time since 1991). */
export function toLocalInput(value) {
  const date = moment(value);
  return date ? new Date(date.getTime() + 8 * 3600_000).toISOString().slice(0, 16) : "";
}

export const fromLocalInput = (text) => (text ? `${text.length === 16 ? `${text}:00` : text}+08:00` : null);

export const count = (value) => (value === null || value === undefined ? "" : Number(value).toLocaleString("en-US"));
export const yuan = (fen) => (fen || fen === 0 ? `¥${(fen / 100).toLocaleString("en-US", { minimumFractionDigits: 2 })}` : "");

/* Registration numbers are read in fours. */
export const inFours = (number) => String(number ?? "").replace(/(\d{4})(?=\d)/g, "$1 ");

/* "2 天 5 小时 12 分": the two or three largest parts of a span. */
export function span(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  const values = { d: Math.floor(minutes / 1440), h: Math.floor((minutes % 1440) / 60), m: minutes % 60 };
  if (values.d) return t("span.days", values);
  if (values.h) return t("span.hours", values);
  if (values.m) return t("span.minutes", values);
  return t("span.seconds", { s: Math.max(0, Math.floor(ms / 1000)) });
}
