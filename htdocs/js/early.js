/* Season and session are asked for while the page's programs are still on their way: one round trip less on a slow line. api.js takes
 * each answer once, and asks itself where there is none. */
{
  const ask = (name) => fetch(`../api/v1/${name}`, { credentials: "same-origin", cache: "no-store", redirect: "error",
    headers: { "X-Gaokao-Edition": document.documentElement.dataset.edition, Accept: "application/json" } }).catch(() => null);
  globalThis.gkEarly = new Map(["season", "session"].map((name) => [`/${name}`, ask(name)]));
}
