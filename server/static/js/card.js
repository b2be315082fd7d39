// The card of a citation (the exact quote, title, site and date) or of a sentence's state (why it has it), from what is
// already on the page. No request.
const GRACE = 160;
const GAP = 10;

/** Show a card while a number or a badge is hovered or focused. Returns a function that hides it and says whether it was there. */
export function watchNumbers(main) {
  const card = document.createElement("div");
  let owner = null;
  let leaving = 0;
  card.className = "card";
  card.id = "card";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  main.append(card);

  const hide = () => {
    const was = !card.hidden;
    clearTimeout(leaving);
    card.hidden = true;
    owner?.removeAttribute("aria-describedby");
    owner = null;
    return was;
  };
  const show = (number) => {
    const about = document.getElementById(number.dataset.quote ?? number.dataset.about);
    clearTimeout(leaving);
    if (!about || owner === number) return;
    hide();
    owner = number;
    card.replaceChildren(...(number.dataset.quote ? content(about) : verdict(about)));
    card.hidden = false;
    place(card, number);
    number.setAttribute("aria-describedby", "card");
  };
  const leave = () => { clearTimeout(leaving); leaving = setTimeout(hide, GRACE); };
  const numberAt = (event) => event.target.closest?.("a.cite, .badge");

  main.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch" && numberAt(event)) show(numberAt(event));
  });
  main.addEventListener("pointerout", (event) => { if (numberAt(event)) leave(); });
  main.addEventListener("focusin", (event) => { if (numberAt(event)) show(numberAt(event)); });
  main.addEventListener("focusout", (event) => { if (numberAt(event)) hide(); });
  card.addEventListener("pointerenter", () => clearTimeout(leaving));
  card.addEventListener("pointerleave", leave);
  addEventListener("resize", hide);
  return hide;
}

function content(quote) {
  const { title, site, date, n } = quote.dataset;
  const text = element("blockquote", "", quote.querySelector("p").textContent);
  const head = element("p", "card-title", "");
  head.append(element("span", "card-n", n), title);
  const facts = element("p", "card-facts", [site, date].filter(Boolean).join(" · "));
  const state = quote.querySelector(".state")?.cloneNode(true);
  return [text, head, facts, ...(state ? [state] : [])];
}

/** What the check said of a sentence: its state, the reason, who checked it. */
function verdict(row) {
  const foot = row.querySelector(".claim-foot");
  const state = foot.querySelector(".state").cloneNode(true);
  const why = foot.querySelector(".claim-why");
  const who = foot.lastElementChild.textContent.trim();
  return [state, ...(why ? [element("p", "card-why", why.textContent)] : []), element("p", "card-facts", who)];
}

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}

function place(card, number) {
  const mark = number.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = card;
  const room = document.documentElement.clientWidth;
  const left = Math.max(8, Math.min(mark.left + mark.width / 2 - width / 2, room - width - 8));
  const above = mark.top - height - GAP;
  card.style.left = `${left + scrollX}px`;
  card.style.top = `${(above > 4 ? above : mark.bottom + GAP) + scrollY}px`;
}
