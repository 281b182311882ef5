/* What candidates know from other systems and try (the convention's name stands first), and what they type, paste and press
 * wrongly. docs/pages.md lists each convention with its check. */
import { axeFaults, desk, expect, idCard, logins, page, registered, signIn, site, test, text, tooWide, within } from "./lab.mjs";
import { played } from "./play.mjs";

const { login, password } = logins.candidate;
const phone = () => page({ width: 375, height: 812 });

async function home(tab, who = login, secret = password) {
  await signIn(tab, "ks", who, secret);
  await within(tab, "你好", "home");
}

async function turn(tab, hash, ready) {
  await tab.evaluate((to) => { location.hash = to; }, hash);
  await tab.locator(ready).first().waitFor({ timeout: 60000 });
}

/* The record as the server has it, asked with the page's own session. */
const record = async (tab) => (await tab.request.get(`${site}/api/v1/me`, { headers: { "X-Gaokao-Edition": "ks" } })).json();
const saved = (tab) => tab.waitForFunction(() => document.querySelector("[data-state=saved]") && !/有未保存|正在保存/.test(document.querySelector("[role=status][data-state]").innerText), null, { timeout: 60000 });

await test("steps with names: the same after a reload, on another device and on the way back", async () => {
  const tab = await phone();
  await home(tab);
  const steps = (one) => one.locator(".steps .name").allInnerTexts();
  const names = await steps(tab);
  for (const word of ["查看提示信息", "填写个人信息", "校对"]) expect(names.some((name) => name.includes(word)), `no ${word} in ${names}`);
  expect(names.every((name) => /（(已完成|正在办理|还没到)）/.test(name)), `a step without its state in words: ${names}`);
  expect(names.filter((name) => name.includes("正在办理")).length === 1, `${names}`);
  await tab.reload();
  await within(tab, "你好", "home");
  expect(`${await steps(tab)}` === `${names}`, "other steps after a reload");
  const other = await page();
  await home(other);
  expect(`${await steps(other)}` === `${names}`, "other steps on another device");
  await turn(tab, "#/receipt", "svg.qr");
  await tab.goBack();
  await tab.locator(".steps").waitFor();
  expect(`${await steps(tab)}` === `${names}`, "other steps on the way back");
  await other.context().close();
  await tab.context().close();
});

await test("locked identity: text with a lock and where to go, no input; the server refuses it too, with the reason", async () => {
  const tab = await phone();
  await home(tab);
  await turn(tab, "#/check", "#a-id_number");
  expect((await tab.locator("#a-id_number input, #a-id_number a, #a-name a").count()) === 0, "identity can be changed");
  expect(/已锁定/.test(await tab.locator("#a-name .from").textContent()), "no word of the lock");
  const { org } = await record(tab);
  expect((await text(tab)).includes(`带身份证到${org.name}更正`), "where to go is not said");
  const { status, body } = await tab.evaluate(async () => {
    const session = await (await fetch("/api/v1/session", { headers: { "X-Gaokao-Edition": "ks" } })).json();
    const me = await fetch("/api/v1/me", { headers: { "X-Gaokao-Edition": "ks" } });
    const reply = await fetch("/api/v1/me", { method: "PATCH", body: JSON.stringify({ fields: { name: "张三" } }), headers: { "X-Gaokao-Edition": "ks",
      "Content-Type": "application/json", "X-CSRF-Token": session.csrf, "Idempotency-Key": crypto.randomUUID?.() ?? "0123456789abcdef", "If-Match": me.headers.get("etag") } });
    return { status: reply.status, body: await reply.json() };
  });
  expect([403, 422].includes(status) && body.violations?.[0]?.pointer === "/fields/name" && /报名点/.test(body.violations[0].detail ?? JSON.stringify(body.violations[0])),
    `${status} ${JSON.stringify(body)}`);
  await tab.context().close();
});

await test("error summary: by the keyboard alone it has the focus, its lines lead to the fields in the same words, the title says so", async () => {
  const tab = await phone();
  await home(tab);
  await turn(tab, "#/form/contact", "#f-postcode");
  const before = (await record(tab)).fields;
  await tab.locator("#f-postcode").fill("41");
  await tab.locator("#f-mobile").fill("");
  await tab.locator("#f-mobile").press("Enter");
  await tab.waitForFunction(() => document.activeElement?.hasAttribute("data-summary"), null, { timeout: 30000 });
  await tab.waitForFunction(() => document.querySelectorAll("[data-summary] li").length === 2, null, { timeout: 30000 });
  expect((await tab.title()).startsWith("有错误："), await tab.title());
  for (const fault of await axeFaults(tab)) throw new Error(fault);
  await tab.keyboard.press("Tab");
  const line = await tab.evaluate(() => document.activeElement.innerText);
  await tab.keyboard.press("Enter");
  const { id, beside } = await tab.evaluate(() => {
    const field = document.activeElement;
    return { id: field.id, beside: field.closest(".field")?.querySelector(".fault")?.innerText };
  });
  expect(/^f-(postcode|mobile)$/.test(id) && line.endsWith(beside.replace(/^错误：|^有误：/, "").trim()), `${id}: “${line}” and “${beside}”`);
  await tab.locator("#f-postcode").fill(before.postcode);
  await tab.locator("#f-mobile").fill(before.mobile);
  await tab.locator("#f-mobile").press("Tab");
  await tab.waitForFunction(() => !document.querySelector("[aria-invalid=true]"), null, { timeout: 30000 });
  await saved(tab);
  await tab.context().close();
});

await test("change from check answers: to the field and back to its line", async () => {
  const tab = await phone();
  await home(tab);
  await turn(tab, "#/check", "#a-receiver a");
  await tab.locator("#a-receiver a").click();
  await tab.waitForFunction(() => document.activeElement?.id === "f-receiver", null, { timeout: 30000 });
  await tab.getByRole("button", { name: "保存并继续" }).click();
  await tab.waitForFunction(() => location.hash.startsWith("#/check") && document.activeElement?.closest("#a-receiver"), null, { timeout: 30000 });
  await tab.goBack(); // and the browser's own way back shows the form with what was typed
  await tab.locator("#f-receiver").waitFor();
  expect((await tab.locator("#f-receiver").inputValue()) === (await record(tab)).fields.receiver, "back lost the entry");
  await tab.context().close();
});

await test("dates in fields of their own: no jump, numeric keys, pasted whole in any form; full-width digits and x as people type them", async () => {
  const tab = await phone();
  await home(tab);
  await turn(tab, "#/form/resume", "#f-resume-0-start");
  const was = (await record(tab)).fields.resume[0].start;
  const year = tab.locator("#f-resume-0-start");
  const month = tab.locator("#f-resume-0-start-1");
  expect((await year.getAttribute("inputmode")) === "numeric" && (await month.getAttribute("inputmode")) === "numeric", "no numeric keys");
  for (const [pasted, wanted] of [["2013-09", "2013 9"], ["201309", "2013 9"], ["2013年9月", "2013 9"], ["２０１３．０９", "2013 9"]]) {
    await year.fill(pasted);
    expect(`${await year.inputValue()} ${await month.inputValue()}` === wanted, `${pasted}: ${await year.inputValue()} ${await month.inputValue()}`);
  }
  await year.fill("2013");
  await year.pressSequentially("");
  await year.focus();
  await tab.keyboard.press("End");
  await tab.keyboard.type("0");
  expect((await tab.evaluate(() => document.activeElement.id)) === "f-resume-0-start", "the focus jumped");
  await tab.keyboard.press("Tab");
  expect((await tab.evaluate(() => document.activeElement.id)) === "f-resume-0-start-1", "Tab does not go to the month");
  expect(/年/.test(await tab.locator("label:has(#f-resume-0-start)").innerText()), "the part has no name");
  await year.fill(was);
  await month.press("Tab");
  const { resume } = await record(tab).then(({ fields }) => fields);
  expect(resume[0].start === was, `${resume[0].start}`);
  await tab.context().close();
});

await test("three fields for a date: pasted whole in any form, in the console too", async () => {
  const tab = await page();
  await signIn(tab, "hngz", logins.point.login, logins.point.password);
  await tab.waitForSelector("nav.menu a");
  await tab.goto(`${site}/hngz/#/candidates?state=card_printed`);
  await tab.locator("main .table tbody a").first().click();
  await within(tab, "身份信息", "the candidate's page");
  await tab.locator("[data-act=edit]").click();
  const parts = ["", "-1", "-2"].map((end) => tab.locator(`#f-card_valid_from${end}`));
  await parts[0].waitFor();
  for (const pasted of ["2007-09-01", "20070901", "２００７年９月１日", "2007.9.1"]) {
    await parts[0].fill(pasted);
    await parts[0].press("Tab");
    const shown = await Promise.all(parts.map((part) => part.inputValue()));
    expect(`${shown}` === "2007,9,1", `${pasted}: ${shown}`);
  }
  await tab.context().close();
});

await test("x becomes X, １２３ becomes 123, where it is typed and on the server", async () => {
  const tab = await phone();
  await home(tab);
  await turn(tab, "#/form/school", "#f-student_number");
  const was = (await record(tab)).fields.student_number;
  const field = tab.locator("#f-student_number");
  await field.fill("ｇ１２３４５６７８９x");
  await field.press("Tab");
  expect((await field.inputValue()) === "G123456789X", await field.inputValue());
  await saved(tab);
  expect((await record(tab)).fields.student_number === "G123456789X", "the server keeps something else");
  await field.fill(was ?? "");
  await field.press("Tab");
  await saved(tab);
  await tab.context().close();
});

await test("slow checks don't block: a save that takes half a minute lets the next part be filled in; what it refuses is said there", async () => {
  const tab = await phone();
  await home(tab);
  await turn(tab, "#/form/contact", "#f-receiver");
  const was = (await record(tab)).fields.postcode;
  let release;
  const held = new Promise((done) => { release = done; });
  await tab.route("**/api/v1/me", async (route) => {
    if (route.request().method() === "PATCH") await held;
    await route.continue();
  });
  await tab.locator("#f-postcode").fill("41");
  await tab.getByRole("button", { name: "保存并继续" }).click();
  await tab.waitForFunction(() => location.hash.startsWith("#/form/resume"), null, { timeout: 20000 });
  await within(tab, "正在保存", "it goes on in the background");
  release();
  const link = tab.locator("[data-state=faults] a");
  await link.waitFor({ timeout: 30000 });
  await link.click();
  await tab.locator("#f-postcode[aria-invalid=true]").waitFor();
  await tab.unroute("**/api/v1/me");
  await tab.locator("#f-postcode").fill(was);
  await tab.locator("#f-postcode").press("Tab");
  await tab.waitForFunction(() => document.querySelector("[role=status][data-state]")?.dataset.state !== "faults" && !document.querySelector("[aria-invalid=true]"), null, { timeout: 30000 });
  await tab.context().close();
});

await test("one PC, many candidates: who signs in in a second tab ends the first; nothing of the first reaches the second's record", async () => {
  const other = played[0];
  for (const told of [true, false]) { // the tabs hear of each other, or only the server does
    const first = await phone();
    if (!told) await first.addInitScript(() => { delete window.BroadcastChannel; });
    const second = await first.context().newPage();
    await second.goto(`${site}/ks/`);
    await second.waitForSelector("input[type=password]");
    await home(first);
    await turn(first, "#/form/contact", "#f-receiver");
    const was = await first.locator("#f-receiver").inputValue();
    await first.locator("#f-receiver").fill("甲的收件人");
    await second.locator("#f-login").fill(other.number);
    await second.locator("#f-password").fill(other.password);
    await second.keyboard.press("Enter");
    await within(second, "你好", "the second one is signed in");
    if (!told) await first.locator("#f-receiver").press("Tab");
    await within(first, "另一个人登录了", "the first tab says so");
    expect((await first.locator("#f-receiver").count()) === 0, "the first tab still shows the form");
    expect((await record(second)).number === other.number && (await record(second)).fields.receiver === "向东", "an entry landed in the other's record");
    // The first one again: what was typed is there.
    await first.locator("input").first().fill(login);
    await first.locator("input[type=password]").fill(password);
    await first.keyboard.press("Enter");
    await within(first, "你好|收件人", "signed in again");
    await turn(first, "#/form/contact", "#f-receiver");
    await first.waitForFunction(() => document.querySelector("#f-receiver").value === "甲的收件人", null, { timeout: 20000 });
    await saved(first);
    await first.locator("#f-receiver").fill(was);
    await first.locator("#f-receiver").press("Tab");
    await saved(first);
    if (told) await within(second, "另一个人登录了", "and now the second one says so");
    await first.context().close();
  }
});

await test("a window that closes while somebody types loses nothing: the entry stays, both times are said, an extension saves it", async () => {
  const point = await desk("point");
  const county = await desk("county");
  const fill = (await point.get("/windows?action=fill&kind=window")).items[0];
  const one = played[1];
  const tab = await phone();
  await home(tab, one.number, one.password);
  await turn(tab, "#/form/contact", "#f-receiver");
  const { data: slot } = await county.send("POST", "/windows", { action: "fill", kind: "slot", org_id: point.me.org.id, opens_at: fill.opens_at,
    closes_at: new Date(Date.now() - 60000).toISOString() });
  await tab.waitForTimeout(1500); // every process of the server has heard of it
  await tab.locator("#f-receiver").fill("最后一刻");
  await tab.locator("#f-receiver").press("Tab");
  await within(tab, "没有保存", "refused").catch(async () => { throw new Error((await text(tab)).slice(0, 900)); });
  expect((await tab.locator("#f-receiver").inputValue()) === "最后一刻", "the entry is gone");
  expect(/\d+:\d\d/.test(await tab.locator(".banner.bad").innerText()), await tab.locator(".banner.bad").innerText());
  await county.send("DELETE", `/windows/${slot.id}`, undefined, `"v${slot.version}"`);
  await tab.waitForTimeout(1500);
  await tab.getByRole("button", { name: "再试一次" }).first().click();
  await saved(tab);
  expect((await record(tab)).fields.receiver === "最后一刻", "not saved after all");
  for (const each of [point, county]) await each.close();
  await tab.context().close();
});

await test("HTML, right-to-left and invisible characters: shown as text or refused by name, never run", async () => {
  const tab = await phone();
  await home(tab);
  await turn(tab, "#/form/contact", "#f-address");
  const was = (await record(tab)).fields;
  const markup = "湖南省<b onmouseover=alert(1)>长沙市</b>1号";
  await tab.locator("#f-receiver").fill("\u202e张三");
  await tab.locator("#f-receiver").press("Tab");
  await tab.locator("#f-receiver[aria-invalid=true]").waitFor({ timeout: 30000 });
  await tab.locator("#f-receiver").fill(was.receiver);
  await tab.locator("#f-address").fill(markup);
  await tab.locator("#f-address").press("Tab");
  await tab.waitForFunction(() => document.querySelector("#f-address[aria-invalid=true]") || document.querySelector("[data-state=saved]"), null, { timeout: 30000 });
  await turn(tab, "#/check", "#a-address");
  expect((await tab.locator("#a-address b").count()) === 0, "markup became an element");
  expect((await tab.locator("#a-address").innerText()).includes("<b"), "the text is not shown as it was typed");
  await turn(tab, "#/form/contact", "#f-address");
  await tab.locator("#f-address").fill(was.address);
  await tab.locator("#f-address").press("Tab");
  await tab.waitForFunction(() => !document.querySelector("[aria-invalid=true]"), null, { timeout: 30000 });
  await saved(tab);
  expect(tab.faults.length === 0, tab.faults.join("; "));
  await tab.context().close();
});

await test("names of 1 and of 60 characters, and with combining marks: whole on the phone, at 320 px and in the console", async () => {
  const point = await desk("point");
  const names = ["龙", `买买提·阿卜杜热合曼·${"艾合".repeat(24)}丁`.slice(0, 60), "Nguye\u0302\u0303n Thi\u0323 Hoa"];
  for (const [i, name] of names.entries()) {
    const reading = { jti: `${"0".repeat(28)}${9000 + i}`, taken_at: new Date().toISOString(), purpose: "create", layout: "resident", card: idCard(name, 711 + i) };
    const one = await registered(point, reading.card).catch((error) => error);
    if (one instanceof Error) {
      if (i === 2 && /422/.test(one.message)) continue; // refused with a sentence: a card of residents bears none
      throw one;
    }
    const shown = (await point.get(`/candidates/${one.id}`)).fields.name;
    expect([name, name.normalize("NFC")].includes(shown), `${name}: ${shown}`);
    const tab = await page({ width: 320, height: 640 });
    await signIn(tab, "ks", one.number, one.password);
    await within(tab, "设置自己的密码", "first sign-in");
    await tab.locator("#f-new").fill("Wode-mima-2026");
    await tab.locator("#f-again").fill("Wode-mima-2026");
    await tab.keyboard.press("Enter");
    await within(tab, "你好", "home");
    expect((await text(tab)).replace(/\s/g, "").includes(`${shown.replace(/\s/g, "")}，你好`), `home cuts ${shown}`);
    expect((await tooWide(tab)) <= 0, `home is ${await tooWide(tab)} px too wide with ${shown}`);
    await tab.context().close();
  }
  const long = (await point.get(`/candidates?q=${encodeURIComponent(names[1])}`)).items;
  expect(long.length === 1 && long[0].name === names[1], "not found by its whole name");
  const tab = await page();
  await signIn(tab, "hngz", logins.point.login, logins.point.password);
  await tab.waitForSelector("nav.menu a");
  await tab.goto(`${site}/hngz/#/candidates/${long[0].id}`);
  await within(tab, names[1], "whole in the console");
  expect((await tooWide(tab)) <= 0, "the console's page is too wide");
  await tab.context().close();
  await point.close();
});
