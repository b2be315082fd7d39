import assert from "node:assert/strict";
import test from "node:test";

import { Fault } from "../../../extension/faults.js";
import { Flow } from "../../../extension/flow.js";

const PAGE = { id: 5, windowId: 1, url: "https://a.test/x", title: "A" };

/** A browser, a store and a server that do as they are told. `given.answers` are what the server gives, in order. */
function crew(given = {}) {
  const settings = { address: "http://l.test", token: "t", consent: "http://l.test", copy: true, notify: false, runs: [], ...given.settings };
  const said = [], sent = [], kept = { unsent: new Map(), shown: new Map() };
  const browser = {
    settings: async () => settings, set: async (changed) => { Object.assign(settings, changed); }, t: (key) => key,
    tell: async (_window, state) => { said.push(state); }, badge: async (text) => { browser.sign = text; }, wake: async (wanted) => { browser.woken = wanted; },
    readTab: given.read ?? (async () => ({ url: PAGE.url, title: "A", html: "<p>a", selection: false })),
    stage: async () => {}, copyFromWorker: async (text) => { browser.copied = text; return true; }, notify: async (id) => { browser.notified = id; },
  };
  const store = {
    put: async (name, value) => { kept[name].set(value.id ?? value.window, value); }, drop: async (name, key) => { kept[name].delete(key); },
    all: async (name) => [...kept[name].values()], get: async (name, key) => kept[name].get(key),
  };
  const answers = [...(given.answers ?? [])];
  const next = async (what) => {
    sent.push(what);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer ?? { id: "c1", text: "# A" };
  };
  const flow = new Flow(browser, store, () => ({ capture: next, run: next }));
  return { flow, browser, settings, said, sent, kept, steps: () => said.map((state) => state.step) };
}

test("a press reads, sends, copies and shows", async () => {
  const { flow, browser, kept, steps, said } = crew();
  await flow.press(PAGE);
  assert.deepEqual(steps(), ["reading", "sending", "done"]);
  assert.equal(browser.copied, "# A");
  assert.equal(said.at(-1).copied, true);
  assert.equal(kept.unsent.size, 0);
  assert.equal(kept.shown.get(1).capture.id, "c1");
});

test("a double click is one", async () => {
  const { flow, sent } = crew();
  await Promise.all([flow.press(PAGE), flow.press(PAGE)]);
  assert.equal(sent.length, 1);
});

test("nothing is sent before the user has said yes, nor elsewhere than where", async () => {
  for (const consent of ["", "http://other.test"]) {
    const { flow, sent, kept, steps } = crew({ settings: { consent } });
    await flow.press(PAGE);
    assert.deepEqual([sent.length, kept.unsent.size, steps().at(-1)], [0, 1, "consent"]);
  }
});

test("what cannot be sent is kept and sent later, oldest first", async () => {
  const { flow, sent, kept, said, browser } = crew({ answers: [new Fault("down"), new Fault("down"), { id: "c", text: "later" }] });
  await flow.press(PAGE);
  assert.deepEqual([said.at(-1).fault.code, said.at(-1).kept, kept.unsent.size, browser.woken, browser.sign], ["down", true, 1, true, "!"]);
  await flow.resend();
  assert.equal(kept.unsent.size, 1);
  await flow.look();
  assert.deepEqual([kept.unsent.size, sent.length, browser.copied, browser.woken], [0, 3, "later", false]);
});

test("what is on its way is not sent again by a panel that opens meanwhile", async () => {
  const { flow, sent, kept } = crew();
  const pressed = flow.press(PAGE);
  while (!kept.unsent.size) await null;
  await Promise.all([flow.resend(), pressed]);
  await flow.resend();
  assert.deepEqual([sent.length, kept.unsent.size], [1, 0]);
});

test("a worker that is ended while it sends has left an alarm, and what it sent is still kept", async () => {
  let ended;
  const { flow, kept, browser } = crew({ answers: [{ then: (go) => { ended = go; } }] });
  flow.press(PAGE);
  while (!ended) await new Promise((next) => setImmediate(next));
  assert.deepEqual([browser.woken, kept.unsent.size], [true, 1]);
  ended({ id: "c1", text: "# A" });
});

test("unpaired: kept until there is a token", async () => {
  const { flow, kept, said, settings, sent } = crew({ settings: { token: "" } });
  await flow.press(PAGE);
  await flow.resend();
  assert.deepEqual([said.at(-1).fault.code, kept.unsent.size, sent.length], ["unpaired", 1, 0]);
  settings.token = "t";
  await flow.resend();
  assert.equal(kept.unsent.size, 0);
});

test("what the server can never take is not kept", async () => {
  for (const code of ["no-text", "too-large", "refused"]) {
    const { flow, kept, said } = crew({ answers: [new Fault(code, { detail: "Why." })] });
    await flow.press(PAGE);
    assert.deepEqual([said.at(-1).fault, said.at(-1).kept, kept.unsent.size], [{ code, detail: "Why." }, false, 0]);
  }
});

test("the browser's refusals are told apart", async () => {
  const cases = {
    "No tab with id: 5.": "tab-closed", "Frame with ID 0 was removed.": "page-moved", "Frame with ID 0 is showing error page": "error-page",
    "Cannot access a chrome:// URL": "browser-page", "The extensions gallery cannot be scripted.": "browser-page", "Missing host permission for the tab": "browser-page",
  };
  for (const [words, code] of Object.entries(cases)) {
    const { flow, said } = crew({ read: async () => { throw new Error(words); } });
    await flow.press(PAGE);
    assert.equal(said.at(-1).fault.code, code, words);
  }
  for (const [result, code] of [[null, "page-busy"], [undefined, "unreadable"], [{}, "unreadable"]]) {
    const { flow, said } = crew({ read: async () => result });
    await flow.press(PAGE);
    assert.equal(said.at(-1).fault.code, code);
  }
});

test("a browser's own page is not even read, a repository is not captured, a PDF is told", async () => {
  let reads = 0;
  const read = async () => { reads += 1; return { pdf: true }; };
  for (const [url, step] of [["chrome://settings/", "fault"], ["https://github.com/acme/kite", "repository"]]) {
    const { flow, steps } = crew({ read });
    await flow.press({ ...PAGE, url });
    assert.equal(steps().at(-1), step);
  }
  assert.equal(reads, 0);
  const { flow, steps } = crew({ read });
  await flow.press(PAGE);
  assert.equal(steps().at(-1), "pdf");
  await flow.press({ ...PAGE, url: "https://github.com/acme/kite" }, true);
  assert.equal(reads, 2);
});

test("a deep run's end is said once, by the badge and by a notification where it was wished", async () => {
  const runs = [{ id: "r1", question: "Q", depth: "deep", over: false, seen: false }, { id: "r2", question: "P", depth: "quick", over: false, seen: false }];
  const { flow, browser, settings } = crew({ settings: { runs, notify: true }, answers: [{ status: "running" }, { status: "done" }, { status: "done" }] });
  await flow.look();
  assert.deepEqual([browser.notified, browser.woken], [undefined, true]);
  await flow.look();
  assert.deepEqual([browser.notified, browser.sign, browser.woken], ["r1", "2", false]);
  browser.notified = "";
  await flow.over("r1");
  assert.equal(browser.notified, "");
  assert.ok(settings.runs.every((run) => run.over));
});

test("a run that is gone is not looked for again", async () => {
  const { flow, browser } = crew({ settings: { runs: [{ id: "r1", depth: "deep", over: false, seen: false }] }, answers: [new Fault("not-found")] });
  await flow.look();
  assert.deepEqual([browser.woken, browser.sign], [false, ""]);
});
