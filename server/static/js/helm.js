// The human's end of the leash: sends a control without leaving the page, and puts what it changed into its place.
import { settle } from "./morph.js";
import { changed } from "./stream.js";

const AWAY = "Leash does not answer. Is it still running? Nothing is lost; try again when it is back.";

/** Wire every form of the helm, those that are drawn later too. */
export function takeHelm(main) {
  const say = main.querySelector("[data-say]");
  main.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-helm]");
    if (!form) return;
    event.preventDefault();
    if (!form.hasAttribute("aria-busy")) send(main, form, event.submitter, say);
  });
}

async function send(main, form, submitter, say) {
  const place = form.querySelector("[data-trouble]") ?? main.querySelector("[data-helm-trouble]");
  const body = new URLSearchParams(new FormData(form, submitter));
  form.setAttribute("aria-busy", "true");
  place.textContent = "";
  try {
    const reply = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const told = await reply.json().catch(() => ({ trouble: AWAY }));
    if (told.trouble) place.textContent = told.trouble;
    else {
      if (told.seen >= Number(main.dataset.seen ?? 0)) say.textContent = told.said; // else what came of it has been told already
      forget(form);
      await show(main, told);
    }
  } catch {
    place.textContent = AWAY;
  }
  form.removeAttribute("aria-busy");
}

/** What was sent is the server's now: the form may be drawn anew. */
function forget(form) {
  form.dispatchEvent(new Event("leash-sent", { bubbles: true }));
  if (form.matches("[data-steer]")) form.reset();
}

/** What the stream has drawn meanwhile may be newer than the reply; then the reply is asked for again. */
async function show(main, told, again = 3) {
  if (again && told.seen < Number(main.dataset.seen ?? 0)) {
    const reply = await fetch(main.dataset.parts);
    if (reply.ok) await show(main, await reply.json(), again - 1);
    return;
  }
  for (const [name, html] of Object.entries(told.parts)) {
    const slot = main.querySelector(`[data-slot="${name}"]`);
    settle(slot, html);
    changed(main, slot);
  }
}

/** The time that is left until the run goes on by itself, told each second where a page shows it. */
export function countDown(main) {
  const tick = () => main.querySelectorAll("time[data-until]").forEach((time) => {
    const words = left((new Date(time.dateTime) - Date.now()) / 1000);
    if (time.textContent !== words) time.textContent = words;
  });
  tick();
  setInterval(tick, 1000);
  main.addEventListener("leash-drawn", tick);
}

function left(seconds) {
  if (Number.isNaN(seconds)) return "by itself";
  if (seconds <= 0) return "any moment now";
  if (seconds < 3600) return `in ${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const hours = Math.round(seconds / 3600);
  return hours < 48 ? `in ${hours} hour${hours === 1 ? "" : "s"}` : `in ${Math.round(hours / 24)} days`;
}

/** A notification when the run waits for its human or is over, if that was wished and the page is out of sight. */
export function ring(main) {
  if (!("Notification" in window)) return;
  const key = `leash-bell-${main.dataset.run}`;
  const stored = (name, value) => {
    try { return value === undefined ? sessionStorage.getItem(name) : sessionStorage.setItem(name, value); } catch { return null; }
  };
  if (stored("leash-bell-next") === "1") { stored(key, "1"); stored("leash-bell-next", ""); }
  const draw = () => main.querySelectorAll("[data-bell]").forEach((bell) => {
    const is = stored(key) === "1" && Notification.permission === "granted";
    bell.hidden = Notification.permission === "denied";
    bell.setAttribute("aria-pressed", String(is));
    bell.querySelector("[data-bell-word]").textContent = is ? "You will be told" : "Tell me when it needs me or is done";
  });
  main.addEventListener("click", async (event) => {
    if (!event.target.closest("[data-bell]")) return;
    const wants = stored(key) !== "1";
    if (wants && Notification.permission === "default") await Notification.requestPermission();
    stored(key, wants ? "1" : "");
    draw();
  });
  main.addEventListener("leash-drawn", (event) => { if (event.detail === "rail") draw(); });
  main.addEventListener("leash-phase", (event) => {
    if (!event.detail || !document.hidden || stored(key) !== "1" || Notification.permission !== "granted") return;
    const note = new Notification(event.detail, { body: main.querySelector("h1").textContent, tag: key });
    note.addEventListener("click", () => { window.focus(); note.close(); });
  });
  draw();
}
