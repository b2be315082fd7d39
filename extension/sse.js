/** Server-sent events from a stream of text, as the HTML standard reads them. */

/** @typedef {{event: string, data: string, id: string}} Message */

/** Feed it text as it comes; `lastId` is what to resume with, `retry` the milliseconds the server asks to wait. */
export class SseParser {
  rest = "";
  lastId = "";
  retry = 0;
  /** @type {string[]} */
  data = [];
  event = "";
  id = "";

  /** @param {string} text @returns {Message[]} */
  feed(text) {
    // a lone \r at the end may be the first half of \r\n
    const whole = this.rest + text;
    const held = whole.endsWith("\r") ? 1 : 0;
    const lines = whole.slice(0, whole.length - held).split(/\r\n|\r|\n/);
    this.rest = (lines.pop() ?? "") + (held ? "\r" : "");
    return lines.flatMap((line) => this.line(line));
  }

  /** @param {string} line @returns {Message[]} */
  line(line) {
    if (line === "") return this.dispatch();
    const [, field, value] = /^([^:]*)(?:: ?([\s\S]*))?$/.exec(line) ?? [];
    if (field === "data") this.data.push(value ?? "");
    else if (field === "event") this.event = value ?? "";
    else if (field === "id" && !value?.includes("\0")) this.id = value ?? "";
    else if (field === "retry" && /^\d+$/.test(value ?? "")) this.retry = Number(value);
    return [];
  }

  dispatch() {
    this.lastId = this.id;
    const message = { event: this.event || "message", data: this.data.join("\n"), id: this.lastId };
    const some = this.data.length > 0;
    this.data = [];
    this.event = "";
    return some ? [message] : [];
  }
}
