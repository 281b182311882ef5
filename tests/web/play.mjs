/* Three candidates with different cards, at the same time, each on a phone of their own, from the code on the printed card to the
 * receipt: one with a name of 15 letters and dots, one with U+20BB7 who is offline half the time, one migrant child who fails a
 * rule, reads why and puts it right. Then the point prints what they have to sign. */
import { axeFaults, codesOf, codesOfPdf, desk, expect, idCard, page, registered, room, site, test, text, tooWide, within, wordsOfPdf } from "./lab.mjs";

const PEOPLE = [
  { name: "古丽米热·阿卜杜热合曼·买买提", serial: 701 },
  { name: "𠮷田彩霞", serial: 702, offline: true },
  { name: "欧阳思远", serial: 703, place: "440106", migrant: true },
];
const OWN = "Wode-mima-2026";
export const played = []; // {number, password: their own, name}

/* The values of one person by part of the form, in the order of its pages. */
const values = (one) => ({
  apply: { exam_type: "1", first_choice: one.subject === "5" ? "WL" : "LS", elective_1: "HX", elective_2: "SW", category: "1", language: "1" },
  school: { graduation: "0", graduation_year: "２０２５", school: "芙蓉区第一中学", class: "高三（3）班", student_number: `g${one.id_number.toLowerCase()}` },
  household: one.migrant
    ? { household_place: "广东", household_town: "石牌街道", household_type: "1", school_since: "2023年9月" }
    : { household_place: "frq", household_town: "清水街道", household_type: "1" },
  contact: { address: "湖南省长沙市芙蓉区清水街道芙蓉大道491号9栋1302室", postcode: "410024", receiver: "向东", mobile: "１３８００００７７０１" },
  resume: [{ start: "2022-09", end: "2025-06", school: "芙蓉区第一中学", witness: "张老师" }, { start: "201909", end: "2022年6月", school: "实验初级中学", witness: "李老师" }],
  family: [{ relation: "1", name: "向东", unit: "长沙机床厂", phone: "13900000000" }],
  other: { political: "03" },
});

/* Fills one control as a thumb does, whatever the pack made of the field. */
async function put(tab, name, value) {
  const id = `f-${name.replaceAll("/", "-")}`;
  const control = tab.locator(`#${id}`);
  await control.waitFor({ timeout: 30000 });
  const [kind, role] = await control.evaluate((e) => [e.type, e.getAttribute("role")]);
  if (kind === "radio") {
    await tab.locator(`input[name="${id}"][value="${value}"]`).check();
  } else if (kind === "select-one") {
    await control.selectOption(value);
  } else if (role === "combobox") {
    await control.fill(value);
    await tab.locator(`#${id}-0`).waitFor();
    await control.press("Enter");
  } else {
    await control.fill(value);
    await control.press("Tab");
  }
}

async function part(tab, section, filled) {
  if (Array.isArray(filled)) {
    for (const [i, row] of filled.entries()) {
      if (!(await tab.locator(`#f-${section}-${i}-${Object.keys(row)[0]}`).count())) await tab.locator(`[data-add=${section}]`).click();
      for (const [column, value] of Object.entries(row)) await put(tab, `${section}/${i}/${column}`, value);
    }
    return;
  }
  for (const [id, value] of Object.entries(filled)) await put(tab, id, value);
}

const onward = (tab) => tab.getByRole("button", { name: "保存并继续" }).click();
const at = (tab, hash) => tab.waitForFunction((wanted) => location.hash.startsWith(wanted), hash, { timeout: 60000 })
  .catch(async () => { throw new Error(`not at ${hash} but at ${tab.url()}: ${(await text(tab)).slice(0, 900)}`); });
async function looked(tab, where, faults) {
  faults.push(...(await axeFaults(tab)).map((fault) => `${where} ${fault}`));
  const wide = await tooWide(tab);
  if (wide > 0) faults.push(`${where} is ${wide} px too wide`);
}

/* From the card's code to the end of the form. */
async function journey(point, one, faults) {
  const pdf = await point.get(`/candidates/${one.id}/papers/card.pdf`);
  const codes = codesOfPdf(pdf);
  const code = codes === null ? `${site}/ks/#n=${one.number}&p=${one.password}` : codes[0];
  expect(code === `${site}/ks/#n=${one.number}&p=${one.password}`, `the card's code: ${codes}`);
  const words = wordsOfPdf(pdf);
  expect(words === null || words.includes(one.name), `the card does not bear ${one.name}`);

  const tab = await page({ width: 375, height: 812 });
  await tab.goto(code);
  await tab.waitForFunction((n) => document.querySelector("#f-login")?.value === n, one.number);
  expect(!tab.url().includes(one.password), "the password stands in the address");
  await tab.getByRole("button", { name: "登录", exact: true }).click();
  await within(tab, "设置自己的密码", "forced change");
  expect((await tab.locator("#f-current").count()) === 0, "the card's password is asked for again");
  await looked(tab, "own password", faults);
  await tab.locator("#f-new").fill(OWN);
  await tab.locator("#f-again").fill(OWN);
  await tab.keyboard.press("Enter");
  await within(tab, "阅读并同意", "home before the pledge");
  expect((await text(tab)).includes(`${one.name}，你好`), `greeting: ${(await text(tab)).slice(0, 200)}`);
  await tab.getByRole("link", { name: "阅读诚信承诺" }).click();
  await tab.getByRole("button", { name: "同意并开始填写" }).click(); // nothing agreed to: it says so, and is not disabled
  await tab.locator("[data-summary]").waitFor();
  await looked(tab, "pledge", faults);
  for (const box of await tab.locator("form input[type=checkbox]").all()) await box.check();
  await tab.getByRole("button", { name: "同意并开始填写" }).dblclick();
  await at(tab, "#/form/apply");
  await tab.waitForFunction(() => document.querySelector("#f-exam_type, #f-category"));
  if (one.offline) {
    await tab.waitForLoadState("networkidle");
    await tab.waitForFunction(() => performance.getEntriesByType("resource").some((e) => e.name.includes("/season/rules")), null, { timeout: 60000 });
    await tab.waitForLoadState("networkidle"); // the rest of the form is fetched in the quiet
  }
  const sections = Object.entries(values(one));
  for (const [i, [section, filled]] of sections.entries()) {
    await at(tab, `#/form/${section}`);
    if (one.offline) await tab.context().setOffline(i % 2 === 0);
    await part(tab, section, filled);
    if (one.offline && i % 2 === 0) await within(tab, "没有网络", "offline is said");
    if (one.migrant && section === "household") await reads(tab, faults);
    await onward(tab);
    await at(tab, sections[i + 1] ? `#/form/${sections[i + 1][0]}` : "#/check");
  }
  if (one.offline) await tab.context().setOffline(false);
  return tab;
}

/* The migrant child: the rule with its reason, its basis and what to do, beside the field and on the page of answers; then right. */
async function reads(tab, faults) {
  await within(tab, "从2023-09到毕业不满三个学年", "the reason");
  const shown = await text(tab);
  for (const words of ["国办发〔2012〕46号", "带学籍证明到报名点办理复核"]) expect(shown.includes(words), `no ${words} beside the field`);
  await within(tab, "有 1 处没有保存", "it is not saved so, and says so");
  await looked(tab, "a rule that is not met", faults);
  await tab.evaluate(() => { location.hash = "#/check"; });
  await within(tab, "核对我填的信息[^]*不满三个学年", "on the page of answers");
  await tab.locator("#a-school_since a").click();
  await tab.waitForFunction(() => document.activeElement?.id === "f-school_since", null, { timeout: 20000 });
  await tab.locator("#f-school_since").fill("２０２２.9");
  await tab.locator("#f-school_since").press("Tab");
  await tab.waitForFunction(() => !/不满三个学年/.test(document.body.innerText), null, { timeout: 20000 });
  await tab.getByRole("button", { name: "保存并继续" }).click(); // back to the page of answers, at the line
  await at(tab, "#/check");
  await tab.waitForFunction(() => document.activeElement?.closest("#a-school_since"), null, { timeout: 20000 });
  await tab.evaluate(() => { location.hash = "#/form/household"; });
  await tab.locator("#f-school_since").waitFor();
}

async function receipt(tab, one, point, faults) {
  await tab.waitForFunction(() => /都填好了/.test(document.body.innerText), null, { timeout: 60000 })
    .catch(async () => { throw new Error(`not complete: ${(await text(tab)).slice(0, 1500)}`); });
  await tab.getByRole("link", { name: "返回首页" }).click();
  await within(tab, "都填好了，再核对一遍", "home says what comes next");
  await tab.getByRole("link", { name: "我的报名回执" }).click();
  await within(tab, "信息版本", "receipt");
  const record = await point.get(`/candidates/${one.id}`);
  expect(record.state === "filling" && record.fields.name === one.name, `${record.state} ${record.fields.name}`);
  expect(record.fields.student_number === `G${one.id_number}` && record.fields.mobile === "13800007701" && record.fields.graduation_year === "2025",
    `as typed: ${JSON.stringify(record.fields)}`);
  const codes = codesOf(await tab.locator("svg.qr").screenshot());
  expect(codes === null || codes[0] === `GKR/${one.number}/${record.version}`, `the receipt's code: ${codes}, version ${record.version}`);
  expect((await text(tab)).includes(one.name), "the receipt bears the name");
  await looked(tab, "receipt", faults);
  expect(tab.faults.length === 0, tab.faults.join("; "));
}

/* The sheet to be signed: whole names, and the fields in the order of the page of answers. */
async function sheet(tab, one, point) {
  await tab.evaluate(() => { location.hash = "#/check"; });
  await within(tab, "核对我填的信息", "answers");
  const order = await tab.locator("dl.answers dt").allInnerTexts();
  await point.step(one.id, "POST", "/proof", {});
  const words = wordsOfPdf(await point.get(`/candidates/${one.id}/papers/proof.pdf`));
  if (words === null) return;
  expect(words.includes(one.name), `the proof sheet does not bear ${one.name}: ${words.slice(0, 400)}`);
  let from = words.indexOf(one.name) - 40;
  for (const label of order.filter((l) => words.includes(l))) {
    const found = words.indexOf(label, from);
    expect(found >= 0, `${label} stands before the field above it: ${words.slice(from, from + 300)}`);
    from = found;
  }
}

await test("three candidates go from the printed code to the receipt, one offline half the time, one past a rule that is not met", async () => {
  const point = await desk("point");
  const faults = [];
  const people = [];
  await room(point, 12);
  for (const { name, serial, place, migrant, offline } of PEOPLE) {
    people.push({ migrant, offline, ...(await registered(point, idCard(name, serial, { place }), { migrant_child: migrant ? "1" : "0" })) });
  }
  await Promise.all(people.map(async (one, i) => {
    const tab = await journey(point, one, i === 0 ? faults : []);
    await receipt(tab, one, point, i === 0 ? faults : []);
    if (i < 2) await sheet(tab, one, point);
    played.push({ ...one, password: OWN, card: one.password });
    await tab.context().close();
  }));
  await point.close();
  expect(faults.length === 0, faults.slice(0, 12).join("\n"));
});

await test("the card's password is dead once there is an own one, and the page says why", async () => {
  const tab = await page({ width: 375, height: 812 });
  await tab.goto(`${site}/ks/#n=${played[0].number}&p=${played[0].card}`);
  await tab.waitForFunction((n) => document.querySelector("#f-login")?.value === n, played[0].number);
  await tab.getByRole("button", { name: "登录", exact: true }).click();
  await within(tab, "登录卡上的初始密码只能用一次", "why");
  await tab.context().close();
});
