/** The panel: which part is shown, the keys, and what all parts share. */

import { Leash } from "./api.js";
import * as browser from "./browser.js";
import { Fault, faultOf } from "./faults.js";
import { h, icon, trouble } from "./panel/dom.js";
import { AskPart } from "./panel/ask.js";
import { PagePart } from "./panel/page.js";
import { SettingsPart } from "./panel/settings.js";
import { TrayPart } from "./panel/tray.js";
import { Store } from "./store.js";

const { t } = browser;

/** A part of the panel. `draw` gives its content anew. @typedef {{draw(): Promise<Node[]> | Node[]}} Part */
/** @typedef {"page" | "tray" | "ask" | "settings"} PartName */

export class Panel {
  /** @type {PartName} */
  shown = "page";
  /** @type {import("./browser.js").Now | null} */
  now = null;
  /** @type {import("./browser.js").Settings} */
  settings = browser.DEFAULTS;
  /** @type {import("./api.js").Hello | null} */
  hello = null;
  drawing = 0;
  store = new Store();

  /** @param {number} window */
  constructor(window) {
    this.window = window;
    this.page = new PagePart(this);
    this.ask = new AskPart(this);
    this.settingsPart = new SettingsPart(this);
    /** @type {Record<PartName, Part>} */
    this.parts = { page: this.page, tray: new TrayPart(this), ask: this.ask, settings: this.settingsPart };
  }

  get leash() {
    return new Leash(this.settings.address, this.settings.token);
  }

  async start() {
    document.documentElement.lang = browser.language();
    await this.reload();
    browser.onChange(this.window, (names) => this.changed(names));
    browser.onTabMove(() => this.moved());
    document.addEventListener("keydown", (event) => this.pressed(event));
    await this.draw();
    await this.greet();
    await this.draw(); // which models there are decides what the user is asked
  }

  async reload() {
    this.settings = await browser.settings();
    this.now = await browser.now(this.window);
  }

  /** Ask the server who it is, once for each opening and pairing; a fault of its own is told where it matters. */
  async greet() {
    if (!this.settings.token) return;
    try {
      this.hello = await this.leash.hello();
      if (!this.hello.paired) this.hello = null;
      else await browser.askWorker({ kind: "resend" });
    } catch (error) {
      this.hello = null;
      this.say(this.words(faultOf(error)));
    }
  }

  /** @param {string[]} names */
  async changed(names) {
    const before = this.now;
    await this.reload();
    if (!names.some((name) => REDRAWN.has(name))) return; // the others are changed by a field, which stays as it is
    const { now } = this;
    const isNew = now && (now.step !== before?.step || now.at !== before.at);
    if (isNew && this.shown !== "ask") this.shown = "page";
    await this.draw();
    if (!isNew) return;
    if (now.step === "done") await this.page.arrived(now);
    else if (now.fault) this.say(this.words(now.fault));
    else this.say(t(`step_${now.step}`));
  }

  async moved() {
    if (this.shown === "page") await this.page.drawStale();
  }

  /** @param {PartName} name */
  async show(name) {
    this.shown = name;
    await this.draw();
    document.getElementById("main")?.focus();
  }

  /** Draw the shown part anew; where the user was stays where it was. */
  async draw() {
    const turn = ++this.drawing;
    const content = await this.parts[this.shown].draw();
    const count = (await this.store.tray()).length;
    if (turn !== this.drawing) return; // another drawing has begun meanwhile
    const main = /** @type {HTMLElement} */ (document.getElementById("main"));
    const focus = document.activeElement?.id;
    const key = document.activeElement?.getAttribute("data-key");
    document.querySelector(".top")?.replaceChildren(...this.head(count));
    main.className = this.shown;
    main.replaceChildren(...content);
    const again = (focus && document.getElementById(focus)) || (key && main.querySelector(`[data-key="${key}"]`));
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
    await this.moved();
  }

  /** @param {number} count */
  head(count) {
    /** @param {PartName} name @param {...(Node | string)} words */
    const tab = (name, ...words) => h("button", {
      type: "button", id: `to-${name}`, class: "tab", "aria-current": this.shown === name ? "page" : null, onclick: () => this.show(name),
    }, ...words);
    return [
      h("span", { class: "brand" }, icon("mark"), h("span", { class: "hush" }, "Leash")),
      h("nav", { "aria-label": t("nav") },
        tab("page", t("part_page")),
        tab("tray", t("part_tray"), ...(count ? [h("span", { class: "count" }, h("span", { class: "hush" }, t("tray_count_label")), count)] : [])),
        tab("ask", t("part_ask"))),
      h("button", { type: "button", id: "to-settings", class: "tab gear", "aria-label": t("part_settings"), title: t("part_settings"),
                    "aria-current": this.shown === "settings" ? "page" : null, onclick: () => this.show("settings") }, icon("gear")),
    ];
  }

  /** A letter alone presses the button that shows it. @param {KeyboardEvent} event */
  pressed(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
    if (target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select")) return;
    const button = document.querySelector(`main [data-key="${CSS.escape(event.key.toLowerCase())}"]:not(:disabled)`);
    if (!(button instanceof HTMLElement)) return;
    event.preventDefault();
    button.click();
  }

  /** Said to a screen reader, and shown for a moment. @param {string} words */
  say(words) {
    const line = document.getElementById("say");
    if (line) line.textContent = words;
  }

  /** A fault in one sentence with what to do next. @param {Fault | import("./faults.js").FaultRecord} fault */
  words(fault) {
    const known = t(`fault_${fault.code.replaceAll("-", "_")}`, this.settings.address);
    const ours = known !== `fault_${fault.code.replaceAll("-", "_")}`;
    if (fault.detail && !OURS.has(fault.code)) return fault.detail;
    return ours ? known : fault.detail || t("fault_refused");
  }

  /** Do something that asks the server; a fault is said in `where`. @template T @param {() => Promise<T>} work @param {HTMLElement | null} [where] @returns {Promise<T | null>} */
  async trying(work, where = null) {
    try {
      where?.replaceChildren();
      return await work();
    } catch (error) {
      const words = this.words(faultOf(error));
      this.say(words);
      const place = where ?? document.querySelector(".trouble-line");
      place?.replaceChildren(trouble(words));
      return null;
    }
  }

  /** @param {string} text @param {string} [done] */
  async copy(text, done = t("copied")) {
    const ok = await browser.copyFromPanel(text);
    this.say(ok ? done : t("copy_failed"));
    return ok;
  }
}

/** What is drawn otherwise once it has changed. */
const REDRAWN = new Set(["now", "token", "address", "consent", "runs"]);

/** Faults that we say better than the server, which does not know this panel. */
const OURS = new Set(["unpaired", "wrong-origin"]);

new Panel(await browser.thisWindow()).start();
