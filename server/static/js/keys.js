// Keys of a single letter, which may be in the way of a screen reader's own or of speech input: one switch turns them off.
// It stands where they are taught, and is remembered. Where nothing teaches them, on a device that is touched, none is heard.
import { keep, recall } from "./memory.js";

const NAME = "leash-keys";
const UNTAUGHT = matchMedia("(hover: none) and (pointer: coarse)");
const root = document.documentElement;
root.dataset.keys = recall(NAME) === "off" ? "off" : "on";

/** Hear of keys of a single letter, but of none that is typed into a field or pressed along with another. */
export function onLetter(act) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1 || event.target.closest("input, textarea, select")) return;
    if (root.dataset.keys === "on" && !UNTAUGHT.matches) act(event.key);
  });
}

/** Wire the switch, drawn now or later. */
export function switchKeys(main) {
  const say = main.querySelector("[data-say]");
  main.addEventListener("click", (event) => {
    if (!event.target.closest("[data-keys-switch]")) return;
    root.dataset.keys = root.dataset.keys === "on" ? "off" : "on";
    keep(NAME, root.dataset.keys);
    say.textContent = `The keys of a single letter are ${root.dataset.keys}.`;
  });
}
