/* Words and colours of states: never a colour without its word. */
import { known, t, word } from "./i18n.js";
import { tag } from "./parts.js";

const KINDS = {
  waiting: "warn", allocated: "", identified: "info", card_printed: "info", reviewed: "info", filling: "info", proofed: "warn",
  confirmed: "ok", submitted: "ok", accepted: "ok", withdrawn: "bad",
};
const PARTS = {
  complete: "ok", paid: "ok", passed: "ok", entered: "ok", approved: "ok", granted: "ok", incomplete: "warn", due: "warn",
  failed: "bad", refused: "bad", returned: "bad", pending: "warn", submitted: "info", accepted: "ok",
};
const JOBS = { queued: "", running: "info", done: "ok", failed: "bad", cancelled: "warn" };

export const STATES = Object.keys(KINDS);
export const stateTag = (state) => tag(word("state", state), KINDS[state] ?? "");
export const partTag = (state) => tag(word("part.state", state), PARTS[state] ?? "");
export const jobTag = (state) => tag(word("job.state", state), JOBS[state] ?? "");
export const stateOptions = () => STATES.map((state) => [state, word("state", state)]);

/* An audit row's action in words: its own text, or the noun and the verb. */
export function actionWords(action) {
  if (known(`action.${action}`)) return t(`action.${action}`);
  const [noun, verb = ""] = String(action).split(".");
  return `${word("noun", noun)} ${word("verb", verb)}`.trim();
}
