/** A page's summary and five questions that it can answer, each with the words that bear it out. */

import * as browser from "../browser.js";
import { faultOf } from "../faults.js";
import { h } from "./dom.js";

const { t } = browser;
const LOOK_MS = 700;
const MOST_MS = 180_000;

/** @param {import("./page.js").PagePart} part @param {import("../api.js").Capture} capture */
export function briefOf(part, capture) {
  const place = h("div", {});
  const hosts = part.panel.ask.hostedHosts().join(", ");
  const hosted = h("input", { type: "checkbox", id: "brief-hosted" });
  const go = h("button", { type: "button", class: "quiet", "data-key": "b", "aria-keyshortcuts": "b", onclick: () => start(part, capture, place, { go, hosted: hosted.checked }) },
               h("span", {}, t("brief_go")), h("kbd", { "aria-hidden": "true" }, "B"));
  if (part.brief) draw(place, part.brief, part);
  return h("section", { class: "brief" }, ...(part.brief?.state === "done" ? [] : [
    go, hosts && h("p", { class: "check" }, hosted, h("label", { for: "brief-hosted" }, t("brief_hosted", hosts)))]), place);
}

/** @param {import("./page.js").PagePart} part @param {import("../api.js").Capture} capture @param {HTMLElement} place @param {{go: HTMLButtonElement, hosted: boolean}} how */
async function start(part, capture, place, { go, hosted }) {
  const { panel } = part;
  go.disabled = true;
  place.replaceChildren(h("p", { class: "aside" }, h("span", { class: "dots", "aria-hidden": "true" }), t("brief_working")));
  try {
    await panel.leash.askBrief(capture.id, hosted);
    const until = Date.now() + MOST_MS;
    let brief = await panel.leash.brief(capture.id);
    while (brief.state === "working" && Date.now() < until) {
      await new Promise((look) => setTimeout(look, LOOK_MS));
      brief = await panel.leash.brief(capture.id);
    }
    part.brief = brief;
    draw(place, brief, part);
    panel.say(brief.state === "done" ? t("brief_done") : brief.note || t("brief_failed"));
  } catch (error) {
    place.replaceChildren(h("p", { class: "trouble" }, panel.words(faultOf(error))));
  }
  go.disabled = false;
}

/** @param {HTMLElement} place @param {import("../api.js").Brief} brief @param {import("./page.js").PagePart} part */
function draw(place, brief, part) {
  /** @param {string} quote */
  const shown = (quote) => quote ? h("details", {}, h("summary", {}, t("brief_quote")), h("blockquote", {}, quote)) : null;
  const questions = brief.questions.map(({ text, quote }) => h("li", {},
    h("button", { type: "button", class: "link", title: t("brief_ask"), onclick: () => part.panel.ask.begin("quick", "page", text) }, text), shown(quote)));
  place.replaceChildren(
    ...(brief.summary.length ? [h("h2", {}, t("brief_summary")), h("ul", {}, brief.summary.map(({ text, quote }) => h("li", {}, text, shown(quote))))] : []),
    ...(questions.length ? [h("h2", {}, t("brief_questions")), h("ol", {}, questions)] : []),
    ...(brief.note ? [h("p", { class: "aside" }, brief.note)] : []),
    ...(brief.by ? [h("p", { class: "aside" }, t("brief_by", brief.by))] : []),
    ...(brief.state === "failed" && !brief.note ? [h("p", { class: "aside" }, t("brief_failed"))] : []));
}
