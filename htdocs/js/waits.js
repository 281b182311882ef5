/* How many wait for each kind of work at one's unit: the numbers of the menu. Asked for again every half minute while
 * somebody looks, and after each act. */
import { may } from "./access.js";
import { api } from "./api.js";
import { ofPerson } from "./person.js";

const EVERY_MS = 30_000;
const SOON_MS = 1_500; // an act and the reload of its list come together

let counts = {};
let whose = null;
let timer = 0;
let asking = false; // while the page is locked a question waits: one is enough

ofPerson(() => { counts = {}; });

export const waiting = (state) => counts[state] ?? 0;

export function acted() {
  dispatchEvent(new Event("gaokao-acted"));
}

export function followWaits(app, repaint) {
  async function ask() {
    clearTimeout(timer);
    timer = setTimeout(ask, EVERY_MS);
    if (asking || document.hidden || !app.session || app.session.must_change_password || app.session.must_enrol_totp || !may(app.session, "progress_read")) return;
    asking = true;
    const mine = whose;
    try {
      const photos = may(app.session, "photo_write") ? api.get("/photos/waiting") : null;
      const { data } = await api.get("/progress");
      const look = (await photos)?.data.look ?? 0;
      if (mine !== whose) return; // somebody else sits here now
      counts = { ...data.total.states, photo_look: look };
      repaint();
    } catch {
      // the numbers stay as they were; whatever is wrong is told where somebody acts
    } finally {
      asking = false;
    }
  }
  if (whose === app.session.account.login) return;
  if (whose === null) {
    addEventListener("gaokao-acted", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, SOON_MS);
    });
  }
  whose = app.session.account.login;
  counts = {};
  ask();
}
