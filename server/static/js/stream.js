// Puts the fragments that the server sends into their places, and says when the line is lost.
const SLOW_RETRY = 4000;
const drawn = new WeakMap();

/** Follow the run of this page until it ends. */
export function follow(main) {
  const slots = [...main.querySelectorAll("[data-slot]")];
  const lost = main.querySelector("[data-lost]");
  const say = speaker(main.querySelector("[data-say]"));
  const address = new URL(main.dataset.stream, location.href);
  let over = false;

  const connect = () => {
    const source = new EventSource(address);
    const put = (slot) => (event) => {
      if (event.lastEventId) address.searchParams.set("after", event.lastEventId);
      settle(slot, event.data);
      if (slot.dataset.slot === "state") say(slot.querySelector(".status"));
    };
    slots.forEach((slot) => source.addEventListener(slot.dataset.slot, put(slot)));
    source.addEventListener("open", () => { lost.hidden = true; });
    source.addEventListener("end", () => { over = true; source.close(); finish(main); });
    source.addEventListener("error", () => {
      if (over) return;
      lost.hidden = false;
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, SLOW_RETRY);
    });
  };
  connect();
}

/** Draw new content, touching only the blocks that differ, so what is read, hovered or focused stays. */
export function settle(slot, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const old = [...slot.children];
  const fresh = [...holder.content.children];
  fresh.forEach((element, place) => {
    const source = element.outerHTML;
    if (place < old.length && (drawn.get(old[place]) ?? old[place].outerHTML) === source) return;
    drawn.set(element, source);
    if (place < old.length) swap(old[place], element);
    else slot.append(element);
  });
  old.slice(fresh.length).forEach((element) => element.remove());
}

function swap(old, fresh) {
  const reachable = "a, button, summary";
  const held = old.contains(document.activeElement) ? [...old.querySelectorAll(reachable)].indexOf(document.activeElement) : -1;
  old.replaceWith(fresh);
  if (held >= 0) fresh.querySelectorAll(reachable)[held]?.focus({ preventScroll: true });
}

/** Speaks once a phase, not once a page or word. */
function speaker(place) {
  let phase = "";
  return (status) => {
    if (!status || status.className === phase) return;
    phase = status.className;
    place.textContent = status.textContent.trim();
  };
}

function finish(main) {
  const stop = main.querySelector("[data-stop]");
  const held = stop?.contains(document.activeElement);
  stop?.remove();
  if (held) main.querySelector("h1").focus({ preventScroll: true });
  main.querySelector("[data-lost]").hidden = true;
  main.querySelector("[data-trace]").open = false;
  main.removeAttribute("data-stream");
  main.dispatchEvent(new Event("leash-over"));
}
