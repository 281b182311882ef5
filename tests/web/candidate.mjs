/* The candidate edition where things go wrong: no network, a page that was closed, a session that ended, a shared PC. Each of
 * the conventions of candidates that a page can break has its check here. */
import { axeFaults, expect, logins, page, signIn, site, test, text, tooWide, within } from "./lab.mjs";

const { login, password } = logins.candidate;
const phone = () => page({ width: 375, height: 812 });

async function atHome(tab) {
  await signIn(tab, "ks", login, password);
  await within(tab, "我的报名", "home");
  await tab.waitForLoadState("networkidle");
  await tab.waitForTimeout(2000); // the rest of the form is fetched in the quiet
}

async function receiver(tab) {
  await tab.evaluate(() => { location.hash = "#/form/contact"; });
  const field = tab.getByLabel("收件人", { exact: false }).first();
  await field.waitFor();
  return field;
}

const fresh = () => `收件${Math.random().toString().slice(2, 8).replace(/\d/g, (d) => "零一二三四五六七八九"[d])}`;
/* What this site keeps in the browser. */
const kept = (tab) => tab.evaluate(async () => {
  const found = [];
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((done, fail) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => done(opening.result);
      opening.onerror = fail;
    });
    for (const store of db.objectStoreNames) {
      const rows = await new Promise((done) => {
        const asked = db.transaction(store).objectStore(store).getAll();
        asked.onsuccess = () => done(asked.result);
      });
      found.push(...rows.map((row) => new TextDecoder().decode(row.sealed ?? new Uint8Array())));
    }
    db.close();
  }
  return found;
});

async function keptBecomes(tab, count, what) {
  let drafts = [];
  for (let i = 0; i < 100; i += 1) {
    drafts = await kept(tab);
    if (drafts.length === count) return drafts;
    await tab.waitForTimeout(100);
  }
  throw new Error(`${what}: ${drafts.length} drafts, wanted ${count}`);
}

await test("without a network all pages of the form open, entries wait, and are saved when it is back", async () => {
  const tab = await phone();
  await atHome(tab);
  await tab.context().setOffline(true);
  const field = await receiver(tab);
  const name = fresh();
  await field.fill(name);
  await field.press("Tab");
  await within(tab, "没有网络", "said so");
  await within(tab, "网络恢复后自动保存", "waits");
  const sections = await tab.evaluate(() => ["apply", "school", "household", "resume", "family", "other"]);
  for (const section of sections) {
    await tab.evaluate((id) => { location.hash = `#/form/${id}`; }, section);
    await tab.waitForTimeout(200);
    expect((await tab.locator("h1").count()) === 1 && !/没有打开/.test(await text(tab)), `${section} does not open`);
  }
  await tab.evaluate(() => { location.hash = "#/check"; });
  await within(tab, name, "the entry stands in the review");
  await tab.context().setOffline(false);
  await receiver(tab);
  await within(tab, "已保存", "saved when the network is back");
  await keptBecomes(tab, 0, "after saving");
  await tab.context().close();
});

await test("what was entered and not saved survives a closed page, unreadable for others, and is saved at the next visit", async () => {
  const tab = await phone();
  await atHome(tab);
  const context = tab.context();
  await context.setOffline(true);
  const name = fresh();
  const field = await receiver(tab);
  await field.fill(name);
  await field.press("Tab");
  await within(tab, "网络恢复后自动保存", "waits");
  const drafts = await keptBecomes(tab, 1, "while it waits");
  expect(!drafts[0].includes(name), "the draft can be read");
  await tab.close({ runBeforeUnload: false });
  await context.setOffline(false);
  const again = await context.newPage();
  await again.goto(`${site}/ks/#/form/contact`);
  await within(again, "已保存", "saved at the next visit");
  expect((await again.getByLabel("收件人", { exact: false }).first().inputValue()) === name, "the entry is back");
  await context.close();
});

await test("a session that ends in the middle of a save: sign in again, the entry is there", async () => {
  const tab = await phone();
  await atHome(tab);
  const field = await receiver(tab);
  const name = fresh();
  await tab.context().clearCookies();
  await field.fill(name);
  await field.press("Tab");
  await within(tab, "登录已过期|请重新登录|重新登录", "asks to sign in again");
  await tab.locator("input").first().fill(login);
  await tab.locator("input[type=password]").fill(password);
  await tab.keyboard.press("Enter");
  const back = await receiver(tab);
  await within(tab, "已保存", "saved after signing in again");
  expect((await back.inputValue()) === name, "the entry is there");
  await tab.context().close();
});

await test("signing out asks before unsaved entries are lost, and leaves nothing behind", async () => {
  const tab = await phone();
  await atHome(tab);
  const field = await receiver(tab);
  await tab.context().setOffline(true);
  await field.fill(fresh());
  await tab.getByRole("button", { name: "退出登录" }).click();
  await within(tab, "还有内容没有保存", "asked");
  await tab.getByRole("button", { name: "留在这里" }).click();
  await tab.context().setOffline(false);
  await tab.evaluate(() => { location.hash = "#/home"; });
  await tab.waitForTimeout(300);
  await receiver(tab);
  await within(tab, "已保存", "saved");
  await tab.getByRole("button", { name: "退出登录" }).click();
  await tab.waitForSelector("input[type=password]");
  expect((await kept(tab)).length === 0, "a draft is left");
  const stored = await tab.evaluate(() => Object.keys(localStorage).sort().join(" "));
  expect(/^(gaokao\.comfort )?gaokao\.language$/.test(stored), `left in the browser: ${stored}`);
  await tab.goBack();
  await tab.waitForTimeout(500);
  expect(!(await text(tab)).includes("你好"), "back shows the home page");
  await tab.context().close();
});

await test("rules run in the page before anything is sent, and full-width digits become plain ones", async () => {
  const tab = await phone();
  await atHome(tab);
  const field = await receiver(tab);
  await tab.context().setOffline(true);
  await field.fill("别人");
  await field.press("Tab");
  await within(tab, "不是本人", "the rule says so without a server");
  await field.fill("");
  const mobile = tab.getByLabel("联系手机", { exact: false }).first();
  await mobile.fill("１３８１２３４５６７８");
  await mobile.press("Tab");
  expect((await mobile.inputValue()) === "13812345678", `mobile: ${await mobile.inputValue()}`);
  const took = await tab.evaluate(() => {
    const input = document.querySelector("#f-receiver");
    const times = [];
    for (let i = 0; i < 20; i += 1) {
      const began = performance.now();
      input.value = `别人${i}`;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b)[10];
  });
  expect(took < 160, `a keystroke's rules took ${took} ms`);
  await tab.context().setOffline(false);
  await tab.context().close();
});

await test("identity is shown locked, the device's clock does not matter, the receipt shows what is recorded", async () => {
  const tab = await phone();
  await tab.clock.install({ time: new Date("2031-05-05T00:00:00Z") });
  await signIn(tab, "ks", login, password);
  await within(tab, "还有 \\d+ 天", "counts down by the server's clock");
  await tab.evaluate(() => { location.hash = "#/check"; });
  await within(tab, "身份证", "check");
  expect((await tab.locator("input, select, textarea").count()) === 0, "check your answers has inputs");
  await tab.evaluate(() => { location.hash = "#/receipt"; });
  await within(tab, "我的报名回执", "receipt");
  expect((await text(tab)).includes(login.replace(/(\d{4})(\d{4})/, "$1 $2")), "the number stands in the receipt");
  const [download] = await Promise.all([tab.waitForEvent("download"), tab.getByRole("button", { name: "下载我的全部数据" }).click()]);
  const bytes = await (await import("node:fs/promises")).readFile(await download.path(), "utf8");
  const data = JSON.parse(bytes);
  expect(data.record.number === login && data.history.length > 0, "the file holds record and history");
  await tab.context().close();
});

await test("letters and contrast can be changed, and stay", async () => {
  const tab = await page({ width: 320, height: 640 });
  await atHome(tab);
  await tab.getByRole("button", { name: "字号和对比度" }).click();
  await tab.getByLabel("特大").check();
  await tab.getByLabel("更清楚").check();
  await tab.getByRole("button", { name: "好了" }).click();
  await tab.reload();
  await within(tab, "我的报名", "home");
  expect((await tab.evaluate(() => `${document.documentElement.dataset.size} ${document.documentElement.dataset.contrast}`)) === "larger more", "kept");
  for (const hash of ["#/home", "#/check", "#/form/resume", "#/receipt"]) {
    await tab.goto(`${site}/ks/${hash}`);
    await tab.waitForTimeout(500);
    expect((await tooWide(tab)) <= 0, `${hash} is ${await tooWide(tab)} px too wide at the largest letters`);
  }
  await tab.context().close();
});

await test("axe finds nothing on any page of the candidate edition", async () => {
  const tab = await phone();
  await tab.goto(`${site}/ks/`);
  await tab.waitForSelector("input[type=password]");
  const faults = (await axeFaults(tab)).map((fault) => `sign-in ${fault}`);
  await atHome(tab);
  for (const hash of ["home", "form/apply", "form/household", "form/resume", "form/family", "check", "receipt", "notices", "password", "sessions"]) {
    await tab.evaluate((path) => { location.hash = `#/${path}`; }, hash);
    await tab.waitForTimeout(700);
    faults.push(...(await axeFaults(tab)).map((fault) => `${hash} ${fault}`));
  }
  expect(faults.length === 0, faults.slice(0, 12).join("\n"));
  await tab.context().close();
});
