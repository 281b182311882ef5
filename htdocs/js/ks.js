/* The candidate edition: sign in, own password, home, form, check. */
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { demoLine, languageButton, newBrowserLine, signOut, skipButton, start } from "./app.js";
import { t } from "./i18n.js";

const frame = (app, content) => html`
  ${skipButton()}
  <header class="bar-top">
    <div class="in">
      <a class="site" href="#/home">${t("site.ks")}</a>
      <nav aria-label=${t("nav.site")}>
        ${languageButton()}
        ${app.session ? html`<button class="link" @click=${signOut}>${t("signOut")}</button>` : nothing}
      </nav>
    </div>
  </header>
  ${demoLine()}
  <main tabindex="-1">${newBrowserLine()}${content}</main>`;

start({
  routes: [
    ["/home", "home"],
    ["/pledge", "pledge"],
    ["/form/{section}", "form"],
    ["/check", "check"],
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
    notices: () => import("./views/ks/notices.js"),
  },
  frame,
});
