/** A page's summary and five questions that it can answer, each with the words that bear it out. */

import * as browser from "../browser.js";
import { faultOf } from "../faults.js";
import { h } from "./dom.js";

const { t } = browser;
const LOOK_MS = 700;
const MOST_MS = 180_000;

/** @typedef {import("./page.js").PagePart} PagePart */
/** @typedef {import("../api.js").Capture} Capture */

/** As far as it is: the button, the waiting, or what came of it. @param {PagePart} part @param {Capture} capture */
export function briefOf(part, capture) {
  const { brief } = part;
  if (brief?.state === "working") return h("section", { class: "brief" }, h("p", { class: "aside" }, h("span", { class: "dots", "aria-hidden": "true" }), t("brief_working")));
  const hosts = part.panel.ask.hostedHosts().join(", ");
  const hosted = h("input", { type: "checkbox", id: "brief-hosted" });
  const go = h("button", { type: "button", class: "quiet", "data-key": "b", "aria-keyshortcuts": "b", onclick: () => start(part, capture, hosted.checked) },
               h("span", {}, t("brief_go")), h("kbd", { "aria-hidden": "true" }, "B"));
  const place = h("div", {});
  if (brief) draw(place, brief, part);
  return h("section", { class: "brief" }, ...(brief?.state === "done" ? [] : [
    go, hosts && h("p", { class: "check" }, hosted, h("label", { for: "brief-hosted" }, t("brief_hosted", hosts)))]), place);
}

/** Ask for it, and look until it is there; the panel may be drawn anew meanwhile. @param {PagePart} part @param {Capture} capture @param {boolean} hosted */
async function start(part, capture, hosted) {
  /** @param {import("../api.js").Brief} brief @param {string} words */
  const show = async (brief, words) => {
    if (part.briefId !== capture.id) return; // another page was taken since
    part.brief = brief;
    part.panel.say(words);
    await part.panel.draw();
  };
  await show(NONE, t("brief_working"));
  try {
    const brief = await made(part.panel.leash, capture.id, hosted);
    await show(brief, brief.state === "done" ? t("brief_done") : brief.note || t("brief_failed"));
  } catch (error) {
    const words = part.panel.words(faultOf(error));
    await show({ ...NONE, state: "failed", note: words }, words);
  }
}

/** @type {import("../api.js").Brief} */
const NONE = { state: "working", summary: [], questions: [], by: "", note: "" };

/** @param {import("../api.js").Leash} leash @param {string} id @param {boolean} hosted */
async function made(leash, id, hosted) {
  await leash.askBrief(id, hosted);
  const until = Date.now() + MOST_MS;
  let brief = await leash.brief(id);
  while (brief.state === "working" && Date.now() < until) {
    await new Promise((look) => setTimeout(look, LOOK_MS));
    brief = await leash.brief(id);
  }
  return brief.state === "working" ? { ...brief, state: /** @type {const} */ ("failed") } : brief;
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
