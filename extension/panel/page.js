/** The page that the button was pressed on: its text, and what can be done with it. */

import * as browser from "../browser.js";
import { fileName } from "../document.js";
import { briefOf } from "./brief.js";
import { h, icon, keyed, link, siteOf, trouble, troubleLine } from "./dom.js";
import { pairing } from "./pairing.js";
import { RepositoryPart } from "./repository.js";

const { t, figure } = browser;
const SHOWN = 20_000; // characters of the text that are laid out at first

/** @typedef {import("../panel.js").Panel} Panel */
/** @typedef {import("../api.js").Capture} Capture */

export class PagePart {
  /** @type {import("../store.js").Shown | null} */
  held = null;
  copied = false;
  /** @type {import("../api.js").Brief | null} */
  brief = null;
  briefId = "";

  /** @param {Panel} panel */
  constructor(panel) {
    this.panel = panel;
    this.repository = new RepositoryPart(panel);
  }

  /** @returns {Promise<Node[]>} */
  async draw() {
    const { now, settings } = this.panel;
    this.held = await this.panel.store.get("shown", this.panel.window) ?? null;
    const content = await this.content(now);
    const waiting = (await this.panel.store.all("unsent")).filter((one) => one.id !== now?.id);
    return [h("div", { id: "stale", role: "status" }), ...content, ...(settings.token && waiting.length ? [this.waiting(waiting.length)] : [])];
  }

  /** @param {import("../browser.js").Now | null} now @returns {Promise<(Node)[]>} */
  async content(now) {
    const { settings } = this.panel;
    if (now?.step === "fault" && now.fault) return this.fault(now);
    if (!settings.token) return [pairing(this.panel, now ? t("pair_first_kept") : t("pair_first"))];
    if (now?.step === "reading" || now?.step === "sending") return [this.busy(now)];
    if (now?.step === "consent") return [this.consent(now)];
    if (now?.step === "repository") return this.allowed() ? this.repository.draw(now) : [this.consent(now)];
    if (now?.step === "pdf") return [this.pdf(now)];
    return this.held ? this.capture(this.held) : [empty()];
  }

  allowed() {
    return this.panel.settings.consent === this.panel.settings.address;
  }

  // ------------------------------------------------------------ on the way

  /** @param {import("../browser.js").Now} now */
  busy(now) {
    return h("section", { class: "card busy" }, h("h1", {}, now.title || siteOf(now.url)),
             h("p", { class: "aside" }, h("span", { class: "dots", "aria-hidden": "true" }), t(`step_${now.step}`)));
  }

  /** What goes where, said once, and asked. @param {import("../browser.js").Now} now */
  consent(now) {
    const { address } = this.panel.settings;
    const copy = h("input", { type: "checkbox", id: "copy-at-once", checked: true });
    const yes = async () => {
      await browser.askConsent(copy.checked);
      await browser.set({ consent: address, copy: copy.checked });
      await this.panel.reload();
      if (now.step === "consent") await browser.askWorker({ kind: "resend" });
      else await this.panel.draw();
    };
    const no = async () => {
      if (now.id) await this.panel.store.drop("unsent", now.id);
      await browser.tell(this.panel.window, null);
    };
    return h("section", { class: "card" },
             h("h1", {}, t("consent_title")),
             h("p", {}, t("consent_what"), " ", h("strong", {}, siteOf(address)), "."),
             h("ul", { class: "plain" }, ["consent_only", "consent_never", "consent_private"].map((key) => h("li", {}, t(key)))),
             insecure(address) && trouble(t("consent_insecure")),
             h("p", { class: "check" }, copy, h("label", { for: "copy-at-once" }, t("consent_copy"))),
             h("div", { class: "row" }, h("button", { class: "go", type: "button", id: "consent-yes", onclick: yes }, t("consent_yes")),
               h("button", { class: "quiet", type: "button", onclick: no }, t("consent_no"))));
  }

  /** @param {import("../browser.js").Now} now */
  fault(now) {
    const fault = /** @type {import("../faults.js").FaultRecord} */ (now.fault);
    if (fault.code === "unpaired") return [pairing(this.panel, this.panel.settings.token ? t("fault_unpaired") : t("pair_first_kept"))];
    const again = h("button", { class: "quiet", type: "button", onclick: () => browser.askWorker({ kind: "resend" }) }, t("send_again"));
    return [h("section", { class: "card" }, h("h1", {}, now.title || t("part_page")),
              trouble(this.panel.words(fault), ...(now.kept ? [h("p", {}, t("kept_until")), again] : [])))];
  }

  /** @param {number} count */
  waiting(count) {
    const forget = async () => { await this.panel.store.clear("unsent"); await this.panel.draw(); };
    return h("section", { class: "notice" }, h("p", {}, t("waiting", figure(count))),
             h("div", { class: "row" },
               h("button", { class: "quiet", type: "button", onclick: () => browser.askWorker({ kind: "resend" }).then(() => this.panel.draw()) }, t("send_now")),
               h("button", { class: "quiet", type: "button", onclick: forget }, t("forget_all"))));
  }

  /** A PDF shows no text to us; the server may fetch it by its address, if the user wants. @param {import("../browser.js").Now} now */
  pdf(now) {
    const place = troubleLine();
    const fetchIt = () => this.panel.trying(async () => {
      const read = await this.panel.leash.readAddress(now.url);
      await this.panel.store.add({ id: now.url, kind: "address", capture: "", url: now.url, title: read.title || now.title || now.url,
                                   site: siteOf(now.url), date: read.date ?? "", tokens: read.tokens ?? 0, exact: Boolean(read.tokens_exact), text: read.text ?? "" });
      await this.panel.copy(read.text ?? "", t("pdf_done"));
      await this.panel.show("tray");
    }, place);
    return h("section", { class: "card" }, h("h1", {}, now.title || siteOf(now.url)), h("p", {}, t("pdf_what", siteOf(now.url))),
             this.allowed() ? h("button", { class: "go", type: "button", onclick: fetchIt }, t("pdf_go")) : h("p", {}, t("pdf_consent")), place);
  }

  // ------------------------------------------------------------ the text

  /** @param {import("../store.js").Shown} held */
  capture({ capture, left }) {
    if (this.briefId !== capture.id) { this.brief = null; this.briefId = capture.id; }
    const about = [capture.site || siteOf(capture.url), capture.author, capture.date].filter(Boolean).join(" · ");
    const size = t(capture.exact ? "tokens" : "tokens_about", figure(capture.tokens));
    const saved = capture.saved;
    return [
      h("section", { class: "card" },
        h("h1", {}, link(capture.url, capture.title || capture.url)),
        h("p", { class: "aside" }, about),
        h("p", { class: "facts" }, h("strong", { class: "tokens" }, size), capture.selection && h("span", { class: "chip" }, t("selection")),
          h("span", { class: "chip", title: t("private_why") }, icon("lock"), t("private")),
          (this.copied || this.panel.now?.copied) && h("span", { class: "chip good" }, icon("check"), t("copied"))),
        h("div", { class: "acts" },
          keyed(t("copy"), "c", () => this.copy(capture)),
          keyed(t("download"), "d", () => { browser.download(fileName(capture.title), capture.text); this.panel.say(t("downloaded")); }),
          keyed(t("add"), "a", () => this.add(capture)),
          keyed(saved ? t("saved") : t("save"), "s", () => this.save(capture), saved ? { disabled: true } : {}),
          keyed(t("ask_page"), "q", () => this.panel.ask.begin("quick", "page")),
          keyed(t("research_page"), "r", () => this.panel.ask.begin("research", "page"))),
        troubleLine(), notes(capture, left)),
      h("section", { class: "text" }, h("h2", {}, t("text_title")), preview(capture.text)),
      briefOf(this, capture),
      h("p", { class: "foot" }, h("button", { type: "button", class: "quiet danger", onclick: () => this.forget(capture) }, t("forget"))),
    ];
  }

  /** @param {Capture} capture */
  async copy(capture) {
    this.copied = await this.panel.copy(capture.text);
    await this.panel.draw();
  }

  /** @param {Capture} capture */
  async add(capture) {
    await this.panel.store.add(trayItem(capture));
    this.panel.say(t("added"));
    await this.panel.draw();
  }

  /** @param {Capture} capture */
  async save(capture) {
    await this.panel.trying(async () => {
      await this.panel.leash.save(capture.id);
      if (this.held) await this.panel.store.put("shown", { ...this.held, capture: { ...capture, saved: true } });
      this.panel.say(t("saved"));
      await this.panel.draw();
    });
  }

  /** @param {Capture} capture */
  async forget(capture) {
    const runs = capture.runs.length ? ` ${t("forget_runs", figure(capture.runs.length))}` : "";
    if (!confirm(t("forget_sure") + runs)) return;
    await this.panel.trying(async () => {
      await this.panel.leash.forget(capture.id);
      await this.panel.store.drop("shown", this.panel.window);
      for (const item of await this.panel.store.tray()) if (item.capture === capture.id) await this.panel.store.drop("tray", item.id);
      await browser.tell(this.panel.window, null);
      this.panel.say(t("forgotten"));
      await this.panel.draw();
    });
  }

  /** The text has come: the worker has copied it, or the panel does where it may. @param {import("../browser.js").Now} state */
  async arrived(state) {
    this.copied = state.copied ?? false;
    if (!this.copied && this.panel.settings.copy && this.held && document.hasFocus()) {
      this.copied = await browser.copyFromPanel(this.held.capture.text);
    }
    this.panel.say(this.copied ? t("copied_text") : t("arrived"));
    await this.panel.draw();
  }

  /** Whether the tab still shows the page that the panel holds. */
  async drawStale() {
    const { now, window } = this.panel;
    const place = document.getElementById("stale");
    if (!place || !now) return;
    const [address, active] = [await browser.tabAddress(now.tab), await browser.activeTab(window)];
    const moved = address === "" ? t("stale_closed") : withoutHash(address) !== withoutHash(now.url) ? t("stale_moved") :
      active && active.id !== now.tab && !isOurs(active) ? t("stale_other") : "";
    if (moved !== place.textContent) place.replaceChildren(...(moved ? [h("p", { class: "stale" }, icon("warn"), h("span", {}, moved))] : []));
  }
}

/** @param {chrome.tabs.Tab} tab */
const isOurs = (tab) => /^(chrome|moz)-extension:/.test(tab.url ?? "");

/** @param {string | undefined} url */
const withoutHash = (url) => (url ?? "?").split("#")[0];

/** @param {Capture} capture @returns {Omit<import("../store.js").TrayItem, "order">} */
export function trayItem(capture) {
  const { id, url, title, site, tokens, exact, text } = capture;
  return { id, kind: "capture", capture: id, url, title: title || url, site: site || siteOf(url), date: capture.date || capture.captured_at.slice(0, 10), tokens, exact, text };
}

/** @param {string} address */
export function insecure(address) {
  const url = new URL(address);
  return url.protocol === "http:" && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}

/** What the text lacks of the page: what never left it, and what the server left out. @param {Capture} capture @param {import("../store.js").Left} left */
function notes(capture, left) {
  /** @type {[number, string][]} */
  const rows = [[left.fields, "left_fields"], [left.secrets, "left_secrets"], [left.frames, "left_frames"], [left.more_frames, "left_more_frames"]];
  const lines = [...(left.cut ? [t("left_cut")] : []), ...rows.filter(([count]) => count).map(([count, key]) => t(key, figure(count))),
                 ...receiptLines(capture.receipt), ...capture.notes];
  if (!lines.length) return null;
  return h("details", { class: "notes" }, h("summary", {}, t("left_title", figure(lines.length))), h("ul", { class: "plain" }, lines.map((line) => h("li", {}, line))));
}

/** @param {Record<string, any>} receipt */
function receiptLines(receipt) {
  const [page, text] = [receipt?.page ?? {}, receipt?.text ?? {}];
  return ["words", "code", "tables", "links"].filter((name) => page[name] > (text[name] ?? 0))
    .map((name) => t(`receipt_${name}`, figure(text[name] ?? 0), figure(page[name])));
}

/** The text as it will be pasted. @param {string} text */
export function preview(text) {
  const area = h("pre", { class: "preview", tabindex: "0", role: "region", "aria-label": t("text_title") }, text.slice(0, SHOWN));
  if (text.length <= SHOWN) return area;
  const more = h("button", { type: "button", class: "quiet", onclick: () => { area.textContent = text; more.remove(); area.focus(); } }, t("show_all", figure(text.length)));
  return h("div", {}, area, more);
}

function empty() {
  return h("section", { class: "card empty" }, h("h1", {}, t("empty_title")), h("p", {}, t("empty_how")),
           h("ul", { class: "plain" }, ["empty_selection", "empty_repository", "empty_context"].map((key) => h("li", {}, t(key)))));
}
