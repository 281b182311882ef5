/* A day at the counter, measured: people go through the desk by keyboard alone, key presses and waiting are counted. Then what lists,
 * the first screen and open pages cost. Run by tests/bench/desk. PEOPLE: how many. */
import { readFileSync, readdirSync } from "node:fs";
import { ask, eventually, logins, page, signIn, site } from "./lab.mjs";

const PEOPLE = Number(process.env.PEOPLE ?? 200);
const SIGNED = Math.min(PEOPLE, 20);
const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const nearly = (list) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * 0.95))];
const line = (what, value, goal) => console.log(`| ${what} | ${value} | ${goal} |`);

const staff = async (role) => {
  const tab = await page();
  await signIn(tab, "hngz", logins[role].login, logins[role].password, logins[role].totp_secret);
  await tab.waitForSelector("nav.menu a");
  return tab;
};

function idNumber(head) {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return head + "10X98765432"[[...head].reduce((sum, digit, i) => sum + Number(digit) * weights[i], 0) % 11];
}

/* What the reader and yesterday did: numbers, cards read, login cards printed. */
const county = await staff("county");
const tab = await staff("point");
const { org } = (await ask(tab, "/session")).data;
const [free] = (await ask(county, "/ranges/free")).data.items.filter((gap) => gap.count >= PEOPLE);
const range = await ask(county, "/ranges", "POST", { org_id: org.id, subject: "5", first: free.first, last: free.first + PEOPLE - 1 });
if (range.status !== 201) throw new Error(JSON.stringify(range));
const people = [];
const receipts = 10000000 + Math.floor(Math.random() * 80000000);
const start = Math.floor(Math.random() * 400);
const taken_at = new Date().toISOString();
for (let i = 0; i < PEOPLE; i += 1) {
  const birth = `2007-${String(1 + ((i + start) % 12)).padStart(2, "0")}-${String(1 + ((i + start * 7) % 28)).padStart(2, "0")}`;
  const card = { name: `${"赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"[i % 16]}${"一二三四五六七八九十"[(i + start) % 10]}${"甲乙丙丁戊己庚辛"[Math.floor(i / 160) % 8]}`, sex: "1", nation: "01", birth, address: `湖南省长沙市芙蓉区解放路${i}号`,
    id_number: idNumber(`430102${birth.replace(/-/g, "")}${String(((i + start) * 2 + 1) % 1000).padStart(3, "0")}`), issuer: "长沙市公安局", valid_from: "2022-01-01", valid_to: "2032-01-01" };
  const made = await ask(tab, "/readings", "POST", { jti: `day${Date.now().toString(16)}${i.toString(16).padStart(18, "0")}`.slice(0, 32), taken_at, purpose: "create", subject: "5", layout: "resident", card });
  if (made.status !== 201 || !made.data.candidate_id) throw new Error(JSON.stringify(made));
  people.push({ id: made.data.candidate_id, card });
}
for (let i = 0; i < people.length; i += 100) await ask(tab, "/candidates/cards", "POST", { ids: people.slice(i, i + 100).map((one) => one.id) });
for (const one of people) {
  const record = await ask(tab, `/candidates/${one.id}`);
  one.number = record.data.number;
  await ask(tab, `/candidates/${one.id}`, "PATCH", { fields: { migrant_child: "0" } }, record.etag);
}
await county.context().close();

let presses = 0;
let waited = [];
const key = async (name) => {
  presses += 1;
  await tab.keyboard.press(name);
};
const type = async (letters) => {
  for (const letter of letters) {
    await tab.waitForTimeout(50); // a hand's pace: faster ones are taken for a scanner
    await key(letter);
  }
  await tab.waitForTimeout(50);
};
const wait = async (until) => {
  const from = performance.now();
  await until();
  waited.push(performance.now() - from);
};
/* A scanner's letters; no hand presses them. */
const scan = (code) => tab.evaluate((letters) => {
  for (const one of [...letters, "Enter"]) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: one, bubbles: true, cancelable: true }));
}, code);
const gone = (selector) => tab.waitForSelector(selector, { state: "detached", timeout: 15000 }).catch(async () => { throw new Error(`${selector} stays: ${await tab.locator(selector).first().innerText()}`); });
const here = (number) => tab.waitForFunction((text) => document.querySelector("main .number")?.textContent.replace(/\s/g, "") === text && document.querySelector("[data-act]"), number, { timeout: 15000, polling: "raf" });

/* W5: card scanned; papers complete (M), fee with the receipt's number (F), review (S, Enter). */
await tab.goto(`${site}/hngz/#/desk/to_review`);
await tab.waitForSelector(".queue");
await tab.getByRole("button", { name: "是我本人" }).click({ timeout: 1500 }).catch(() => {});
const cycles = [];
const accepts = [];
const began = performance.now();
for (const [i, one] of people.entries()) {
  presses = 0;
  waited = [];
  await scan(`${site}/ks/#n=${one.number}&p=abcdefghij`);
  await wait(() => here(one.number));
  await key("m");
  await wait(() => gone("[data-act=papers]"));
  await key("f");
  await wait(() => tab.waitForSelector("dialog #f-receipt", { timeout: 15000 }).catch(async () => { throw new Error(`no fee dialog for person ${i + 1}: ${(await tab.locator("main").innerText()).slice(0, 300)}`); }));
  await type(String(receipts + i));
  await key("Enter");
  await wait(() => gone("dialog"));
  const before = presses;
  await key("s");
  await wait(() => tab.waitForSelector("dialog input[type=radio]"));
  await key("Enter");
  await wait(() => gone("dialog"));
  await tab.waitForFunction(() => document.querySelector(".page-head .tag")?.textContent === "审查通过", null, { polling: "raf" });
  accepts.push(presses - before);
  cycles.push({ presses, waited: waited.reduce((a, b) => a + b, 0) });
}
const took = (performance.now() - began) / 1000;
line(`${PEOPLE} people by keyboard: papers, fee, review`, `${took.toFixed(0)} s, ${(took / PEOPLE).toFixed(2)} s each`, "");
line("key presses each, the receipt's 8 digits included", `${middle(cycles.map((c) => c.presses))}`, "");
line("of these \"accept\" (S, Enter)", `${middle(accepts)}`, "≤ 4 with scan and next");
line("waiting each, whole cycle of three acts (median, p95)", `${middle(cycles.map((c) => c.waited)).toFixed(0)} ms, ${nearly(cycles.map((c) => c.waited)).toFixed(0)} ms`, "");

/* W7: scan the proof sheet, look, Enter, next one. The reader has posted the card; the candidates have filled in. */
const signed = [];
for (const one of (await ask(tab, `/candidates?queue=to_confirm&limit=${SIGNED}`)).data.items) signed.push(one);
const own = [];
for (const [at, one] of signed.entries()) {
  const record = await ask(tab, `/candidates/${one.id}`);
  const { fields } = record.data;
  const card = { name: fields.name, sex: fields.sex, nation: fields.nation, birth: fields.birth, address: fields.card_address ?? fields.address, id_number: fields.id_number,
    issuer: fields.card_issuer ?? "公安局", valid_from: fields.card_valid_from ?? "2022-01-01", valid_to: fields.card_valid_to ?? "2032-01-01" };
  await ask(tab, "/readings", "POST", { jti: `day${Date.now().toString(16)}c${at.toString(16).padStart(17, "0")}`.slice(0, 32), taken_at: new Date().toISOString(), purpose: "verify", candidate_id: one.id, layout: "resident", card });
  own.push({ ...one, version: record.data.proof_version });
}
await tab.evaluate(() => { location.hash = "#/desk/to_confirm"; });
await tab.waitForSelector(".queue li a");
const confirms = [];
for (const one of own) {
  presses = 0;
  waited = [];
  await scan(`${one.number}/${one.version}/0123abcd`);
  await wait(() => here(one.number));
  await key("Enter");
  await wait(() => tab.waitForFunction(() => document.querySelector(".page-head .tag")?.textContent === "已确认签字", null, { polling: "raf" }));
  confirms.push({ presses, waited: waited.reduce((a, b) => a + b, 0) });
}
if (confirms.length) {
  line(`scan, check, accept, next: ${confirms.length} proof sheets, key presses each`, `${middle(confirms.map((c) => c.presses))}`, "≤ 4");
  line("waiting in all, each (median, p95)", `${middle(confirms.map((c) => c.waited)).toFixed(0)} ms, ${nearly(confirms.map((c) => c.waited)).toFixed(0)} ms`, "≤ 300 ms");
}

/* The first screen: everything a new browser fetches until the desk stands. */
const fresh = await page();
const network = await fresh.context().newCDPSession(fresh);
const seen = { answers: 0, bytes: 0 };
await network.send("Network.enable");
network.on("Network.loadingFinished", (event) => {
  seen.answers += 1;
  seen.bytes += event.encodedDataLength;
});
await signIn(fresh, "hngz", logins.province.login, logins.province.password, logins.province.totp_secret);
await fresh.waitForSelector(".watch");
await fresh.waitForLoadState("networkidle");
line("first visit until the first screen stands", `${(seen.bytes / 1024).toFixed(0)} KiB in ${seen.answers} answers, heads included`, "≤ 250 KB");

/* The list of everybody, with the processor four times slower. */
await network.send("Emulation.setCPUThrottlingRate", { rate: 4 });
const opened = [];
for (let i = 0; i < 5; i += 1) {
  await fresh.evaluate(() => { location.hash = "#/progress"; });
  await fresh.waitForSelector(".watch");
  const from = performance.now();
  await fresh.evaluate(() => { location.hash = "#/candidates"; });
  await fresh.waitForFunction(() => document.querySelectorAll("main .table tbody tr").length >= 50, null, { polling: "raf" });
  opened.push(performance.now() - from);
}
line("the list of candidates opens, processor throttled 4 times (median, worst of 5)", `${middle(opened).toFixed(0)} ms, ${Math.max(...opened).toFixed(0)} ms`, "≤ 1 s");
await fresh.evaluate(() => {
  globalThis.frames = [];
  let last = performance.now();
  const step = (now) => {
    globalThis.frames.push(now - last);
    last = now;
    globalThis.scrollBy(0, 400);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
});
await eventually(() => fresh.evaluate(() => ![...document.querySelectorAll("main .table-foot button")].length), "the end of the list", 120);
const count = await fresh.evaluate(() => document.querySelectorAll("main .table tbody tr").length);
const frames = await fresh.evaluate(() => globalThis.frames);
line(`scrolling through its ${count} rows, throttled 4 times: frames (median, p95, longest)`, `${middle(frames).toFixed(0)}, ${nearly(frames).toFixed(0)}, ${Math.max(...frames).toFixed(0)} ms`, "smoothly");
await network.send("Emulation.setCPUThrottlingRate", { rate: 1 });

/* 1,000 open pages: each asks for progress every 15 s and for the menu's numbers every 30 s. */
const cookie = (await fresh.context().cookies()).map((one) => `${one.name}=${one.value}`).join("; ");
const ticks = () => {
  let sum = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (!command.includes("httpd") && !command.includes("apache2")) continue;
      if (!command.includes(process.env.INSTANCE)) continue;
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
      sum += Number(stat[11]) + Number(stat[12]);
    } catch {
      // ended meanwhile
    }
  }
  return sum;
};
const answer = await fetch(`${site}/api/v1/progress`, { headers: { cookie, "X-Gaokao-Edition": "hngz" } });
const etag = answer.headers.get("etag");
const SECONDS = 15;
const RATE = 100;
const before = ticks();
let asked = 0;
const from = performance.now();
while (performance.now() - from < SECONDS * 1000) {
  const due = Math.floor((performance.now() - from) / 1000 * RATE) - asked;
  await Promise.all(Array.from({ length: due }, () => fetch(`${site}/api/v1/progress`, { headers: { cookie, "X-Gaokao-Edition": "hngz", "If-None-Match": etag } }).then((one) => one.arrayBuffer())));
  asked += due;
  await new Promise((done) => setTimeout(done, 10));
}
const used = (ticks() - before) / 100 / ((performance.now() - from) / 1000);
line(`1,000 open pages (${RATE} requests a second): httpd's part of a core`, `${(used * 100).toFixed(1)} %`, "≤ 15 %");
process.exit(0);
