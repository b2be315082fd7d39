/** One run as it goes on: its plan, what it does, its answer with quote cards. */

import * as browser from "../browser.js";
import { faultOf } from "../faults.js";
import { h, icon, link, trouble } from "./dom.js";
import { after, begun } from "./run_state.js";

const { t, figure } = browser;
const SIGNS = new Set(["supported", "partial", "contradicted", "not found", "unchecked"]);
const STEPS = 6;

export class RunView {
  state = begun();
  leaving = new AbortController();
  trouble = "";
  due = false;
  element = h("article", { class: "run" });

  /** @param {import("../panel.js").Panel} panel @param {import("../browser.js").FollowedRun} run @param {() => void} back */
  constructor(panel, run, back) {
    this.panel = panel;
    this.run = run;
    this.head = h("section", { class: "card" });
    this.live = h("p", { class: "facts", role: "status" });
    this.body = h("div", {});
    const open = h("a", { href: panel.leash.pageOf(run.id), target: "_blank", rel: "noopener", class: "quiet", "data-key": "o", "aria-keyshortcuts": "o" }, h("span", {}, t("run_review")), h("kbd", { "aria-hidden": "true" }, "O"));
    this.stop = this.button("run_stop", "x", () => panel.leash.stop(run.id));
    this.approve = this.button("run_approve", "g", () => panel.leash.approve(run.id));
    const notify = this.notifyRow();
    this.head.append(h("p", { class: "back" }, h("button", { type: "button", class: "link", onclick: back }, `← ${t("run_back")}`)),
                     h("h1", {}, run.question), h("p", { class: "aside" }, t(`depth_${run.depth}`)), this.live,
                     h("div", { class: "row" }, this.approve, this.stop, open), ...(notify ? [notify] : []));
    this.element.append(this.head, this.body);
  }

  /** @param {string} key @param {string} sign @param {() => Promise<unknown>} act */
  button(key, sign, act) {
    return h("button", { type: "button", class: "quiet", "data-key": sign, "aria-keyshortcuts": sign, onclick: () => this.doing(act) }, h("span", {}, t(key)), h("kbd", { "aria-hidden": "true" }, sign.toUpperCase()));
  }

  /** A deep run takes a while: say when it is over, if the user wants. */
  notifyRow() {
    if (this.run.depth !== "deep" || this.run.over) return null;
    const tick = h("input", { type: "checkbox", id: "notify", checked: this.panel.settings.notify });
    tick.addEventListener("change", async () => {
      const given = !tick.checked || await browser.askPermission("notifications");
      tick.checked = tick.checked && given;
      await browser.set({ notify: tick.checked });
    });
    return h("p", { class: "check" }, tick, h("label", { for: "notify" }, t("notify_me")));
  }

  /** @param {() => Promise<unknown>} act */
  async doing(act) {
    try {
      await act();
      if (this.state.state === "waiting") this.watch();
    } catch (error) {
      this.fail(this.panel.words(faultOf(error)));
    }
  }

  close() {
    this.leaving.abort();
  }

  /** Follow the events to the end; a run that waits ends its stream only when it is over, so this goes on through that. */
  async watch() {
    this.leaving.abort();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    this.state = begun();
    this.trouble = "";
    this.draw();
    try {
      for await (const event of this.panel.leash.events(this.run.id, signal)) {
        const before = this.state.state;
        this.state = after(this.state, event);
        this.soon();
        if (this.state.state !== before && this.state.state !== "working") this.panel.say(this.statusWords());
      }
    } catch (error) {
      if (!signal.aborted) this.fail(this.panel.words(faultOf(error)));
      return;
    }
    if (!signal.aborted && ["done", "failed"].includes(this.state.state)) await this.ended();
  }

  /** @param {string} words */
  fail(words) {
    this.trouble = words;
    this.panel.say(words);
    this.draw();
  }

  async ended() {
    await browser.askWorker({ kind: "over", id: this.run.id });
    if (document.visibilityState !== "visible") return;
    const { runs } = await browser.settings();
    await browser.set({ runs: runs.map((run) => run.id === this.run.id ? { ...run, over: true, seen: true } : run) });
    await browser.askWorker({ kind: "signs" });
  }

  /** Many events make one drawing. */
  soon() {
    if (this.due) return;
    this.due = true;
    setTimeout(() => { this.due = false; this.draw(); }, 80);
  }

  statusWords() {
    const { state, stopped, pages } = this.state;
    if (state === "done") return t(stopped === "user" ? "run_stopped" : "run_done", figure(pages));
    if (state === "failed") return t("run_failed");
    if (state === "waiting") return t(stopped === "plan" ? "run_waits_plan" : "run_waits");
    return t("run_working", figure(pages));
  }

  draw() {
    const { state } = this.state;
    const over = state === "done" || state === "failed";
    const words = this.statusWords();
    if (this.live.textContent !== words) this.live.textContent = words;
    this.live.classList.toggle("dots-after", state === "working" && !this.trouble);
    this.stop.hidden = over;
    this.approve.hidden = state !== "waiting";
    const open = new Set([...this.body.querySelectorAll("details[open]")].map((one) => one.id));
    this.body.replaceChildren(...[
      this.trouble && trouble(this.trouble, h("button", { type: "button", class: "quiet", onclick: () => this.watch() }, t("run_again"))),
      this.state.fault && trouble(this.state.fault), this.plan(), state === "done" ? this.answer() : this.progress(),
    ].filter((part) => part instanceof Node));
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  }

  plan() {
    const { plan, lanes } = this.state;
    if (!plan.length) return null;
    return h("section", { class: "plan" }, h("h2", {}, t("run_plan")), h("ol", {}, plan.map((item) => h("li", {}, item.text,
      lanes[item.id] && h("span", { class: "chip" }, t(`lane_${lanes[item.id]}`))))));
  }

  progress() {
    const { steps, draft, found } = this.state;
    const last = steps.slice(-STEPS).reverse().map(([key, ...words]) => h("li", {}, t(key, ...words)));
    return h("div", {},
             draft ? h("section", { class: "draft" }, h("h2", {}, t("run_draft")), h("p", { class: "aside" }, t("run_draft_why")), h("p", { class: "draft-text" }, draft)) :
               found.length ? h("section", {}, h("h2", {}, t("run_found")), found.slice(0, 3).map((one) => this.card(one, ""))) : null,
             last.length ? h("section", { class: "steps" }, h("h2", {}, t("run_steps")), h("ul", { class: "plain" }, last)) : null);
  }

  answer() {
    const { claims, not_found, mode } = this.state;
    return h("section", { class: "answer" }, h("h2", {}, t("run_answer")),
             mode === "extractive" && h("p", { class: "aside" }, t("run_no_model")),
             claims.length ? h("ol", { class: "claims" }, claims.map((claim, place) => this.claim(claim, place))) : h("p", {}, t("run_nothing")),
             not_found.length ? h("div", { class: "notice" }, h("h3", {}, t("run_not_found")), h("ul", { class: "plain" }, not_found.map((line) => h("li", {}, line)))) : null);
  }

  /** @param {import("./run_state.js").Claim} claim @param {number} place */
  claim(claim, place) {
    const support = SIGNS.has(claim.support) ? claim.support : "unchecked";
    return h("li", { class: "claim" }, h("p", {}, claim.text),
             claim.citations.length ? h("details", { id: `claim-${place}` },
               h("summary", {}, h("span", { class: `support ${support.replace(" ", "-")}` }, icon(support), t(`support_${support.replace(" ", "_")}`)),
                 h("span", { class: "aside" }, ` ${t(claim.citations.length === 1 ? "quote_one" : "quotes", figure(claim.citations.length))}`)),
               claim.reason && h("p", { class: "aside" }, claim.reason),
               claim.citations.map((one) => this.card(one, support))) :
               h("p", { class: `support ${support.replace(" ", "-")}` }, icon(support), t(`support_${support.replace(" ", "_")}`)));
  }

  /** @param {import("./run_state.js").Citation} one @param {string} support */
  card(one, support) {
    return h("figure", { class: "quote" }, h("blockquote", {}, one.quote),
             h("figcaption", {}, link(one.url, one.title || one.url), h("span", { class: "aside" }, [one.site, one.date].filter(Boolean).map((part) => ` · ${part}`).join("")),
               support && h("span", { class: "hush" }, ` ${t(`support_${support.replace(" ", "_")}`)}`)));
  }
}
