/** The slider: a question about this page, the tray or a repository, at the depth that the user chooses. */

import * as browser from "../browser.js";
import { Fault, faultOf } from "../faults.js";
import { h, icon, siteOf, trouble } from "./dom.js";
import { RunView } from "./run.js";

const { t, figure } = browser;
const DEPTHS = ["quick", "research", "deep"];
const MOST = 30;

/** @typedef {"page" | "tray" | "repository"} About */

export class AskPart {
  depth = "quick";
  question = "";
  /** @type {About | ""} */
  about = "";
  web = false;
  hosted = false;
  /** Hosts that the server named where our list was out of date. @type {string[]} */
  hosts = [];
  /** @type {RunView | null} */
  view = null;
  /** @type {Record<string, Record<string, number>>} */
  limits = {};

  /** @param {import("../panel.js").Panel} panel */
  constructor(panel) {
    this.panel = panel;
  }

  /** From a button of another part. @param {string} depth @param {About} about @param {string} [question] */
  async begin(depth, about, question = "") {
    Object.assign(this, { depth, about, question: question || this.question });
    this.close();
    await this.panel.show("ask");
    document.getElementById("question")?.focus();
  }

  close() {
    this.view?.close();
    this.view = null;
  }

  /** @returns {Promise<Node[]>} */
  async draw() {
    if (!this.panel.settings.token) return [h("section", { class: "card empty" }, h("h1", {}, t("part_ask")), h("p", {}, t("ask_unpaired")))];
    if (this.view) return [this.view.element];
    const choices = await this.choices();
    if (!choices.length) return [h("section", { class: "card empty" }, h("h1", {}, t("part_ask")), h("p", {}, t("ask_empty"))), ...this.earlier()];
    const chosen = choices.find((one) => one.about === this.about) ?? choices[0];
    this.about = chosen.about;
    this.loadLimits();
    return [this.form(choices, chosen), ...this.earlier()];
  }

  /** What there is to ask about. @returns {Promise<{about: About, words: string, context: import("../api.js").Context[], isPrivate: boolean}[]>} */
  async choices() {
    const { panel } = this;
    const held = /** @type {import("../store.js").Shown | undefined} */ (await panel.store.get("shown", panel.window));
    const tray = await panel.store.tray();
    const repository = panel.now?.step === "repository" ? panel.page.repository.url || panel.now.url : "";
    /** @type {Awaited<ReturnType<AskPart["choices"]>>} */
    const found = [];
    if (repository) found.push({ about: "repository", words: t("about_repository", siteOf(repository) + new URL(repository).pathname), context: [{ url: repository }], isPrivate: false });
    if (held && !repository) found.push({ about: "page", words: t("about_page", held.capture.title || held.capture.url), context: [{ capture: held.capture.id }], isPrivate: true });
    if (tray.length) {
      const context = tray.slice(0, MOST).map((item) => item.kind === "capture" ? { capture: item.capture } : { url: item.url });
      found.push({ about: "tray", words: t("about_tray", figure(tray.length)), context, isPrivate: tray.some((item) => item.kind === "capture") });
    }
    return found;
  }

  /** @param {Awaited<ReturnType<AskPart["choices"]>>} choices @param {(typeof choices)[number]} chosen */
  form(choices, chosen) {
    const question = h("textarea", { id: "question", rows: "3", maxlength: "4000", value: this.question, placeholder: t("question_example") });
    question.addEventListener("input", () => { this.question = question.value; });
    question.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); go.click(); } });
    const place = h("div", { class: "trouble-line" });
    const go = h("button", { type: "button", class: "go", id: "ask-go", onclick: () => this.ask(place, go) }, t("ask_go"));
    return h("section", { class: "card" }, h("h1", {}, t("ask_title")),
             h("label", { for: "question" }, t("question_label")), question,
             h("fieldset", {}, h("legend", {}, t("about_label")), choices.map((one) => this.aboutRow(one, chosen))),
             this.slider(), this.privacy(chosen), place, go);
  }

  /** @param {Awaited<ReturnType<AskPart["choices"]>>[number]} one @param {{about: About}} chosen */
  aboutRow(one, chosen) {
    const radio = h("input", { type: "radio", name: "about", id: `about-${one.about}`, checked: one.about === chosen.about, onchange: () => { this.about = one.about; this.panel.draw(); } });
    return h("p", { class: "check" }, radio, h("label", { for: `about-${one.about}` }, one.words));
  }

  slider() {
    const range = h("input", { type: "range", id: "depth", min: "0", max: "2", step: "1", value: String(DEPTHS.indexOf(this.depth)), list: "depths" });
    const words = h("p", { class: "aside", id: "depth-words" });
    const show = () => {
      range.setAttribute("aria-valuetext", t(`depth_${this.depth}`));
      const limits = this.limits[this.depth];
      words.textContent = `${t(`depth_${this.depth}_what`)} ${limits ? t("depth_limits", figure(limits.searches), figure(limits.pages), figure(Math.round(limits.seconds / 60))) : ""}`;
    };
    range.addEventListener("input", () => { this.depth = DEPTHS[Number(range.value)]; show(); });
    show();
    const names = DEPTHS.map((name, place) => h("button", { type: "button", class: "stop-name", tabindex: "-1", onclick: () => { this.depth = name; range.value = String(place); show(); } }, t(`depth_${name}`)));
    return h("div", { class: "slider" }, h("label", { for: "depth" }, t("depth_label")), range, h("div", { class: "stops", "aria-hidden": "true" }, names), words);
  }

  /** What may leave, each with the user's yes. @param {{isPrivate: boolean}} chosen */
  privacy({ isPrivate }) {
    const rows = [];
    /** @param {"web" | "hosted"} name @param {string} words @param {string} why */
    const row = (name, words, why) => {
      const tick = h("input", { type: "checkbox", id: name, checked: this[name], "aria-describedby": `${name}-why` });
      tick.addEventListener("change", () => { this[name] = tick.checked; });
      return h("div", {}, h("p", { class: "check" }, tick, h("label", { for: name }, words)), h("p", { class: "hint", id: `${name}-why` }, why));
    };
    if (!isPrivate) return h("p", { class: "hint" }, t("ask_public"));
    const hosted = this.hostedHosts();
    if (hosted.length) rows.push(row("hosted", t("hosted_allow", hosted.join(", ")), t("hosted_why", hosted.join(", "))));
    rows.push(row("web", t("web_allow"), t("web_why")));
    return h("fieldset", { class: "privacy" }, h("legend", {}, icon("lock"), t("privacy_label")), rows);
  }

  hostedHosts() {
    const named = (this.panel.hello?.models ?? []).filter((model) => !model.local).map((model) => model.host);
    return [...new Set([...named, ...this.hosts])];
  }

  async loadLimits() {
    if (Object.keys(this.limits).length) return;
    try {
      for (const row of (await this.panel.leash.depths()).depths) this.limits[row.depth] = row.limits;
    } catch (error) {
      faultOf(error); // the slider works without them
    }
    if (Object.keys(this.limits).length && this.panel.shown === "ask" && !this.view) document.getElementById("depth")?.dispatchEvent(new Event("input"));
  }

  /** @param {HTMLElement} place @param {HTMLButtonElement} go */
  async ask(place, go) {
    const question = this.question.trim();
    if (!question) {
      this.panel.say(t("question_missing"));
      place.replaceChildren(trouble(t("question_missing")));
      document.getElementById("question")?.focus();
      return;
    }
    go.disabled = true;
    const chosen = (await this.choices()).find((one) => one.about === this.about);
    if (chosen) await this.send(place, question, chosen);
    go.disabled = false;
  }

  /** @param {HTMLElement} place @param {string} question @param {{context: import("../api.js").Context[], isPrivate: boolean}} chosen */
  async send(place, question, { context, isPrivate }) {
    const withoutModel = isPrivate && !this.hosted && this.hostedHosts().length > 0;
    const asked = { question, depth: this.depth, context, web: isPrivate ? this.web : true, hosted: isPrivate && this.hosted, ...(withoutModel ? { model: false } : {}) };
    try {
      const { id } = await this.panel.leash.ask(asked);
      await this.follow({ id, question, depth: this.depth, at: new Date().toISOString(), over: false, seen: false });
    } catch (error) {
      const fault = faultOf(error);
      if (fault.code === "hosted-model") return this.named(fault);
      const words = this.panel.words(fault);
      this.panel.say(words);
      place.replaceChildren(trouble(words));
    }
  }

  /** The server has a model elsewhere that we did not know of: name it, and ask again. @param {Fault} fault */
  async named(fault) {
    this.hosts = fault.hosts;
    await this.panel.draw();
    const words = this.panel.words(fault);
    this.panel.say(words);
    document.querySelector("main .trouble-line")?.replaceChildren(trouble(words));
    document.getElementById("hosted")?.focus();
  }

  /** @param {import("../browser.js").FollowedRun} run */
  async follow(run) {
    const runs = [run, ...this.panel.settings.runs.filter((one) => one.id !== run.id)].slice(0, 12);
    this.panel.settings.runs = runs;
    this.question = "";
    this.open(run);
    await browser.set({ runs });
    await browser.askWorker({ kind: "follow" });
    await this.panel.draw();
  }

  /** @param {import("../browser.js").FollowedRun} run */
  open(run) {
    this.close();
    this.view = new RunView(this.panel, run, () => { this.close(); this.panel.draw(); });
    this.view.watch();
  }

  /** Runs that were begun here before. */
  earlier() {
    const { runs } = this.panel.settings;
    if (!runs.length) return [];
    return [h("section", { class: "earlier" }, h("h2", {}, t("earlier")), h("ul", { class: "plain" }, runs.map((run) => h("li", {},
      h("button", { type: "button", class: "link", onclick: () => { this.open(run); this.panel.draw(); } }, run.question),
      h("span", { class: "aside" }, ` ${t(`depth_${run.depth}`)}${run.over ? "" : ` · ${t("run_open")}`}${run.over && !run.seen ? ` · ${t("run_new")}` : ""}`)))))];
  }
}

