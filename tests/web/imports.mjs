/* A table from Excel through the console: a column put right, errors alone, imported with one press, undone (W8, issue 10 point 4). */
import { axeFaults, expect, logins, page, signIn, site, test, text, tooWide, within } from "./lab.mjs";

const shot = async (tab, name) => { if (process.env.SHOTS) await tab.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true }); };

async function open(path, login = logins.county, options = {}) {
  const tab = await page(options);
  await signIn(tab, "hngz", login.login, login.password);
  await tab.waitForSelector("nav.menu a", { state: "attached" });
  await tab.goto(`${site}/hngz/#${path}`);
  return tab;
}

const choose = (tab, name, body) => tab.locator("input[type=file]").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(body) });

await test("a table is seen row by row, imported with one press and undone", async () => {
  const tab = await open("/imports");
  await within(tab, "导入一个表格", "the page");
  await tab.locator("#imp-kind").selectOption("grades");
  const href = await tab.locator("a[download]").getAttribute("href");
  expect(href.endsWith("/imports/template.xlsx?kind=grades"), href);
  const people = await tab.evaluate(async () => (await (await fetch("/api/v1/candidates?limit=200", { headers: { "X-Gaokao-Edition": "hngz" } })).json()).items
    .filter((c) => ["reviewed", "filling", "proofed", "confirmed"].includes(c.state)));
  expect(people.length >= 2, "nobody to grade");
  const [a, b] = people;
  const head = `YW${Date.now() % 100000}`;
  await choose(tab, "高三成绩.csv", `编码;姓名;${head}\n${a.number};${a.name};A\n${b.number};别人;B\n4.3E+17;张三;A\n合计;2;\n`);
  await within(tab, "等待指定列", "a column has to be named");
  await shot(tab, "import-mapping");
  expect(!(await axeFaults(tab)).length, (await axeFaults(tab)).join("\n"));
  await tab.getByLabel("“编码”对应的项目").selectOption("number");
  await tab.getByLabel(`“${head}”对应的项目`).selectOption("grade_physics");
  await tab.getByRole("button", { name: "按此重新预览" }).click();
  await within(tab, "可以导入", "the preview");
  await within(tab, "姓名：表中是“别人”", "the row that slipped");
  await within(tab, "科学计数法", "what Excel has cut");
  await shot(tab, "import-preview");
  expect((await tooWide(tab)) <= 0, "wider than the window");
  expect(!(await axeFaults(tab)).length, (await axeFaults(tab)).join("\n"));
  await tab.locator("#imp-show").selectOption("errors");
  await tab.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
  const [saved] = await Promise.all([tab.waitForEvent("download"), tab.getByRole("button", { name: "下载问题行" }).click()]);
  expect(saved.suggestedFilename() === "高三成绩-问题行.csv", saved.suggestedFilename());
  await tab.getByRole("button", { name: "导入 1 行" }).click();
  await tab.locator("dialog").getByRole("button", { name: "导入" }).click();
  await within(tab, "撤销导入", "it is done");
  await tab.waitForFunction(() => [...document.querySelectorAll("h1 + .tag")].some((e) => e.textContent.trim() === "已导入"));
  await shot(tab, "import-applied");
  await tab.getByRole("button", { name: "撤销导入" }).click();
  await tab.locator("dialog").getByRole("button", { name: "撤销导入" }).click();
  await tab.waitForFunction(() => [...document.querySelectorAll("h1 + .tag")].some((e) => e.textContent.trim() === "已撤销"));
  await shot(tab, "import-undone");
  await tab.getByRole("link", { name: "返回" }).click();
  await within(tab, "高三成绩.csv", "the list");
  await shot(tab, "imports");
  expect(!(await axeFaults(tab)).length, (await axeFaults(tab)).join("\n"));
  expect(!tab.faults.length, tab.faults.join("\n"));
  await tab.context().close();
});

await test("an old .xls is refused in words, on a phone and in English too", async () => {
  const tab = await open("/imports", logins.county, { width: 375, height: 812, locale: "en-GB" });
  await within(tab, "Import a table", "the page");
  await choose(tab, "成绩.xlsx", Buffer.concat([Buffer.from([0xd0, 0xcf, 0x11, 0xe0]), Buffer.alloc(600)]));
  await within(tab, "save it as .xlsx", "what to do");
  await shot(tab, "import-refused-phone");
  expect((await tooWide(tab)) <= 0, "wider than the phone");
  expect(!(await axeFaults(tab)).length, (await axeFaults(tab)).join("\n"));
  expect(!/undefined|imp\./.test(await text(tab)), await text(tab));
  await tab.context().close();
});
