/* The candidate's own record while the page is open: one copy a session, entries saved as they are made. */
import { api, ApiError } from "../../api.js";
import { loadForm } from "../../document.js";

const PAUSE_MS = 900;
const AGAIN_MS = 5000;
let current = null;

class Own {
  constructor(login) {
    Object.assign(this, { login, record: null, etag: null, form: null, verdicts: [], entered: {}, faults: new Map(),
      state: "idle", savedAt: null, problem: null, listeners: new Set(), timer: 0, running: null });
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

  take(data, etag) {
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
    for (const name of this.faults.keys()) if (name === id || name.startsWith(`${id}/`)) this.faults.delete(name);
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

  /* Saves what was entered; one save at a time. Resolves when nothing is left that could be saved. */
  async save() {
    clearTimeout(this.timer);
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
        Object.assign(this, { savedAt: new Date(), problem: null, state: this.faults.size ? "faults" : "saved" });
        retried = false;
        if (!Object.keys(this.entered).some((id) => !held.has(id))) break;
      } catch (error) {
        if (error.slug === "stale-version" && !retried) {
          retried = true;
          await this.refresh().catch(() => {});
          continue;
        }
        const about = (error.violations ?? []).filter((v) => v.pointer.startsWith("/fields/"));
        if (about.length && (error.slug === "invalid" || error.slug === "rule-failed")) {
          for (const v of about) {
            const name = v.pointer.slice("/fields/".length);
            this.faults.set(name, v.text);
            held.add(name.split("/")[0]);
          }
          this.state = "faults";
          continue;
        }
        if (!(error instanceof ApiError)) throw error;
        this.problem = error;
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

/* The record of the person who is signed in, fresh. */
export async function openOwn(ctx) {
  const { login } = ctx.session.account;
  if (current?.login !== login) current = new Own(login);
  const own = current;
  const [form] = await Promise.all([loadForm(), own.dirty ? null : own.refresh()]);
  own.form = form;
  own.listeners.clear();
  own.listeners.add(() => ctx.update());
  return own;
}

export const mayFill = (own) => ["reviewed", "filling", "proofed"].includes(own.record.state);

/* The calendar's entry for an action in GET /season. */
export const windowOf = (ctx, action) => (ctx.season?.windows ?? []).find((w) => w.action === action);

addEventListener("beforeunload", (event) => {
  if (current?.dirty) event.preventDefault();
});
