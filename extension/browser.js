/** The only file that talks to the browser (`chrome.*`, which Firefox has too), the offscreen document's one listener aside. */

/**
 * What the panel of a window is at. `step` is "reading", "consent", "sending", "done", "fault", "repository" or "pdf".
 * @typedef {{step: string, tab: number, url: string, title: string, at: string, id?: string, copied?: boolean,
 *   fault?: import("./faults.js").FaultRecord, kept?: boolean}} Now
 */
/**
 * @typedef {{address: string, token: string, device: import("./api.js").Device | null, consent: string, copy: boolean,
 *   notify: boolean, model: string, window: number, runs: FollowedRun[]}} Settings
 */
/** @typedef {{id: string, question: string, depth: string, at: string, over: boolean, seen: boolean}} FollowedRun */

/** @type {Settings} */
export const DEFAULTS = {
  address: "http://127.0.0.1:8765", token: "", device: null, consent: "", copy: true, notify: false, model: "", window: 128_000, runs: [],
};
const MENU = "capture";
const ALARM = "look";
const READ_MS = 20_000;

/** The words of `_locales`. @param {string} key @param {...(string | number)} given */
export const t = (key, ...given) => chrome.i18n.getMessage(key, given.map(String)) || key;
export const language = () => chrome.i18n.getUILanguage();
/** @param {number} number */
export const figure = (number) => number.toLocaleString(language());
export const version = () => chrome.runtime.getManifest().version;
export const isFirefox = () => !chrome.offscreen;
export const browserName = () => (isFirefox() ? "Firefox" : /Edg\//.test(navigator.userAgent) ? "Edge" : "Chromium");

// ------------------------------------------------------------ settings, and what each window's panel is at

/** @returns {Promise<Settings>} */
export async function settings() {
  const names = /** @type {(keyof Settings)[]} */ (Object.keys(DEFAULTS));
  return { ...DEFAULTS, ...(await chrome.storage.local.get(names)) };
}

/** @param {Partial<Settings>} changed */
export const set = (changed) => chrome.storage.local.set(changed);

/** @param {number} window @returns {Promise<Now | null>} */
export async function now(window) {
  const key = `now-${window}`;
  return /** @type {Now | undefined} */ ((await chrome.storage.session.get(key))[key]) ?? null;
}

/** @param {number} window @param {Now | null} state */
export function tell(window, state) {
  return state ? chrome.storage.session.set({ [`now-${window}`]: state }) : chrome.storage.session.remove(`now-${window}`);
}

/** Calls back with the names of what changed: of settings, or "now" for what the window's panel is at. @param {number} window @param {(names: string[]) => void} heard */
export function onChange(window, heard) {
  chrome.storage.onChanged.addListener((changes, area) => {
    if (area === "local") heard(Object.keys(changes));
    else if (area === "session" && changes[`now-${window}`]) heard(["now"]);
  });
}

// ------------------------------------------------------------ the button, its menu, and what wakes the worker

/** @param {(tab: chrome.tabs.Tab) => void} pressed  is called within the user's act, before anything is waited for */
export function onPress(pressed) {
  chrome.action.onClicked.addListener(pressed);
  chrome.contextMenus.onClicked.addListener((info, tab) => { if (info.menuItemId === MENU && tab) pressed(tab); });
  chrome.runtime.onInstalled.addListener(() => {
    chrome.contextMenus.create({ id: MENU, title: t("menu"), contexts: ["page", "selection"] }, () => void chrome.runtime.lastError);
  });
}

/** @param {() => void} woken  called every minute while `wake(true)` holds, and when the browser starts */
export function onWake(woken) {
  chrome.alarms.onAlarm.addListener((alarm) => { if (alarm.name === ALARM) woken(); });
  chrome.runtime.onStartup.addListener(woken);
}

/** @param {() => void} started  called when the browser starts */
export const onStart = (started) => chrome.runtime.onStartup.addListener(started);

/** @param {boolean} wanted */
export function wake(wanted) {
  return wanted ? chrome.alarms.create(ALARM, { periodInMinutes: 0.5 }) : chrome.alarms.clear(ALARM).then(() => {});
}

/** Opens the panel; must be called within the user's act, before any `await`. @param {number} window */
export function openPanel(window) {
  const quiet = () => {}; // a browser without a side panel: the text is copied all the same
  if (chrome.sidePanel) chrome.sidePanel.open({ windowId: window }).catch(quiet);
  // @ts-ignore Firefox has this one
  else chrome.sidebarAction?.open().catch(quiet);
}

/** A message to the worker, and its answer. @param {object} message @returns {Promise<any>} */
export const askWorker = (message) => chrome.runtime.sendMessage({ to: "worker", ...message });

/** @param {(message: any) => Promise<any>} answer */
export function onAsked(answer) {
  chrome.runtime.onMessage.addListener((message, _sender, reply) => {
    if (message?.to !== "worker") return false;
    answer(message).then(reply, (error) => { reply(null); throw error; });
    return true;
  });
}

// ------------------------------------------------------------ pages

/**
 * What capture.js gives of a tab. Rejects where the browser lets nobody read, or the tab goes away.
 * @param {number} tab @returns {Promise<any>} null where the page did not answer in time
 */
export function readTab(tab) {
  const read = chrome.scripting.executeScript({ target: { tabId: tab }, files: ["capture.js"] });
  const late = new Promise((resolve) => setTimeout(() => resolve(null), READ_MS));
  return Promise.race([read.then(([first]) => first?.result), late]);
}

/** Where a tab is, as far as its grant still lets us see: "" when it is closed, undefined when we may not know. @param {number} tab */
export async function tabAddress(tab) {
  try {
    return (await chrome.tabs.get(tab)).url;
  } catch {
    return "";
  }
}

export const thisWindow = async () => /** @type {number} */ ((await chrome.windows.getCurrent()).id);

/** @param {number} window */
export async function activeTab(window) {
  const [tab] = await chrome.tabs.query({ active: true, windowId: window });
  return tab;
}

/** Calls back whenever a tab of any window loads, closes, or comes to the front. @param {() => void} moved */
export function onTabMove(moved) {
  chrome.tabs.onUpdated.addListener(() => moved());
  chrome.tabs.onRemoved.addListener(() => moved());
  chrome.tabs.onActivated.addListener(() => moved());
}

/** @param {string} url */
export const openTab = (url) => chrome.tabs.create({ url });

// ------------------------------------------------------------ clipboard, downloads, signs

/** Whether text can be put on the clipboard with no document in front. */
export const mayCopy = () => chrome.permissions.contains({ permissions: ["clipboardWrite"] });

/** From the worker, where the user has allowed it. @param {string} text @returns {Promise<boolean>} */
export async function copyFromWorker(text) {
  if (!(await mayCopy())) return false;
  if (isFirefox()) return navigator.clipboard.writeText(text).then(() => true, () => false);
  await stage();
  return chrome.runtime.sendMessage({ to: "offscreen", text });
}

/** @type {Promise<void> | null} */
let staged = null;

/** The document that the worker copies by; asked for early, so that it is there when the text is. */
export function stage() {
  if (isFirefox()) return Promise.resolve();
  staged ??= chrome.offscreen.hasDocument().then((there) => there ? undefined : chrome.offscreen.createDocument({
    url: "offscreen.html", reasons: [chrome.offscreen.Reason.CLIPBOARD], justification: "Puts the text of the page on the clipboard.",
  })).catch(() => {}).finally(() => { staged = null; });
  return staged;
}

/** From the panel, within the user's act. @param {string} text */
export const copyFromPanel = (text) => navigator.clipboard.writeText(text).then(() => true, () => false);

/** Asks the user for what the first send needs; must be called within the user's act. @param {boolean} copy */
export function askConsent(copy) {
  const wanted = /** @type {any} */ (copy ? { permissions: ["clipboardWrite"] } : {});
  if (isFirefox()) wanted.data_collection = ["websiteContent", "browsingActivity"];
  return Object.keys(wanted).length ? chrome.permissions.request(wanted).catch(() => false) : Promise.resolve(true);
}

/** @param {"clipboardWrite" | "notifications"} name */
export const askPermission = (name) => chrome.permissions.request({ permissions: [name] }).catch(() => false);

/** @param {string} name @param {string} text */
export function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/markdown;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A few signs on the button. @param {string} text @param {"calm" | "bad"} [mood] */
export async function badge(text, mood = "calm") {
  await chrome.action.setBadgeText({ text });
  if (text) await chrome.action.setBadgeBackgroundColor({ color: mood === "bad" ? "#a92b2b" : "#0b6677" });
}

/** @param {string} id @param {string} title @param {string} message */
export async function notify(id, title, message) {
  if (!chrome.notifications) return;
  await chrome.notifications.create(id, { type: "basic", iconUrl: "icons/128.png", title, message });
}

/** @param {(id: string) => void} pressed */
export function onNotified(pressed) {
  const listen = () => chrome.notifications?.onClicked.addListener((id) => { chrome.notifications.clear(id); pressed(id); });
  listen();
  chrome.permissions.onAdded.addListener((added) => { if (added.permissions?.includes("notifications")) listen(); });
}
