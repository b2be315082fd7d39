// The plan's form: rows move by button, by Alt and arrow, and by the hand; what was changed and not saved is not drawn over,
// and while somebody is at it the plan waits for them.
import { draftOf } from "./draft.js";

const AT_WORK_EVERY = 10000;
const KEYS = { ArrowUp: -1, ArrowDown: 1 };

/** Wire the plan's form, drawn now or later. */
export function editPlans(main) {
  const say = main.querySelector("[data-say]");
  const draft = draftOf(main.dataset.run);
  const ready = () => main.querySelectorAll("form[data-plan]").forEach((form) => {
    if (!form.hasAttribute("data-on")) makeReady(form, say, draft);
    if (!form.hasAttribute("data-mine")) tidy(form);
  });
  main.addEventListener("leash-drawn", (event) => { if (event.detail === "plan") ready(); });
  ready();
}

/** Tells the server that somebody is at work on the plan it asks about; it is told now and then, and may not be there. */
function tellOfWork() {
  let next = 0;
  return (form) => {
    if (!form.dataset.atWork || Date.now() < next) return;
    next = Date.now() + AT_WORK_EVERY;
    fetch(form.dataset.atWork, { method: "POST" }).catch(() => {});
  };
}

/** As it is before anything is changed: nothing to save, and rows to be held. */
function tidy(form) {
  form.querySelector("[data-save]").hidden = true;
  form.querySelectorAll("[data-grip]").forEach((grip) => { grip.hidden = false; });
}

function makeReady(form, say, draft) {
  const list = form.querySelector("[data-items]");
  const atWork = tellOfWork();
  const mark = (kept) => {
    form.setAttribute("data-mine", "");
    form.querySelector("[data-plan-say]").hidden = false;
    form.querySelector("[data-plan-kept]").hidden = !kept;
    form.querySelector("[data-save]").hidden = false;
  };
  const dirty = () => {
    mark(draft.keep(form));
    atWork(form);
  };
  form.setAttribute("data-on", "");
  form.addEventListener("input", (event) => {
    const item = event.target.closest(".item.blank");
    if (item && event.target.name === "text") unfold(list, item);
    dirty();
  });
  form.addEventListener("keydown", (event) => {
    const item = event.target.closest("[data-item]");
    if (!item) return;
    if (event.key === "Enter" && event.target.matches("textarea") && !event.isComposing) event.preventDefault();
    if (event.altKey && event.key in KEYS) {
      event.preventDefault();
      if (move(list, item, KEYS[event.key], say)) dirty();
      event.target.focus();
    }
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=move]");
    if (!button) return;
    event.preventDefault();
    if (move(list, button.closest("[data-item]"), button.value.startsWith("up") ? -1 : 1, say)) dirty();
    button.focus();
  });
  form.addEventListener("leash-sent", () => {
    form.removeAttribute("data-mine");
    draft.forget();
  });
  drag(list, dirty);
  if (draft.restore(form, (blank) => unfold(list, blank))) {
    mark(true);
    form.closest("details")?.setAttribute("open", "");
  }
}

const rows = (list) => [...list.querySelectorAll("[data-item]:not(.blank)")];

function move(list, item, by, say) {
  const all = rows(list);
  const there = all.indexOf(item) + by;
  if (!all.includes(item) || there < 0 || there >= all.length) return false;
  if (by < 0) all[there].before(item);
  else all[there].after(item);
  say.textContent = `Moved to place ${there + 1} of ${all.length}.`;
  return true;
}

/** A blank row that is written in becomes one of the plan, and another blank one follows it. */
function unfold(list, item) {
  const next = item.cloneNode(true);
  const key = `new${rows(list).length + 2}-${list.children.length}`;
  next.id = `item-${key}`;
  next.querySelector("[name=key]").value = key;
  next.querySelectorAll("textarea").forEach((field) => { field.value = ""; });
  next.querySelectorAll("[name=move]").forEach((button) => { button.value = `${button.value.split(":")[0]}:${key}`; });
  next.querySelector("[name=drop]").value = key;
  item.classList.remove("blank");
  list.append(next);
}

function drag(list, dirty) {
  let held = null;
  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || grip.closest(".blank")) return;
    held = grip.closest("[data-item]");
    held.classList.add("held");
    list.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  list.addEventListener("pointermove", (event) => {
    if (!held) return;
    const over = rows(list).find((row) => row !== held && within(row, event.clientY));
    if (!over) return;
    const down = rows(list).indexOf(over) > rows(list).indexOf(held);
    if (down) over.after(held);
    else over.before(held);
    dirty();
  });
  const drop = () => { held?.classList.remove("held"); held = null; };
  list.addEventListener("pointerup", drop);
  list.addEventListener("pointercancel", drop);
}

function within(row, y) {
  const { top, bottom } = row.getBoundingClientRect();
  const quarter = (bottom - top) / 4;
  return y > top + quarter && y < bottom - quarter;
}
