// The box for an address: says what is done while the page is awaited and for how long, lets it be stopped, and is ready
// again when one comes back.
const form = document.querySelector("[data-read]");
const [go, say, seconds, stop] = ["go", "say", "seconds", "stop"].map((name) => form.querySelector(`[data-${name}]`));
const word = go.querySelector("span");
// from which second on, what is said: a plain page takes about one, a browser that draws it some more
const SAID = [
  [0, "Asking the site, and making text of what it sends."],
  [4, "It takes longer than most: the site is slow, it is large, or a browser has to draw it."],
  [15, "Still waiting. Leash gives up by itself before a minute is over; a large repository may take longer."],
];
let since = 0;
let ticking = 0;

function busy(is) {
  clearInterval(ticking);
  form.toggleAttribute("aria-busy", is);
  go.disabled = is;
  stop.hidden = !is;
  word.textContent = is ? "Reading" : "Read";
  seconds.textContent = say.textContent = "";
  if (!is) return;
  since = performance.now();
  ticking = setInterval(tell, 1000);
  tell();
}

function tell() {
  const passed = Math.floor((performance.now() - since) / 1000);
  const said = SAID.findLast(([from]) => passed >= from)[1];
  if (say.textContent !== said) say.textContent = said; // a screen reader is told what is new, not every second
  seconds.textContent = passed ? `${passed} s` : "";
}

form.addEventListener("submit", () => busy(true));
stop.addEventListener("click", () => {
  window.stop();
  busy(false);
  say.textContent = "Stopped waiting. If the text still comes, it is kept, and there at once when you ask again.";
  form.querySelector("input").focus();
});
addEventListener("pageshow", () => busy(false));
const box = form.querySelector("input");
if (!box.value || box.hasAttribute("aria-invalid")) box.focus();
