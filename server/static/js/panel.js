// The kept page beside the answer, at the quote. The frame can run nothing; all that acts is out here.
import { onLetter } from "./keys.js";

const NARROW = matchMedia("(max-width: 63.99rem)");

/** Wire the panel: numbers open it, j and k go from quote to quote, Escape closes what is open. */
export function makePanel(panel, main, hideCard) {
  const part = (name) => panel.querySelector(`[data-panel-${name}]`);
  const numbers = () => [...main.querySelectorAll("[data-slot=answer] a.cite")];
  const rest = [document.querySelector(".top"), main];
  let at = null;
  let view = "page";

  function open(number) {
    mark(number);
    hideCard();
    panel.hidden = false;
    document.body.classList.add("with-panel");
    cover();
    draw();
    panel.focus({ preventScroll: true });
    if (!NARROW.matches) number.scrollIntoView({ block: "nearest" });
  }

  function close() {
    panel.hidden = true;
    document.body.classList.remove("with-panel");
    cover();
    part("frame").replaceChildren();
    const back = at;
    mark(null);
    back?.focus();
    hideCard();
  }

  function mark(number) {
    at?.removeAttribute("aria-current");
    at = number;
    at?.setAttribute("aria-current", "true");
  }

  function cover() {
    rest.forEach((element) => { element.inert = !panel.hidden && NARROW.matches; });
  }

  /** From the quote that is shown, or else from where the focus is among the sentences. */
  function step(by) {
    const all = numbers();
    const focused = main.querySelector("[data-slot=answer] :focus");
    const passed = focused ? all.findLastIndex((one) => one.compareDocumentPosition(focused) & Node.DOCUMENT_POSITION_FOLLOWING) : -1;
    const here = all.includes(at) ? all.indexOf(at) : by > 0 ? passed : passed + 1;
    if (all.length) open(all[(here + by + all.length) % all.length]);
  }

  function draw() {
    const quote = document.getElementById(at.dataset.quote);
    const { title, site, date, got, live, page } = quote.dataset;
    const all = numbers();
    part("place").textContent = `Quote ${all.indexOf(at) + 1} of ${all.length}`;
    part("title").textContent = title;
    part("facts").textContent = [site, date && `dated ${date}`, got].filter(Boolean).join(" · ");
    part("live").hidden = !live;
    if (live) part("live").href = live;
    part("say").textContent = `${part("place").textContent}, ${title}: “${quote.querySelector("p").textContent}”`;
    panel.querySelectorAll("[data-view]").forEach((tab) => tab.setAttribute("aria-pressed", tab.dataset.view === view));
    show(page, title);
  }

  function show(page, title) {
    const address = new URL(page, location.href);
    const look = document.documentElement.dataset.look;
    address.searchParams.set("framed", "1");
    if (view === "text") address.searchParams.set("view", "text");
    if (look) address.searchParams.set("look", look);
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "");
    frame.title = `Kept copy: ${title}`;
    frame.src = address;
    frame.addEventListener("load", () => note(address, frame));
    part("note").hidden = true;
    part("frame").replaceChildren(frame);
  }

  /** The frame tells nothing to this page, so the server is asked which view it drew. */
  async function note(address, frame) {
    const told = part("note");
    try {
      const reply = await fetch(address, { method: "HEAD" });
      if (!frame.isConnected) return;
      told.textContent = reply.ok ? reply.headers.get("Leash-Note") : "This page is no longer kept.";
      told.hidden = !told.textContent;
    } catch { /* the frame itself shows that the server is away */ }
  }

  main.addEventListener("click", (event) => {
    const link = event.target.closest("a.cite, a[data-open]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const number = link.matches(".cite") ? link : numbers().find((one) => one.dataset.quote === link.dataset.open);
    if (!number) return;
    event.preventDefault();
    open(number);
  });
  part("close").addEventListener("click", close);
  part("next").addEventListener("click", () => step(1));
  part("prev").addEventListener("click", () => step(-1));
  panel.querySelectorAll("[data-view]").forEach((tab) => tab.addEventListener("click", () => { view = tab.dataset.view; draw(); }));
  NARROW.addEventListener("change", cover);
  addEventListener("leash-look", () => { if (!panel.hidden) draw(); });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (!hideCard() && !panel.hidden) close();
  });
  onLetter((key) => {
    if ("jn".includes(key)) step(1);
    else if ("kp".includes(key)) step(-1);
  });

  const hint = () => main.querySelectorAll("[data-hint]").forEach((line) => { line.hidden = false; });
  main.addEventListener("leash-over", hint);
  hint();
}
