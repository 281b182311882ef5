/* Policy at the console: a county's own rules, why somebody does not pass, plugins off and on. */
import { axeFaults, expect, logins, page, signIn, test, text, tooWide, within } from "./lab.mjs";

const shot = async (tab, name) => { if (process.env.SHOTS) await tab.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true }); };
const sound = async (tab, what) => {
  expect((await tooWide(tab)) <= 0, `${what} is wider than the window`);
  const faults = await axeFaults(tab);
  expect(faults.length === 0, `${what}: ${faults.slice(0, 3)}`);
  expect(tab.faults.length === 0, `${what}: ${tab.faults}`);
};
const at = async (role) => {
  const tab = await page();
  await signIn(tab, "hngz", logins[role].login, logins[role].password, logins[role].totp_secret);
  await tab.waitForSelector("a[href='#/packs']", { state: "attached" });
  return tab;
};
const go = (tab, hash) => tab.evaluate((to) => { location.hash = to; }, hash);

await test("a county makes a draft of its own rules from the active pack", async () => {
  const tab = await at("county");
  await go(tab, "#/packs");
  await within(tab, "省里的政策包对全省有效", "the list of packs");
  await tab.locator("tr", { hasText: "现行" }).locator("a").first().click();
  await within(tab, "为本地区增加规则", "the active pack");
  await sound(tab, "a pack");
  await tab.getByRole("button", { name: "为本地区增加规则" }).click();
  await within(tab, "只能比省里更严", "the dialog");
  await tab.locator("dialog textarea").first().fill("区里更严的规定");
  await tab.locator("dialog form button").last().click();
  await within(tab, "自己的规则", "the draft");
  await tab.getByRole("button", { name: "新规则" }).click();
  await within(tab, "依据的文件名称和文号", "a rule's dialog");
  await shot(tab, "local-rule");
  await tab.keyboard.press("Escape");
  await within(tab, "历程", "who did what");
  await sound(tab, "a draft");
  await shot(tab, "local-draft");
  await tab.context().close();
});

await test("whoever tries a version reads why somebody does not pass, what satisfies it and where it is changed", async () => {
  const tab = await at("county");
  await go(tab, "#/packs");
  await within(tab, "省里的政策包对全省有效", "the list of packs");
  await tab.locator("tr", { hasText: "现行" }).locator("a").first().click();
  await tab.locator("#f-try-who").fill("birth=2015-06-07 sex=1");
  await tab.getByRole("button", { name: "试", exact: true }).click();
  const why = tab.locator("details.why").first();
  await why.waitFor();
  await why.locator("summary").click();
  await within(tab, "怎样才符合", "what satisfies it");
  await within(tab, "在哪里改", "where it is changed");
  await shot(tab, "why");
  await tab.context().close();
});

await test("the province switches a plugin off and on, and the rule engine never", async () => {
  const tab = await at("province");
  await go(tab, "#/plugins");
  const row = tab.locator("tr", { hasText: "export_csv" });
  await row.getByRole("button", { name: "停用" }).click();
  await tab.locator("dialog textarea").fill("厂家通知停用");
  await tab.locator("dialog form button").last().click();
  await row.getByText("已停用").waitFor();
  expect((await row.innerText()).includes("厂家通知停用"), "no reason");
  expect((await tab.locator("tr", { hasText: "policy_xpath" }).getByRole("button", { name: "停用" }).count()) === 0, "the rule engine can be switched off");
  await sound(tab, "plugins");
  await shot(tab, "plugins");
  await row.getByRole("button", { name: "启用" }).click();
  await tab.locator("dialog textarea").fill("厂家已经修复");
  await tab.locator("dialog form button").last().click();
  await row.getByText("运行中").waitFor();
  expect(!/\b(plugins?|pack|why)\.[a-z.]+\b/.test(await text(tab)), "a key instead of a text");
  await tab.context().close();
});
