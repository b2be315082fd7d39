// What Leash does inside a page, in a world of its own that the page's scripts cannot see or change.
// It looks, copies and presses; it decides nothing about when, and never fills in a form.
(() => {
  if (globalThis.leash || window !== window.top) return;

  const born = `${performance.timeOrigin}`;
  let changedAt = performance.now();
  let changes = 0;
  let measured = { at: -1, length: 0 };
  new MutationObserver(() => { changedAt = performance.now(); changes += 1; })
    .observe(document, { childList: true, characterData: true, subtree: true, attributeFilter: ["open", "hidden"] });

  const bodyOf = (frame) => {
    try {
      return frame.contentDocument && frame.contentDocument.body;
    } catch {
      return null;
    }
  };

  // innerText knows nothing of shadow roots and frames, so a page drawn inside them looks empty to it.
  function hiddenLength(root) {
    let length = 0;
    for (const element of root.querySelectorAll("*")) {
      const inner = element.shadowRoot || (/^I?FRAME$/.test(element.tagName) && bodyOf(element));
      if (inner) length += inner.textContent.trim().length + hiddenLength(inner);
    }
    return length;
  }

  function textLength() {
    if (!document.body) return 0;
    if (measured.at < changedAt || measured.length < 200) {
      const plain = document.body.innerText.trim().length;
      measured = { at: performance.now(), length: plain < 200 ? plain + hiddenLength(document) : plain };
    }
    return measured.length;
  }

  const WAITING = /^\W*(loading|please wait|one moment|just a moment|laden|wird geladen|chargement|cargando|carregando|caricamento)/i;

  // A page that says nothing itself but is about to send its reader elsewhere.
  function forwarding() {
    const refresh = document.querySelector("meta[http-equiv=refresh i]");
    return Boolean(refresh && parseFloat(refresh.content) <= 3 && /url/i.test(refresh.content));
  }

  // A frame of menus around a middle that is still to come.
  function hollow() {
    const middle = document.querySelector("main, [role=main]");
    return Boolean(middle && middle.innerText.trim().length < 100 && hiddenLength(middle) < 100);
  }

  function look() {
    const body = document.body;
    const words = body ? body.innerText.slice(0, 200) : "";
    return {
      born,
      url: location.href,
      ready: document.readyState,
      length: textLength(),
      quiet: performance.now() - changedAt,
      scripted: document.scripts.length > 0,
      hollow: hollow(),
      waiting: WAITING.test(words) || (textLength() < 200 && forwarding()) || Boolean(document.querySelector("main[aria-busy=true], body[aria-busy=true]")),
      height: document.documentElement ? document.documentElement.scrollHeight : 0,
    };
  }

  // ------------------------------------------------------------ the page as one tree

  const SKIPPED = new Set(["NOSCRIPT", "TEMPLATE"]);

  function children(node) {
    if (node.shadowRoot) return node.shadowRoot.childNodes;
    if (node.tagName === "SLOT" && node.getRootNode() instanceof ShadowRoot) {
      const assigned = node.assignedNodes({ flatten: true });
      return assigned.length ? assigned : node.childNodes;
    }
    return node.childNodes;
  }

  const MOST_WALKED = 50000;
  let walked = 0;

  function copy(node, inert) {
    const body = /^I?FRAME$/.test(node.tagName) && bodyOf(node);
    const made = body ? inert.createElement("div") : inert.importNode(node, false);
    for (const child of body ? body.childNodes : children(node)) {
      const wanted = child.nodeType === Node.TEXT_NODE || (child.nodeType === Node.ELEMENT_NODE && !SKIPPED.has(child.tagName));
      if (wanted && (walked += 1) < MOST_WALKED) made.appendChild(copy(child, inert));
    }
    return made;
  }

  // Parts that are trees of their own: the observer does not see into them, and outerHTML leaves them out.
  function isNested() {
    for (const element of document.querySelectorAll("*")) {
      if (element.shadowRoot || (/^I?FRAME$/.test(element.tagName) && bodyOf(element))) return true;
    }
    return false;
  }

  function flat() {
    let html = document.documentElement.outerHTML;
    for (const element of [...document.querySelectorAll("noscript, template")].slice(0, 100)) html = html.replace(element.outerHTML, () => "");
    return html;
  }

  // The browser's own writer is thirty times as fast as a walk, which is for pages that need it and can bear it.
  function whole(nested) {
    if (!nested || document.getElementsByTagName("*").length > MOST_WALKED) return flat();
    walked = 0;
    try {
      return copy(document.documentElement, document.implementation.createHTMLDocument("")).outerHTML;
    } catch {
      return flat(); // nested too deep to walk
    }
  }

  // `known` is the mark of a copy that the asker has; if that is still how the page stands, only the mark is told.
  function snapshot(most, known) {
    const mark = `${born} ${changes} ${location.href}`;
    const nested = isNested();
    if (mark === known && !nested) return { mark };
    const html = "<!DOCTYPE html>\n" + whole(nested);
    return { mark, url: location.href, title: document.title.slice(0, 1000), html: html.slice(0, most), length: textLength(),
             over: html.length > most };
  }

  globalThis.leash = { look, snapshot };
})();
