/* The whole plan, each person in a browser of their own: the province and a city prepare, a county its point, the point reads a card
 * and hands out a login card, the candidate fills in, the point reviews, photographs, proofs and confirms, a correction is signed
 * anew, county and city submit, one submission is returned, the province watches and pulls. */
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import zlib from "node:zlib";
import { ask, eventually, expect, fill, logins, page, signIn, site, test, text, totp, within } from "./lab.mjs";

const OWN = "Xiangjiang-Bisai-2026";
const stamp = Date.now().toString(36).slice(-5);
const people = {}; // role → {tab, login, secret}

/* 18 digits with their check digit (GB 11643). */
function idNumber(head) {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return head + "10X98765432"[[...head].reduce((sum, digit, i) => sum + Number(digit) * weights[i], 0) % 11];
}

const crc = zlib.crc32 ?? ((bytes) => {
  let c = -1;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k += 1) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return (c ^ -1) >>> 0;
});

/* A blank picture of the ticket's size. */
function blank(shade) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(480, 0);
  head.writeUInt32BE(640, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(640 * (1 + 3 * 480), shade);
  for (let y = 0; y < 640; y += 1) rows[y * (1 + 3 * 480)] = 0;
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

const turn = async (tab, path, pattern) => {
  await tab.bringToFront();
  await tab.evaluate((to) => { location.hash = `#${to}`; }, path);
  await within(tab, pattern, path);
};
const closed = (tab) => tab.locator("dialog").first().waitFor({ state: "detached" });
const done = async (tab, words) => {
  await tab.locator(".toast", { hasText: words }).last().waitFor({ timeout: 60000 });
};
const press = (tab, name) => tab.getByRole("button", { name }).first().click();
const send = (tab) => tab.locator("dialog").last().locator(".dialog-foot .main, .dialog-foot .bad").last().click();

/* Somebody with a slip: the first sign-in, an own password, a second factor where it is asked for. */
async function begin(role, login, slip) {
  const tab = await page();
  await signIn(tab, "hngz", login, slip);
  await within(tab, "先设置自己的密码", `${role}: the slip's password must be changed`);
  const current = tab.locator("#f-current");
  if (await current.count()) await current.fill(slip);
  await tab.locator("#f-new").fill(OWN);
  await tab.locator("#f-again").fill(OWN);
  await tab.keyboard.press("Enter");
  await tab.waitForSelector("nav.menu a, #f-code", { state: "attached" });
  let secret;
  if (await tab.locator("#f-code").count()) {
    secret = (await tab.locator("li code").innerText()).replace(/\s/g, "");
    await tab.locator("#f-code").fill(totp(secret));
    await tab.keyboard.press("Enter");
    await tab.locator("dialog").getByRole("button", { name: "已保存好" }).click();
    await tab.waitForSelector("nav.menu a", { state: "attached" });
  }
  people[role] = { tab, login, secret };
  return tab;
}

/* A level makes the unit below and its account, and hands over the slip: {id, login, slip}. */
async function unitBelow(tab, role, name) {
  const parent = (await ask(tab, "/session")).data.org;
  await turn(tab, "/orgs", "新建");
  await tab.locator(".acts-right .main").click();
  await tab.locator("dialog #f-name").fill(name);
  if (role !== "point") {
    const taken = new Set((await ask(tab, `/orgs?parent_id=${parent.id}&limit=200`)).data.items.map((o) => o.code));
    await tab.locator("dialog #f-code").fill(Array.from({ length: 60 }, (_, i) => `${parent.code}${i + 40}`).find((one) => !taken.has(one)));
  }
  await send(tab);
  await tab.waitForURL(/#\/orgs\/\d+$/);
  const id = Number(/\d+$/.exec(tab.url())[0]);
  await turn(tab, "/accounts", "批量新建");
  await press(tab, "批量新建");
  await press(tab, /填入没有账号的 \d+ 个单位/);
  const code = (await ask(tab, `/orgs/${id}`)).data.code;
  await tab.locator("dialog #f-lines").fill(`${code}\t${role}-${stamp}\t${name}`);
  await send(tab);
  await within(tab, "密码条 1 张", `${name}: the slip`);
  const [login, slip] = await tab.locator("dialog .slip code").allInnerTexts();
  await tab.locator("dialog .dialog-foot .button").first().click();
  await closed(tab);
  expect(parent.id !== id, "the unit is below");
  return { id, login, slip };
}

async function act(tab, letter) {
  await tab.locator(`[data-key="${letter}"]`).waitFor();
  await tab.locator("main").evaluate((main) => main.focus());
  await tab.keyboard.press(letter);
}

await test("the plan, W1 to W9: every person in a browser of their own, a photo refused, a return, a correction, a pull", async () => {
  const top = await page();
  await signIn(top, "hngz", logins.province.login, logins.province.password, logins.province.totp_secret);
  await top.waitForSelector("nav.menu a");

  // P3, W1, W2: units, accounts, slips, from the top down
  const city = await unitBelow(top, "city", `计划市${stamp}`);
  const cityTab = await begin("city", city.login, city.slip);
  const county = await unitBelow(cityTab, "county", `计划县${stamp}`);
  const countyTab = await begin("county", county.login, county.slip);
  const point = await unitBelow(countyTab, "point", `计划中学${stamp}`);
  await turn(countyTab, `/orgs/${point.id}`, "还不能开展报名");
  await countyTab.locator(".acts-right .main").click();
  for (const [id, value] of [["estimated", "10"], ["hours", "8:00-17:30"], ["phone", "0731-84000001"], ["address", "解放路1号"], ["computers", "2"], ["card_readers", "1"], ["cameras", "1"], ["printers", "1"],
    ["bandwidth_mbit", "100"]]) await countyTab.locator(`dialog #f-${id}`).fill(value);
  await send(countyTab);
  await closed(countyTab);
  await turn(countyTab, "/ranges", "号码使用图");
  await countyTab.locator(".map .free").first().click(); // from the picture
  await countyTab.locator("dialog gk-combo input").fill("计划");
  await countyTab.keyboard.press("ArrowDown");
  await countyTab.keyboard.press("Enter");
  await countyTab.locator("dialog #f-subject").selectOption({ label: "物理类" });
  await countyTab.locator("dialog #f-last").fill("10");
  await send(countyTab);
  await closed(countyTab);
  await turn(countyTab, `/orgs/${point.id}`, "准备就绪");

  // W3: the card, typed as the reader would
  const pointTab = await begin("point", point.login, point.slip);
  await turn(pointTab, "/desk/to_read", "读卡建档");
  await pointTab.locator(".queue .main").click();
  const birth = `2007-${String(1 + Math.floor(Math.random() * 12)).padStart(2, "0")}-${String(1 + Math.floor(Math.random() * 28)).padStart(2, "0")}`; // nobody's twin when it is played again
  const card = { name: "向晚晴", sex: "2", nation: "汉", birth, address: "湖南省计划县解放路1号", id_number: idNumber(`430102${birth.replace(/-/g, "")}${String(Math.floor(Math.random() * 490) * 2 + 10).padStart(3, "0")}`),
    issuer: "计划县公安局", valid_from: "2022-01-01", valid_to: "2032-01-01" };
  const typeCard = async () => {
    for (const [id, value] of Object.entries(card)) await fill(pointTab.locator("dialog"), id, value);
  };
  await typeCard();
  await pointTab.locator("dialog #f-subject").selectOption({ label: "物理类" });
  await send(pointTab);
  await pointTab.waitForURL(/#\/candidates\/\d+/);
  const id = Number(/\d+$/.exec(pointTab.url())[0]);
  const record = async () => ask(pointTab, `/candidates/${id}`);
  const state = (wanted) => eventually(async () => (await record()).data.state === wanted, wanted);
  const { number } = (await record()).data;

  // W4: the login card
  await act(pointTab, "K");
  const password = await pointTab.locator("dialog .slip code").nth(1).innerText();
  await pointTab.locator("dialog .dialog-foot .button").first().click();
  await closed(pointTab);

  // W5: papers, fee, review, by keys
  await act(pointTab, "M");
  await pointTab.locator("[data-act=papers]").waitFor({ state: "detached" });
  await act(pointTab, "F");
  await pointTab.locator("dialog #f-receipt").waitFor();
  await pointTab.keyboard.type(`R${number}`);
  await pointTab.keyboard.press("Enter");
  await closed(pointTab);
  await ask(pointTab, `/candidates/${id}`, "PATCH", { fields: { migrant_child: "0" } }, (await record()).etag);
  await pointTab.reload();
  await act(pointTab, "S");
  await pointTab.locator("dialog input[type=radio]").first().waitFor();
  await pointTab.keyboard.press("Enter");
  await state("reviewed");

  // W6: the candidate, on a phone
  const own = await page({ width: 375, height: 812 });
  await signIn(own, "ks", number, password);
  await within(own, "先设置自己的密码", "the card's password must be changed");
  if (await own.locator("#f-current").count()) await own.locator("#f-current").fill(password);
  await own.locator("#f-new").fill(`Wode-mima-${number}`);
  await own.locator("#f-again").fill(`Wode-mima-${number}`);
  await own.keyboard.press("Enter");
  await within(own, "我的报名", "home");
  await own.evaluate(() => { location.hash = "#/pledge"; });
  await own.locator("input[type=checkbox]").nth(1).waitFor();
  for (const box of await own.locator("input[type=checkbox]").all()) await box.check();
  await own.getByRole("button", { name: "同意并开始填写" }).click();
  await own.waitForURL(/#\/form\//);
  await own.evaluate(() => { location.hash = "#/form/contact"; });
  const receiver = own.getByLabel("收件人", { exact: false }).first();
  await receiver.fill("向春");
  await receiver.press("Tab");
  await within(own, "已保存", "saved as one goes");
  const known = new Set((await ask(own, "/season/form")).data.sections.flatMap((s) => s.fields.map((f) => f.id)));
  const entries = { exam_type: "1", category: "1", language: "1", graduation: "0", graduation_year: "2025", school: `计划中学${stamp}`, class: "高三（1）班", student_number: `G${card.id_number}`,
    household_place: "430102", household_type: "1", address: card.address, postcode: "410000", receiver: "向春", mobile: `1380000${number.slice(-4)}`, political: "03", first_choice: "WL", elective_1: "HX",
    elective_2: "SW", household_town: "城关街道", family: [{ relation: "1", name: "向东", unit: "长沙机床厂", phone: "13900000000" }],
    resume: [{ start: "2022-09", end: "2025-06", school: `计划中学${stamp}`, witness: "张老师" }, { start: "2019-09", end: "2022-06", school: "实验初级中学", witness: "李老师" }] };
  const saved = await ask(own, "/me", "PATCH", { fields: Object.fromEntries(Object.entries(entries).filter(([field]) => known.has(field))) }, (await ask(own, "/me")).etag);
  const left = (saved.data.verdicts ?? []).filter((v) => v.severity === "error");
  expect(saved.status === 200 && !left.length, JSON.stringify(saved.data.violations ?? left).slice(0, 600));
  await own.reload();

  // the photo: refused three times, then accepted by the clerk with a reason
  await turn(pointTab, `/candidates/${id}/photo`, "照片");
  const photo = async () => (await ask(pointTab, `/candidates/${id}/photo`)).data;
  for (let n = 0; n < 3 && !(await photo()).clerk_decides; n += 1) {
    const before = (await photo()).photos.length;
    await pointTab.locator("input[type=file]").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: blank(230 + n) });
    await eventually(async () => (await photo()).photos.length > before, "the checks");
  }
  if ((await photo()).state !== "accepted") {
    await within(pointTab, "按原样通过|通过", "the clerk decides");
    await pointTab.keyboard.press("a");
    await pointTab.locator("dialog textarea").fill("由办理人核对，是本人");
    await send(pointTab);
    await eventually(async () => (await photo()).state === "accepted", "the photo");
  }

  // W7: proof, the card again, the signature; a correction voids it and asks for all again
  const sign = async () => {
    await turn(pointTab, `/desk/to_proof/${id}`, "身份信息");
    await pointTab.locator(".queue h2", { hasText: "打印校对表" }).waitFor();
    if (await pointTab.locator("[data-act=papers]").count()) { // what was entered asks for one paper more
      await act(pointTab, "M");
      await pointTab.locator("[data-act=papers]").waitFor({ state: "detached" });
    }
    await act(pointTab, "P");
    await pointTab.locator("dialog h2", { hasText: "校对表" }).waitFor();
    await pointTab.keyboard.press("Escape");
    await closed(pointTab);
    await state("proofed");
    await turn(pointTab, `/desk/to_confirm/${id}`, "身份信息");
    await pointTab.locator(".queue h2", { hasText: "校对签字" }).waitFor();
    await act(pointTab, "V");
    await typeCard();
    await send(pointTab);
    await closed(pointTab);
    await within(pointTab, "项一致", "the card is the record");
    await pointTab.locator("[data-act=confirm].main").waitFor(); // the reading is there
    await act(pointTab, "Enter");
    await state("confirmed");
  };
  await sign();
  await turn(pointTab, `/candidates/${id}`, "身份信息");
  await act(pointTab, "G");
  await pointTab.locator("dialog textarea").fill("邮编写错");
  await send(pointTab);
  await closed(pointTab);
  expect((await ask(own, "/me", "PATCH", { fields: { postcode: "410001" } }, (await ask(own, "/me")).etag)).status === 200, "open again after the correction");
  await sign();

  // W8: the appraisal by the point on the page; examination and grades by the county
  const parts = (await ask(pointTab, "/season/form")).data.parts;
  const first = async (tab, table) => (await ask(tab, `/season/tables/${table}`)).data.rows[0][0];
  const plausible = async (tab, f) => (f.type === "code" ? first(tab, f.table) : f.type === "number" ? String(f.min ?? 1) : { date: "2025-11-20", flag: "1" }[f.type] ?? "张老师");
  for (const [kind, tab, begun] of [["appraisal", pointTab, { remark: "该生遵守纪律，团结同学，热爱劳动，表现良好。" }], ["examination", countyTab, { wk_sg: "172.5", wk_tz: "60", yk_lysly: "5.0", yk_lyslz: "4.9" }], ["grades", countyTab, {}]]) {
    let put = await ask(tab, `/candidates/${id}/${kind}`, "PUT", { fields: begun }, (await ask(tab, `/candidates/${id}`)).etag);
    const missing = (put.data.verdicts ?? []).filter((v) => v.severity === "error").map((v) => v.field);
    if (missing.length) {
      const fields = {};
      for (const name of missing) fields[name] = await plausible(tab, parts.find((p) => p.id === kind).fields.find((f) => f.id === name));
      put = await ask(tab, `/candidates/${id}/${kind}`, "PUT", { fields }, (await ask(tab, `/candidates/${id}`)).etag);
    }
    expect(put.status === 200 && put.data.state === "entered", `${kind}: ${JSON.stringify(put.data).slice(0, 300)}`);
  }

  // W9: up the tree; the county returns it once
  const submit = async (tab) => {
    await turn(tab, "/submissions", "检查全部考生");
    await press(tab, "检查全部考生");
    await within(tab, "齐全，可以上报", `complete: ${(await text(tab)).slice(-300)}`);
    await tab.getByRole("button", { name: "上报", exact: true }).click();
    await tab.waitForURL(/#\/submissions\/\d+$/);
  };
  const decide = async (tab, how) => {
    await turn(tab, "/submissions?state=submitted", "上报与退回");
    await tab.locator("main .table tbody a", { hasText: "计划" }).first().click();
    await tab.waitForURL(/#\/submissions\/\d+$/);
    await press(tab, how);
    if (how.startsWith("退回")) {
      await tab.locator("dialog textarea").fill("缺签字表");
      await send(tab);
      await closed(tab);
      await done(tab, "已办理");
    } else await done(tab, "已接收");
  };
  await submit(pointTab);
  await decide(countyTab, "退回…");
  await within(countyTab, "已退回", "returned");
  expect((await record()).data.state !== "submitted", "the return unlocks the record");
  await submit(pointTab);
  await decide(countyTab, "接收");
  await submit(countyTab);
  await decide(cityTab, "接收");
  await submit(cityTab);
  await decide(top, "接收");

  // P2, W6: the province sees it, down to the class; and pulls
  await turn(top, `/progress/${point.id}`, "按班级");
  await within(top, "高三（1）班", "the class");
  await turn(top, "/pulls", "新建拉取");
  await press(top, "新建拉取");
  await top.locator("dialog #f-states").selectOption("any");
  await send(top);
  await closed(top);
  let pull;
  for (let i = 0; i < 120 && pull?.state !== "ready"; i += 1) {
    [pull] = (await ask(top, "/export/pulls?limit=1")).data.items;
    expect(pull?.state !== "failed", JSON.stringify(pull));
    await top.waitForTimeout(500);
  }
  expect(pull?.state === "ready", JSON.stringify(pull));
  const manifest = await top.evaluate(async (one) => (await fetch(`/api/v1/export/pulls/${one}/manifest.xml`, { headers: { "X-Gaokao-Edition": "hngz" } })).text(), pull.id);
  expect(createHash("sha256").update(manifest).digest("hex").length === 64 && manifest.includes("<"), "the manifest");

  // everything that was done stands in the record's history in words
  await turn(pointTab, `/candidates/${id}/history`, "办理记录");
  const told = await text(pointTab);
  for (const word of ["校对", "确认", "更正", "审查"]) expect(told.includes(word), `the history does not tell of ${word}`);
  for (const one of [top, cityTab, countyTab, pointTab, own]) {
    expect(one.faults.length === 0, one.faults.join("; "));
    await one.context().close();
  }
});
