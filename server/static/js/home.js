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

function fit() {
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
  if (box.value.trim()) form.requestSubmit();
});
box.addEventListener("input", () => { memory.set(box.value); grow(); });
form.addEventListener("change", fit);
addEventListener("pageshow", () => { form.removeAttribute("aria-busy"); fit(); });

if (!box.value) box.value = memory.get();
grow();
fit();
