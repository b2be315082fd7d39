/** The only file that talks to the server. Every call ends in time and throws a Fault, never another error. */

import { Fault } from "./faults.js";
import { SseParser } from "./sse.js";

export const API = 1;
const SECONDS = 20;
const READ_SECONDS = 120;
const MOST_TRIES = 6;
const QUIET_SECONDS = 45; // the server gives a sign of life more often

/** @typedef {{id: string, name: string, origin: string, created_at: string}} Device */
/** @typedef {{name: string, host: string, local: boolean}} Model */
/** @typedef {{leash: string, api: number, paired: boolean, device?: Device, models?: Model[]}} Hello */
/**
 * @typedef {{id: string, url: string, title: string, site: string, author: string, date: string, language: string, kind: string,
 *   captured_at: string, selection: boolean, saved: boolean, tokens: number, exact: boolean, text: string,
 *   notes: string[], receipt: Record<string, any>, runs: string[]}} Capture
 */
/** @typedef {{url: string, title: string, html: string, selection: boolean, captured_at: string}} Taken */
/** @typedef {{text: string, quote: string}} Quoted */
/** @typedef {{state: "working" | "done" | "failed", summary: Quoted[], questions: Quoted[], by: string, note: string}} Brief */
/** @typedef {{capture: string} | {url: string}} Context */
/** @typedef {{question: string, depth: string, context: Context[], web: boolean, hosted: boolean, model?: boolean}} Asked */
/** @typedef {{path: string, kind?: string, tokens: number | null}} TreeFile */
/** @typedef {{name: string, commit: string, date: string, files: number, tokens_estimated: number, languages: Record<string, number>,
 *   licence: string, notes: string[], tree: TreeFile[]}} RepositoryHead */
/** @typedef {{url: string, include: string[], exclude: string[], tokens: number | null}} RepositoryWish */
/** @typedef {{method?: string, body?: unknown, seconds?: number, signal?: AbortSignal, headers?: Record<string, string>}} Call */

/**
 * An address as it was typed, made whole: https where none is named, http on this machine.
 * @param {string} typed
 */
export function addressOf(typed) {
  const trimmed = typed.trim();
  const local = /^(localhost|127\.|\[::1\])/i.test(trimmed);
  try {
    const url = new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(trimmed) ? trimmed : `${local ? "http" : "https"}://${trimmed}`);
    if (!/^https?:$/.test(url.protocol) || url.username || url.password) throw new Fault("address");
    return (url.origin + url.pathname).replace(/\/+$/, "");
  } catch {
    throw new Fault("address");
  }
}

export class Leash {
  /** @param {string} address @param {string} token "" before pairing */
  constructor(address, token = "") {
    this.address = address;
    this.token = token;
  }

  /** @returns {Promise<Hello>} */
  async hello() {
    const said = await this.json("/api/hello", { seconds: 8 });
    if (typeof said.leash !== "string" || !Number.isInteger(said.api)) throw new Fault("strange");
    if (said.api < API) throw new Fault("too-old-server");
    if (said.api > API) throw new Fault("too-old-button");
    return said;
  }

  /** @param {string} code @param {string} name @param {string} version @returns {Promise<{token: string, device: Device}>} */
  async pair(code, name, version) {
    const made = await this.json("/api/pair", { method: "POST", body: { code, name, version } });
    if (typeof made.token !== "string" || typeof made.device?.id !== "string") throw new Fault("strange");
    return made;
  }

  /** @param {Taken} taken @returns {Promise<Capture>} */
  async capture({ url, title, html, selection, captured_at }) {
    const made = await this.json("/api/captures", { method: "POST", body: { url, title, html, selection, captured_at }, seconds: READ_SECONDS });
    return whole(made);
  }

  /** @param {string} id @returns {Promise<Capture>} */
  async kept(id) { return whole(await this.json(`/api/captures/${id}`)); }
  /** @param {string} id */
  save(id) { return this.json(`/api/captures/${id}/save`, { method: "POST" }); }
  /** @param {string} id */
  forget(id) { return this.json(`/api/captures/${id}`, { method: "DELETE" }); }
  /** @param {string} id @param {boolean} hosted whether a model elsewhere may see the page for it */
  askBrief(id, hosted) { return this.json(`/api/captures/${id}/brief`, { method: "POST", body: { hosted } }); }
  /** @param {string} id @returns {Promise<Brief>} */
  brief(id) { return this.json(`/api/captures/${id}/brief`); }

  /** @returns {Promise<{depths: {depth: string, title: string, purpose: string, limits: Record<string, number>}[]}>} */
  depths() { return this.json("/api/depths"); }
  /** @param {Asked} asked @returns {Promise<{id: string}>} */
  async ask(asked) {
    const made = await this.json("/api/runs", { method: "POST", body: asked });
    if (typeof made.id !== "string") throw new Fault("strange");
    return made;
  }
  /** @param {string} id @returns {Promise<{id: string, status: string, waiting_for?: string, question: string}>} */
  run(id) { return this.json(`/api/runs/${id}`); }
  /** @param {string} id */
  stop(id) { return this.json(`/api/runs/${id}/stop`, { method: "POST" }); }
  /** @param {string} id */
  approve(id) { return this.json(`/api/runs/${id}/approve`, { method: "POST" }); }
  /** @param {string} id */
  pageOf(id) { return `${this.address}/runs/${id}`; }

  /**
   * A run's events in order, from the first on; resumes by itself where the line breaks, and ends with the run.
   * @param {string} id @param {AbortSignal} signal
   * @returns {AsyncGenerator<{kind: string, data: any}>}
   */
  async *events(id, signal) {
    let lastId = "", tries = 0;
    while (tries < MOST_TRIES) {
      const parser = new SseParser();
      parser.id = lastId;
      try {
        for await (const text of this.pieces(`/api/runs/${id}/events`, { signal, headers: lastId ? { "Last-Event-ID": lastId } : {} })) {
          for (const message of parser.feed(text)) {
            if (message.event === "end") return;
            yield { kind: message.event, data: parsed(message.data) };
            lastId = message.id;
            tries = 0;
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Fault) || !["down", "slow", "busy"].includes(error.code)) throw error;
      }
      tries += 1;
      await pause(Math.min(8000, (parser.retry || 500) * tries), signal);
      if (signal.aborted) return;
    }
    throw new Fault("down");
  }

  /**
   * What a repository holds: its summary and tree, read from the beginning of its JSON; the files are not waited for.
   * @param {RepositoryWish} wish @returns {Promise<RepositoryHead>}
   */
  async tree(wish) {
    const enough = new AbortController();
    let text = "";
    for await (const piece of this.pieces(textPath({ ...wish, tokens: null }, "json"), { signal: enough.signal, seconds: READ_SECONDS })) {
      text += piece;
      // inside a JSON string a quote is escaped, so this can only be the frame
      const end = text.search(/\], ?"files": ?\[/);
      if (end < 0 && text.length < 40_000_000) continue;
      enough.abort();
      return treeHead(parsed(`${text.slice(0, end)}]}`));
    }
    return treeHead(parsed(text));
  }

  /** A repository's text as Markdown. @param {RepositoryWish} wish @param {AbortSignal} [signal] */
  async text(wish, signal) {
    let text = "";
    for await (const piece of this.pieces(textPath(wish, "markdown"), { signal, seconds: READ_SECONDS })) text += piece;
    return text;
  }

  /** An address that the server fetches itself, as a PDF's. @param {string} url */
  readAddress(url) {
    return this.json(`/api/text?${new URLSearchParams({ url, format: "json" })}`, { seconds: READ_SECONDS });
  }

  // ------------------------------------------------------------ the wire

  /** @param {string} path @param {Call} [call] @returns {Promise<any>} */
  async json(path, call = {}) {
    const reply = await this.send(path, call);
    if (reply.status === 204) return {};
    if (!/\bjson\b/.test(reply.headers.get("content-type") ?? "")) throw new Fault("strange");
    return parsed(await body(reply));
  }

  /** A reply's text as it comes. @param {string} path @param {Call} call @returns {AsyncGenerator<string>} */
  async *pieces(path, call) {
    const reply = await this.send(path, call);
    if (/\bhtml\b/.test(reply.headers.get("content-type") ?? "")) throw new Fault("strange");
    const reader = /** @type {ReadableStream<Uint8Array>} */ (reply.body).getReader();
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { done, value } = await inTime(reader.read(), QUIET_SECONDS * 1000);
        if (done) break;
        yield decoder.decode(value, { stream: true });
      }
      yield decoder.decode();
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw new Fault("down");
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /** @param {string} path @param {Call} call */
  async send(path, { method = "GET", body: given, seconds = SECONDS, signal, headers = {} }) {
    const clock = new AbortController();
    const timer = setTimeout(() => clock.abort(), seconds * 1000);
    try {
      const reply = await fetch(this.address + path, {
        method,
        headers: {
          ...headers, ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}),
          ...(given === undefined ? {} : { "Content-Type": "application/json" }),
        },
        body: given === undefined ? undefined : JSON.stringify(given),
        signal: signal ? AbortSignal.any([clock.signal, signal]) : clock.signal,
        credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
      });
      if (!reply.ok) throw await refusal(reply);
      return reply;
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw new Fault(clock.signal.aborted ? "slow" : "down");
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @param {RepositoryWish} wish @param {string} format */
function textPath(wish, format) {
  const query = new URLSearchParams({ url: wish.url, format });
  for (const pattern of wish.include) query.append("include", pattern);
  for (const pattern of wish.exclude) query.append("exclude", pattern);
  if (wish.tokens) query.set("tokens", String(wish.tokens));
  const path = `/api/text?${query}`;
  if (path.length > 3800) throw new Fault("too-many-patterns");
  return path;
}

/** @param {any} made @returns {Capture} */
function whole(made) {
  if (typeof made?.id !== "string" || typeof made.text !== "string" || !Number.isFinite(made.tokens)) throw new Fault("strange");
  return { ...made, notes: Array.isArray(made.notes) ? made.notes : [], runs: Array.isArray(made.runs) ? made.runs : [] };
}

/** @param {any} head @returns {RepositoryHead} */
function treeHead(head) {
  if (typeof head?.name !== "string" || !Array.isArray(head.tree)) throw new Fault("strange");
  return { ...head, notes: head.notes ?? [], tree: head.tree.filter((/** @type {any} */ line) => typeof line?.path === "string") };
}

/** @param {Response} reply */
async function refusal(reply) {
  const isProblem = /\bjson\b/.test(reply.headers.get("content-type") ?? "");
  let problem = /** @type {any} */ ({});
  if (isProblem) problem = parsed(await body(reply));
  const detail = [problem.detail, problem.next].filter((part) => typeof part === "string" && part).join(" ");
  const more = { detail, hosts: problem.hosts ?? [], after: Number(reply.headers.get("retry-after")) || 0 };
  if (typeof problem.code === "string") return new Fault(problem.code, more);
  if (reply.status === 404 && !isProblem) return new Fault("strange");
  if (!isProblem) return new Fault(reply.status >= 500 ? "down" : "strange");
  return new Fault({ 401: "unpaired", 404: "not-found", 413: "too-large", 429: "busy", 503: "busy" }[reply.status] ?? "refused", more);
}

/** @param {Response} reply */
async function body(reply) {
  try {
    return await inTime(reply.text(), SECONDS * 1000);
  } catch (error) {
    throw error instanceof Fault ? error : new Fault("down");
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === "object") return value;
  } catch { /* told below */ }
  throw new Fault("strange");
}

/** @template T @param {Promise<T>} work @param {number} ms @returns {Promise<T>} */
function inTime(work, ms) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Fault("slow")), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
