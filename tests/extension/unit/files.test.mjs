/** What the files of the extension promise about each other. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import test from "node:test";

const HOME = new URL("../../../extension/", import.meta.url);
const read = (name) => readFileSync(new URL(name, HOME), "utf8");
const scripts = [...readdirSync(HOME), ...readdirSync(new URL("panel/", HOME)).map((name) => `panel/${name}`)].filter((name) => name.endsWith(".js"));
const manifest = JSON.parse(read("manifest.json"));
const words = Object.fromEntries(["en", "de"].map((language) => [language, JSON.parse(read(`_locales/${language}/messages.json`))]));

test("nothing is asked for that warns at the installation", () => {
  assert.deepEqual(manifest.permissions.toSorted(), ["activeTab", "alarms", "contextMenus", "offscreen", "scripting", "sidePanel", "storage"]);
  assert.deepEqual(manifest.optional_permissions, ["clipboardWrite", "notifications"]);
  for (const name of ["host_permissions", "optional_host_permissions", "content_scripts", "externally_connectable", "web_accessible_resources"]) assert.equal(manifest[name], undefined, name);
});

test("one file talks to the server, one to the browser, none reads markup", () => {
  for (const name of scripts) {
    const text = read(name).replace(/\/\*[\s\S]*?\*\/|\/\/ .*$/gm, "");
    if (!["browser.js", "offscreen.js"].includes(name)) assert.doesNotMatch(text, /\b(chrome|browser)\.[a-z]+\.[a-z]/, name);
    if (!["api.js", "capture.js"].includes(name)) assert.doesNotMatch(text, /\bfetch\(|XMLHttpRequest|sendBeacon|WebSocket/, name);
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, name);
  }
});

test("every word that is used is there in each language, and none is idle", () => {
  const text = scripts.map(read).join("\n") + read("manifest.json");
  for (const [language, there] of Object.entries(words)) {
    assert.deepEqual(Object.keys(there), Object.keys(words.en), language);
    for (const [, key] of text.matchAll(/\bt\(\s*"([a-z_]+)"/g)) assert.ok(there[key], `${language}: ${key}`);
    for (const [, key] of text.matchAll(/__MSG_([a-z_]+)__/g)) assert.ok(there[key], `${language}: ${key}`);
    for (const [key, { message, placeholders = {} }] of Object.entries(there)) {
      const used = [...message.matchAll(/\$([A-Z0-9]+)\$/g)].map(([, name]) => name.toLowerCase());
      assert.deepEqual([...new Set(used)].toSorted(), Object.keys(placeholders).toSorted(), `${language}: ${key}`);
      assert.deepEqual(Object.keys(placeholders), Object.keys(words.en[key].placeholders ?? {}), `${language}: ${key}`);
    }
  }
  const made = /^(step|fault|depth|support|lane|part|left|receipt|run)_/; // by template: t(`fault_${code}`)
  for (const key of Object.keys(words.en)) assert.ok(made.test(key) || text.includes(`"${key}"`) || text.includes(`__MSG_${key}__`), `nobody says ${key}`);
  const codes = [...text.matchAll(/new Fault\("([a-z-]+)"/g)].map(([, code]) => code.replaceAll("-", "_"));
  for (const code of codes) assert.ok(words.en[`fault_${code}`], code);
});

test("files stay short", () => {
  for (const name of scripts) assert.ok(read(name).split("\n").length < 400, name);
  assert.ok(statSync(new URL("icons/128.png", HOME)).size < 10_000);
});
