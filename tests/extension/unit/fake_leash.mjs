/** A stand-in for the server: real HTTP on loopback, answers that a test chooses. */

import { createServer } from "node:http";

/** @param {(request: {method: string, path: string, headers: object, body: any}, reply: import("node:http").ServerResponse) => void} answer */
export async function fakeLeash(answer) {
  const heard = [];
  const server = createServer((request, reply) => {
    let text = "";
    request.on("data", (piece) => { text += piece; });
    request.on("end", () => {
      const asked = { method: request.method, path: request.url, headers: request.headers, body: text ? JSON.parse(text) : null };
      heard.push(asked);
      answer(asked, reply);
    });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    address: `http://127.0.0.1:${server.address().port}`, heard,
    close: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }),
  };
}

/** @param {import("node:http").ServerResponse} reply @param {number} status @param {object} body */
export function json(reply, status, body, headers = {}) {
  const kind = status >= 400 ? "application/problem+json" : "application/json";
  reply.writeHead(status, { "Content-Type": kind, ...headers }).end(JSON.stringify(body));
}
