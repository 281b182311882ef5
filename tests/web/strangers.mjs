/* Pages of strangers in a real browser (ID-6): another port of the same host, which shares the cookies, and another site. Whatever
 * they send with the candidate's cookies is refused, nothing is stored, nobody is signed in or out, nothing can be framed. */
import { createServer } from "node:http";
import { end, expect, logins, page, signIn, site, test } from "./lab.mjs";

const evil = createServer((request, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(`<!doctype html><title>evil</title><p>${request.url}</p>`);
});
await new Promise((ready) => evil.listen(0, "127.0.0.1", ready));
const port = evil.address().port;
const origins = { "another port": `http://127.0.0.1:${port}`, "another site": `http://localhost:${port}` };

/* What the API says to the signed-in page itself. */
const own = (tab) =>
  tab.evaluate(async () => {
    const reply = await fetch("/api/v1/me", { headers: { "X-Gaokao-Edition": "ks" } });
    return { status: reply.status, etag: reply.headers.get("etag") };
  });

async function candidate() {
  const tab = await page();
  await signIn(tab, "ks", logins.candidate.login, logins.candidate.password);
  await tab.waitForFunction(() => document.body.innerText.includes("我的报名"));
  return tab;
}

for (const [name, origin] of Object.entries(origins)) {
  await test(`forms of ${name} are refused and store nothing`, async () => {
    const tab = await candidate();
    const before = await own(tab);
    expect(before.status === 200, `not signed in: ${before.status}`);
    for (const [path, body] of [
      ["/api/v1/session", '{"login":"demo-point","password":"x","a":"'],
      ["/api/v1/session/password", '{"current":"x","new":"y","a":"'],
      ["/api/v1/me/pledge", '{"accepted":true,"a":"'],
      ["/api/v1/me", '{"fields":{"receiver":"坏人"},"a":"'],
    ]) {
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
        const stranger = await tab.context().newPage();
        await stranger.goto(origin);
        const [reply] = await Promise.all([
          stranger.waitForResponse((r) => r.url().startsWith(site)),
          stranger.evaluate(([action, text, enctype]) => {
            const form = document.createElement("form");
            Object.assign(form, { method: "POST", action, enctype });
            const input = document.createElement("input");
            Object.assign(input, { name: text, value: '"}' });
            form.append(input);
            document.body.append(form);
            form.submit();
          }, [site + path, body, type]),
        ]);
        expect([401, 403, 405, 415].includes(reply.status()), `${type} to ${path}: ${reply.status()}`);
        expect(!(await reply.allHeaders())["set-cookie"], `${path} sets a cookie for a stranger`);
        await stranger.close();
      }
    }
    const after = await own(tab);
    expect(after.status === 200 && after.etag === before.etag, `changed: ${JSON.stringify([before, after])}`);
    await tab.context().close();
  });

  await test(`scripts of ${name} can neither write nor read`, async () => {
    const tab = await candidate();
    const before = await own(tab);
    const stranger = await tab.context().newPage();
    await stranger.goto(origin);
    const seen = await stranger.evaluate(async (target) => {
      const found = [];
      const send = async (label, path, options) => {
        try {
          const reply = await fetch(target + path, { credentials: "include", ...options });
          found.push([label, reply.type === "opaque" ? "opaque" : `read ${reply.status}`]);
        } catch {
          found.push([label, "refused"]);
        }
      };
      const json = { "Content-Type": "application/json", "X-Gaokao-Edition": "ks", "If-Match": '"v1"', "Idempotency-Key": "0123456789" };
      await send("read", "/api/v1/me", {});
      await send("json", "/api/v1/me", { method: "PATCH", headers: json, body: '{"fields":{"receiver":"坏人"}}' });
      await send("plain", "/api/v1/me/pledge", { method: "POST", mode: "no-cors", body: '{"accepted":true}' });
      await send("sign out", "/api/v1/session", { method: "DELETE" });
      await send("sign in", "/api/v1/session", { method: "POST", mode: "no-cors", body: '{"login":"demo-point","password":"x"}' });
      await send("beacon", "/api/v1/sessions", { method: "POST", mode: "no-cors", body: "{}" });
      return found;
    }, site);
    for (const [label, outcome] of seen) expect(!outcome.startsWith("read"), `${label}: ${outcome}`);
    const after = await own(tab);
    expect(after.status === 200 && after.etag === before.etag, `changed: ${JSON.stringify([before, after])}`);
    await tab.context().close();
  });

  await test(`${name} can frame no page`, async () => {
    const tab = await candidate();
    const stranger = await tab.context().newPage();
    await stranger.goto(origin);
    for (const path of ["/ks/", "/hngz/", "/api/v1/season"]) {
      await stranger.evaluate((url) => {
        const frame = document.createElement("iframe");
        frame.src = url;
        document.body.replaceChildren(frame);
      }, site + path);
      await stranger.waitForTimeout(700);
      for (const frame of stranger.frames().slice(1)) {
        const text = await frame.evaluate(() => document.body?.innerText ?? "").catch(() => "");
        expect(!/报名|season|密码/.test(text), `${path} shows in a frame: ${text.slice(0, 80)}`);
      }
    }
    await tab.context().close();
  });
}

evil.close();
await end();
