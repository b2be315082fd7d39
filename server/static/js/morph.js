// Makes what is shown into what should be shown, touching only what differs: what is read, typed, opened or focused stays.

const told = new WeakMap(); // whether the server has drawn a <details> open: where it has not changed its mind, the reader's word stands
remember(document);

function remember(root) {
  root.querySelectorAll?.("details").forEach((one) => told.set(one, one.open));
  if (root.nodeName === "DETAILS") told.set(root, root.open);
}

function unfold(old, fresh) {
  if (told.get(old) !== fresh.open) old.open = fresh.open;
  told.set(old, fresh.open);
}

/** The content of `slot` becomes `html`. */
export function settle(slot, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const held = focusIn(slot);
  morph(slot, holder.content);
  if (held && !slot.contains(document.activeElement)) refocus(slot, held);
}

/** The one element of `html` takes the place of the one with its id, if that is there. */
export function settlePiece(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.firstElementChild;
  const old = fresh && document.getElementById(fresh.id);
  if (old) update(old, fresh);
}

function morph(old, fresh) {
  const named = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const same = next.id ? named.get(next.id) : later(at, next);
    if (!same) {
      remember(next);
      old.insertBefore(next, at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    update(same, next);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

/** From here on, the first node that could become `next`. */
function later(at, next) {
  for (let node = at; node; node = node.nextSibling) {
    if (!node.id && node.nodeName === next.nodeName && (node.nodeType !== 1 || node.className === next.className)) return node;
    if (node.nodeType === 1 && next.nodeType === 1 && !node.id && node === at && node.nodeName === next.nodeName) return node;
  }
  return null;
}

function update(old, fresh) {
  if (old.isEqualNode(fresh) || (old.nodeType === 1 && old.hasAttribute("data-mine"))) return;
  if (old.nodeType !== 1) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.nodeName === "DETAILS") unfold(old, fresh);
  const own = old.nodeName === "DETAILS" ? ["open"] : ["data-on"];
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !own.includes(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (!own.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  morph(old, fresh);
}

const REACHABLE = "a, button, summary, input, textarea";

function focusIn(slot) {
  const focused = document.activeElement;
  if (!slot.contains(focused)) return null;
  const kind = focused.matches("a.cite") ? "a.cite" : REACHABLE;
  return { kind, place: [...slot.querySelectorAll(kind)].indexOf(focused) };
}

function refocus(slot, { kind, place }) {
  const there = [slot.querySelectorAll(kind)[place], document.querySelector("main h1")]; // the first may be folded away
  there.some((one) => { one?.focus({ preventScroll: true }); return one && one === document.activeElement; });
}
