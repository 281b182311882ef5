/* Drafts: entries that could not be saved yet, kept in this browser until they can. They are sealed (AES-256-GCM) under a key
 * that the server gives only to the person who is signed in, so that whoever opens the storage of a school's PC reads nothing.
 * Gone when saved, at signing out, and after a day. Without WebCrypto (a page that is not secure) nothing is kept. */
import { openDB } from "../vendor/idb/build/index.js";

const KEEP_MS = 24 * 3600_000;
const store = () => openDB("gaokao-ks", 1, { upgrade: (db) => db.createObjectStore("draft") });
const able = () => Boolean(globalThis.indexedDB && globalThis.crypto?.subtle);
let queue = Promise.resolve();

/* One after another: a write that overtakes the next one would bring back what was saved. */
function inTurn(work) {
  queue = queue.then(work).catch(() => {}); // storage that is full or forbidden: the page's memory still has it
  return queue;
}

async function keyOf(session) {
  const bytes = Uint8Array.from(session.draft_key.match(/../g), (hex) => parseInt(hex, 16));
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/* Keeps `entered` ({field: value}) of this person, or forgets it when it is empty. */
export const keepDraft = (session, entered) => inTurn(async () => {
  if (!able() || !session?.draft_key) return;
  const db = await store();
  try {
    if (!Object.keys(entered).length) {
      await db.delete("draft", session.account.login);
      return;
    }
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify(entered));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await keyOf(session), text);
    const writing = db.transaction("draft", "readwrite", { durability: "strict" });
    await writing.store.put({ iv, sealed, at: Date.now() }, session.account.login);
    await writing.done;
  } finally {
    db.close();
  }
});

/* What this person entered here and never got saved: {field: value}, or null. Drafts of more than a day go, whoever left them. */
export async function takeDraft(session) {
  if (!able() || !session?.draft_key) return null;
  try {
    const db = await store();
    try {
      for (const login of await db.getAllKeys("draft")) {
        const { at } = await db.get("draft", login);
        if (Math.abs(Date.now() - at) > KEEP_MS) await db.delete("draft", login);
      }
      const found = await db.get("draft", session.account.login);
      if (!found) return null;
      const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: found.iv }, await keyOf(session), found.sealed);
      return JSON.parse(new TextDecoder().decode(text));
    } finally {
      db.close();
    }
  } catch {
    return null; // under a key of before, or not ours to read
  }
}

/* At signing out. */
export const wipeDraft = (login) => inTurn(async () => {
  if (!able()) return;
  const db = await store();
  await db.delete("draft", login);
  db.close();
});
