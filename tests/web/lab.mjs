/* What the page tests share: a browser, people, and a TAP writer. */
import { execFileSync } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const site = process.env.SITE;
export const logins = JSON.parse(readFileSync(process.env.LOGINS, "utf8"));
let browser;
let count = 0;
let failed = 0;

/* RFC 6238, of a base32 secret. */
export function totp(secret, step = 0) {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}

/* A fresh page in a fresh profile; `faults` collects script errors and CSP violations. */
export async function page({ width = 1366, height = 768, locale = "zh-CN" } = {}) {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
  const context = await browser.newContext({ viewport: { width, height }, locale, ignoreHTTPSErrors: true });
  const tab = await context.newPage();
  tab.faults = [];
  tab.on("pageerror", (error) => tab.faults.push(String(error)));
  tab.on("console", (line) => {
    if (/Content Security Policy|Trusted/i.test(line.text())) tab.faults.push(line.text());
  });
  return tab;
}

/* A code is good once: within its 30 s the next step's is given, which the server takes too. */
const given = new Map();
export async function freshCode(secret) {
  for (;;) {
    const now = Math.floor(Date.now() / 30000);
    const step = Math.max(now, (given.get(secret) ?? 0) + 1);
    if (step <= now + 1) {
      given.set(secret, step);
      return totp(secret, step - now);
    }
    await new Promise((done) => setTimeout(done, 1000));
  }
}

export async function signIn(tab, edition, login, password, secret) {
  await tab.goto(`${site}/${edition}/`);
  await tab.waitForSelector("input[type=password]");
  await tab.locator("input").first().fill(login);
  await tab.locator("input[type=password]").fill(password);
  await tab.keyboard.press("Enter");
  if (secret) {
    const code = tab.locator("input[autocomplete=one-time-code]");
    await code.waitFor();
    await code.fill(await freshCode(secret));
    await tab.keyboard.press("Enter");
  }
}

/* Puts a value into a field of js/field.js, whatever its shape: "f-" and its id. */
export async function fill(root, id, value) {
  const group = root.locator(`#f-${id}-group`);
  if (await group.count()) {
    const radio = group.locator(`input[type=radio][value="${value}"]`);
    if (await radio.count()) await radio.check();
    else await group.locator("input:not([type=checkbox])").first().fill(value); // a date is taken whole
    return;
  }
  const field = root.locator(`#f-${id}`);
  if ((await field.evaluate((e) => e.tagName)) === "SELECT") await field.selectOption(value);
  else if (await field.evaluate((e) => Boolean(e.closest("gk-combo")))) {
    await field.fill(value);
    await field.press("ArrowDown");
    await field.press("Enter");
  } else if ((await field.getAttribute("type")) === "checkbox") await field.setChecked(value === "1");
  else await field.fill(value);
}

/* What the server says to this page's session: {status, data, etag}. */
export const ask = (tab, path, method = "GET", body = undefined, version = undefined) => tab.evaluate(async ([to, how, sent, etag]) => {
  const headers = { "X-Gaokao-Edition": document.documentElement.dataset.edition };
  if (how !== "GET") {
    const session = await (await fetch("/api/v1/session", { headers })).json();
    const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
    Object.assign(headers, { "X-CSRF-Token": session.csrf, "Idempotency-Key": key, "Content-Type": "application/json", ...(etag ? { "If-Match": etag } : {}) });
  }
  const answer = await fetch(`/api/v1${to}`, { method: how, headers, body: sent === undefined ? undefined : JSON.stringify(sent) });
  return { status: answer.status, etag: answer.headers.get("ETag"), data: await answer.json().catch(() => null) };
}, [path, method, body, version]);

/* The page's own width must never exceed the window's. */
export const tooWide = (tab) => tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/* What axe-core finds against WCAG 2.2 AA on the page as it stands: ["rule: element", ...]. */
export async function axeFaults(tab) {
  await tab.evaluate(axe);
  return tab.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
    return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")} ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? ""}`));
  });
}

/* Waits until the page's text fits a pattern. */
export const text = (tab) => tab.locator("body").innerText();
export async function within(tab, pattern, what) {
  await tab.waitForFunction((source) => new RegExp(source).test(document.body.innerText), pattern, { timeout: 60000 })
    .catch(async () => { throw new Error(`${what}: no /${pattern}/ in: ${(await text(tab)).slice(0, 600)}`); });
}

/* Asks again until it is so; a predicate that asks the server must not be playwright's own waitForFunction, which takes a promise for true. */
export async function eventually(check, what, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((done) => setTimeout(done, 250));
  }
}

/* The API as the pages call it, for what comes before and after a page: somebody of the staff, signed in. */
export async function desk(role) {
  const context = (await page()).context();
  const person = logins[role];
  const heads = { "X-Gaokao-Edition": "hngz", Origin: site, "Accept-Language": "zh-CN" };
  const base = `${site}/api/v1`;
  const send = async (method, path, body, etag) => {
    const reply = await context.request.fetch(base + path, { method, failOnStatusCode: false,
      headers: { ...heads, ...(method === "GET" ? {} : { "Idempotency-Key": randomUUID(), "Content-Type": "application/json" }), ...(etag ? { "If-Match": etag } : {}) },
      ...(body === undefined ? {} : { data: JSON.stringify(body) }) });
    if (!reply.ok()) throw new Error(`${method} ${path}: ${reply.status()} ${(await reply.text()).slice(0, 600)}`);
    return { etag: reply.headers().etag, data: /json/.test(reply.headers()["content-type"] ?? "") ? await reply.json() : await reply.body() };
  };
  const { data } = await send("POST", "/session", { login: person.login, password: person.password, ...(person.totp_secret ? { totp: totp(person.totp_secret) } : {}) });
  heads["X-CSRF-Token"] = data.csrf;
  const get = async (path) => (await send("GET", path)).data;
  /* One step of a candidate's record: `body` may look at the record. */
  const step = async (id, method, path, body) => {
    const { data: record, etag } = await send("GET", `/candidates/${id}`);
    return (await send(method, `/candidates/${id}${path}`, typeof body === "function" ? body(record) : body, etag)).data;
  };
  return { get, send, step, me: data, close: () => context.close() };
}

/* What tools of the system read of bytes: a PDF's words, the codes of a picture. Null when the tool is not installed. */
const shelf = mkdtempSync(join(process.cwd(), "shelf."));
function tool(command, ...words) {
  try {
    return execFileSync(command, words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch (error) {
    if (error.code === "ENOENT") return null;
    return error.stdout ?? "";
  }
}
export function codesOf(picture) {
  const file = join(shelf, `${randomUUID()}.png`);
  writeFileSync(file, picture);
  return tool("zbarimg", "--nodbus", "-q", "--raw", file)?.split("\n").filter(Boolean) ?? null;
}
export function codesOfPdf(bytes) {
  const base = join(shelf, randomUUID());
  writeFileSync(`${base}.pdf`, bytes);
  if (tool("pdftoppm", "-r", "150", "-gray", "-png", "-singlefile", `${base}.pdf`, base) === null) return null;
  return codesOf(readFileSync(`${base}.png`));
}
export function wordsOfPdf(bytes) {
  const file = join(shelf, `${randomUUID()}.pdf`);
  writeFileSync(file, bytes);
  return tool("pdftotext", "-raw", file, "-")?.replace(/\s/g, "") ?? null;
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/* Somebody's ID card as the reader gives it; the number has its check digit (GB 11643). */
export function idCard(name, serial, { place = "430102", birth = "20080131", address = "湖南省长沙市芙蓉区解放路1号" } = {}) {
  const head = `${place}${birth}${String(serial).padStart(3, "0")}`;
  const id_number = head + "10X98765432"[[...head].reduce((sum, digit, i) => sum + Number(digit) * WEIGHTS[i], 0) % 11];
  return { name, sex: serial % 2 ? "1" : "2", nation: "01", address, birth: birth.replace(/(....)(..)(..)/, "$1-$2-$3"), issuer: "长沙市公安局芙蓉分局", id_number,
    valid_from: "2024-01-01", valid_to: "2034-01-01" };
}

/* Numbers enough for whoever comes: the county gives the point another range. */
export async function room(point, wanted, subject = "5") {
  const county = await desk("county");
  const free = (await county.get("/ranges/free")).items.at(-1);
  await county.send("POST", "/ranges", { org_id: point.me.org.id, subject, first: free.first, last: Math.min(free.last, free.first + wanted - 1) });
  await county.close();
}

/* The point reads a card, prints the login card and passes the review: {id, number, card: PDF, password}. */
export async function registered(point, card, fields = { migrant_child: "0" }) {
  const ranges = (await point.get(`/ranges?org_id=${point.me.org.id}`)).items;
  const { subject } = ranges.filter((r) => ["1", "5"].includes(r.subject)).sort((a, b) => b.left - a.left)[0];
  const { data: reading } = await point.send("POST", "/readings", { jti: randomUUID().replaceAll("-", ""), taken_at: new Date().toISOString(), purpose: "create",
    subject, layout: "resident", card });
  const id = reading.candidate_id;
  const [{ number, password }] = (await point.send("POST", "/candidates/cards", { ids: [id] })).data.items;
  await point.step(id, "PUT", "/papers", (record) => ({ items: (record.papers?.items ?? []).map((p) => ({ id: p.id, seen: true })) }));
  await point.step(id, "POST", "/fee", { receipt: `R${number}` });
  await point.step(id, "PATCH", "", { fields });
  await point.step(id, "PUT", "/papers", (record) => ({ items: (record.papers?.items ?? []).map((p) => ({ id: p.id, seen: true })) }));
  await point.step(id, "POST", "/review", { verdict: "pass", accepted: [] });
  return { id, number, password, subject, name: card.name, id_number: card.id_number };
}

export async function test(name, work) {
  const from = /tests\/(\w+)\.mjs:\d+:\d+\)?$/.exec(new Error().stack.split("\n")[2])?.[1] ?? "pages"; // the file that calls
  count += 1;
  try {
    await work();
    console.log(`ok ${count} - pages: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${count} - pages: ${name}`);
    console.log(`# in ${from}`);
    for (const line of String(error.stack ?? error).split("\n").slice(0, 40)) console.log(`# ${line}`);
    if (process.env.SHOTS) { // a folder: what stood on the pages when it failed
      for (const [i, tab] of (browser?.contexts() ?? []).flatMap((context) => context.pages()).entries()) await tab.screenshot({ path: `${process.env.SHOTS}/failed-${count}-${i}.png` }).catch(() => {});
    }
  }
}

export function expect(condition, text) {
  if (!condition) throw new Error(text);
}

export async function end() {
  await browser?.close();
  console.log(`1..${count}`);
  process.exit(failed ? 1 : 0);
}

/* A picture of what the tab shows, for the documents. WebP: a page of text takes a third of what PNG takes. */
export async function picture(tab, file) {
  await tab.waitForLoadState("networkidle").catch(() => {});
  await tab.waitForTimeout(400);
  await tab.evaluate(() => { if (document.activeElement?.matches("h1")) document.activeElement.blur(); scrollTo(0, 0); });
  const line = await tab.context().newCDPSession(tab);
  const { data } = await line.send("Page.captureScreenshot", { format: "webp", quality: 72 });
  await line.detach();
  writeFileSync(`${file}.webp`, Buffer.from(data, "base64"));
  console.log(`# ${file.split("/").at(-1)}`);
}
