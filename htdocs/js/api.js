/* The one caller of fetch. Every screen talks to /api/v1 through `api`; a fault comes as one ApiError whose sentences
 * are fit to be shown as they are. Nothing of a person is kept outside this page's memory. */
import { language, pick, t } from "./i18n.js";

const BASE = new URL("../../api/v1", import.meta.url).href;
const edition = document.documentElement.dataset.edition;
const PATIENCE_MS = 30_000;
const LONGEST_WAIT_MS = 10_000;

let csrf = null;
let clockSkewMs = 0;
const hooks = { signedOut: () => {}, token: async () => false, prove: async () => false, again: async () => false };

/* What went wrong. slug: last part of the problem's type ("stale-version"), "offline" when no answer came.
 * violations: [{pointer, code, rule, text}]; `at(pointer)` finds the sentence for a field. */
export class ApiError extends Error {
  constructor({ status = 0, slug = "offline", title = "", detail = "", violations = [], retryAfter = 0, etag = null,
    requestId = null }) {
    super(detail || title);
    Object.assign(this, { status, slug, title, detail, violations, retryAfter, etag, requestId });
  }

  at(pointer) {
    return this.violations.find((v) => v.pointer === pointer);
  }

  get offline() {
    return this.status === 0;
  }
}

/* Set by the page's frame: what to do when the session is gone, how to get a fresh CSRF token (resolves to true when the same
 * person is still signed in), how to ask once more who is there (resolves to true when it was proved), and how the same
 * person signs in again where they are (resolves to true when they did). */
export function onSession(handlers) {
  Object.assign(hooks, handlers);
}

export function setToken(token) {
  csrf = token;
}

/* The server's clock in ms, whatever the device says. */
export function serverNow() {
  return Date.now() + clockSkewMs;
}

/* `text`: RFC 3339 moment the server called now; `at`: when that answer came here. */
export function setServerTime(text, at = Date.now()) {
  const moment = Date.parse(text);
  if (!Number.isNaN(moment)) clockSkewMs = moment - at;
}

/* A random name for one write; the same write sent again keeps it. randomUUID needs a secure page. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function address(path, query) {
  const url = new URL(BASE + path);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  }
  return url.href;
}

/* A file that is sent may take its time: 50 KB a second are enough. */
async function once(url, options) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS + (options.body?.size ?? 0) / 50);
  try {
    return await fetch(url, { ...options, signal: stop.signal });
  } catch {
    return null; // no answer: cut line, server away, or out of patience
  } finally {
    clearTimeout(timer);
  }
}

/* What early.js has asked for already, once. */
function early(path) {
  const answer = globalThis.gkEarly?.get(path);
  globalThis.gkEarly?.delete(path);
  return answer;
}

function waitOf(response) {
  const seconds = Number(response?.headers.get("Retry-After"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}

async function problemOf(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // not a problem document: a proxy's page, or an empty answer
  }
  const slug = String(body.type ?? "").split(":").pop() || `http-${response.status}`;
  return new ApiError({
    status: response.status,
    slug,
    title: body.title ?? t("error.http", { status: response.status }),
    detail: body.detail ?? "",
    violations: (body.violations ?? []).map((v) => ({ ...v, text: v.texts ? pick(v.texts) : (v.detail ?? v.code) })),
    retryAfter: waitOf(response),
    etag: body.current ?? response.headers.get("ETag"),
    requestId: String(body.instance ?? "").split(":").pop() || null,
  });
}

/* One request. Options: query, body (JSON) or raw + type, etag (If-Match of writes, If-None-Match of reads), key
 * (Idempotency-Key: pass the same one to repeat a write whose outcome is not known), way: "json" or "blob".
 * Resolves to {data, etag, status, key}. A lost connection and 503 are tried once more with the same key. */
async function send(method, path, { query, body, raw, type, etag, key, way = "json", fresh = false } = {}) {
  const headers = { "X-Gaokao-Edition": edition, "Accept-Language": language(), Accept: "application/json" };
  const write = method !== "GET";
  const options = { method, headers, credentials: "same-origin", cache: "no-store", redirect: "error" };
  if (write) {
    key = key ?? newKey();
    headers["Idempotency-Key"] = key;
    if (csrf) headers["X-CSRF-Token"] = csrf;
    if (etag) headers["If-Match"] = etag;
    if (raw !== undefined) {
      headers["Content-Type"] = type;
      options.body = raw;
    } else if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(body);
    }
  } else if (etag) {
    headers["If-None-Match"] = etag;
  }
  const url = address(path, query);
  let response = (!write && !query && !etag && (await early(path))) || (await once(url, options));
  if (!response || response.status === 503) {
    await sleep(Math.min((waitOf(response) || 1) * 1000, LONGEST_WAIT_MS));
    response = await once(url, options);
  }
  if (!response) throw new ApiError({ title: t("error.offline"), detail: t(write ? "error.offline.write" : "error.offline.read") });
  const found = { etag: response.headers.get("ETag"), status: response.status, key, at: response.came ?? Date.now() };
  if (response.status === 304 || response.status === 204) return { ...found, data: null };
  if (response.ok) {
    return { ...found, data: way === "blob" ? await response.blob() : await response.json() };
  }
  const problem = await problemOf(response);
  if (problem.slug === "csrf" && !fresh && (await hooks.token())) {
    return send(method, path, { query, body, raw, type, etag, key, way, fresh: true });
  }
  if (problem.slug === "reauth-needed" && !fresh && (await hooks.prove())) {
    return send(method, path, { query, body, raw, type, etag, key, way, fresh: true });
  }
  if (problem.slug === "not-signed-in" && path !== "/session") {
    if (!fresh && (await hooks.again())) return send(method, path, { query, body, raw, type, etag, key, way, fresh: true });
    hooks.signedOut(problem);
  }
  throw problem;
}

export const api = {
  get: (path, options) => send("GET", path, options),
  /* All rows of a list, page after page; at most about `most`. */
  async every(path, query, most = Infinity) {
    const items = [];
    let after = null;
    do {
      const { data } = await send("GET", path, { query: { ...query, limit: 200, after } });
      items.push(...data.items);
      after = data.next;
    } while (after && items.length < most);
    return items;
  },
  post: (path, body, options) => send("POST", path, { ...options, body: body ?? {} }),
  put: (path, body, options) => send("PUT", path, { ...options, body }),
  patch: (path, body, options) => send("PATCH", path, { ...options, body }),
  delete: (path, options) => send("DELETE", path, options),
  upload: (path, file, options) =>
    send("POST", path, { ...options, raw: file, type: file.type || "application/octet-stream" }),
  /* A file beside the pages: texts. */
  async file(path) {
    const response = await once(new URL(`../${path}`, import.meta.url).href, { credentials: "same-origin" }); // as the page's preload asks for it
    if (!response?.ok) throw new ApiError({ title: path });
    return response.json();
  },
  /* What the node that answers says of itself: a document, ready or not. */
  async ready() {
    const response = await once(new URL("../../readyz", import.meta.url).href, { credentials: "omit", cache: "no-store" });
    if (!response) throw new ApiError({ title: t("error.offline"), detail: t("error.offline.read") });
    return response.json();
  },
  /* Where a download is fetched by the browser itself (cookie, no script). */
  href: (path, query) => address(path, query),
};
