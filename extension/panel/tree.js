/** A tree of files with tokens, what of it is chosen, and the patterns that say so to the server. */

import { figure, t } from "../browser.js";
import { h } from "./dom.js";

/** @typedef {{name: string, path: string, tokens: number, files: number, folders: Map<string, Node>, leaves: {name: string, path: string, tokens: number}[]}} Node */

/** @param {string} name @param {string} path @returns {Node} */
const folder = (name, path) => ({ name, path, tokens: 0, files: 0, folders: new Map(), leaves: [] });

/** @param {{path: string, tokens: number | null}[]} files files without tokens are not text, and stay out */
export function treeOf(files) {
  const root = folder("", "");
  for (const { path, tokens } of files) {
    if (tokens === null) continue;
    const words = path.split("/");
    let at = root;
    at.tokens += tokens;
    at.files += 1;
    for (const [place, word] of words.slice(0, -1).entries()) {
      let next = at.folders.get(word);
      if (!next) at.folders.set(word, next = folder(word, words.slice(0, place + 1).join("/")));
      next.tokens += tokens;
      next.files += 1;
      at = next;
    }
    at.leaves.push({ name: words.at(-1) ?? path, path, tokens });
  }
  return root;
}

/** The fewest patterns that give what is chosen: a whole folder is one. @param {Node} node @param {Choice} choice @returns {string[]} */
export function patternsOf(node, choice) {
  if (node.path && choice.isWhole(node)) return [`${node.path}/**`];
  return [...[...node.folders.values()].flatMap((one) => patternsOf(one, choice)),
          ...node.leaves.filter((leaf) => !choice.left.has(leaf.path)).map((leaf) => leaf.path)];
}

export class Choice {
  /** The files that are left out. @type {Set<string>} */
  left = new Set();

  isPartial() {
    return this.left.size > 0;
  }

  /** @param {Node} node @returns {boolean} */
  isWhole(node) {
    return this.tokensLeft(node) === 0;
  }

  /** How many files of a folder are left out. @param {Node} node @returns {number} */
  tokensLeft(node) {
    let count = node.leaves.filter((leaf) => this.left.has(leaf.path)).length;
    for (const one of node.folders.values()) count += this.tokensLeft(one);
    return count;
  }

  /** @param {Node} node @returns {number} */
  tokens(node) {
    let sum = 0;
    for (const leaf of node.leaves) if (!this.left.has(leaf.path)) sum += leaf.tokens;
    for (const one of node.folders.values()) sum += this.tokens(one);
    return sum;
  }

  /** @param {Node} node @param {boolean} wanted */
  setAll(node, wanted) {
    for (const leaf of node.leaves) this.set(leaf.path, wanted);
    for (const one of node.folders.values()) this.setAll(one, wanted);
  }

  /** @param {string} path @param {boolean} wanted */
  set(path, wanted) {
    if (wanted) this.left.delete(path);
    else this.left.add(path);
  }

  /** The tree to tick. What a folder holds is drawn when it is opened. @param {Node} root @param {() => void} changed */
  draw(root, changed) {
    /** @type {(() => void)[]} */
    const marks = []; // each redraws one folder's tick
    const update = () => { for (const mark of marks) mark(); changed(); };
    return h("ul", { class: "tree" }, this.rows(root, update, marks));
  }

  /** @param {Node} node @param {() => void} update @param {(() => void)[]} marks @returns {HTMLElement[]} */
  rows(node, update, marks) {
    const folders = [...node.folders.values()].map((one) => this.folderRow(one, update, marks));
    return [...folders, ...node.leaves.map((leaf) => {
      const tick = h("input", { type: "checkbox" });
      const mark = () => { tick.checked = !this.left.has(leaf.path); };
      marks.push(mark);
      mark();
      tick.addEventListener("change", () => { this.set(leaf.path, tick.checked); update(); });
      return h("li", {}, h("label", { class: "leaf" }, tick, h("span", { class: "name" }, leaf.name), h("span", { class: "aside" }, figure(leaf.tokens))));
    })];
  }

  /** @param {Node} node @param {() => void} update @param {(() => void)[]} marks */
  folderRow(node, update, marks) {
    const tick = h("input", { type: "checkbox", "aria-label": t("repo_folder", node.path) });
    const mark = () => {
      const left = this.tokensLeft(node);
      tick.checked = left < node.files;
      tick.indeterminate = left > 0 && left < node.files;
    };
    marks.push(mark);
    mark();
    tick.addEventListener("change", () => { this.setAll(node, tick.checked); update(); });
    const inside = h("ul", {});
    const about = h("span", { class: "aside" }, `${figure(node.tokens)} · ${t(node.files === 1 ? "repo_file" : "repo_files", figure(node.files))}`);
    const box = h("details", {}, h("summary", {}, h("span", { class: "name" }, `${node.name}/`), about), inside);
    box.addEventListener("toggle", () => { if (box.open && !inside.firstChild) inside.append(...this.rows(node, update, marks)); });
    return h("li", { class: "folder" }, tick, box);
  }
}
