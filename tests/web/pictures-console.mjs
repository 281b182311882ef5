/* Pictures of every screen of the console for the guides, at 1366×768 and at 375×812, and the page that shows them all. Run by
 * tests/web/pictures-console. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { ask, logins, page, picture, signIn } from "./lab.mjs";

const out = process.env.OUT;
const DESK = { width: 1366, height: 768 };
const PHONE = { width: 375, height: 812 };
mkdirSync(out, { recursive: true });
for (const old of readdirSync(out)) rmSync(`${out}/${old}`);

/* [role, hash or function of the tab, name, title] */
const first = (path, of) => async (tab) => of((await ask(tab, path)).data.items[0] ?? { id: 0 });
const SCREENS = [
  ["point", "desk/to_review", "desk", "资格审查 · review desk"],
  ["point", first("/candidates?queue=to_review&limit=1", (c) => `desk/to_review/${c.id}`), "desk-candidate", "办理一位 · one at the desk"],
  ["point", first("/candidates?queue=to_confirm&limit=1", (c) => `desk/to_confirm/${c.id}`), "desk-confirm", "校对签字 · signature"],
  ["point", "desk/to_read", "desk-read", "读卡建档 · reading cards"],
  ["point", "candidates", "candidates", "考生 · candidates"],
  ["point", first("/candidates?state=confirmed&limit=1", (c) => `candidates/${c.id}`), "candidate", "考生页 · a candidate"],
  ["point", first("/candidates?state=confirmed&limit=1", (c) => `candidates/${c.id}/history`), "history", "办理记录 · history"],
  ["point", "desk/returned", "desk-returned", "省里退回 · returned from above"],
  ["point", "photos", "photos", "照片 · photos"],
  ["point", "photos/import", "photo-import", "批量上传照片 · photos in bulk"],
  ["point", "readings", "readings", "读卡情况 · readings"],
  ["point", "submissions", "submissions-point", "上报与退回（报名点）· submissions of a point"],
  ["point", "devices", "devices", "设备 · devices"],
  ["county", "progress", "progress-county", "进度（县市区）· progress of a county"],
  ["county", "orgs", "points", "报名点与准备情况 · points and readiness"],
  ["county", async (tab) => `orgs/${(await ask(tab, "/orgs?level=point&limit=1")).data.items[0].id}`, "org", "报名点资料 · a point"],
  ["county", "accounts", "accounts", "用户与密码条 · accounts"],
  ["county", "ranges", "ranges", "号段 · ranges"],
  ["county", "submissions", "submissions", "上报与退回 · submissions"],
  ["county", "imports", "imports", "导入 · imports"],
  ["county", "notices", "notices", "公告下载 · notices"],
  ["county", "alarms", "alarms", "预警 · alarms"],
  ["city", "desk/to_approve", "approve", "无卡批准 · approvals"],
  ["city", "orgs", "orgs", "机构 · units"],
  ["province", "progress", "progress", "进度（全省）· progress of the province"],
  ["province", "windows", "windows", "开放时间 · times"],
  ["province", "packs", "packs", "政策包 · packs"],
  ["province", "plugins", "plugins", "插件 · plugins"],
  ["province", "photos/measures", "measures", "照片阈值 · limits of photos"],
  ["province", "pulls", "pulls", "省里拉取 · pulls"],
  ["province", "returns", "returns", "退回名单 · return lists"],
  ["province", "jobs", "jobs", "后台任务 · jobs"],
  ["province", "audit", "audit", "审计 · audit"],
  ["province", "health", "health", "服务状况 · state of the service"],
  ["province", "me", "self", "我的账号 · own account"],
];

for (const role of new Set(SCREENS.map(([who]) => who))) {
  const tab = await page(DESK);
  const person = logins[role];
  await signIn(tab, "hngz", person.login, person.password, person.totp_secret);
  await tab.waitForSelector("nav.menu a");
  await tab.getByRole("button", { name: "是我本人" }).click({ timeout: 1500 }).catch(() => {});
  for (const [, where, name] of SCREENS.filter(([who]) => who === role)) {
    const hash = typeof where === "string" ? where : await where(tab);
    await tab.evaluate((to) => { location.hash = `#/${to}`; }, hash);
    await tab.waitForTimeout(700);
    for (const [kind, size] of [["desk", DESK], ["phone", PHONE]]) {
      await tab.setViewportSize(size);
      await picture(tab, `${out}/${name}-${kind}`);
    }
    await tab.setViewportSize(DESK);
  }
  await tab.context().close();
}
writeFileSync(process.env.SCREENS, `# Every screen of the console

Made by \`tests/web/pictures-console\` from a demonstration, at 1366×768 and at 375×812.

| screen | 1366×768 | 375×812 |
|---|---|---|
${SCREENS.map(([, , name, title]) => `| ${title} | ![${name}](img/console/${name}-desk.webp) | ![${name}, phone](img/console/${name}-phone.webp) |`).join("\n")}
`);
console.log("1..0 # pictures");
process.exit(0);
