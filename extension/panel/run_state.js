/** What a run's events come to, for the panel: pure, an event at a time. */

/** @typedef {{n: number, url: string, title: string, quote: string, site: string, date: string, page_sha256: string}} Citation */
/** @typedef {{text: string, support: string, citations: Citation[], reason: string}} Claim */
/** @typedef {{id: string, text: string}} Item */
/**
 * @typedef {{state: "working" | "waiting" | "done" | "failed", plan: Item[], lanes: Record<string, string>, steps: string[][],
 *   draft: string, claims: Claim[], not_found: string[], mode: string, stopped: string, pages: number, found: Citation[],
 *   fault: string, used: Record<string, number>, limits: Record<string, number>}} RunState
 */

const MOST_STEPS = 200;

/** @returns {RunState} */
export const begun = () => ({ state: "working", plan: [], lanes: {}, steps: [], draft: "", claims: [], not_found: [], mode: "",
                              stopped: "", pages: 0, found: [], fault: "", used: {}, limits: {} });

/**
 * How each kind of event changes the state. `steps` are pairs of a message's name in `_locales` and its words.
 * @type {Record<string, (state: RunState, data: any) => Partial<RunState>>}
 */
const HEARD = {
  started: (_state, data) => ({ state: "working", limits: data.limits ?? {} }),
  searching: (state, data) => step(state, "run_searching", (data.wordings ?? []).join(" · ")),
  reading: (state, data) => step(state, "run_reading", data.title || data.url),
  kept: (state, data) => ({ pages: state.pages + 1, ...step(state, "run_kept", data.title || data.url) }),
  dropped: (state, data) => step(state, "run_dropped", data.url, data.reason),
  trouble: (state, data) => step(state, "run_trouble", data.subject, data.message),
  planned: (_state, data) => ({ state: "working", plan: data.plan?.items ?? [] }),
  waiting: (_state, data) => ({ state: "waiting", stopped: data.for_what }),
  lane: (state, data) => ({ state: "working", lanes: { ...state.lanes, [data.lane]: data.doing } }),
  found: (_state, data) => ({ found: data.citations ?? [] }),
  gauge: (_state, data) => ({ used: data.used ?? {}, limits: data.limits ?? {} }),
  writing: () => ({ state: "working", draft: "" }),
  draft: (state, data) => ({ draft: state.draft + data.markdown }),
  checking: (state, data) => step(state, "run_checking", String(data.done), String(data.of)),
  answered: (_state, { answer }) => ({ state: "done", claims: answer.claims ?? [], not_found: answer.not_found ?? [], mode: answer.mode, stopped: answer.stopped_by, draft: "", used: answer.used ?? {} }),
  failed: (_state, data) => ({ state: "failed", fault: [data.message, data.advice].filter(Boolean).join(" ") }),
};

/** @param {RunState} state @param {{kind: string, data: any}} event @returns {RunState} */
export function after(state, { kind, data }) {
  const change = Object.hasOwn(HEARD, kind) ? HEARD[kind](state, data) : {}; // a newer server's kinds are passed over
  return { ...state, ...change };
}

/** @param {RunState} state @param {...string} words */
function step(state, ...words) {
  return { state: /** @type {const} */ ("working"), steps: [...state.steps, words].slice(-MOST_STEPS) };
}
