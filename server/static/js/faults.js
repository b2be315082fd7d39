// From one sentence that did not hold to the next: by the key x, and from their list at the head of the answer.
import { onLetter } from "./keys.js";

const BADGES = "[data-slot=answer] a.badge";

export function findFaults(main) {
  const badges = () => [...main.querySelectorAll(BADGES)];
  const show = (badge) => {
    badge.focus({ preventScroll: true });
    badge.scrollIntoView({ block: "center" });
  };
  main.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-to]");
    const badge = link && badges().find((one) => one.dataset.about === link.dataset.to);
    if (!badge) return;
    event.preventDefault();
    show(badge);
  });
  onLetter((key) => {
    const all = badges();
    if (key === "x" && all.length) show(all[(all.indexOf(document.activeElement) + 1) % all.length]);
  });
}
