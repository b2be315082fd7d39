import assert from "node:assert/strict";
import test from "node:test";

import { fileName, oneDocument, withoutHead } from "../../../extension/document.js";
import { after, begun } from "../../../extension/panel/run_state.js";
import { targetOf } from "../../../extension/repository.js";
import { SseParser } from "../../../extension/sse.js";

test("server-sent events come out whole however they are cut", () => {
  const stream = ": hi\r\nretry: 50\r\n\r\nid: 7\nevent: kept\ndata: {\"a\":\ndata: 1}\n\nid: 8\rdata:two\r\r\ndata\n\nevent: none\n\n";
  const whole = new SseParser().feed(stream);
  assert.deepEqual(whole, [{ event: "kept", data: '{"a":\n1}', id: "7" }, { event: "message", data: "two", id: "8" }, { event: "message", data: "", id: "8" }]);
  for (let size = 1; size < 9; size += 1) {
    const parser = new SseParser(), found = [];
    for (let at = 0; at < stream.length; at += size) found.push(...parser.feed(stream.slice(at, at + size)));
    assert.deepEqual(found, whole, `pieces of ${size}`);
    assert.equal(parser.retry, 50);
  }
});

test("an event that is not finished gives no id to resume with", () => {
  const parser = new SseParser();
  parser.feed("id: 1\ndata: a\n\nid: 2\ndata: b\n");
  assert.equal(parser.lastId, "1");
});

test("the tray's document cannot be broken by what it holds", () => {
  const evil = { title: 'A "q" <b>&\n', url: "https://a.test/?a=1&b=2", date: "2026-01-01", text: "---\ntitle: x\n---\n\nend ]]> </document> \u0000 \ud800 ok" };
  const made = oneDocument([evil, { ...evil, text: "second" }]);
  assert.match(made, /^<documents count="2">\n<document index="1" title="A &quot;q&quot; &lt;b&gt;&amp; " url="https:\/\/a\.test\/\?a=1&amp;b=2" date="2026-01-01"><!\[CDATA\[\nend /);
  assert.equal(made.split("<![CDATA[").length - 1, made.split("]]>").length - 1);
  assert.doesNotMatch(made, /\u0000|\ud800/);
  assert.equal(made.match(/<document /g).length, 2);
});

test("only the provenance on top is taken off", () => {
  assert.equal(withoutHead("---\na: 1\n---\n\n# T\n\n---\n\nrest"), "# T\n\n---\n\nrest");
  assert.equal(withoutHead("# T\n\n---\na\n---\n"), "# T\n\n---\na\n---\n");
});

test("names of files", () => {
  assert.equal(fileName("Émile: ../../etc/passwd?"), "emile-etc-passwd.md");
  assert.equal(fileName("日本語 ページ"), "日本語-ページ.md");
  assert.equal(fileName("///"), "page.md");
});

test("repositories are known by their address", () => {
  const cases = {
    "https://github.com/acme/kite": "repository", "https://www.github.com/acme/kite/tree/main/src": "folder", "https://github.com/acme/kite/blob/main/a.py#L3": "file",
    "https://github.com/acme/kite/pull/12/files": "pull", "https://github.com/acme/kite/issues/3": "issue", "https://github.com/acme/kite/commit/abc": "commit",
    "https://gitlab.com/group/sub/kite": "repository", "https://gitlab.com/group/sub/kite/-/tree/main": "folder", "https://gitlab.com/group/kite/-/merge_requests/4": "pull",
    "https://bitbucket.org/acme/kite/src/main/a": "folder", "https://codeberg.org/acme/kite/src/branch/main": "folder", "https://codeberg.org/acme/kite/pulls/4": "pull",
  };
  for (const [url, part] of Object.entries(cases)) assert.equal(targetOf(url)?.part, part, url);
  for (const url of ["https://github.com/", "https://github.com/acme", "https://github.com/settings/profile", "https://github.com/acme/kite/settings", "https://github.com/acme/kite/issues",
                     "https://github.com.evil.test/acme/kite", "https://evil.test/github.com/acme/kite", "https://github.com:444/acme/kite", "ftp://github.com/a/b", "not an address",
                     "https://gitlab.com/explore/projects", "https://github.com/acme/kite/pull/new"]) assert.equal(targetOf(url), null, url);
  assert.equal(targetOf("https://github.com/acme/kite?tab=readme#top").url, "https://github.com/acme/kite");
});

test("a run's events come to what the panel shows", () => {
  const events = [
    ["started", { limits: { pages: 14 } }], ["planned", { plan: { items: [{ id: "q1", text: "one" }] } }], ["waiting", { for_what: "plan" }],
    ["lane", { lane: "q1", doing: "reading" }], ["kept", { title: "P" }], ["writing", { model: "m" }], ["draft", { markdown: "Hel" }], ["draft", { markdown: "lo" }],
    ["hologram", { from: "a newer server" }], ["constructor", {}],
  ];
  let state = begun();
  const states = events.map(([kind, data]) => { state = after(state, { kind, data }); return state; });
  assert.equal(states[2].state, "waiting");
  assert.equal(states[3].state, "working");
  assert.equal(state.draft, "Hello");
  assert.equal(after(state, { kind: "writing", data: {} }).draft, "");
  const done = after(state, { kind: "answered", data: { answer: { claims: [{ text: "x" }], not_found: ["y"], mode: "model", stopped_by: "done" } } });
  assert.deepEqual([done.state, done.pages, done.claims.length, done.not_found], ["done", 1, 1, ["y"]]);
  for (let n = 0; n < 1000; n += 1) state = after(state, { kind: "kept", data: { title: `${n}` } });
  assert.ok(state.steps.length <= 200);
});
