/* A tree that opens a branch at a time (the ARIA tree pattern): arrow keys up and down go from line to line, right opens or goes in,
 * left closes or goes out, Enter follows. node: {id, name, note, leaf, href}; children(node) resolves to nodes. */
import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { t } from "./i18n.js";

/* `tree`: {roots, children, open: Map id → nodes, here: id of the present one}; kept by the screen between paintings. */
export const makeTree = (roots, children) => ({ roots, children, open: new Map(), here: null });

export async function openBranch(tree, node) {
  if (!node.leaf && !tree.open.has(node.id)) tree.open.set(node.id, await tree.children(node));
}

function lines(tree, nodes = tree.roots, depth = 1, above = null) {
  return nodes.flatMap((node, i) => {
    const below = tree.open.get(node.id);
    return [{ node, depth, above, at: i + 1, of: nodes.length }, ...(below ? lines(tree, below, depth + 1, node) : [])];
  });
}

export function treeView(tree, label, update) {
  const all = lines(tree);
  const stop = all.some(({ node }) => node.id === tree.here) ? tree.here : all[0]?.node.id;
  const turn = async (node) => {
    if (tree.open.has(node.id)) tree.open.delete(node.id);
    else await openBranch(tree, node);
    update();
  };
  const keys = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const links = [...event.currentTarget.querySelectorAll("[role=treeitem]")];
    const at = links.indexOf(event.target.closest("[role=treeitem]"));
    if (at < 0) return;
    const { node, above } = all[at];
    const focus = (i) => links[Math.min(Math.max(0, i), links.length - 1)]?.focus();
    if (event.key === "ArrowDown") focus(at + 1);
    else if (event.key === "ArrowUp") focus(at - 1);
    else if (event.key === "Home") focus(0);
    else if (event.key === "End") focus(links.length - 1);
    else if (event.key === "ArrowRight" && !node.leaf) {
      if (tree.open.has(node.id)) focus(at + 1);
      else turn(node);
    } else if (event.key === "ArrowLeft") {
      if (tree.open.has(node.id)) turn(node);
      else if (above) focus(all.findIndex((line) => line.node === above));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="tree" role="tree" aria-label=${label} @keydown=${keys}>${all.map(({ node, depth, at, of }) => html`<a role="treeitem" href=${node.href}
    class="depth-${depth}" tabindex=${node.id === stop ? "0" : "-1"} aria-level=${depth} aria-posinset=${at} aria-setsize=${of} aria-current=${node.id === tree.here ? "page" : nothing}
    aria-expanded=${node.leaf ? nothing : String(tree.open.has(node.id))}><span class="twist" aria-hidden="true" title=${t("tree.turn")}
      @click=${(event) => { if (node.leaf) return; event.preventDefault(); turn(node); }}>${node.leaf ? "" : tree.open.has(node.id) ? "▾" : "▸"}</span>${node.name}${node.note ? html` <span class="soft small">${node.note}</span>` : nothing}</a>`)}</div>`;
}
