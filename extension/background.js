/** The worker: ties the button to what a press does. Listeners stand at the top level, or a sleeping worker would miss its waking. */

import { Leash } from "./api.js";
import * as browser from "./browser.js";
import { Flow } from "./flow.js";
import { Store } from "./store.js";

const store = new Store();
const flow = new Flow(browser, store, (address, token) => new Leash(address, token));

browser.onPress((tab) => {
  browser.openPanel(tab.windowId); // before anything is waited for, or the browser forgets that the user pressed
  flow.press(tab);
});
browser.onStart(() => store.clear("shown")); // windows have other numbers now
browser.onWake(() => flow.look());
browser.onNotified(async (id) => browser.openTab(new Leash((await browser.settings()).address).pageOf(id)));
browser.onAsked(async ({ kind, ...given }) => {
  if (kind === "resend") return flow.resend();
  if (kind === "again") return flow.press(given.tab, true);
  if (kind === "over") return flow.over(given.id);
  if (kind === "signs") return flow.signs();
  if (kind === "follow") return browser.wake(true);
  return null;
});
