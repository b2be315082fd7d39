/**
 * What a press of the button does: read the tab, keep what was read, send it, copy the text; and what wakes up later.
 *
 * What was read is stored before it is sent, and dropped only when the server has it or can never take it. Knows neither
 * the browser nor the server but by its ports, so that tests can stand in for both.
 */

import { Fault, faultOf, isHopeless } from "./faults.js";
import { targetOf } from "./repository.js";

/** @typedef {typeof import("./browser.js")} Browser */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./store.js").Unsent} Unsent */
/** @typedef {import("./browser.js").Now} Now */
/** @typedef {import("./api.js").Leash} Leash */

const LEFT = { fields: 0, secrets: 0, frames: 0, more_frames: 0, cut: false };

export class Flow {
  /** Tabs that are being read or sent just now: a double click is one. @type {Set<number>} */
  busy = new Set();
  /** What is on its way: the panel that opens asks to send again what the press is sending. @type {Set<string>} */
  sending = new Set();
  /** @type {Promise<void> | null} */
  resending = null;

  /** @param {Browser} browser @param {Store} store @param {(address: string, token: string) => Leash} leash */
  constructor(browser, store, leash) {
    this.browser = browser;
    this.store = store;
    this.leash = leash;
  }

  /** @param {{id?: number, windowId: number, url?: string, title?: string}} tab @param {boolean} [asPage] read even a repository's page as it is seen */
  async press(tab, asPage = false) {
    if (tab.id === undefined || this.busy.has(tab.id)) return;
    this.busy.add(tab.id);
    const here = { tab: tab.id, url: tab.url ?? "", title: tab.title ?? "", at: new Date().toISOString() };
    try {
      await this.take(tab.windowId, here, asPage);
    } catch (error) {
      await this.tell(tab.windowId, { ...here, step: "fault", fault: faultOf(error).toJSON() });
    } finally {
      this.busy.delete(tab.id);
    }
  }

  /** @param {number} window @param {Omit<Now, "step">} here @param {boolean} asPage */
  async take(window, here, asPage) {
    await this.tell(window, { ...here, step: "reading" });
    if (!asPage && targetOf(here.url)) return this.tell(window, { ...here, step: "repository" });
    if (here.url && !/^(https?|file):/.test(here.url)) throw new Fault("browser-page");
    const taken = await this.read(here.tab);
    if (taken.pdf) return this.tell(window, { ...here, step: "pdf" });
    const { url, title, html, selection } = taken;
    /** @type {Unsent} */
    const held = { id: crypto.randomUUID(), window, tab: here.tab, url, title, html, selection, captured_at: here.at, left: taken.dropped ?? LEFT };
    await this.store.put("unsent", held);
    return this.deliver(held);
  }

  /** @param {number} tab */
  async read(tab) {
    let taken;
    try {
      taken = await this.browser.readTab(tab);
    } catch (error) {
      throw new Fault(faultOfReading(String(error)));
    }
    if (taken === null) throw new Fault("page-busy");
    if (!taken || (!taken.pdf && typeof taken.html !== "string")) throw new Fault("unreadable");
    return taken;
  }

  /** Send one, once at a time. @param {Unsent} held */
  async deliver(held) {
    if (this.sending.has(held.id)) return;
    this.sending.add(held.id);
    try {
      if (await this.store.get("unsent", held.id)) await this.send(held);
    } finally {
      this.sending.delete(held.id);
    }
  }

  /** Send it, tell its window how it went, and keep it while it may still be sent. @param {Unsent} held */
  async send(held) {
    const here = { tab: held.tab, url: held.url, title: held.title, at: held.captured_at, id: held.id };
    const { address, token, consent, copy } = await this.browser.settings();
    if (!token) return this.keep(held, new Fault("unpaired"));
    if (consent !== address) return this.tell(held.window, { ...here, step: "consent" });
    await this.tell(held.window, { ...here, step: "sending" });
    // the browser may end a worker that waits for long; the alarm then sends again what is still kept
    const staged = Promise.all([this.browser.wake(true), copy ? this.browser.stage() : null]);
    let capture;
    try {
      capture = await this.leash(address, token).capture(held);
    } catch (error) {
      return this.keep(held, faultOf(error));
    }
    await staged;
    const copied = copy && await this.browser.copyFromWorker(capture.text);
    await this.store.put("shown", { window: held.window, capture, left: held.left });
    await this.store.drop("unsent", held.id);
    return this.tell(held.window, { ...here, step: "done", copied });
  }

  /** @param {Unsent} held @param {Fault} fault */
  async keep(held, fault) {
    const kept = !isHopeless(fault);
    if (kept) await this.browser.wake(true);
    else await this.store.drop("unsent", held.id);
    await this.tell(held.window, { tab: held.tab, url: held.url, title: held.title, at: held.captured_at, id: held.id,
                                   step: "fault", fault: fault.toJSON(), kept });
  }

  /** Send again what could not be sent, oldest first; ends at the first that still cannot. */
  resend() {
    this.resending ??= this.resendAll().finally(() => { this.resending = null; });
    return this.resending;
  }

  async resendAll() {
    const { token } = await this.browser.settings();
    if (!token) return;
    const waiting = await this.store.all("unsent");
    for (const held of waiting.sort((one, other) => one.captured_at.localeCompare(other.captured_at))) {
      await this.deliver(held);
      if (await this.store.get("unsent", held.id)) return;
    }
  }

  /** Every half minute while something is open: send what waits, and look whether a followed run is over. */
  async look() {
    await this.resend();
    const { runs } = await this.browser.settings();
    const open = runs.filter((run) => !run.over);
    for (const run of open) await this.lookAt(run.id);
    const waiting = await this.store.all("unsent");
    await this.browser.wake(Boolean(waiting.length || (await this.browser.settings()).runs.some((run) => !run.over)));
  }

  /** @param {string} id */
  async lookAt(id) {
    const { address, token } = await this.browser.settings();
    try {
      const run = await this.leash(address, token).run(id);
      if (["done", "failed", "stopped"].includes(run.status)) await this.over(id);
    } catch (error) {
      if (faultOf(error).code === "not-found") await this.over(id, false);
    }
  }

  /** A followed run has ended: said once, by the badge, and by a notification where it was wished. @param {string} id @param {boolean} [say] */
  async over(id, say = true) {
    const { runs, notify } = await this.browser.settings();
    const run = runs.find((one) => one.id === id);
    if (!run || run.over) return;
    run.over = true;
    run.seen = !say;
    await this.browser.set({ runs });
    await this.signs();
    if (say && notify && run.depth === "deep") await this.browser.notify(id, this.browser.t("run_over"), run.question);
  }

  /** @param {number} window @param {Now} state */
  async tell(window, state) {
    await this.browser.tell(window, state);
    await this.signs(state);
  }

  /** @param {Now} [state] */
  async signs(state) {
    const { runs } = await this.browser.settings();
    const unseen = runs.filter((run) => run.over && !run.seen).length;
    if (state?.step === "reading" || state?.step === "sending") return this.browser.badge("…");
    if (state?.step === "fault") return this.browser.badge("!", "bad");
    return this.browser.badge(unseen ? String(unseen) : "");
  }
}

/** Which fault the browser's words mean, as both browsers say them. @param {string} words */
function faultOfReading(words) {
  if (/No tab with id|tab was closed|Invalid tab ID|No current window/i.test(words)) return "tab-closed";
  if (/Frame with ID \d+ was removed|was removed|destroyed|unloaded|navigat/i.test(words)) return "page-moved";
  if (/error page|showing error/i.test(words)) return "error-page";
  return "browser-page";
}
