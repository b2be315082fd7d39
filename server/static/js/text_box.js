// The box for an address: says that it is reading while the page is awaited, and is ready again when one comes back.
const form = document.querySelector("[data-read]");
const go = form.querySelector("[data-go]");
const word = go.querySelector("span");
const say = form.querySelector("[data-say]");

function busy(is) {
  form.toggleAttribute("aria-busy", is);
  go.disabled = is;
  word.textContent = is ? "Reading" : "Read";
  say.textContent = is ? "Reading the page." : "";
}

form.addEventListener("submit", () => busy(true));
addEventListener("pageshow", () => busy(false));
if (!form.querySelector("input").value) form.querySelector("input").focus();
