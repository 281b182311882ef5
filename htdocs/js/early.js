/* Season and session are asked for while the page's programs are still on their way: one round trip less on a slow line. api.js takes
 * each answer once, and asks itself where there is none. `came`: when the answer was here, which may be long before it is read. */
{
  const ask = (name) => fetch(`../api/v1/${name}`, { credentials: "same-origin", cache: "no-store", redirect: "error",
    headers: { "X-Gaokao-Edition": document.documentElement.dataset.edition, Accept: "application/json" }, signal: AbortSignal.timeout(30_000) })
    .then((response) => Object.assign(response, { came: Date.now() })).catch(() => null);
  globalThis.gkEarly = new Map(["season", "session"].map((name) => [`/${name}`, ask(name)]));
}
