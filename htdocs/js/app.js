/* The frame of both editions: texts, session, season, routes. A screen is a module of js/views/ with
 *   load(ctx) → model          (fetches; may be async)
 *   render(ctx, model) → html  (template only)
 *   title(ctx, model) → text   (page title; the screen's h1 by default)
 *   leave(ctx, model)          (optional: called before another screen is shown; may save)
 *   arrive(ctx, model)         (optional: called once the new screen stands; may set focus and place)
 *   every                      (optional: seconds between quiet reloads)
 * ctx: api, session, season, params, query, path, model, update() to draw again, reload() to load again, shown: false when
 * another screen was asked for meanwhile (a load that ends then must leave nothing behind: leave() won't be called). */
import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { api, onSession, setServerTime, setToken } from "./api.js";
import { english, fullTime, keepLanguage, loadTexts, t } from "./i18n.js";
import { banner, problem, typing, waiting } from "./parts.js";
import { forgetPerson } from "./person.js";
import { match } from "./router.js";

const edition = document.documentElement.dataset.edition;
const root = document.getElementById("app");
const others = "BroadcastChannel" in window ? new BroadcastChannel(`gaokao-${edition}`) : null;

const app = {
  edition,
  session: null,
  season: null,
  fault: null, // the season or session could not be asked for
  notice: null, // why one has to sign in again
  screen: null, // {module, ctx, model, error}
  slip: "", // the initial password somebody has just signed in with: not asked for a second time
};
let setup;
let turn = 0;
let timer;

/* setup: {routes, home(session) → path, views: {name: () => import(...)}, gate(app) → name or null,
 *         frame(app, content) → html} */
export async function start(given) {
  setup = given;
  onSession({ signedOut: lostSession, token: freshToken, prove: () => import("./prove.js").then(({ prove }) => prove(app.session)),
    again: stillHere });
  try {
    await loadTexts(edition, api.file);
  } catch {
    document.querySelector("#app p").textContent = "页面没有打开，请刷新。 The page could not be loaded: please reload.";
    return;
  }
  root.replaceChildren();
  others?.addEventListener("message", otherTab);
  addEventListener("hashchange", () => show());
  addEventListener("pagehide", () => others?.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  await ask(); // early.js has the answers, or nearly
  await show();
  if (edition === "hngz") followIdle();
}

/* Season and session; the season is public. */
async function ask() {
  app.fault = null;
  const [season, session] = await Promise.allSettled([api.get("/season"), api.get("/session")]);
  if (season.status === "fulfilled") {
    app.season = season.value.data;
    if (app.season.now) setServerTime(app.season.now, season.value.at);
  } else if (season.reason.slug !== "no-season") {
    app.fault = season.reason;
  }
  if (session.status === "fulfilled") take(session.value.data, session.value.at);
  else if (session.reason.slug !== "not-signed-in") app.fault = session.reason;
}

function take(session, at) {
  app.session = session;
  if (session?.now) setServerTime(session.now, at);
  setToken(session?.csrf ?? null);
}

/* After signing in, a password change or an enrolment: the new session document. */
export async function signedIn(session, password = "") {
  app.slip = session.must_change_password ? password : "";
  app.notice = null;
  app.heard = false;
  take(session);
  others?.postMessage({ login: session.account.login });
  if (!session.must_change_password && !session.must_enrol_totp) {
    try {
      app.season = (await api.get("/season")).data;
    } catch {
      // the season of the sign-in page serves
    }
  }
  await show();
}

export async function signOut() {
  try {
    await api.delete("/session");
  } catch (error) {
    if (error.slug !== "not-signed-in") throw error;
  }
  keepLanguage();
  others?.postMessage({ login: null });
  forget();
  history.replaceState(null, "", location.pathname);
  await show();
}

function forget() {
  app.slip = "";
  take(null);
  leaveScreen(); // its keys and its uploads are over too
  for (const box of [...document.querySelectorAll("dialog")].reverse()) { // nothing of one person stays for the next one
    box.remove();
    box.dispatchEvent(new Event("close")); // who waits for its answer has to hear that there is none: the lock's requests, above all
  }
  forgetPerson();
  app.screen = null;
  clearTimeout(timer);
}

function lostSession() {
  if (!app.session) return;
  app.notice = "session.expired";
  forget();
  show();
}

/* The console's page outlives its session: whoever comes back says the password and goes on with all that was typed. A lock that can't be
 * fetched is none: the sign-in page stands in its place. */
let locked = null;

function stillHere() {
  if (edition !== "hngz" || !app.session) return Promise.resolve(false);
  const was = app.session;
  locked ??= import("./lock.js").then(({ lock }) => lock(was)).then(async (session) => {
    if (!session) return false;
    if (session.must_change_password || session.must_enrol_totp || session.account.role !== was.account.role || session.org.id !== was.org.id) {
      forget();
      await signedIn(session); // other rights than before: from the beginning
      return true;
    }
    take(session);
    others?.postMessage({ login: session.account.login });
    return true;
  }).catch(() => false).finally(() => { locked = null; });
  return locked;
}

/* An idle PC: the session ends before the server would end it, for pages that follow figures keep it alive. */
const LOOK_MS = 10_000;
const EARLY_S = 60;

function followIdle() {
  let last = Date.now();
  for (const kind of ["keydown", "pointerdown", "wheel", "touchstart"]) addEventListener(kind, () => { last = Date.now(); }, { capture: true, passive: true });
  setInterval(async () => {
    if (!app.session) last = Date.now();
    const patience = ((app.session?.idle_seconds ?? 1800) - EARLY_S) * 1000;
    if (locked || !app.session || Date.now() - last < patience) return;
    const kept = { ...localStorage };
    const back = stillHere();
    await api.delete("/session").catch(() => {});
    for (const [name, value] of Object.entries(kept)) localStorage.setItem(name, value); // signing out clears them; they hold no person's data
    if (await back) last = Date.now();
    else if (app.session) lostSession();
  }, LOOK_MS);
}

/* The CSRF token was refused: is it still the same person? */
async function freshToken() {
  try {
    const { data } = await api.get("/session");
    if (data.account.login !== app.session?.account.login) {
      otherTab({ data: { login: data.account.login } });
      return false;
    }
    take(data);
    return true;
  } catch {
    return false;
  }
}

/* Another tab of this browser signed in or out: this one must not go on with somebody else's cookie. */
function otherTab({ data }) {
  if (!app.session || data.login === app.session.account.login) return;
  app.notice = data.login ? "session.other" : "session.ended";
  forget();
  app.session = null;
  show();
}

function leaveScreen() {
  const { screen } = app;
  if (screen?.module?.leave && screen.model) screen.module.leave(screen.ctx, screen.model);
}

async function show() {
  const mine = ++turn;
  clearTimeout(timer);
  const gate = setup.gate(app);
  const found = gate ? { name: gate, params: {}, query: {}, path: "" } : match(setup.routes, location.hash);
  if (!found) {
    const home = `#${setup.home(app.session)}`;
    if (location.hash !== home) {
      location.replace(home);
      return;
    }
  }
  leaveScreen();
  const before = app.screen;
  const same = before?.name === found.name && before.ctx.path === found.path;
  const ctx = { ...found, app, api, get session() { return app.session; }, get season() { return app.season; },
    update: paint, reload: () => reload(screen), get shown() { return app.screen?.ctx === ctx; } };
  const screen = { name: found.name, ctx, module: null, model: null, error: null };
  if (same) Object.assign(screen, { module: before.module, model: before.model, stale: true });
  app.screen = screen;
  paint();
  await fill(screen, mine);
  if (mine === turn && !same) settle();
}

async function fill(screen, mine) {
  try {
    screen.module = await setup.views[screen.name]();
    const model = screen.module.load ? await screen.module.load(screen.ctx) : {};
    if (mine !== turn) return;
    screen.model = model ?? {};
    screen.error = null;
  } catch (error) {
    if (mine !== turn) return;
    if (error.slug === "not-signed-in") return;
    console.error(error);
    screen.error = error;
  }
  screen.stale = false;
  paint();
  again(screen);
}

async function reload(screen) {
  if (app.screen !== screen) return;
  clearTimeout(timer);
  await fill(screen, turn);
}

/* Quiet reloads of live screens, only while somebody can see them. */
function again(screen) {
  const seconds = screen.module?.every;
  if (!seconds || screen.error) return;
  timer = setTimeout(() => (document.hidden || locked ? again(screen) : reload(screen)), seconds * 1000);
}

function content() {
  const { screen } = app;
  if (app.fault && !app.session) return html`<div class="page">${problem(app.fault, restart)}</div>`;
  if (screen.error) {
    return html`<div class="page"><h1 tabindex="-1">${t("error.page")}</h1>
      ${problem(screen.error, () => reload(screen))}</div>`;
  }
  if (!screen.model) return waiting();
  return screen.module.render(screen.ctx, screen.model);
}

async function restart() {
  await ask();
  await show();
}

export function paint() {
  if (!app.screen) return;
  render(setup.frame(app, content()), root);
  const { module, ctx, model } = app.screen;
  const own = model && module.title ? module.title(ctx, model) : root.querySelector("h1")?.textContent.trim();
  document.title = [own, t("site.short")].filter(Boolean).join(" - ");
}

/* A new screen begins at its top, with the heading read aloud. */
function settle() {
  scrollTo(0, 0);
  const heading = root.querySelector("h1");
  if (!heading || root.querySelector("[data-keep-focus]") || typing(document.activeElement)) return; // who types already goes on
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  const { module, ctx, model } = app.screen;
  if (model) module.arrive?.(ctx, model);
}

/* Somebody signed in from a browser that this account had not used before: the owner reads it until they wave it away. */
export const newBrowserLine = () => (app.session?.new_browsers?.length && !app.heard ? banner("warn", html`
  <p><strong>${t("newBrowser.title")}</strong></p>
  <ul>${app.session.new_browsers.map((one) => html`<li>${fullTime(one.at)} · ${one.browser}</li>`)}</ul>
  <p>${t("newBrowser.do")} <a href="#/sessions">${t("sessions.title")}</a></p>`,
html`<button class="button" type="button" @click=${() => { app.heard = true; paint(); }}>${t("newBrowser.mine")}</button>`) : nothing);

export async function switchLanguage() {
  await loadTexts(edition, api.file, english() ? "zh-CN" : "en");
  dispatchEvent(new Event("gaokao-language"));
  paint();
}

export const languageButton = () => html`
  <button class="link" lang=${english() ? "zh-CN" : "en"} aria-label=${english() ? "中文，换成中文" : "EN, change to English"}
    @click=${switchLanguage}>${english() ? "中文" : "EN"}</button>`;

export const skipButton = () => html`
  <button class="skip" @click=${() => document.querySelector("main").focus()}>${t("skip")}</button>`;

export const demoLine = () => (app.season?.demo ? html`<aside class="demo" aria-label=${t("demo.label")}>${t("demo")}</aside>` : nothing);
