/** The form that pairs this browser with a Leash: its address and a one-time code. */

import { addressOf, Leash } from "../api.js";
import * as browser from "../browser.js";
import { faultOf } from "../faults.js";
import { h, trouble } from "./dom.js";

const { t } = browser;

/** @param {import("../panel.js").Panel} panel @param {string} [why] a sentence above it */
export function pairing(panel, why = "") {
  const address = h("input", { id: "address", type: "text", inputmode: "url", autocomplete: "off", spellcheck: "false", value: panel.settings.address });
  const code = h("input", { id: "code", type: "text", autocomplete: "off", spellcheck: "false", placeholder: "K7QF-3MPD", class: "code", required: true });
  const place = h("div", { class: "trouble-line" });
  const go = h("button", { class: "go", type: "submit" }, t("pair_go"));
  const codeLink = h("a", { href: devices(panel.settings.address), target: "_blank", rel: "noopener" }, t("pair_link"));
  address.addEventListener("input", () => { codeLink.href = devices(address.value); });
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    await pair(panel, address.value, code.value).catch((error) => {
      const words = panel.words(faultOf(error));
      panel.say(words);
      place.replaceChildren(trouble(words));
    });
    go.disabled = false;
  };
  return h("section", { class: "card" },
           h("h1", {}, t("pair_title")),
           why && h("p", {}, why),
           h("form", { onsubmit: submit },
             h("label", { for: "address" }, t("address_label")), address,
             h("p", { class: "hint" }, t("pair_how"), " ", codeLink),
             h("label", { for: "code" }, t("code_label")), code, place, go));
}

/** @param {string} typed */
function devices(typed) {
  try { return `${addressOf(typed)}/devices`; } catch { return "#"; }
}

/** @param {import("../panel.js").Panel} panel @param {string} typed @param {string} code */
async function pair(panel, typed, code) {
  const address = addressOf(typed);
  const leash = new Leash(address);
  await leash.hello();
  const { token, device } = await leash.pair(code.trim(), browser.browserName(), browser.version());
  await browser.set({ address, token, device });
  await panel.reload();
  panel.settingsPart.changing = false;
  panel.say(t("paired_now"));
  await panel.greet();
  await panel.draw();
}
