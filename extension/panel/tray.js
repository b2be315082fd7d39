/** The context tray: pages and repositories in an order, their tokens against a model's window, copied as one document. */

import * as browser from "../browser.js";
import { oneDocument } from "../document.js";
import { h, icon, keyed, link, troubleLine } from "./dom.js";

const { t, figure } = browser;

export class TrayPart {
  /** @param {import("../panel.js").Panel} panel */
  constructor(panel) {
    this.panel = panel;
  }

  /** @returns {Promise<Node[]>} */
  async draw() {
    const tray = await this.panel.store.tray();
    if (!tray.length) return [h("section", { class: "card empty" }, h("h1", {}, t("tray_empty_title")), h("p", {}, t("tray_empty_how")))];
    const whole = () => oneDocument(tray);
    return [
      h("section", { class: "card" }, h("h1", {}, t("tray_title")), this.meter(tray),
        h("div", { class: "acts" },
          keyed(t("copy_all"), "c", () => this.panel.copy(whole(), t("tray_copied", figure(tray.length)))),
          keyed(t("download"), "d", () => { browser.download("context.md", whole()); this.panel.say(t("downloaded")); }),
          keyed(t("ask_tray"), "q", () => this.panel.ask.begin("quick", "tray")),
          keyed(t("research_tray"), "r", () => this.panel.ask.begin("research", "tray"))),
        troubleLine()),
      h("ol", { class: "tray" }, tray.map((item, place) => this.row(item, place, tray.length))),
      h("p", { class: "foot" }, h("button", { type: "button", class: "quiet danger", onclick: () => this.empty() }, t("tray_clear"))),
    ];
  }

  /** @param {import("../store.js").TrayItem} item @param {number} place @param {number} count */
  row(item, place, count) {
    /** @param {string} name @param {string} words @param {() => Promise<void>} act @param {boolean} off */
    const small = (name, words, act, off) => h("button", {
      type: "button", class: "small", id: `${name}-${item.id}`, "aria-label": `${words}: ${item.title}`, title: words, disabled: off, onclick: async () => { await act(); await this.panel.draw(); },
    }, icon(name));
    const drop = async () => { await this.panel.store.drop("tray", item.id); this.panel.say(t("tray_dropped", item.title)); };
    /** @param {number} by */
    const move = (by) => async () => { await this.panel.store.move(item.id, by); this.panel.say(t("tray_moved", item.title, place + 1 + by)); };
    return h("li", {},
             h("div", { class: "what" }, h("p", { class: "title" }, link(item.url, item.title)),
               h("p", { class: "aside" }, [item.site, item.date, t(item.exact ? "tokens" : "tokens_about", figure(item.tokens))].filter(Boolean).join(" · "))),
             h("div", { class: "moves" }, small("up", t("up"), move(-1), place === 0), small("down", t("down"), move(1), place === count - 1),
               small("close", t("drop"), drop, false)));
  }

  /** The sum against the window of the model that the user names. @param {import("../store.js").TrayItem[]} tray */
  meter(tray) {
    const { settings } = this.panel;
    const sum = tray.reduce((so_far, item) => so_far + item.tokens, 0);
    const words = h("p", { class: "facts", id: "meter-words", role: "status" });
    const bar = h("meter", { min: 0, "aria-labelledby": "meter-words" });
    const show = () => {
      const { model, window } = this.panel.settings;
      const name = model || t("window_model");
      words.textContent = t(sum > window ? "window_over" : "window_fits", figure(sum), figure(window), name, figure(Math.abs(window - sum)));
      words.classList.toggle("over", sum > window);
      Object.assign(bar, { max: window, high: window * 0.85, optimum: 0, value: Math.min(sum, window) });
    };
    /** @param {Partial<import("../browser.js").Settings>} changed */
    const keep = async (changed) => { Object.assign(this.panel.settings, changed); show(); await browser.set(changed); };
    const model = h("input", { id: "model", type: "text", value: settings.model, placeholder: t("window_model"), autocomplete: "off" });
    model.addEventListener("change", () => keep({ model: model.value.trim().slice(0, 60) }));
    const window = h("input", { id: "window", type: "number", min: 1000, step: 1000, value: settings.window, list: "windows", inputmode: "numeric" });
    window.addEventListener("change", () => keep({ window: Math.max(1000, Number.parseInt(window.value, 10) || browser.DEFAULTS.window) }));
    show();
    return h("div", { class: "meter" }, words, bar,
             h("details", {}, h("summary", {}, t("window_change")),
               h("div", { class: "wishes" }, h("p", { class: "field" }, h("label", { for: "model" }, t("window_name")), model),
                 h("p", { class: "field" }, h("label", { for: "window" }, t("window_tokens")), window)),
               h("datalist", { id: "windows" }, [8_000, 32_000, 128_000, 200_000, 400_000, 1_000_000].map((size) => h("option", { value: size })))));
  }

  async empty() {
    if (!confirm(t("tray_sure"))) return;
    await this.panel.store.clear("tray");
    this.panel.say(t("tray_emptied"));
    await this.panel.draw();
  }
}
