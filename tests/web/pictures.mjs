/* Pictures of the real pages for the documents, and what the first visit weighs. Run by tests/web/pictures. */
import { mkdirSync } from "node:fs";
import { logins, page, signIn, site } from "./lab.mjs";

const out = process.env.OUT;
mkdirSync(out, { recursive: true });

async function picture(tab, name, whole = false) {
  await tab.waitForLoadState("networkidle");
  await tab.waitForTimeout(400);
  await tab.screenshot({ path: `${out}/${name}.png`, fullPage: whole });
  console.log(`${name}.png`);
}

/* Who signs in for a picture is no news worth a line in it. */
const quiet = (tab) => tab.getByRole("button", { name: "是我本人" }).click({ timeout: 1500 }).catch(() => {});
const turn = (tab, path) => tab.evaluate((to) => { location.hash = `#/${to}`; }, path);

async function weigh(tab) {
  const line = await tab.context().newCDPSession(tab);
  const seen = { answers: 0, bytes: 0 };
  await line.send("Network.enable");
  line.on("Network.loadingFinished", (event) => {
    seen.answers += 1;
    seen.bytes += event.encodedDataLength;
  });
  return seen;
}

const phone = await page({ width: 375, height: 667 });
const seen = await weigh(phone);
await phone.goto(`${site}/ks/`);
await phone.waitForSelector("input[type=password]");
await phone.waitForLoadState("networkidle");
console.log(`# first visit of /ks: ${seen.bytes} bytes in ${seen.answers} answers, heads included`);
await picture(phone, "ks-sign-in");
await signIn(phone, "ks", logins.candidate.login, logins.candidate.password);
await phone.waitForSelector("text=我的报名");
await quiet(phone);
console.log(`# with the home page: ${seen.bytes} bytes in ${seen.answers} answers`);
await picture(phone, "ks-home");
for (const [path, name] of [["form/household", "ks-form"], ["check", "ks-check"], ["receipt", "ks-receipt"]]) {
  await turn(phone, path);
  await phone.waitForTimeout(500);
  await picture(phone, name);
}

/* Console: [role, hash, picture]. */
const console_pages = [["point", "desk/to_review", "hngz-desk"], ["point", "candidates", "hngz-candidates"], ["county", "progress", "console-progress"],
  ["county", "ranges", "hngz-ranges"], ["county", "submissions", "hngz-submissions"], ["province", "packs", "hngz-packs"], ["province", "jobs", "hngz-jobs"]];
for (const role of new Set(console_pages.map(([who]) => who))) {
  const desk = await page({ width: 1366, height: 768 });
  const person = logins[role];
  await signIn(desk, "hngz", person.login, person.password, person.totp_secret);
  await desk.waitForSelector("nav.menu a");
  await quiet(desk);
  for (const [, hash, name] of console_pages.filter(([who]) => who === role)) {
    await turn(desk, hash);
    await desk.waitForTimeout(600);
    await picture(desk, name);
  }
  await desk.context().close();
}
console.log("1..0 # pictures");
process.exit(0);
