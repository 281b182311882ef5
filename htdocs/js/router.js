/* Hash routes: "#/candidates/12?tab=history". The fragment never leaves the browser, and reload, back and a copied link
 * reopen the same screen with its filters. */

/* Rows: [template, name]. "{id}" takes one segment. */
export function match(rows, hash) {
  const [path, search = ""] = hash.replace(/^#/, "").split("?");
  const parts = path.split("/").filter(Boolean);
  for (const [template, name] of rows) {
    const wanted = template.split("/").filter(Boolean);
    if (wanted.length !== parts.length) continue;
    const params = {};
    const fits = wanted.every((piece, i) => {
      if (!piece.startsWith("{")) return piece === parts[i];
      params[piece.slice(1, -1)] = decoded(parts[i]);
      return true;
    });
    if (fits) return { name, params, query: Object.fromEntries(new URLSearchParams(search)), path: `/${parts.join("/")}` };
  }
  return null;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function link(path, query) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") search.set(name, value);
  }
  const text = search.toString();
  return `#${path}${text ? `?${text}` : ""}`;
}

export function go(path, query) {
  location.hash = link(path, query);
}

/* The same screen with another query; no entry in the history. */
export function replace(path, query) {
  history.replaceState(null, "", link(path, query));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
