/** Settings: which Leash, and what the button may do by itself. */

import * as browser from "../browser.js";
import { h, siteOf, troubleLine } from "./dom.js";
import { pairing } from "./pairing.js";

const { t } = browser;

export class SettingsPart {
  changing = false;

  /** @param {import("../panel.js").Panel} panel */
  constructor(panel) {
    this.panel = panel;
  }

  /** @returns {Promise<Node[]>} */
  async draw() {
    const { settings, hello } = this.panel;
    if (!settings.token || this.changing) return [h("h1", { class: "hush" }, t("part_settings")), pairing(this.panel, settings.token ? t("pair_anew") : ""), ...this.common()];
    const models = (hello?.models ?? []).map((model) => `${model.name} (${model.local ? t("model_local") : model.host})`);
    return [
      h("section", { class: "card" }, h("h1", {}, t("paired_title")),
        h("p", {}, h("a", { href: settings.address, target: "_blank", rel: "noopener" }, siteOf(settings.address))),
        h("p", { class: "aside" }, [settings.device?.name, hello ? t("server_version", hello.leash) : t("server_unknown")].filter(Boolean).join(" · ")),
        hello && h("p", { class: "aside" }, models.length ? t("models_are", models.join(", ")) : t("models_none")),
        h("div", { class: "row" },
          h("button", { type: "button", class: "quiet", onclick: () => { this.changing = true; this.panel.draw(); } }, t("pair_other")),
          h("button", { type: "button", class: "quiet danger", onclick: () => this.unpair() }, t("unpair"))),
        h("p", { class: "hint" }, t("unpair_why"), " ", h("a", { href: `${settings.address}/devices`, target: "_blank", rel: "noopener" }, t("devices_link"))),
        troubleLine()),
      ...this.common(),
    ];
  }

  common() {
    const { settings } = this.panel;
    return [h("section", { class: "card" }, h("h2", {}, t("by_itself")),
              this.tick("copy", t("copy_at_once"), settings.copy, "clipboardWrite"),
              this.tick("notify", t("notify_deep"), settings.notify, "notifications")),
            h("p", { class: "aside foot" }, t("version", browser.version()))];
  }

  /** A setting that needs a permission, which is asked for when it is ticked. @param {"copy" | "notify"} name @param {string} words @param {boolean} is @param {"clipboardWrite" | "notifications"} needed */
  tick(name, words, is, needed) {
    const tick = h("input", { type: "checkbox", id: `set-${name}`, checked: is });
    tick.addEventListener("change", async () => {
      if (tick.checked && !(await browser.askPermission(needed)) && name === "notify") tick.checked = false;
      await browser.set({ [name]: tick.checked });
    });
    return h("p", { class: "check" }, tick, h("label", { for: `set-${name}` }, words));
  }

  async unpair() {
    await browser.set({ token: "", device: null, consent: "" });
    this.panel.hello = null;
    await this.panel.reload();
    this.panel.say(t("unpaired_now"));
    await this.panel.draw();
  }
}
