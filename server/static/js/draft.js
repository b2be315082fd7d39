// What is typed for a run and not sent yet: kept in this browser until it is, so that neither a reload nor a plan that is drawn
// anew, because the run went on by itself, loses a word.
import { keep, recall } from "./memory.js";

const OF_ROW = ["text", "done_when"];
const field = (row, name) => row.querySelector(`[name=${name}]`);
const rowsOf = (form) => [...form.querySelectorAll("[data-item]:not(.blank)")];
const answersOf = (form) => [...form.querySelectorAll("[name^='answer-']")];

/** A plan's draft: what its form holds now, and what the server had put there. */
export function draftOf(run) {
  const name = `leash-plan-${run}`;
  return {
    keep: (form) => keep(name, JSON.stringify(read(form))),
    forget: () => keep(name, null),
    /** Whether the form is now another than the server drew it. */
    restore(form, unfold) {
      const kept = parsed(recall(name));
      if (!kept) return false;
      const before = JSON.stringify(read(form));
      write(form, kept, unfold);
      return JSON.stringify(read(form)) !== before;
    },
  };
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return null; }
}

function read(form) {
  const rows = rowsOf(form).map((row) => ({
    key: field(row, "key").value,
    out: field(row, "drop").checked,
    words: OF_ROW.map((name) => [field(row, name).value, field(row, name).defaultValue]),
  }));
  return { rows, answers: answersOf(form).map((one) => [one.name, one.value, one.defaultValue]) };
}

/** What was changed takes the place of what the server has; what was left as it was stays as the server has it now. */
function write(form, kept, unfold) {
  const placed = kept.rows.map((was) => {
    const mine = was.words.some(([words, before]) => words !== before);
    const row = rowsOf(form).find((one) => field(one, "key").value === was.key) ?? (mine && fresh(form, unfold));
    if (!row) return null;
    was.words.forEach(([words, before], place) => { if (words !== before) field(row, OF_ROW[place]).value = words; });
    field(row, "drop").checked = was.out;
    return row;
  });
  form.querySelector("[data-items]").prepend(...placed.filter(Boolean));
  kept.answers.forEach(([name, words, before]) => {
    const answer = answersOf(form).find((one) => one.name === name);
    if (answer && words !== before) answer.value = words;
  });
}

function fresh(form, unfold) {
  const row = form.querySelector(".blank");
  unfold(row);
  return row;
}

/** The half of a wish that stands in the box. */
export function keepWish(main) {
  const name = `leash-wish-${main.dataset.run}`;
  const box = () => main.querySelector("[data-steer] [name=about]");
  const fill = () => { if (box() && !box().value) box().value = recall(name) ?? ""; };
  main.addEventListener("input", (event) => { if (event.target === box()) keep(name, box().value || null); });
  main.addEventListener("leash-sent", (event) => { if (event.target.matches("[data-steer]")) keep(name, null); });
  main.addEventListener("leash-drawn", (event) => { if (event.detail === "steer") fill(); });
  fill();
}
