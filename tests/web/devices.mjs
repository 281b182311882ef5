/* Devices and readings as a point's clerk sees them (W3, W7): a device is made and enrolled with its code, cards come in by signed posts
 * and show by themselves, what is not settled is decided here, and a device that is revoked is out at once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { axeFaults, expect, logins, page, signIn, site, test, text, tooWide, within } from "./lab.mjs";

const DEVICE = "浏览器测试读卡机";
const SHOTS = process.env.GK_SHOTS; // a folder: pictures of the pages for a person to look at

/* The client of docs/devices.md (tests/tools/gateway_pipe.py): undefined where python3-nacl is not installed. */
async function gatewayOf() {
  const child = spawn("/usr/bin/python3", [`${process.env.TOP}/tests/tools/gateway_pipe.py`], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, "exit");
  child.stdin.on("error", () => {}); // it may be gone already
  const ask = async (command) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value } = await lines.next();
    if (value === undefined) throw new Error(`the gateway ended: ${await ended}`);
    return JSON.parse(value);
  };
  const first = await Promise.race([ask({ number: ["430102", "20070611", 401] }).catch(() => null), ended.then(() => null)]);
  if (!first) return undefined;
  return {
    ask,
    number: async (serial) => (await ask({ number: ["430102", "20070611", serial] })).answer.number,
    post: async (...cards) => (await ask({ post: cards })).answer.results,
    end: () => child.stdin.end(),
  };
}

async function shot(tab, name) {
  if (SHOTS) await tab.screenshot({ path: `${SHOTS}/${name}.png` });
}

/* Axe finds nothing, nothing is too wide; also on a phone. */
async function looked(tab, name, faults) {
  for (const [width, height] of [[1366, 768], [360, 740]]) {
    await tab.setViewportSize({ width, height });
    await tab.waitForTimeout(300);
    await shot(tab, `${name}-${width}`);
    expect((await tooWide(tab)) <= 0, `${name} is ${await tooWide(tab)} px too wide at ${width}`);
    faults.push(...(await axeFaults(tab)).map((fault) => `${name} at ${width}: ${fault}`));
  }
  await tab.setViewportSize({ width: 1366, height: 768 });
}

const gateway = await gatewayOf();

if (!gateway) {
  await test("devices and readings at a point # SKIP python3-nacl is not installed", async () => {});
} else {
  await test("a clerk makes a device, cards come in by themselves, what is open is decided with a reason, revoking is at once", async () => {
    const faults = [];
    const tab = await page();
    await signIn(tab, "hngz", logins.point.login, logins.point.password);
    await tab.waitForSelector("nav.menu a");

    /* A device and its code, which is shown once. */
    await tab.goto(`${site}/hngz/#/devices`);
    await tab.getByRole("button", { name: "新设备…" }).click();
    await tab.locator("dialog").getByLabel("名称").fill(DEVICE);
    expect((await tab.locator("dialog").getByLabel("体检仪器").count()) === 0, "a point may not make an instrument");
    await tab.locator("dialog button.main").click();
    const code = await tab.locator(".one-time-code").innerText();
    expect(/^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(code), code);
    await looked(tab, "code", faults);
    await tab.getByRole("button", { name: "记下了" }).click();
    const row = tab.locator("main tbody tr", { hasText: DEVICE });
    await row.getByText("等待登记").waitFor();
    expect(!(await text(tab)).includes(code), "the code is still shown");
    const enrolled = await gateway.ask({ enrol: code, site });
    expect(enrolled.status === 201, JSON.stringify(enrolled));
    await gateway.ask({ state: { reader_module: "05.01-20240248-0001234567-0987654321", reader_state: "ready", waiting: 2 } });
    await row.getByText("在用").waitFor({ timeout: 60000 }); // the list looks again by itself
    const shown = await row.innerText();
    for (const word of ["example 1.0", "05.01-20240248-0001234567-0987654321", "时钟准", "2条等待上传"]) expect(shown.includes(word), `${word}: ${shown}`);
    await looked(tab, "devices", faults);

    /* A card shows without anybody asking, and somebody new is registered with one press. */
    await tab.goto(`${site}/hngz/#/readings`);
    await within(tab, "自动更新", "the live view");
    await tab.waitForFunction(() => document.activeElement?.tagName === "H1");
    const people = await Promise.all([401, 402, 403].map((serial) => gateway.number(serial)));
    await gateway.post({ name: "测试新来", number: people[0] });
    const posted = Date.now();
    const live = (name) => tab.locator("main tbody tr", { hasText: name });
    await live("测试新来").getByText("等待选科类").waitFor({ timeout: 30000 });
    console.log(`# a reading shows ${((Date.now() - posted) / 1000).toFixed(1)} s after it was stored (goal 3)`);
    await looked(tab, "readings", faults);
    await live("测试新来").locator(".choices button").first().click();
    await live("测试新来").getByText("已建档").waitFor({ timeout: 30000 });

    /* The same person with another address: different, decided on the record's page with a reason. */
    const [different] = await gateway.post({ name: "测试新来", number: people[0], address: "湖南省长沙市搬家路9号" });
    expect(different.verdict === "different", JSON.stringify(different));
    await live("测试新来").getByText("请看对照表").waitFor({ timeout: 30000 });
    await live("测试新来").getByRole("link", { name: "核对差异" }).first().click();
    await within(tab, "湖南省长沙市搬家路9号", "both addresses");
    await looked(tab, "different", faults);
    await tab.getByRole("button", { name: "采用新的…" }).click();
    await tab.locator("dialog button.main").click();
    await tab.waitForSelector("dialog [aria-invalid=true], dialog .problem, dialog [role=alert]"); // a reason is needed
    await tab.locator("dialog textarea").fill("户口迁移，已看户口本");
    await tab.locator("dialog button.main").click();
    await tab.locator("dialog").waitFor({ state: "detached" });
    const record = await (await tab.request.get(`${site}/api/v1/candidates/${different.candidate.id}`, { headers: { "X-Gaokao-Edition": "hngz" } })).json();
    expect(record.fields.card_address === "湖南省长沙市搬家路9号", JSON.stringify(record.fields));

    /* What no plugin reads and a clock that is wrong: kept, shown, and the queue goes on. */
    await tab.goto(`${site}/hngz/#/readings`);
    await gateway.ask({ post: [{ name: "测试读不出", number: people[1], cut: true }, { name: "测试钟快", number: people[2], subject: "1" }], clock: 86400 });
    await live("测试钟快").getByText("时钟偏快").waitFor({ timeout: 30000 });
    await within(tab, "（读不出）", "the card that is not readable");
    await looked(tab, "kept", faults);

    /* Revoked with a reason: the very next post is refused. */
    await tab.goto(`${site}/hngz/#/devices`);
    await row.getByRole("button", { name: "停用…" }).click();
    await tab.locator("dialog textarea").fill("电脑报废");
    await tab.locator("dialog button.bad").click();
    await row.getByText("已停用").waitFor({ timeout: 30000 });
    const refused = await gateway.ask({ post: [{ name: "测试停用后", number: people[1] }] });
    expect(refused.status === 401 && refused.answer.code === "device-revoked", JSON.stringify(refused));
    await looked(tab, "revoked", faults);
    await row.getByRole("button", { name: "新登记码…" }).waitFor(); // and there is a way back
    expect(faults.length === 0, faults.slice(0, 8).join("\n"));
    expect(tab.faults.length === 0, tab.faults.join("; "));
    await tab.context().close();

    /* The county sees it, of its point, and makes instruments of the examination. */
    const county = await page();
    await signIn(county, "hngz", logins.county.login, logins.county.password, logins.county.totp_secret);
    await county.waitForSelector("nav.menu a");
    await county.goto(`${site}/hngz/#/devices`);
    const theirs = county.locator("main tbody tr", { hasText: DEVICE });
    await theirs.waitFor();
    const point = await (await county.request.get(`${site}/api/v1/devices`, { headers: { "X-Gaokao-Edition": "hngz" } })).json();
    const device = point.items.find((d) => d.name === DEVICE);
    expect((await theirs.innerText()).includes(device.org.name) && (await theirs.innerText()).includes("电脑报废"), await theirs.innerText());
    await county.getByRole("button", { name: "新设备…" }).click();
    const form = county.locator("dialog");
    await form.getByLabel("名称").fill("体检站身高体重仪");
    await form.getByLabel("身份证读卡器").uncheck();
    await form.getByLabel("照相机").uncheck();
    await form.getByLabel("体检仪器").check();
    const orgs = form.locator("input").first();
    await orgs.fill(device.org.name);
    await county.locator("dialog [role=option]", { hasText: device.org.name }).first().click();
    await shot(county, "county-form");
    await form.locator("button.main").click();
    await county.locator(".one-time-code").waitFor();
    await county.getByRole("button", { name: "记下了" }).click();
    await county.locator("main tbody tr", { hasText: "体检站身高体重仪" }).getByText("等待登记").waitFor();
    await shot(county, "county");
    expect(county.faults.length === 0, county.faults.join("; "));
    await county.context().close();
  });
  gateway.end();
}
