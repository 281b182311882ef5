/* The pages as people use them, against a real server. */
import { readFileSync } from "node:fs";
import { axeFaults, expect, logins, page, signIn, site, test, text, tooWide, within } from "./lab.mjs";

await test("a wrong password is told in words, and the page stays", async () => {
  const tab = await page({ width: 360, height: 740 });
  await signIn(tab, "ks", logins.candidate.login, "wrong-password");
  await within(tab, "不对|不正确", "wrong password");
  expect((await tab.locator("input[type=password]").count()) === 1, "the form is gone");
  await tab.context().close();
});

await test("a candidate signs in on a 320 px phone, nothing is wider than the screen, no script is refused", async () => {
  const tab = await page({ width: 320, height: 640 });
  await signIn(tab, "ks", logins.candidate.login, logins.candidate.password);
  await within(tab, "我的报名", "home");
  for (const hash of ["#/home", "#/check"]) {
    await tab.goto(`${site}/ks/${hash}`);
    await tab.waitForTimeout(600);
    expect((await tooWide(tab)) <= 0, `${hash} is ${await tooWide(tab)} px too wide`);
  }
  expect(tab.faults.length === 0, tab.faults.join("; "));
  await tab.context().close();
});

await test("an entry is saved as one goes and is there after a reload", async () => {
  const tab = await page({ width: 360, height: 740 });
  await signIn(tab, "ks", logins.candidate.login, logins.candidate.password);
  await within(tab, "我的报名", "home");
  await tab.getByRole("link", { name: "联系方式" }).click();
  const receiver = tab.getByLabel("收件人", { exact: false }).first();
  await receiver.waitFor();
  const name = `收件人${"甲乙丙丁戊己庚辛"[Math.floor(Math.random() * 8)]}${"一二三四五六七八"[Math.floor(Math.random() * 8)]}`;
  await receiver.fill(name);
  await receiver.press("Tab");
  await within(tab, "已保存", "saved");
  await tab.reload();
  const again = tab.getByLabel("收件人", { exact: false }).first();
  await again.waitFor();
  expect((await again.inputValue()) === name, `after the reload: ${await again.inputValue()}`);
  await tab.context().close();
});

await test("a fault stands beside its field with what to do", async () => {
  const tab = await page({ width: 360, height: 740 });
  await signIn(tab, "ks", logins.candidate.login, logins.candidate.password);
  await within(tab, "我的报名", "home");
  await tab.getByRole("link", { name: "联系方式" }).click();
  const postcode = tab.getByLabel("邮政编码", { exact: false }).first();
  await postcode.waitFor();
  await postcode.fill("41");
  await postcode.press("Tab");
  await tab.waitForSelector("[aria-invalid=true]", { timeout: 60000 });
  const described = await postcode.getAttribute("aria-describedby");
  expect(described !== null, "the field names no description");
  await tab.context().close();
});

await test("sign out ends the session: the page asks for the password again, back shows nothing", async () => {
  const tab = await page({ width: 360, height: 740 });
  await signIn(tab, "ks", logins.candidate.login, logins.candidate.password);
  await within(tab, "我的报名", "home");
  await tab.getByText("退出登录").first().click();
  await tab.waitForSelector("input[type=password]");
  await tab.goBack().catch(() => {});
  await tab.waitForTimeout(600);
  expect(!(await text(tab)).includes("你好"), "the record is still shown");
  await tab.context().close();
});

await test("the clerk's menu names the work; review works from the keyboard", async () => {
  const tab = await page();
  await signIn(tab, "hngz", logins.point.login, logins.point.password);
  await within(tab, "资格审查", "desk");
  const shown = await text(tab);
  for (const word of ["读卡建档", "打印登录卡", "校对签字", "进度", "考生", "上报与退回"]) expect(shown.includes(word), `no ${word}`);
  for (const word of ["插件", "审计"]) expect(!shown.includes(word), `${word} is not the point's`);
  await tab.keyboard.press("/");
  await tab.keyboard.type(logins.candidate.login);
  await tab.keyboard.press("Enter");
  await tab.waitForURL(/#\/candidates\/\d+/, { timeout: 60000 });
  await within(tab, "身份信息", "the candidate's page");
  expect((await tooWide(tab)) <= 0, "the page is too wide");
  expect(tab.faults.length === 0, tab.faults.join("; "));
  await tab.context().close();
});

await test("a list is worked with the keyboard: rows are chosen, columns too, and back finds the place", async () => {
  const tab = await page();
  await signIn(tab, "hngz", logins.point.login, logins.point.password);
  await tab.waitForSelector("nav.menu .count");
  await tab.goto(`${site}/hngz/#/candidates`);
  const rows = tab.locator("main .table tbody tr");
  await rows.first().waitFor();
  await tab.waitForFunction(() => document.activeElement?.tagName === "H1"); // the screen has settled
  for (let i = 0; i < 5 && !(await tab.locator(".batch strong").count()); i += 1) { // a screen that settles late takes the focus once
    await tab.locator("tbody a").first().focus();
    await tab.keyboard.press("ArrowDown");
    await tab.keyboard.press("x");
    await tab.locator(".batch strong").waitFor({ timeout: 2000 }).catch(() => {});
  }
  expect((await tab.locator(".batch strong").innerText()) === "已选择 1 人", await tab.locator(".batch").innerText());
  await tab.locator("thead .pick input").check();
  const shown = await rows.count();
  expect((await tab.locator(".batch strong").innerText()).includes(`${shown} `), `${shown} rows, ${await tab.locator(".batch").innerText()}`);
  await tab.getByText("显示列…").click();
  await tab.locator("dialog").getByLabel("照片").check();
  await tab.locator("dialog button.main").click();
  await tab.locator("thead").getByText("照片").waitFor();
  await tab.locator("tbody a").first().focus();
  await tab.keyboard.press("ArrowDown");
  await tab.keyboard.press("ArrowDown");
  const third = await tab.evaluate(() => document.activeElement.textContent);
  await tab.keyboard.press("Enter");
  await tab.waitForURL(/#\/candidates\/\d+$/);
  await within(tab, "身份信息", "the candidate's page");
  await tab.goBack();
  await tab.waitForFunction((text) => document.activeElement?.textContent === text, third, { timeout: 20000 });
  expect((await tab.locator(".batch strong").innerText()).includes(`${shown} `), "the choice is gone");
  expect(tab.faults.length === 0, tab.faults.join("; "));
  await tab.context().close();
});

await test("a list goes out as a file: what it holds and how many rows are said, and the file is a workbook", async () => {
  const tab = await page();
  await signIn(tab, "hngz", logins.point.login, logins.point.password);
  await tab.waitForSelector("nav.menu a");
  await tab.goto(`${site}/hngz/#/candidates?state=filling`);
  await tab.getByRole("button", { name: "导出…" }).click();
  await within(tab, "状态 填报中", "the filters in force");
  await tab.locator("dialog button.main").click();
  await within(tab, "共 \\d+ 行", "how many rows");
  const got = tab.waitForEvent("download");
  await tab.locator("dialog a.main").click();
  const file = readFileSync(await (await got).path());
  expect(file.subarray(0, 2).toString() === "PK" && (await got).suggestedFilename().endsWith(".xlsx"), (await got).suggestedFilename());
  expect(tab.faults.length === 0, tab.faults.join("; "));
  await tab.context().close();
});

await test("a scanner's code goes to the candidate, and not into the field that has the focus", async () => {
  const tab = await page();
  await signIn(tab, "hngz", logins.point.login, logins.point.password);
  await tab.waitForSelector("nav.menu a");
  await tab.goto(`${site}/hngz/#/candidates`);
  const field = tab.getByLabel("班级").first();
  await field.fill("高三");
  await field.focus();
  const type = (code, gap) => tab.evaluate(async ([letters, ms]) => { // as the browser gets it from a scanner; playwright's own typing has no even pace
    const target = document.activeElement;
    for (const key of [...letters, "Enter"]) {
      const go = target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      if (go && key.length === 1) {
        target.value += key;
        target.dispatchEvent(new Event("input", { bubbles: true }));
      }
      if (ms) await new Promise((done) => setTimeout(done, ms));
    }
  }, [code, gap]);
  await type(logins.candidate.login, 80);
  expect((await field.inputValue()).endsWith(logins.candidate.login), "what a hand types stays");
  await field.fill("高三");
  await type(logins.candidate.login, 0);
  await tab.waitForURL(/#\/candidates\/\d+$/, { timeout: 60000 });
  await tab.goBack();
  await field.waitFor();
  expect((await field.inputValue()) !== `高三${logins.candidate.login}`, "the code was written into the field");
  await tab.context().close();
});

await test("a scanned proof sheet opens its record and says whether it is the present one", async () => {
  const tab = await page();
  await signIn(tab, "hngz", logins.point.login, logins.point.password);
  await tab.waitForSelector("nav.menu a");
  const get = async (path) => (await tab.request.get(`${site}/api/v1${path}`, { headers: { "X-Gaokao-Edition": "hngz" } })).json();
  const one = (await get("/candidates?state=proofed")).items[0];
  const { proof_version: version } = await get(`/candidates/${one.id}`);
  const scan = (code) => tab.evaluate((letters) => {
    for (const key of [...letters, "Enter"]) document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }, code);
  await scan(`${one.number}/${version}/0123abcd`);
  await within(tab, `第 ${version} 版就是现在有效的一版`, "the present sheet");
  await scan(`${one.number}/1/0123abcd`);
  await within(tab, `扫到的是第 1 版，不是现在有效的第 ${version} 版`, "an old sheet");
  expect(tab.faults.length === 0, tab.faults.join("; "));
  await tab.context().close();
});

await test("papers: a job is followed to its PDF and gives pages again; one opens from its record", async () => {
  const tab = await page();
  await signIn(tab, "hngz", logins.point.login, logins.point.password);
  await tab.waitForSelector("nav.menu a");
  await tab.goto(`${site}/hngz/#/jobs`);
  const pdf = (part) => tab.waitForResponse((r) => r.url().includes(part) && r.status() === 200 && r.headers()["content-type"] === "application/pdf", { timeout: 60000 });
  const open = async () => {
    const button = tab.locator("dialog button", { hasText: "打开 PDF" });
    await button.waitFor({ timeout: 60000 });
    expect(/已生成 [\d,]+ 人，共 [\d,]+ 页/.test(await tab.locator("dialog").innerText()), await tab.locator("dialog").innerText());
    await Promise.all([pdf("/result"), button.click()]);
    await tab.locator("dialog button", { hasText: "关闭" }).last().click();
  };
  await tab.getByRole("button", { name: "成批打印…" }).click();
  await tab.getByLabel("打印什么").selectOption("print_roster");
  const faults = await axeFaults(tab);
  expect(faults.length === 0, faults.join("\n"));
  await tab.locator("dialog .dialog-foot .main").click();
  await open();
  await tab.locator("tbody tr", { hasText: "花名册" }).first().getByText("重打几页…").click();
  await tab.getByLabel("到第几页").fill("1");
  await tab.locator("dialog .dialog-foot .main").click();
  await open();
  const list = await (await tab.request.get(`${site}/api/v1/candidates?state=confirmed`, { headers: { "X-Gaokao-Edition": "hngz" } })).json();
  await tab.goto(`${site}/hngz/#/candidates/${list.items[0].id}`);
  for (const kind of ["card", "proof", "form", "receipt"]) await Promise.all([pdf(`/papers/${kind}.pdf`), tab.locator(`[data-paper=${kind}]`).click()]);
  expect(tab.faults.length === 0, tab.faults.join("; "));
  await tab.context().close();
});

await test("two people change one field: both values are shown, and the clerk chooses", async () => {
  const tab = await page();
  await signIn(tab, "hngz", logins.point.login, logins.point.password);
  await tab.waitForSelector("nav.menu a");
  await tab.goto(`${site}/hngz/#/candidates?state=card_printed`);
  await tab.locator("main .table tbody a").first().click();
  await within(tab, "身份信息", "the candidate's page");
  const other = await tab.context().newPage();
  await other.goto(tab.url());
  await within(other, "身份信息", "the candidate's page");
  const change = async (one, value) => {
    await one.bringToFront();
    await one.locator("[data-act=edit]").click();
    const field = one.locator("dialog").getByLabel("备注", { exact: false }).or(one.locator("dialog").getByLabel("班级", { exact: false })).first();
    await field.waitFor();
    await field.fill(value);
  };
  await change(tab, "高三21班");
  await change(other, "高三22班");
  await other.locator("dialog button.main").click();
  await other.locator("dialog").waitFor({ state: "detached" });
  await tab.bringToFront();
  await tab.locator("dialog button.main").click();
  await within(tab, "两个人改了同一处", "the choice");
  const choice = tab.locator("dialog").last();
  for (const value of ["高三21班", "高三22班"]) expect((await choice.innerText()).includes(value), `no ${value}: ${await choice.innerText()}`);
  await choice.getByLabel("我改的", { exact: false }).check();
  await choice.locator("button.main").click();
  await tab.locator("dialog").first().waitFor({ state: "detached" });
  await other.reload();
  await within(other, "高三21班", "the chosen value");
  await tab.context().close();
});

await test("every menu entry of every role opens without a fault, and axe finds none", async () => {
  const looked = new Set();
  const faults = [];
  for (const role of ["province", "city", "county", "point", "reviewer", "auditor"]) {
    const tab = await page();
    const person = logins[role];
    await signIn(tab, "hngz", person.login, person.password, person.totp_secret);
    await tab.waitForSelector("nav.menu a");
    const links = await tab.locator("nav.menu a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    expect(links.length > 3, `${role}: ${links}`);
    for (const link of links) {
      await tab.goto(`${site}/hngz/${link}`);
      await tab.waitForTimeout(350);
      const title = await tab.title();
      expect(!/没有打开/.test(title), `${role} ${link}: ${title}: ${(await text(tab)).slice(0, 400)}`);
      expect((await tooWide(tab)) <= 0, `${role} ${link} is too wide`);
      if (looked.has(link)) continue;
      looked.add(link);
      faults.push(...(await axeFaults(tab)).map((fault) => `${role} ${link} ${fault}`));
    }
    expect(tab.faults.length === 0, `${role}: ${tab.faults.join("; ")}`);
    await tab.context().close();
  }
  expect(faults.length === 0, faults.slice(0, 12).join("\n"));
});

await test("English is complete on the first pages", async () => {
  const tab = await page({ locale: "en-GB" });
  await signIn(tab, "hngz", logins.county.login, logins.county.password);
  await within(tab, "Progress", "English");
  const untranslated = (await text(tab)).match(/\b[a-z]+\.[a-z_]+(\.[a-z_]+)*\b/g)?.filter((w) => !/\d/.test(w)) ?? [];
  expect(untranslated.length === 0, `keys instead of texts: ${untranslated}`);
  await tab.context().close();
});

if (!process.env.GK_WEB_TLS) { // nothing of these has to do with TLS
  await import("./plan.mjs");
  await import("./console.mjs");
}
await import("./photos.mjs");
await import("./imports.mjs");
await import("./devices.mjs");
if (!process.env.GK_WEB_TLS) await import("./policy.mjs");
if (process.env.CORPUS) {
  await test("every shipped rule has the same answer here as on the server", async () => {
    const { battery, corpus } = await import("./corpus.mjs");
    const differ = await battery();
    expect(differ === null || differ.length === 0, `libxml2 says otherwise: ${differ}`);
    const { count, found } = await corpus(process.env.CORPUS);
    expect(count > 70000, `only ${count} answers`);
    expect(found.length === 0, found.join("\n"));
  });
}

await import("./candidate.mjs");
if (!site.startsWith("https:")) {
  await import("./play.mjs");
  await import("./habits.mjs");
}
await import("./strangers.mjs"); // ends the run
