/** Makes elements. Text is only ever put in as text nodes: nothing here reads markup. */

/** @typedef {Node | string | number | null | undefined | false} Child */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `given` are its attributes; functions are listeners (`onclick`), true is an attribute without a value.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [given] @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (name === "value") /** @type {any} */ (made).value = value;
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false).map((child) => typeof child === "number" ? String(child) : /** @type {Node | string} */ (child)));
  return made;
}

/** @type {Record<string, string>} */
const SHAPES = {
  mark: "M13 13.5C9.5 15.5 5 13.7 5 9.6S8.6 3.7 11.4 5.6c4 2.7-.6 8.6-2 12.4-1.5 4.2 1.8 8.3 6 7.6 4-.7 4.6-4.3 7.6-5.3M28.7 19.5a3.2 3.2 0 1 1-6.4 0 3.2 3.2 0 0 1 6.4 0Z",
  supported: "M4 16.5l8 8L28 8",
  partial: "M5 16h22M16 5v5M16 22v5",
  contradicted: "M7 7l18 18M25 7L7 25",
  "not found": "M14 5a9 9 0 1 0 0 18a9 9 0 1 0 0-18M20.5 20.5L28 28",
  unchecked: "M16 4a12 12 0 1 0 0 24a12 12 0 1 0 0-24M16 10v7M16 21.5v.5",
  lock: "M8 14h16v13H8zM11 14v-3.5a5 5 0 0 1 10 0V14",
  gear: "M16 11.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M16 3v4M16 25v4M3 16h4M25 16h4M6.8 6.8l2.9 2.9M22.3 22.3l2.9 2.9M25.2 6.8l-2.9 2.9M9.7 22.3l-2.9 2.9",
  up: "M16 26V6M7 15l9-9 9 9", down: "M16 6v20M7 17l9 9 9-9", close: "M7 7l18 18M25 7L7 25",
  warn: "M16 5L29 27H3zM16 13v6M16 23v.5", check: "M4 16.5l8 8L28 8",
};

/** A line icon; its words stand beside it, so it says nothing itself. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ class: `icon ${name === "mark" ? "mark" : ""}`, viewBox: "0 0 32 32", width: "16", height: "16", "aria-hidden": "true" })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name] ?? SHAPES.unchecked);
  svg.append(path);
  return svg;
}

/** A button with a key of its own, which the panel listens for. @param {string} words @param {string} key @param {() => void} act @param {Record<string, any>} [given] */
export function keyed(words, key, act, given = {}) {
  return h("button", { type: "button", class: "act", "data-key": key, "aria-keyshortcuts": key, onclick: act, ...given },
           h("span", {}, words), h("kbd", { "aria-hidden": "true" }, key.toUpperCase()));
}

/** A host as people read it. @param {string} url */
export function siteOf(url) {
  try { return new URL(url).host.replace(/^www\./, ""); } catch { return url; }
}

/** A link, if it is one that may be opened; else its words alone. @param {string} url @param {string} words */
export function link(url, words) {
  if (!/^https?:\/\//i.test(url)) return h("span", {}, words);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words);
}

/** A fault as it is shown. @param {string} words @param {...Node} next */
export function trouble(words, ...next) {
  return h("div", { class: "trouble" }, icon("warn"), h("div", {}, h("p", {}, words), ...next));
}

/** Where the panel's `trying` says what went wrong. */
export const troubleLine = () => h("div", { class: "trouble-line" });
