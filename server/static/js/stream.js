// Puts the fragments that the server sends into their places, and says when the line is lost.
import { settle, settlePiece } from "./morph.js";

const SLOW_RETRY = 4000;

/** Follow the run of this page until it ends. */
export function follow(main) {
  const slots = [...main.querySelectorAll("[data-slot]")];
  const lost = main.querySelector("[data-lost]");
  const address = new URL(main.dataset.stream, location.href);
  let over = false;

  const seen = (event) => {
    if (!event.lastEventId) return;
    address.searchParams.set("after", event.lastEventId);
    main.dataset.seen = event.lastEventId;
  };
  const connect = () => {
    const source = new EventSource(address);
    const put = (slot) => (event) => { seen(event); settle(slot, event.data); changed(main, slot); };
    slots.forEach((slot) => source.addEventListener(slot.dataset.slot, put(slot)));
    source.addEventListener("piece", (event) => { seen(event); settlePiece(event.data); });
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

/** Those who watch a part of the page hear that it was drawn anew. */
export function changed(main, slot) {
  main.dispatchEvent(new CustomEvent("leash-drawn", { detail: slot.dataset.slot }));
}

/** Speaks once a phase, not once a page or word; the tab's title tells when the human is wanted. */
export function speak(main) {
  const place = main.querySelector("[data-say]");
  const title = document.title;
  let phase = main.querySelector(".status").className;
  const tell = (silent) => {
    const status = main.querySelector(".status");
    const alert = status.dataset.alert;
    document.title = main.dataset.stream && alert ? `${alert} · ${title}` : title;
    if (silent || status.className === phase) return;
    phase = status.className;
    place.textContent = status.textContent.trim();
    main.dispatchEvent(new CustomEvent("leash-phase", { detail: alert }));
  };
  main.addEventListener("leash-drawn", (event) => { if (event.detail === "state") tell(false); });
  tell(true);
}

function finish(main) {
  const trace = main.querySelector("[data-trace]");
  main.querySelector("[data-lost]").hidden = true;
  trace.open = false;
  main.removeAttribute("data-stream");
  main.dispatchEvent(new Event("leash-over"));
}
