/* The candidate edition: sign in, own password, home, form, check. */
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { demoLine, languageButton, newBrowserLine, paint, signOut, skipButton, start } from "./app.js";
import { chooseComfort, keepComfort, wearComfort } from "./comfort.js";
import { t } from "./i18n.js";
import { banner } from "./parts.js";

wearComfort();
addEventListener("online", paint);
addEventListener("offline", paint);

async function leave() {
  const { mayLeave } = await import("./views/ks/own.js");
  if (!(await mayLeave())) return;
  await signOut();
  keepComfort();
}

const offlineLine = () => (navigator.onLine ? nothing : html`<div class="page tight">${banner("warn", html`<p>${t("offline")}</p>`)}</div>`);

const frame = (app, content) => html`
  ${skipButton()}
  <header class="bar-top">
    <div class="in">
      <a class="site" href="#/home">${t("site.ks")}</a>
      <nav aria-label=${t("nav.site")}>
        <button class="link" aria-label=${t("comfort.title")} @click=${chooseComfort}>${t("comfort.button")}</button>
        ${languageButton()}
        ${app.session ? html`<button class="link" @click=${leave}>${t("signOut")}</button>` : nothing}
      </nav>
    </div>
  </header>
  ${demoLine()}
  <main tabindex="-1">${app.session ? offlineLine() : nothing}${newBrowserLine()}${content}</main>`;

start({
  routes: [
    ["/home", "home"],
    ["/pledge", "pledge"],
    ["/form/{section}", "form"],
    ["/check", "check"],
    ["/receipt", "receipt"],
    ["/notices", "notices"],
    ["/password", "password"],
    ["/sessions", "sessions"],
  ],
  home: () => "/home",
  gate: (app) => (!app.session ? "signIn" : app.session.must_change_password ? "password" : null),
  views: {
    signIn: () => import("./views/sign-in.js"),
    password: () => import("./views/password.js"),
    sessions: () => import("./views/sessions.js"),
    home: () => import("./views/ks/home.js"),
    pledge: () => import("./views/ks/pledge.js"),
    form: () => import("./views/ks/form.js"),
    check: () => import("./views/ks/check.js"),
    receipt: () => import("./views/ks/receipt.js"),
    notices: () => import("./views/ks/notices.js"),
  },
  frame,
});
