// The question box: grows, asks on Enter, and keeps what was typed until it has been asked.
const form = document.querySelector("[data-ask]");
const box = form.querySelector("textarea");
const trouble = form.querySelector("#ask-trouble");
const go = form.querySelector("[data-go]");
const DRAFT = "leash-draft";

const memory = {
  get: () => { try { return sessionStorage.getItem(DRAFT) || ""; } catch { return ""; } },
  set: (text) => { try { sessionStorage.setItem(DRAFT, text); } catch { /* a private window forgets */ } },
};

function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

function tell(sentence) {
  trouble.textContent = sentence;
  box.toggleAttribute("aria-invalid", Boolean(sentence));
  if (sentence) box.focus();
}

const isLater = () => form.querySelector("input[name=depth]:checked").hasAttribute("data-later");

/** The limits of another depth are not sent, and what is wrong with them keeps nobody from asking. */
function fit() {
  const depth = form.querySelector("input[name=depth]:checked").value;
  form.querySelectorAll(".limit-set").forEach((set) => {
    set.querySelectorAll("input, select").forEach((field) => { field.disabled = set.dataset.depth !== depth; });
  });
  go.disabled = isLater();
}

/** Sends the form; the reply names the run's page, or says in a sentence what was wrong. */
async function ask(submitter) {
  go.disabled = true;
  form.setAttribute("aria-busy", "true");
  const body = new URLSearchParams(new FormData(form, submitter));
  try {
    const reply = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const { url, trouble: said } = await reply.json().catch(() => ({}));
    if (url) {
      memory.set("");
      location.assign(url);
      return;
    }
    tell(said || "Leash could not take the question. It is still in the box; try again, or reload the page first.");
  } catch {
    tell("Leash does not answer. Is it still running? Your question is still in the box; ask again when it is back.");
  }
  form.removeAttribute("aria-busy");
  fit();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (form.hasAttribute("aria-busy")) return;
  if (isLater() && !event.submitter?.matches("[data-example]")) {
    tell("This depth is not there yet. Shorten the leash to quick search, and ask.");
    return;
  }
  tell("");
  ask(event.submitter);
});

box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
box.addEventListener("input", () => { memory.set(box.value); grow(); });
form.addEventListener("change", fit);
form.addEventListener("invalid", (event) => event.target.closest("details")?.setAttribute("open", ""), true); // else nothing would be seen
addEventListener("pageshow", () => { form.removeAttribute("aria-busy"); fit(); });

/** Changed limits change the estimate; limits that cannot be are said at once. */
async function estimate(event) {
  const set = event.target.closest(".limit-set");
  const place = set?.querySelector("[data-estimate]");
  if (!place || !event.target.matches("input[type=number]")) return;
  const asked = new URLSearchParams([...new FormData(form)].filter(([name]) => name.startsWith(`${set.dataset.depth}.`) || name === "writer"));
  asked.set("depth", set.dataset.depth);
  try {
    const reply = await fetch(`/estimate?${asked}`);
    const bad = !event.target.validity.valid || !reply.ok;
    event.target.toggleAttribute("aria-invalid", bad);
    if (reply.ok) place.textContent = await reply.text();
    else if (bad) place.textContent = `From ${event.target.min} to ${event.target.max} on this server.`;
  } catch { /* the estimate stays as it was; asking will say what is wrong */ }
}
form.addEventListener("change", estimate);

const bell = form.querySelector("[data-bell-next]");
if ("Notification" in window && Notification.permission !== "denied") form.querySelector("[data-bell-choice]").hidden = false;
bell?.addEventListener("change", async () => {
  if (bell.checked && Notification.permission === "default") bell.checked = (await Notification.requestPermission()) === "granted";
  try { sessionStorage.setItem("leash-bell-next", bell.checked ? "1" : ""); } catch { /* a private window forgets */ }
});

/** A page that is given can be left out without losing what was typed; with the last one go the choices that it brought. */
form.addEventListener("click", (event) => {
  const off = event.target.closest("[data-off]");
  if (!off) return;
  event.preventDefault();
  const chip = off.closest(".chip");
  const next = chip.nextElementSibling || chip.previousElementSibling;
  chip.remove();
  const left = [...form.querySelectorAll("input[name=given]")];
  if (!left.some((one) => one.value.startsWith("capture:"))) form.querySelector("[data-hosted]")?.remove();
  if (!left.length) form.querySelectorAll("[data-given], [data-use]").forEach((one) => one.remove());
  const search = new URLSearchParams(left.map((one) => ["given", one.value]));
  history.replaceState(null, "", left.length ? `/?${search}` : "/");
  (next?.querySelector("[data-off]") || box).focus();
});

if (!box.value) box.value = memory.get();
grow();
fit();
