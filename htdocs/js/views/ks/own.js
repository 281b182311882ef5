/* The candidate's own record while the page is open: one copy a session, entries saved as they are made. */
import { html } from "../../../vendor/lit-html/lit-html.js";
import { api, ApiError } from "../../api.js";
import { loadForm, loadRules, loadTables } from "../../document.js";
import { keepDraft, takeDraft, wipeDraft } from "../../drafts.js";
import { t } from "../../i18n.js";
import { dialog, dialogFrame } from "../../parts.js";
import { ofPerson } from "../../person.js";
import { judgeHere } from "../../rules.js";

const PAUSE_MS = 900;
const AGAIN_MS = 5000;
const DRAFT_MS = 250;
const IDLE_MS = 1500;
let current = null;
ofPerson(() => current?.rest());

class Own {
  constructor(session) {
    Object.assign(this, { session, login: session.account.login, record: null, etag: null, form: null, rules: [], verdicts: [],
      entered: {}, faults: new Map(), state: "idle", savedAt: null, problem: null, listeners: new Set(), timer: 0, running: null,
      draftTimer: 0, here: null, restored: 0, offline: false });
  }

  /* Fields with what was entered and not saved yet. */
  get fields() {
    return { ...this.record.fields, ...this.entered };
  }

  get dirty() {
    return Object.keys(this.entered).length > 0;
  }

  async refresh() {
    const { data, etag } = await api.get("/me");
    this.take(data, etag);
  }

  /* Rules about entries that are not saved yet, judged in the page. */
  get verdictsHere() {
    this.here = this.here ?? judgeHere(this.form, this.rules, this.fields, new Set(Object.keys(this.entered)));
    return this.here;
  }

  /* What this browser kept for this person: entries of a page that was closed, or of a session that ended, before they were saved. */
  async restore() {
    const draft = await takeDraft(this.session);
    if (!draft) return;
    for (const [id, value] of Object.entries(draft)) {
      if (id in this.entered || JSON.stringify(value) === JSON.stringify(this.record.fields[id] ?? "")) continue;
      if (this.form.byId.get(id)?.editable === false) continue;
      this.entered[id] = value;
      this.restored += 1;
    }
    this.here = null;
    if (this.dirty) this.timer = setTimeout(() => this.save(), PAUSE_MS);
    else keepDraft(this.session, {});
  }

  keep() {
    clearTimeout(this.draftTimer);
    this.draftTimer = setTimeout(() => keepDraft(this.session, this.entered), DRAFT_MS);
  }

  take(data, etag) {
    this.here = null;
    this.offline = false;
    this.record = data;
    this.etag = etag ?? this.etag;
    if (data.verdicts) this.verdicts = data.verdicts;
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  /* An entry: shown at once, saved after a short pause. */
  enter(id, value) {
    const stored = this.record.fields[id];
    if (!Array.isArray(value) && value === (stored ?? "")) delete this.entered[id];
    else this.entered[id] = value;
    this.here = null;
    this.keep();
    for (const name of this.faults.keys()) if (name === id || name.startsWith(`${id}/`)) this.faults.delete(name);
    if (this.state === "faults" && !this.faults.size) this.state = this.savedAt ? "saved" : "idle";
    this.tell();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE_MS * 3);
  }

  /* A field was left: save soon. */
  left() {
    if (!this.dirty) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE_MS);
  }

  /* The session is over: what was entered waits for this person, and is never sent in somebody else's name. */
  rest() {
    this.away = true;
    clearTimeout(this.timer);
  }

  /* Saves what was entered; one save at a time. Resolves when nothing is left that could be saved. */
  async save() {
    clearTimeout(this.timer);
    if (this.away) return;
    if (this.running) {
      await this.running;
      if (!this.dirty || this.state === "waiting") return;
    }
    this.running = this.work().finally(() => { this.running = null; });
    await this.running;
  }

  async work() {
    const held = new Set([...this.faults.keys()].map((name) => name.split("/")[0]));
    let retried = false;
    for (;;) {
      const patch = Object.fromEntries(Object.entries(this.entered).filter(([id]) => !held.has(id)));
      if (!Object.keys(patch).length) {
        if (this.state === "saving") this.state = this.faults.size ? "faults" : "saved";
        break;
      }
      this.state = "saving";
      this.tell();
      try {
        const { data, etag } = await api.patch("/me", { fields: blankToNull(patch) }, { etag: this.etag });
        this.take(data, etag);
        for (const [id, value] of Object.entries(patch)) if (this.entered[id] === value) delete this.entered[id];
        this.here = null;
        this.keep();
        Object.assign(this, { savedAt: new Date(), problem: null, restored: 0, state: this.faults.size ? "faults" : "saved" });
        retried = false;
        if (!Object.keys(this.entered).some((id) => !held.has(id))) break;
      } catch (error) {
        if (error.slug === "stale-version" && !retried && !this.away) {
          retried = true;
          await this.refresh().catch(() => {});
          continue;
        }
        const about = (error.violations ?? []).filter((v) => v.pointer.startsWith("/fields/"));
        if (about.length && (error.slug === "invalid" || error.slug === "rule-failed")) {
          const sent = about.filter((v) => v.pointer.split("/")[2] in patch);
          for (const v of about) {
            const name = v.pointer.slice("/fields/".length);
            this.faults.set(name, v.text);
            held.add(name.split("/")[0]);
          }
          this.state = "faults";
          if (sent.length) continue;
          this.problem = error; // nothing of what was sent is named: sending it again would be refused again
          break;
        }
        if (!(error instanceof ApiError)) throw error;
        this.problem = error;
        this.offline = error.offline;
        this.state = error.offline || error.status >= 500 ? "waiting" : "refused";
        if (this.state === "waiting") this.timer = setTimeout(() => this.save(), AGAIN_MS);
        break;
      }
    }
    this.tell();
  }
}

function blankToNull(patch) {
  const bare = (row) => Object.fromEntries(Object.entries(row).filter(([, v]) => v !== ""));
  return Object.fromEntries(Object.entries(patch)
    .map(([id, v]) => [id, Array.isArray(v) ? v.map(bare).filter((row) => Object.keys(row).length) : v === "" ? null : v]));
}

/* The record of the person who is signed in, fresh; without a network as it was last seen. */
export async function openOwn(ctx) {
  const { login } = ctx.session.account;
  const first = current?.login !== login;
  if (first) current = new Own(ctx.session);
  const own = current;
  Object.assign(own, { session: ctx.session, away: false });
  const [form] = await Promise.all([loadForm(), own.dirty ? null : own.refresh().catch((error) => {
    if (!error.offline || !own.record) throw error;
    own.offline = true;
  })]);
  own.form = form;
  own.listeners.clear();
  own.listeners.add(() => ctx.update());
  if (first) {
    await own.restore();
    setTimeout(() => ahead(own), IDLE_MS);
  } else if (own.dirty && !own.running) {
    clearTimeout(own.timer); // entered before the session ended
    own.timer = setTimeout(() => own.save(), PAUSE_MS);
  }
  return own;
}

/* All pages of the form and all that they draw from, so that they open when the network is gone. */
async function ahead(own) {
  try {
    await Promise.all([import("./form.js"), import("./check.js"), import("./pledge.js"), import("./receipt.js"),
      loadTables([...own.form.byId.values()]), loadRules().then((rules) => { own.rules = rules; own.here = null; })]);
  } catch {
    // fetched when needed
  }
}

/* Before signing out: nothing that was entered is lost unasked, and nothing of it stays in this browser. */
export async function mayLeave() {
  const own = current;
  if (own?.dirty) await own.save();
  if (own?.dirty) {
    const n = Object.keys(own.entered).length;
    const leave = await dialog((handle) => dialogFrame(handle, t("leave.title"), html`<p>${t("leave.text", { n })}</p>`, html`
      <button class="button" type="button" @click=${() => handle.close(true)}>${t("leave.do")}</button>
      <button class="button main" type="button" data-first @click=${() => handle.close(false)}>${t("leave.stay")}</button>`));
    if (!leave) return false;
  }
  if (own) {
    clearTimeout(own.timer);
    clearTimeout(own.draftTimer);
    own.entered = {};
    await wipeDraft(own.login);
  }
  current = null;
  return true;
}

export const mayFill = (own) => ["reviewed", "filling", "proofed"].includes(own.record.state);

/* The calendar's entry for an action in GET /season. */
export const windowOf = (ctx, action) => (ctx.season?.windows ?? []).find((w) => w.action === action);

addEventListener("online", () => current?.dirty && current.save());
addEventListener("beforeunload", (event) => {
  if (current?.dirty) event.preventDefault();
});
