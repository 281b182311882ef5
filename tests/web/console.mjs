/* The console as bureaus and clerks use it: preparing, watching, submitting, lists, and what happens when somebody goes away. */
import { ask, axeFaults, eventually, expect, logins, page, signIn, site, test, text, tooWide, within } from "./lab.mjs";

let top = null; // a one-time code is good once: the province signs in once
const staff = async (role, options) => {
  if (role === "province" && top) return top;
  const tab = await page(options);
  await signIn(tab, "hngz", logins[role].login, logins[role].password, logins[role].totp_secret);
  await tab.waitForSelector("nav.menu a", { state: "attached" });
  if (role === "province") top = tab;
  return tab;
};
const leave = (tab) => (tab === top ? null : tab.context().close());
const open = async (tab, path, pattern, what = path) => {
  await tab.goto(`${site}/hngz/#${path}`);
  await within(tab, pattern, what);
};
/* Nothing for axe, nothing wider than the window, no script error; also on a phone. */
const sound = async (tab, what) => {
  const faults = await axeFaults(tab);
  expect(faults.length === 0, `${what}: ${faults.join("; ")}`);
  expect((await tooWide(tab)) <= 0, `${what} is ${await tooWide(tab)} px too wide`);
  const { width, height } = tab.viewportSize();
  await tab.setViewportSize({ width: 375, height: 812 });
  expect((await tooWide(tab)) <= 0, `${what} is ${await tooWide(tab)} px too wide on a phone`);
  await tab.setViewportSize({ width, height });
  const scripts = tab.faults.filter((line) => !tab.copies || !/inline style/.test(line));
  expect(scripts.length === 0, `${what}: ${scripts.join("; ")}`);
};
/* The browser looks at the HTML that is copied and says that its styles would not apply here: they are for Excel. */
const copied = async (tab) => {
  await tab.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  tab.copies = true;
  return async () => {
    // Other pages of the run may copy at the same moment: the browser then says that the data has changed.
    const html = await eventually(() => tab.evaluate(async () => (await (await navigator.clipboard.read())[0].getType("text/html")).text()).catch(() => null), "what was copied");
    expect(/mso-number-format/.test(html), `numbers are not copied as text: ${html.slice(0, 300)}`);
    return tab.evaluate(() => navigator.clipboard.readText());
  };
};
await test("W2, F1: the picture of numbers is walked with arrow keys; a free piece is given, a used one split", async () => {
  const tab = await staff("county");
  await open(tab, "/ranges", "号码使用图");
  const kinds = await tab.locator(".map [data-piece]").evaluateAll((all) => [...new Set(all.map((p) => p.getAttribute("class").split(" ")[1]))]);
  expect(kinds.includes("a") && kinds.includes("free"), `pieces: ${kinds}`);
  await sound(tab, "ranges");
  await tab.locator('.map [data-piece][tabindex="0"]').focus();
  await tab.keyboard.press("End");
  const free = await tab.evaluate(() => document.activeElement.getAttribute("aria-label"));
  expect(/空闲/.test(free), `the last piece: ${free}`);
  await tab.keyboard.press("Enter");
  const first = tab.getByLabel("起号");
  await first.waitFor();
  expect(free.startsWith(String(await first.inputValue()).padStart(4, "0")), `${free}: begins at ${await first.inputValue()}`);
  await tab.getByLabel("止号").fill(await first.inputValue()); // one number
  await tab.locator("dialog gk-combo input").fill("学");
  await tab.keyboard.press("ArrowDown");
  await tab.keyboard.press("Enter");
  await tab.locator("dialog select").selectOption({ index: 1 });
  await tab.locator("dialog .dialog-foot .main").click();
  await tab.locator("dialog").waitFor({ state: "detached" });
  await tab.waitForFunction((label) => ![...document.querySelectorAll(".map .free")].some((p) => p.getAttribute("aria-label") === label), free);
  await tab.locator('.map [data-piece][tabindex="0"]').focus();
  await tab.keyboard.press("Home");
  await tab.keyboard.press("Enter");
  await tab.locator("dialog h2", { hasText: "号段" }).waitFor();
  const acts = await tab.locator("dialog .dialog-foot").innerText();
  expect(/改止号/.test(acts) || /拆分/.test(acts), acts);
  await tab.keyboard.press("Escape");
  await tab.context().close();
});

await test("P2, E1: windows, slots and extensions stand on a calendar, and its pieces open from the keyboard", async () => {
  const tab = await staff("province");
  await open(tab, "/windows", "日历");
  await sound(tab, "windows");
  await tab.locator('.calendar [data-piece][tabindex="0"]').focus();
  await tab.keyboard.press("ArrowRight");
  await tab.keyboard.press("Enter");
  await tab.locator("dialog dt", { hasText: "截止" }).waitFor();
  await tab.keyboard.press("Escape");
  expect((await tab.evaluate(() => document.activeElement.getAttribute("role"))) === "button", "the focus is not back on the piece");
  await leave(tab);
});

await test("P3, P4: the tree of units opens with the arrow keys, and points say what they lack", async () => {
  const tab = await staff("province");
  await open(tab, "/orgs", "机构树");
  await sound(tab, "orgs");
  await tab.locator('[role=treeitem][tabindex="0"]').focus();
  await tab.keyboard.press("ArrowDown");
  const city = await tab.evaluate(() => document.activeElement.textContent);
  await tab.keyboard.press("ArrowRight");
  await tab.waitForFunction(() => document.activeElement.getAttribute("aria-expanded") === "true");
  await tab.keyboard.press("ArrowRight");
  expect((await tab.evaluate(() => document.activeElement.getAttribute("aria-level"))) === "3", `below ${city}`);
  await leave(tab);
  const county = await staff("county");
  await open(county, "/orgs", "准备情况");
  await within(county, "准备就绪|缺 \\d+ 项", "readiness of points");
  await sound(county, "points");
  await county.context().close();
});

await test("W2, F3: accounts in a batch begin with the units nobody can sign in for", async () => {
  const tab = await staff("county");
  await open(tab, "/accounts", "批量新建");
  const made = await ask(tab, "/orgs", "POST", { parent_id: (await ask(tab, "/session")).data.org.id, name: "无账号中学报名点" });
  expect(made.status === 201, JSON.stringify(made));
  await tab.getByRole("button", { name: "批量新建" }).click();
  await tab.getByRole("button", { name: /填入没有账号的 \d+ 个单位/ }).click();
  expect((await tab.getByLabel("每行一个用户", { exact: false }).inputValue()).includes(made.data.code), "its code is not filled in");
  await tab.context().close();
});

await test("W6: progress goes down from the province to the class and its people; every table is copied with its numbers", async () => {
  const tab = await staff("province");
  const clipboard = await copied(tab);
  await open(tab, "/progress", "时间节点");
  await within(tab, "各步骤到了多少人", "the chart");
  await sound(tab, "progress of the province");
  const trail = [];
  for (let i = 0; i < 3; i += 1) {
    const rows = tab.locator("main .watch .table").first().locator("tbody tr");
    await rows.first().waitFor();
    const here = await tab.locator("nav.trail [aria-current]").innerText();
    const row = rows.filter({ has: tab.locator("td.right:nth-child(2)", { hasText: /[1-9]/ }) }).first();
    const name = await row.locator("a").first().innerText();
    await tab.getByRole("button", { name: "复制表格" }).first().click();
    await within(tab, "已复制", "the copy");
    const lines = (await clipboard()).split("\n").map((line) => line.split("\t"));
    expect(lines[0][0] === "单位" && lines.length === (await rows.count()) + 1, `${here}: ${lines[0]}, ${lines.length} lines`);
    expect(/^\d+$/.test(lines.find((line) => line[0] === name)?.[1]), "figures are copied without commas");
    trail.push(name);
    await row.locator("a").first().click();
    await tab.waitForFunction((last) => document.querySelector("nav.trail [aria-current]")?.textContent === last, name);
  }
  await within(tab, "按班级", `classes of ${trail}`);
  await sound(tab, "progress of a point");
  await tab.locator("section", { hasText: "按班级" }).last().locator("tbody a").first().click();
  await tab.waitForURL(/#\/candidates\?.*class=/);
  await tab.locator("main .table tbody tr").first().waitFor();
  await leave(tab);
});

await test("W9: what hinders a submission is listed, counted by reason, narrowed by a press, and copied", async () => {
  const tab = await staff("point");
  const clipboard = await copied(tab);
  await open(tab, "/submissions", "检查全部考生");
  await tab.getByRole("button", { name: "检查全部考生" }).click();
  await within(tab, "项不齐", "the check");
  const chips = tab.locator(".chips .chip");
  await chips.first().waitFor();
  const [, n] = /(\d+)$/.exec(await chips.last().innerText());
  await chips.last().click();
  await within(tab, `共 ${n} 条`, "the rows of one reason");
  await sound(tab, "submissions");
  await tab.getByRole("button", { name: "复制表格" }).first().click();
  await within(tab, "已复制", "the copy");
  const lines = (await clipboard()).split("\n");
  expect(lines.length === Number(n) + 1 && /^\d{8}\t/.test(lines[1]), `${lines.length} lines: ${lines[1]}`);
  await tab.context().close();
});

await test("lists: an unknown code and 10,000 rows asked by the address are refused kindly, and the list stays", async () => {
  const tab = await staff("point");
  await open(tab, "/candidates?state=nonsense", "重置");
  await within(tab, "请求编号", "the refusal");
  await tab.getByRole("button", { name: "重置" }).click();
  await tab.locator("main .table tbody tr").first().waitFor();
  await open(tab, "/candidates?limit=10000", "一页最多显示 200 行");
  await tab.locator("main .table tbody tr").first().waitFor();
  expect((await ask(tab, "/candidates?limit=10000")).status === 422, "the API gives a page of any length");
  await tab.context().close();
});

await test("lists: one that changes while it is read shows nobody twice, and refreshing keeps rows and choice", async () => {
  const tab = await staff("point");
  await open(tab, "/candidates?limit=5", "继续显示");
  await tab.locator("tbody .pick input").first().check();
  await tab.getByRole("button", { name: "继续显示" }).click();
  await tab.waitForFunction(() => document.querySelectorAll("main .table tbody tr").length > 5);
  const before = await tab.locator("main .table tbody tr").count();
  await tab.getByRole("button", { name: "刷新" }).click();
  await tab.waitForTimeout(800);
  const rows = await tab.locator("main .table tbody a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  expect(rows.length >= before && new Set(rows).size === rows.length, `${rows.length} rows, ${new Set(rows).size} different`);
  expect((await tab.locator(".batch strong").innerText()) === "已选择 1 人", "the choice is gone");
  await tab.context().close();
});

await test("the state of the service is told in words, with each node's last answer; the audit finds who saw a record", async () => {
  const tab = await staff("province");
  await open(tab, "/health", "一切正常");
  await within(tab, "所有节点", "the nodes");
  expect((await tab.locator("section", { hasText: "所有节点" }).last().locator("tbody tr").count()) >= 1, "no node");
  await sound(tab, "health");
  const { number, id } = (await ask(tab, "/candidates?state=filling&limit=1")).data.items[0];
  await open(tab, `/candidates/${id}`, "身份信息");
  await tab.getByRole("link", { name: "谁看过、改过" }).click();
  await tab.waitForURL(/#\/audit\?/);
  await within(tab, "查看", `who saw ${number}`);
  await tab.getByRole("link", { name: "谁看过", exact: true }).click();
  await tab.waitForURL(/action=candidate\.read/);
  await tab.locator("main .table tbody tr").first().waitFor();
  await sound(tab, "audit");
  await open(tab, "/audit?number=99999999", "请求编号");
  await tab.keyboard.press("F1");
  await within(tab, "您的查询也会记入审计", "the help beside the screen");
  await leave(tab);
});

await test("PE-2: the session ends while somebody types: the password brings them back, the entry is there and is saved", async () => {
  const tab = await staff("point");
  await open(tab, "/candidates?state=card_printed", "共|已显示");
  await tab.locator("main .table tbody a").first().click();
  await within(tab, "身份信息", "the candidate's page");
  const name = await tab.locator("h1").innerText();
  await tab.locator("[data-act=edit]").click();
  const field = tab.locator("dialog").getByLabel("班级", { exact: false }).first();
  await field.fill("高三28班");
  await tab.context().clearCookies();
  await tab.locator("dialog button.main").click();
  await within(tab, "页面已锁定", "the lock");
  const faults = await axeFaults(tab);
  expect(faults.length === 0, faults.join("; "));
  const shown = await tab.evaluate(() => getComputedStyle(document.querySelector("dialog.lock"), "::backdrop").backgroundColor);
  expect(/^rgb\(/.test(shown), `what is behind shows through: ${shown}`);
  await tab.keyboard.press("Escape");
  await tab.keyboard.press("Escape");
  await tab.waitForTimeout(200);
  expect(await tab.locator("dialog.lock[open]").isVisible(), "Escape opens the lock");
  await tab.getByLabel("密码", { exact: true }).fill("not-the-password-1");
  await tab.keyboard.press("Enter");
  await within(tab, "不对|不正确", "a wrong password");
  await tab.getByLabel("密码", { exact: true }).fill(logins.point.password);
  await tab.keyboard.press("Enter");
  await tab.locator("dialog").first().waitFor({ state: "detached" });
  await within(tab, "高三28班", `${name}'s class`);
  await tab.context().close();
});

await test("PE-2: an idle PC locks itself and its session is really over; somebody else begins with an empty page", async () => {
  const tab = await page();
  await tab.clock.install();
  await signIn(tab, "hngz", logins.reviewer.login, logins.reviewer.password);
  await tab.waitForSelector("nav.menu a");
  await tab.clock.fastForward(28 * 60_000);
  expect(!(await text(tab)).includes("页面已锁定"), "locked too early");
  await tab.clock.fastForward(2 * 60_000);
  await within(tab, "页面已锁定", "the lock");
  await eventually(async () => (await ask(tab, "/session")).status === 401, "the session is over");
  await tab.getByRole("button", { name: "换人登录" }).click();
  await tab.waitForSelector("input[autocomplete=username]");
  expect((await tab.locator("dialog").count()) === 0, "a dialog of the one before is open");
  await tab.context().close();
});

await test("PE-2: somebody else signs in in another tab while this one is locked: it begins anew, shows nothing of before, and locks again when it must", async () => {
  const tab = await page();
  await signIn(tab, "hngz", logins.reviewer.login, logins.reviewer.password);
  await tab.waitForSelector("nav.menu a");
  await open(tab, "/candidates", "共|已显示");
  await tab.context().clearCookies();
  await tab.getByRole("button", { name: "刷新" }).click();
  await within(tab, "页面已锁定", "the lock");
  const other = await tab.context().newPage();
  await signIn(other, "hngz", logins.auditor.login, logins.auditor.password, logins.auditor.totp_secret);
  await other.waitForSelector("nav.menu a");
  await tab.waitForSelector("input[autocomplete=username]");
  expect((await tab.locator("dialog").count()) === 0, "the lock stays");
  await other.close();
  await tab.context().clearCookies();
  await tab.locator("input[autocomplete=username]").fill(logins.reviewer.login);
  await tab.locator("input[type=password]").fill(logins.reviewer.password);
  await tab.keyboard.press("Enter");
  await tab.waitForSelector("nav.menu a");
  await open(tab, "/candidates", "共|已显示");
  await tab.context().clearCookies();
  await tab.getByRole("button", { name: "刷新" }).click();
  await within(tab, "页面已锁定", "the lock once more");
  await tab.context().close();
});

await test("PE-2: who signs out leaves no keys behind: those of the record that stood there do nothing at the sign-in page, nor for the next one", async () => {
  const tab = await staff("point");
  await open(tab, "/desk/to_proof", "校对");
  await tab.locator(".queue li a").nth(1).waitFor(); // somebody to go on to
  await tab.locator(".queue li a").first().click();
  await tab.locator("[data-act]").first().waitFor();
  const bodies = [];
  tab.on("request", (sent) => sent.method() !== "GET" && bodies.push(sent.url()));
  await tab.getByRole("button", { name: "退出" }).click();
  await tab.waitForSelector("input[autocomplete=username]");
  const sent = bodies.length;
  await tab.evaluate(() => document.activeElement.blur());
  for (const key of ["e", "f", "ArrowDown", "ArrowDown"]) await tab.keyboard.press(key);
  await tab.waitForTimeout(500);
  expect(!tab.url().includes("/desk/"), `the address of a record: ${tab.url()}`);
  expect((await tab.locator("dialog").count()) === 0, `a dialog of the record opens: ${await text(tab)}`);
  expect(bodies.length === sent, `something is sent: ${bodies.slice(sent)}`);
  await tab.context().close();
});

await test("PE-2: the lock can't be fetched: nothing of before stays in sight, the sign-in page stands in its place", async () => {
  const tab = await staff("reviewer");
  await open(tab, "/candidates", "共|已显示");
  await tab.route(/\.js(\?|$)/, (route) => route.abort());
  await tab.context().clearCookies();
  await tab.getByRole("button", { name: "刷新" }).click();
  await tab.waitForSelector("input[autocomplete=username]");
  expect((await tab.locator("main table").count()) === 0, "the list is still there");
  await tab.context().close();
});

await test("ID-9: an account switched off while its owner works: the next act asks for the password, and that is refused", async () => {
  const county = await staff("county");
  const tab = await staff("reviewer");
  await open(tab, "/candidates", "共|已显示");
  const account = (await ask(county, `/accounts?q=${logins.reviewer.login}`)).data.items.find((a) => a.login === logins.reviewer.login);
  const off = await ask(county, `/accounts/${account.id}`, "PATCH", { enabled: false }, `"v${account.version}"`);
  expect(off.status === 200, JSON.stringify(off));
  await tab.getByRole("button", { name: "刷新" }).click();
  await within(tab, "页面已锁定", "the lock");
  await tab.getByLabel("密码", { exact: true }).fill(logins.reviewer.password);
  await tab.keyboard.press("Enter");
  await within(tab, "不对|不正确|停用", "the refusal");
  await tab.context().close();
  const on = await ask(county, `/accounts/${account.id}`, "PATCH", { enabled: true }, `"v${off.data.version}"`);
  expect(on.status === 200, JSON.stringify(on));
  await county.context().close();
});

await top?.context().close();
