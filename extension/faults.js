/**
 * What can go wrong, by a short stable code; the words for each stand in `_locales` as `fault_CODE`.
 * `detail` is the server's own sentence, shown in place of ours where it knows better.
 */
export class Fault extends Error {
  /** @param {string} code @param {{detail?: string, hosts?: string[], after?: number}} [more] */
  constructor(code, more = {}) {
    super(more.detail || code);
    this.code = code;
    this.detail = more.detail ?? "";
    this.hosts = more.hosts ?? [];
    this.after = more.after ?? 0;
  }

  /** @returns {FaultRecord} */
  toJSON() {
    return { code: this.code, detail: this.detail };
  }
}

/** @typedef {{code: string, detail: string}} FaultRecord */

/** What the server can never take, whenever it is sent; all else is kept and sent again. */
const HOPELESS = new Set(["no-text", "too-large", "refused"]);

/** @param {Fault} fault */
export const isHopeless = (fault) => HOPELESS.has(fault.code);

/** The fault as which an error is told; what is no Fault is a mistake of ours, and is thrown on. @param {unknown} error */
export function faultOf(error) {
  if (error instanceof Fault) return error;
  throw error;
}
