/* The console: its menu follows the role; a scan box on top reaches a candidate from anywhere. */
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { may } from "./access.js";
import { api } from "./api.js";
import { demoLine, languageButton, newBrowserLine, paint, signOut, skipButton, start } from "./app.js";
import { count, dayTime, known, t, word } from "./i18n.js";
import { lookupReason } from "./lookup.js";
import { icon, toast, typing, until } from "./parts.js";
import { go } from "./router.js";
import { onScan } from "./scanner.js";
import { followWaits, waiting } from "./waits.js";

/* Menus name the work. [group, [[path, text key, action that opens it, state of those who wait for it]]] */
const MENU = [
  ["menu.work", [
    ["/desk/to_read", "menu.reading", "reading_create", "allocated"],
    ["/desk/to_print", "menu.cards", "card_print", "identified"],
    ["/desk/to_review", "menu.review", "review_write", "card_printed"],
    ["/photos", "menu.photos", "photo_write", "photo_look"],
    ["/desk/to_proof", "menu.proof", "proof_print", "filling"],
    ["/desk/to_confirm", "menu.confirm", "confirm", "proofed"],
    ["/desk/returned", "menu.returned", "confirm"],
    ["/desk/to_approve", "menu.approve", "candidate_approve", "waiting"],
  ]],
  ["menu.watch", [
    ["/progress", "menu.progress", "progress_read"],
    ["/candidates", "menu.candidates", "candidate_read"],
    ["/readings", "menu.readings", "reading_read"],
    ["/imports", "menu.imports", "import_write"],
    ["/submissions", "menu.submissions", "submission_read"],
    ["/returns", "menu.returns", "returned_read"],
  ]],
  ["menu.prepare", [
    ["/orgs", "menu.orgs", "org_read"],
    ["/accounts", "menu.accounts", "account_read"],
    ["/ranges", "menu.ranges", "range_read"],
    ["/devices", "menu.devices", "device_read"],
    ["/windows", "menu.windows", "window_read"],
    ["/notices", "menu.notices", "progress_read"],
  ]],
  ["menu.oversee", [
    ["/packs", "menu.packs", "pack_read"],
    ["/photos/measures", "menu.measures", "pack_read"],
    ["/plugins", "menu.plugins", "plugin_read"],
    ["/pulls", "menu.pulls", "export_read"],
    ["/jobs", "menu.jobs", "job_read"],
    ["/audit", "menu.audit", "audit_read"],
    ["/alarms", "menu.alarms", "alarm_read"],
    ["/health", "menu.health", "alarm_read"],
  ]],
];

const HOME = { province: "/progress", city: "/progress", county: "/progress", auditor: "/progress", point: "/desk/to_review",
  reviewer: "/desk/to_review", export: "/jobs" };

let menuOpen = false;
let helpOpen = false;

/* What this screen is for and its keys, beside it: F1 or the button on top. The next screen's help takes its place. */
function turnHelp() {
  helpOpen = !helpOpen;
  paint();
  if (helpOpen) document.querySelector(".help-card h2")?.focus();
}

function help(app) {
  const key = [`help.${app.screen?.name}.${app.screen?.ctx.params.queue}`, `help.${app.screen?.name}`].find(known);
  return helpOpen && key ? html`<aside class="card help-card" aria-labelledby="help-title"><div class="card-head"><h2 id="help-title" tabindex="-1">${t("help")}</h2>
    <button class="button quiet" type="button" aria-label=${t("close")} @click=${turnHelp}>${icon("cross")}</button></div>
    <ul class="card-body help-lines">${t(key).split("\n").map((line) => html`<li>${line}</li>`)}</ul></aside>` : nothing;
}

function menu(app) {
  const here = location.hash.slice(1).split("?")[0];
  return html`<nav class="menu ${menuOpen ? "open" : ""}" id="menu" aria-label=${t("menu")} @click=${() => { menuOpen = false; }}>
    ${MENU.map(([group, rows]) => {
      const shown = rows.filter(([, , action]) => may(app.session, action));
      return shown.length ? html`<h2>${t(group)}</h2><ul>${shown.map(([path, key, , state]) => html`<li>
        <a href="#${path}" aria-current=${here === path || here.startsWith(`${path}/`) ? "page" : nothing}>${t(key)}${waiting(state)
          ? html` <span class="count"><span aria-hidden="true">${count(waiting(state))}</span><span class="unseen">${t("menu.waiting", { n: waiting(state) })}</span></span>` : nothing}</a></li>`)}</ul>` : nothing;
    })}
  </nav>`;
}

/* A card's QR is /ks/#n=NUMBER&p=…: only the number is taken. Proof sheets and forms: NUMBER/VERSION/DIGEST; a candidate's
 * receipt: GKR/NUMBER/VERSION. */
export function sheetVersion(text) {
  return Number(/^\d{8}\/(\d+)(?:\/[0-9a-f]{8})?$/i.exec(text.trim())?.[1]) || undefined;
}

export function receiptVersion(text) {
  return Number(/^GKR\/\d{8}\/(\d+)$/.exec(text.trim())?.[1]) || undefined;
}

export function scanned(text) {
  const plain = text.trim().replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  const card = /#n=(\d{8})/.exec(plain);
  const sheet = /^(?:GKR\/)?(\d{8})\/\d+(\/[0-9a-f]{8})?$/i.exec(plain);
  return (card ?? sheet)?.[1] ?? plain.replace(/^(\d{4}) (\d{4})$/, "$1$2");
}

async function scan(app, event) {
  event.preventDefault();
  await find(app, event.target.querySelector("input"));
}

async function find(app, input) {
  const q = scanned(input.value);
  const sheet = sheetVersion(input.value);
  const receipt = receiptVersion(input.value);
  if (!q) return;
  try {
    const reason = await lookupReason(app.session, q);
    if (reason === undefined) return;
    const { data } = await api.get("/candidates", { query: { q, reason, limit: 2 } });
    if (data.items.length === 1) {
      input.value = "";
      input.blur();
      go(`/candidates/${data.items[0].id}`, { sheet, receipt });
    } else if (data.items.length) {
      input.value = "";
      go("/candidates", { q });
    } else {
      toast(t("scan.none", { q }));
      input.select();
    }
  } catch (error) {
    toast(error.detail || error.title);
  }
}

function serviceLine(app) {
  const windows = app.season?.windows ?? [];
  const open = windows.filter((w) => w.open).sort((a, b) => a.closes_at.localeCompare(b.closes_at));
  const fill = open.find((w) => w.action === "fill") ?? open[0];
  if (!fill) return html`<span class="wide-only">${t("top.closed")}</span>`;
  return html`<span class="wide-only">${t("top.open", { name: word("window", fill.action), at: dayTime(fill.closes_at) })} · ${t("top.left")} ${until(fill.closes_at)}</span>`;
}

/* The scanner was used while the focus stood elsewhere. */
function scannedAnywhere(code) {
  const box = document.getElementById("scan");
  if (!box || !here) return;
  if (document.querySelector("dialog[open]")) {
    toast(t("scan.dialog"));
    return;
  }
  box.value = code;
  find(here, box);
}

let here = null;

const frame = (app, content) => {
  here = app;
  if (app.session) followWaits(app, paint);
  return page(app, content);
};

const page = (app, content) => (app.session && !app.session.must_change_password && !app.session.must_enrol_totp ? html`
  ${skipButton()}
  <header class="top">
    <button class="menu-button" aria-expanded=${menuOpen} aria-controls="menu" @click=${() => { menuOpen = !menuOpen; paint(); }}>${t("menu")}</button>
    <a class="site" href="#${HOME[app.session.account.role] ?? "/progress"}">${t("site.hngz")}</a>
    <span class="wide-only">${app.session.org.name}</span>
    ${may(app.session, "candidate_read") ? html`<form class="scan" role="search" aria-label=${t("scan.name")} @submit=${(event) => scan(app, event)}>
      <input type="search" id="scan" data-scans aria-label=${t("scan.label")} placeholder=${t("scan.hint")} autocomplete="off" spellcheck="false"><kbd>/</kbd>
    </form>` : nothing}
    <div class="right">
      ${serviceLine(app)}
      <a href="#/me">${app.session.account.display_name || app.session.account.login} · ${word("role", app.session.account.role)}</a>
      <button class="link" aria-expanded=${help(app) === nothing ? "false" : "true"} @click=${turnHelp}>${t("help")}<kbd class="wide-only">F1</kbd></button>
      ${languageButton()}
      <button class="link" @click=${signOut}>${t("signOut")}</button>
    </div>
  </header>
  ${demoLine()}
  <div class="body">${menu(app)}<main tabindex="-1" class=${help(app) === nothing ? "" : "helped"}>${newBrowserLine()}${help(app)}${content}</main></div>`
  : html`
  ${skipButton()}
  <header class="top"><span class="site">${t("site.hngz.long")}</span><div class="right">${languageButton()}</div></header>
  ${demoLine()}
  <main tabindex="-1">${content}</main>`);

onScan(scannedAnywhere);

addEventListener("keydown", (event) => {
  if (event.key !== "F1" || !here?.session || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  turnHelp();
});

/* "/" reaches the scan box from everywhere but where one types. */
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target)) return;
  const box = document.getElementById("scan");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

const view = (name) => () => import(`./views/hngz/${name}.js`);

start({
  routes: [
    ["/desk/{queue}", "desk"],
    ["/desk/{queue}/{id}", "desk"],
    ["/progress", "progress"],
    ["/progress/{id}", "progress"],
    ["/candidates", "candidates"],
    ["/candidates/{id}", "candidate"],
    ["/candidates/{id}/history", "history"],
    ["/candidates/{id}/photo", "candidatePhoto"],
    ["/photos", "photos"],
    ["/imports", "imports"],
    ["/imports/{id}", "import"],
    ["/photos/import", "photoImport"],
    ["/photos/measures", "photoMeasures"],
    ["/photos/{id}", "photos"],
    ["/submissions", "submissions"],
    ["/submissions/{id}", "submission"],
    ["/orgs", "orgs"],
    ["/orgs/{id}", "org"],
    ["/accounts", "accounts"],
    ["/ranges", "ranges"],
    ["/devices", "devices"],
    ["/readings", "readings"],
    ["/windows", "windows"],
    ["/notices", "notices"],
    ["/notices/{id}", "notice"],
    ["/packs", "packs"],
    ["/packs/{id}", "pack"],
    ["/plugins", "plugins"],
    ["/pulls", "pulls"],
    ["/returns", "returns"],
    ["/jobs", "jobs"],
    ["/audit", "audit"],
    ["/alarms", "alarms"],
    ["/health", "health"],
    ["/me", "self"],
    ["/sessions", "sessions"],
    ["/password", "password"],
    ["/enrol", "enrol"],
  ],
  home: (session) => HOME[session?.account.role] ?? "/progress",
  gate: (app) => (!app.session ? "signIn" : app.session.must_change_password ? "password" : app.session.must_enrol_totp ? "enrol" : null),
  views: {
    signIn: () => import("./views/sign-in.js"),
    password: () => import("./views/password.js"),
    enrol: () => import("./views/enrol.js"),
    sessions: () => import("./views/sessions.js"),
    photos: view("photos"),
    candidatePhoto: view("candidate-photo"),
    photoImport: view("photo-import"),
    photoMeasures: view("photo-measures"),
    ...Object.fromEntries(["desk", "progress", "candidates", "candidate", "history", "submissions", "submission", "orgs", "org", "accounts",
      "ranges", "devices", "readings", "windows", "notices", "notice", "packs", "pack", "plugins", "jobs", "pulls", "imports", "import", "returns", "audit", "alarms", "health", "self"].map((name) => [name, view(name)])),
  },
  frame,
});
