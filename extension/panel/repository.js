/** A repository: its tree with tokens to choose from, what to take in and leave out, and its text. */

import * as browser from "../browser.js";
import { fileName } from "../document.js";
import { targetOf } from "../repository.js";
import { h, keyed, siteOf, troubleLine } from "./dom.js";
import { Choice, patternsOf, treeOf } from "./tree.js";

const { t, figure } = browser;

/** @typedef {import("../api.js").RepositoryHead} Head */

export class RepositoryPart {
  /** @type {Head | null} */
  head = null;
  url = "";
  include = "";
  exclude = "";
  tokens = "50000";
  choice = new Choice();
  /** @type {{wish: string, text: string} | null} */
  made = null;

  /** @param {import("../panel.js").Panel} panel */
  constructor(panel) {
    this.panel = panel;
  }

  /** @param {import("../browser.js").Now} now @returns {Promise<Node[]>} */
  async draw(now) {
    const target = /** @type {import("../repository.js").Target} */ (targetOf(now.url));
    if (this.url !== target.url) Object.assign(this, { url: target.url, head: null, made: null, choice: new Choice(), include: "", exclude: "" });
    const tree = h("div", { id: "tree" }, h("p", { class: "aside" }, h("span", { class: "dots", "aria-hidden": "true" }), t("repo_reading")));
    const asPage = h("button", { type: "button", class: "quiet", onclick: () => this.asPage(now) }, t("repo_as_page"));
    const place = troubleLine();
    const acts = h("div", { class: "acts" },
      keyed(t("copy"), "c", () => this.use(place, (text) => this.panel.copy(text))),
      keyed(t("download"), "d", () => this.use(place, (text) => browser.download(fileName(target.name), text))),
      keyed(t("add"), "a", () => this.use(place, (text) => this.add(text, target.name))),
      keyed(t("ask_repo"), "q", () => this.panel.ask.begin("quick", "repository")),
      keyed(t("research_page"), "r", () => this.panel.ask.begin("research", "repository")));
    if (this.head) this.drawTree(tree, this.head);
    else this.load(tree);
    return [
      h("section", { class: "card" }, h("h1", {}, target.name), h("p", { class: "aside" }, `${siteOf(now.url)} · ${t(`part_${target.part}`)}`),
        acts, place, this.wishes(tree), h("p", { class: "foot" }, asPage)),
      h("section", { class: "text" }, h("h2", {}, t("repo_tree")), tree),
    ];
  }

  /** @param {HTMLElement} tree */
  wishes(tree) {
    /** @param {string} id @param {"include" | "exclude" | "tokens"} name @param {string} label @param {Record<string, any>} more */
    const field = (id, name, label, more) => {
      const input = h("input", { id, autocomplete: "off", spellcheck: "false", value: this[name], ...more });
      input.addEventListener("input", () => { this[name] = input.value; });
      input.addEventListener("change", () => { if (name !== "tokens") this.load(tree); });
      return h("p", { class: "field" }, h("label", { for: id }, label), input);
    };
    return h("div", { class: "wishes" },
             field("include", "include", t("repo_include"), { type: "text", placeholder: "src/*.py, docs/*" }),
             field("exclude", "exclude", t("repo_exclude"), { type: "text", placeholder: "*.min.js, tests/*" }),
             field("tokens", "tokens", t("repo_tokens"), { type: "number", min: "500", step: "500", inputmode: "numeric" }));
  }

  /** What is asked of the server. @returns {import("../api.js").RepositoryWish} */
  wish() {
    /** @param {string} typed */
    const listed = (typed) => typed.split(/[,\n]/).map((one) => one.trim()).filter(Boolean);
    const chosen = this.head && this.choice.isPartial() ? patternsOf(treeOf(this.head.tree), this.choice) : [];
    const limit = Number.parseInt(this.tokens, 10);
    return { url: this.url, include: chosen.length ? chosen : listed(this.include), exclude: listed(this.exclude), tokens: limit > 0 ? limit : null };
  }

  /** @param {HTMLElement} place */
  async load(place) {
    const url = this.url;
    this.choice = new Choice();
    const head = await this.panel.trying(() => this.panel.leash.tree(this.wish()), place);
    if (!head) place.append(h("p", { class: "aside" }, t("repo_private")));
    if (!head || url !== this.url) return;
    this.head = head;
    this.drawTree(place, head);
    this.panel.say(t("repo_there", figure(head.files)));
  }

  /** @param {HTMLElement} place @param {Head} head */
  drawTree(place, head) {
    const root = treeOf(head.tree);
    const sum = h("p", { class: "facts", role: "status" });
    const count = () => { sum.textContent = t("repo_chosen", figure(this.choice.tokens(root)), figure(root.tokens)); };
    count();
    const languages = Object.entries(head.languages ?? {}).slice(0, 4).map(([name, share]) => `${name} ${Math.round(share * 100)} %`).join(", ");
    place.replaceChildren(
      h("p", { class: "aside" }, [t("repo_files", figure(head.files)), languages, head.licence, (head.commit ?? "").slice(0, 10)].filter(Boolean).join(" · ")),
      ...head.notes.map((note) => h("p", { class: "aside" }, note)), sum, this.choice.draw(root, count));
  }

  /** The text as it is wished, asked for once. @param {HTMLElement} place @param {(text: string) => unknown} use */
  async use(place, use) {
    const wish = this.wish(), key = JSON.stringify(wish);
    if (this.made?.wish !== key) {
      place.replaceChildren(h("p", { class: "aside" }, h("span", { class: "dots", "aria-hidden": "true" }), t("repo_packing")));
      const text = await this.panel.trying(() => this.panel.leash.text(wish), place);
      if (text === null) return;
      this.made = { wish: key, text };
    }
    place.replaceChildren();
    await use(this.made.text);
  }

  /** @param {string} text @param {string} name */
  async add(text, name) {
    const said = /^- Tokens[^\d]*([\d,]+)/m.exec(text.slice(text.lastIndexOf("## Totals")));
    const date = /^- Commit: .* of (\d{4}-\d\d-\d\d)/m.exec(text)?.[1] ?? new Date().toISOString().slice(0, 10);
    const tokens = said ? Number(said[1].replaceAll(",", "")) : Math.round(text.length / 3.6);
    await this.panel.store.add({ id: this.url, kind: "repository", capture: "", url: this.url, title: name, site: siteOf(this.url), date, tokens, exact: Boolean(said), text });
    this.panel.say(t("added"));
    await this.panel.draw();
  }

  /** @param {import("../browser.js").Now} now */
  asPage(now) {
    return browser.askWorker({ kind: "again", tab: { id: now.tab, windowId: this.panel.window, url: now.url, title: now.title } });
  }
}
