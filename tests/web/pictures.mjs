/* Pictures of the candidates' real pages for the documents: those of the guide, and every page at 375×812 and 1366×768
 * (docs/screens.md). Run by tests/web/pictures. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { desk, idCard, logins, page, picture as shoot, registered, signIn, site } from "./lab.mjs";

const out = process.env.OUT;
const PHONE = { width: 375, height: 812 };
const DESK = { width: 1366, height: 768 };
mkdirSync(`${out}/screens`, { recursive: true });
for (const old of readdirSync(`${out}/screens`)) rmSync(`${out}/screens/${old}`);

const picture = (tab, name) => shoot(tab, `${out}/${name}`);

/* Who signs in for a picture is no news worth a line in it. */
const quiet = (tab) => tab.getByRole("button", { name: "是我本人" }).click({ timeout: 1500 }).catch(() => {});
const turn = (tab, path) => tab.evaluate((to) => { location.hash = `#/${to}`; }, path);

/* The same page on both screens. */
const shown = [];
async function both(tab, name, title) {
  for (const [screen, size] of [["phone", PHONE], ["desk", DESK]]) {
    await tab.setViewportSize(size);
    await picture(tab, `screens/${name}-${screen}`);
  }
  shown.push([name, title]);
}

/* ---- /ks ---- */
const point = await desk("point");
const fresh = await registered(point, idCard("古丽米热·阿卜杜热合曼", 801));
const tab = await page(PHONE);
await tab.goto(`${site}/ks/`);
await tab.waitForSelector("input[type=password]");
await picture(tab, "ks-sign-in");
await both(tab, "ks-sign-in", "登录 · sign in");
await tab.locator("#f-login").fill("12");
await tab.keyboard.press("Enter");
await tab.locator("[data-summary]").waitFor();
await both(tab, "ks-sign-in-fault", "登录有错 · a fault");
await tab.goto("about:blank");
await tab.goto(`${site}/ks/#n=${fresh.number}&p=${fresh.password}`);
await tab.waitForFunction((n) => document.querySelector("#f-login")?.value === n, fresh.number);
await both(tab, "ks-from-card", "扫卡登录 · from the card's code");
await tab.getByRole("button", { name: "登录", exact: true }).click();
await tab.locator("#f-new").waitFor();
await both(tab, "ks-own-password", "设置自己的密码 · own password");
await tab.locator("#f-new").fill("Wode-mima-2026");
await tab.locator("#f-again").fill("Wode-mima-2026");
await tab.keyboard.press("Enter");
await tab.locator(".steps").waitFor();
await both(tab, "ks-home-first", "首页，承诺之前 · home before the pledge");
await turn(tab, "pledge");
await tab.locator("form input[type=checkbox]").first().waitFor();
await both(tab, "ks-pledge", "告知与承诺 · notice and pledge");
for (const box of await tab.locator("form input[type=checkbox]").all()) await box.check();
await tab.getByRole("button", { name: "同意并开始填写" }).click();
await tab.waitForFunction(() => location.hash.startsWith("#/form/"));
await tab.getByRole("button", { name: "保存并继续" }).click();
await tab.locator("[data-summary]").waitFor();
await both(tab, "ks-summary", "缺项和错误 · what is missing");
await tab.context().close();

const one = await page(PHONE);
await signIn(one, "ks", logins.candidate.login, logins.candidate.password);
await one.waitForSelector(".steps");
await quiet(one);
await picture(one, "ks-home");
await both(one, "ks-home", "首页 · home");
for (const [path, title] of [["form/apply", "报考信息 · application"], ["form/school", "学籍学校 · school"], ["form/household", "户籍信息 · household"],
  ["form/contact", "联系方式 · contact"], ["form/resume", "个人简历 · résumé"], ["form/family", "家庭成员 · family"], ["form/other", "其他 · other"],
  ["check", "核对 · check answers"], ["receipt", "回执 · receipt"], ["notices", "公告 · notices"], ["password", "修改密码 · change password"],
  ["sessions", "登录的设备 · sessions"]]) {
  await turn(one, path);
  await one.waitForTimeout(500);
  if (path === "form/household") await picture(one, "ks-form");
  if (path === "check") await picture(one, "ks-check");
  if (path === "receipt") await picture(one, "ks-receipt");
  await both(one, `ks-${path.replace("/", "-")}`, title);
}
await turn(one, "home");
await one.waitForTimeout(400);
await one.getByRole("button", { name: "字号和对比度" }).click();
await both(one, "ks-comfort", "字号和对比度 · letters and contrast");
await one.getByRole("button", { name: "好了" }).click();
await turn(one, "form/household");
await one.waitForSelector("#f-household_place");
await one.locator("#f-household_place").fill("frq");
await both(one, "ks-search", "拼音首字母 · search by initials");
await one.locator("#f-household_place").press("Escape");
await turn(one, "form/contact");
await one.waitForSelector("#f-receiver");
await one.waitForTimeout(1500);
await one.context().setOffline(true);
await one.locator("#f-receiver").fill("张三");
await one.locator("#f-receiver").press("Tab");
await one.waitForFunction(() => /网络恢复后自动保存/.test(document.body.innerText), null, { timeout: 30000 });
await both(one, "ks-offline", "没有网络 · offline");
await one.context().setOffline(false);
await one.waitForFunction(() => document.querySelector("[data-state=saved]"), null, { timeout: 60000 });
await one.context().clearCookies();
await one.locator("#f-receiver").fill("李四");
await one.locator("#f-receiver").press("Tab");
await one.waitForSelector("input[type=password]", { timeout: 30000 });
await both(one, "ks-expired", "登录已过期 · session expired");
await one.context().close();

writeFileSync(process.env.SCREENS, `# Every page of candidates, on a phone and on an office PC

Made by \`tests/web/pictures\` from a demonstration (375×812 and 1366×768); what a page weighs says \`tests/bench/pages\`. The console's screens stand in [console.md](console.md), the papers in [papers.md](papers.md).

| page | 375×812 | 1366×768 |
|---|---|---|
${shown.map(([name, title]) => `| ${title} | ![${name}](img/screens/${name}-phone.webp) | ![${name}](img/screens/${name}-desk.webp) |`).join("\n")}
`);
console.log("1..0 # pictures");
process.exit(0);
