import assert from "node:assert/strict";
import test from "node:test";

import { addressOf, Leash } from "../../../extension/api.js";
import { fakeLeash, json } from "./fake_leash.mjs";

const CAPTURE = { id: "c1", url: "https://a.test/", title: "A", text: "# A", tokens: 2, exact: true, notes: [], runs: [], receipt: {} };
const TAKEN = { url: "https://a.test/", title: "A", html: "<p>a", selection: false, captured_at: "2026-11-26T10:00:00Z" };

/** Runs `work` against a fake that answers so. */
async function against(answer, work) {
  const fake = await fakeLeash(answer);
  try { return await work(new Leash(fake.address, "lsh_1"), fake); } finally { await fake.close(); }
}

const fails = (work, code) => assert.rejects(work, (fault) => { assert.equal(fault.code, code); return true; });

test("an address is made whole, or refused", () => {
  assert.equal(addressOf("127.0.0.1:8765"), "http://127.0.0.1:8765");
  assert.equal(addressOf(" https://team.test/leash/ "), "https://team.test/leash");
  assert.equal(addressOf("team.test"), "https://team.test");
  assert.equal(addressOf("[::1]:80"), "http://[::1]");
  for (const wrong of ["", "ftp://a.test", "javascript:alert(1)", "http://u:p@a.test", "http://"]) assert.throws(() => addressOf(wrong), { code: "address" });
});

test("a capture is sent with the token and nothing that is only ours", () => against(
  (asked, reply) => json(reply, 201, CAPTURE), async (leash, fake) => {
    assert.equal((await leash.capture({ ...TAKEN, left: {}, window: 3 })).text, "# A");
    const [asked] = fake.heard;
    assert.equal(asked.headers.authorization, "Bearer lsh_1");
    assert.equal(asked.headers.cookie, undefined);
    assert.deepEqual(Object.keys(asked.body).sort(), Object.keys(TAKEN).sort());
  }));

test("faults are told apart", async () => {
  const cases = [
    [(_, reply) => json(reply, 401, { code: "unpaired", detail: "x" }), "unpaired"],
    [(_, reply) => json(reply, 401, { detail: "x" }), "unpaired"],
    [(_, reply) => json(reply, 422, { code: "no-text", detail: "A wall." }), "no-text"],
    [(_, reply) => json(reply, 503, { code: "no-worker", detail: "x" }), "no-worker"],
    [(_, reply) => json(reply, 503, { detail: "x" }), "busy"],
    [(_, reply) => json(reply, 400, { detail: "x" }), "refused"],
    [(_, reply) => json(reply, 201, { id: "c1" }), "strange"],
    [(_, reply) => json(reply, 201, { ...CAPTURE, tokens: "many" }), "strange"],
    [(_, reply) => reply.writeHead(200, { "Content-Type": "text/html" }).end("<h1>router</h1>"), "strange"],
    [(_, reply) => reply.writeHead(404, { "Content-Type": "text/html" }).end("<h1>none</h1>"), "strange"],
    [(_, reply) => reply.writeHead(502, { "Content-Type": "text/html" }).end("<h1>bad gateway</h1>"), "down"],
    [(_, reply) => reply.writeHead(200, { "Content-Type": "application/json" }).end('{"id": "c1", "te'), "strange"],
    [(_, reply) => reply.writeHead(302, { Location: "https://login.test/" }).end(), "down"],
    [(_, reply) => reply.destroy(), "down"],
  ];
  for (const [answer, code] of cases) await against(answer, (leash) => fails(leash.capture(TAKEN), code));
  await fails(new Leash("http://127.0.0.1:9").capture(TAKEN), "down");
});

test("a server that does not answer is given up in time", () => against(
  () => {}, (leash) => fails(leash.json("/api/hello", { seconds: 0.1 }), "slow")));

test("the server's own sentence is kept, with what to do next and the hosts that it names", () => against(
  (_, reply) => json(reply, 400, { code: "hosted-model", detail: "It is elsewhere.", next: "Allow it.", hosts: ["api.test"] }),
  (leash) => assert.rejects(leash.ask({ question: "?" }), { code: "hosted-model", detail: "It is elsewhere. Allow it.", hosts: ["api.test"] })));

test("hello tells an older and a newer server from what is no Leash", async () => {
  for (const [said, code] of [[{ leash: "0.0.1", api: 0 }, "too-old-server"], [{ leash: "9", api: 2 }, "too-old-button"], [{ hello: "world" }, "strange"]]) {
    await against((_, reply) => json(reply, 200, said), (leash) => fails(leash.hello(), code));
  }
});

test("events resume after a broken line by the last id, and end with the run", async () => {
  let lines = 0;
  await against((asked, reply) => {
    lines += 1;
    reply.writeHead(200, { "Content-Type": "text/event-stream" });
    reply.write("retry: 10\n\n");
    if (lines === 1) reply.write('id: 1\nevent: started\ndata: {"n": 1}\n\nid: 2\nevent: kept\ndata: {"n"', () => setTimeout(() => reply.destroy(), 30));
    else if (lines === 2) reply.end('id: 2\nevent: kept\ndata: {"n": 2}\n\n');
    else reply.end("event: end\ndata: {}\n\n");
  }, async (leash, fake) => {
    const seen = [];
    for await (const event of leash.events("r1", new AbortController().signal)) seen.push([event.kind, event.data.n]);
    assert.deepEqual(seen, [["started", 1], ["kept", 2]]);
    assert.deepEqual(fake.heard.map((asked) => asked.headers["last-event-id"]), [undefined, "1", "2"]);
  });
});

test("an event stream that is refused says so at once", () => against(
  (_, reply) => json(reply, 401, { code: "unpaired", detail: "x" }), async (leash, fake) => {
    await fails((async () => { for await (const _ of leash.events("r1", new AbortController().signal)); })(), "unpaired");
    assert.equal(fake.heard.length, 1);
  }));

test("a tree is read from the beginning of a repository's JSON, and the rest is not waited for", () => against(
  (_, reply) => {
    reply.writeHead(200, { "Content-Type": "application/json; charset=utf-8" });
    reply.write('{"name": "a/b \\"], \\"files\\": [", "files": 2, "notes": [], "tree": [{"path": "x.py", "tokens": 3},\n');
    setTimeout(() => reply.write('{"path": "y.png", "tokens": null}], "files": ['), 20); // and never ends
  }, async (leash, fake) => {
    const head = await leash.tree({ url: "https://github.com/a/b", include: ["src/*"], exclude: [], tokens: 10 });
    assert.deepEqual(head.tree.map((file) => file.path), ["x.py", "y.png"]);
    assert.match(fake.heard[0].path, /include=src%2F\*/);
    assert.doesNotMatch(fake.heard[0].path, /tokens=/);
  }));

test("too many patterns are refused before they are sent", () => against(
  (_, reply) => json(reply, 200, {}), (leash) => fails(leash.text({ url: "https://github.com/a/b", include: Array.from({ length: 400 }, (_, n) => `src/file${n}.py`), exclude: [], tokens: null }), "too-many-patterns")));
