/**
 * What is put into the page for one click: reads its DOM as the user sees it, and gives back HTML.
 *
 * It changes nothing: no node is made, moved or cloned in the page's document, no event is sent. It runs in the isolated
 * world, so what the page did to prototypes is not seen here; names in the page's forms (<input name="childNodes">) are,
 * so every property is read by the prototype's own getter. It works in slices and lets the page breathe between them.
 */
(async () => {
  const MOST = 10_000_000; // characters of HTML
  const MOST_FRAMES = 200;
  const MOST_ATTRIBUTE = 4_000;
  const SLICE = 40; // milliseconds of the page's main thread at a stretch
  const MOST_MS = 4_000; // of them altogether
  const MOST_MEDIA = 4;
  const TRACK_MS = 1_500;

  /** @param {{prototype: object}} holder @param {string} name @returns {(of: any) => any} */
  const getter = (holder, name) => {
    const get = /** @type {() => any} */ (Object.getOwnPropertyDescriptor(holder.prototype, name)?.get);
    return (of) => get.call(of);
  };
  const typeOf = getter(Node, "nodeType");
  const lastChild = getter(Node, "lastChild");
  const previous = getter(Node, "previousSibling");
  const parentOf = getter(Node, "parentNode");
  const baseOf = getter(Node, "baseURI");
  const dataOf = getter(CharacterData, "data");
  const nameOf = getter(Element, "localName");
  const attributesOf = getter(Element, "attributes");
  const shadowOf = getter(Element, "shadowRoot");
  const frameOf = getter(HTMLIFrameElement, "contentDocument");
  const oldFrameOf = getter(HTMLFrameElement, "contentDocument");
  const rootOf = getter(Document, "documentElement");
  const titleOf = getter(Document, "title");
  const addressOf = getter(Document, "URL");
  const kindOf = getter(Document, "contentType");
  const activeOf = getter(Document, "activeElement");
  const viewOf = getter(Document, "defaultView");
  const checkedOf = getter(HTMLInputElement, "checked");
  const assigned = HTMLSlotElement.prototype.assignedNodes;
  const attribute = Element.prototype.getAttribute;

  const VOID = new Set("area base br col embed hr img input link meta source track wbr".split(" "));
  const LEFT = new Set("style noscript template svg canvas object embed textarea datalist".split(" "));
  const SECRET = /csrf|xsrf|token|nonce|secret|passw|session|credential|api-?key/i;
  const KEPT_SCRIPT = /^(application\/ld\+json|math\/)/i;
  const KEPT_LINK = /\b(canonical|alternate)\b/i;
  const ASKED = new Set(["script", "link", "meta", "input"]);
  const VALUED = new Set(["li", "option", "progress", "meter", "data"]);

  const dropped = { fields: 0, secrets: 0, frames: 0, more_frames: 0, cut: false };
  const read = { frames: 0, shadows: 0, transcripts: 0 };
  /** @type {string[]} */
  const out = [];
  let size = 0;
  /** @type {{element: HTMLMediaElement, at: number}[]} */
  const media = [];

  /** @param {string} text */
  const put = (text) => { out.push(text); size += text.length; };
  /** @param {string} text */
  const escaped = (text) => !/[&<>\u00a0]/.test(text) ? text : text.replace(/[&<>\u00a0]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign] ?? "&nbsp;");
  /** @param {string} text */
  const quoted = (text) => !/[&"<>]/.test(text) ? `"${text}"` : `"${text.replace(/[&"<>]/g, (sign) => ({ "&": "&amp;", '"': "&quot;", "<": "&lt;" })[sign] ?? "&gt;")}"`;
  /** @param {string} address @param {string} base */
  const absolute = (address, base) => { try { return new URL(address, base).href; } catch { return address; } };

  /** What is done with attributes of a name: the same few names come again and again. @type {Map<string, "leave" | "secret" | "style" | "value" | "address" | "keep">} */
  const ways = new Map();
  /** @param {string} key */
  function wayOf(key) {
    const word = key.toLowerCase();
    const way = word.startsWith("on") || word === "srcdoc" || word === "integrity" || /[^\w:.-]/.test(word) ? "leave" :
      SECRET.test(word) ? "secret" : word === "style" ? "style" : word === "value" || word === "checked" ? "value" :
        word === "href" || word === "src" ? "address" : "keep";
    ways.set(key, way);
    return way;
  }

  /** The attributes as text. `base` is given where addresses need another one than the page's.
   * @param {Element} element @param {string} name @param {string} base */
  function attributes(element, name, base) {
    let text = "";
    for (const { name: key, value } of attributesOf(element)) {
      const way = ways.get(key) ?? wayOf(key);
      if (way === "leave") continue;
      if (way === "secret") { dropped.secrets += 1; continue; }
      if (way === "value" && (name === "input" || !VALUED.has(name))) continue;
      if (way === "style" && !/display|visibility/i.test(value)) continue;
      if (value.length > MOST_ATTRIBUTE || (value.length > 200 && /^data:/i.test(value))) continue;
      text += ` ${key}=${quoted(base && way === "address" ? absolute(value, base) : value)}`;
    }
    return name === "input" && checkedOf(element) ? `${text} checked=""` : text;
  }

  /** Names that a parser reads back as they are. @type {Map<string, boolean>} */
  const plainNames = new Map();
  /** @param {string} name */
  function isPlain(name) {
    const plain = /^[a-z][\w.-]*$/.test(name);
    plainNames.set(name, plain);
    return plain;
  }

  /** Whether an element says nothing that the user sees, or what must not leave the page.
   * @param {Element} element @param {string} name */
  function isLeft(element, name) {
    if (LEFT.has(name)) return true;
    if (!ASKED.has(name)) return false;
    /** @param {string} key */
    const said = (key) => attribute.call(element, key) ?? "";
    if (name === "script") return !KEPT_SCRIPT.test(said("type"));
    if (name === "link") return !KEPT_LINK.test(said("rel"));
    if (name === "meta") {
      const secret = SECRET.test(said("name") + said("property"));
      dropped.secrets += secret ? 1 : 0;
      return secret;
    }
    const never = /^\s*(hidden|password)\s*$/i.test(said("type")) || SECRET.test(said("name") + said("autocomplete"));
    dropped.fields += never ? 1 : 0;
    return never;
  }

  /** The root of what a frame shows, null for what may not or need not be read.
   * @param {Element} element @param {string} name @returns {Element | null} */
  function framed(element, name) {
    if (read.frames >= MOST_FRAMES) { dropped.more_frames += 1; return null; } // a look inside costs milliseconds
    let inner = null;
    try {
      inner = (name === "iframe" ? frameOf : oldFrameOf)(element);
    } catch { /* another site's */ }
    if (!inner) { dropped.frames += 1; return null; }
    read.frames += 1;
    return rootOf(inner);
  }

  /** @typedef {{node: Node, base: string} | string} Job  a node to write, or a tag to close */
  /** @param {Job[]} jobs @param {Node} parent @param {string} base */
  function pushChildren(jobs, parent, base) {
    for (let child = lastChild(parent); child; child = previous(child)) jobs.push({ node: child, base });
  }

  /** @param {Job[]} jobs @param {Element} element @param {string} base */
  function open(jobs, element, base) {
    const name = nameOf(element);
    if (!(plainNames.get(name) ?? isPlain(name)) || isLeft(element, name)) return;
    if (name === "iframe" || name === "frame") {
      const root = framed(element, name);
      if (!root) return;
      put("<div>");
      jobs.push("</div>");
      pushChildren(jobs, root, baseOf(root));
      return;
    }
    if (name === "slot") {
      const given = assigned.call(/** @type {HTMLSlotElement} */ (element), { flatten: true });
      if (given.length) for (const node of [...given].reverse()) jobs.push({ node, base });
      else pushChildren(jobs, element, base);
      return;
    }
    // what a frame's own head holds is not seen, and would be taken for the page's
    if (base && (name === "head" || name === "base")) return;
    put(`<${base && name === "body" ? "div" : name}${attributes(element, name, base)}>`);
    if (VOID.has(name)) return;
    jobs.push(`</${base && name === "body" ? "div" : name}>`);
    if (name === "video" || name === "audio") {
      jobs.pop();
      put(`</${name}>`);
      media.push({ element: /** @type {HTMLMediaElement} */ (element), at: out.push("") - 1 });
      return;
    }
    if (name === "script") {
      put((element.textContent ?? "").replace(/<\/(script)/gi, "<\\/$1"));
      return;
    }
    const shadow = shadowOf(element);
    read.shadows += shadow ? 1 : 0;
    pushChildren(jobs, shadow ?? element, base);
  }

  /** Writes the nodes, `chosen` alone where the user has selected something. @param {Job[]} jobs @param {Range | null} chosen */
  async function write(jobs, chosen) {
    let began = performance.now(), spent = 0, seen = 0;
    while (jobs.length) {
      const job = /** @type {Job} */ (jobs.pop());
      if (typeof job === "string") { put(job); continue; }
      if (dropped.cut) continue; // only tags are closed now
      const type = typeOf(job.node);
      if (chosen && (type === 1 || type === 3) && !job.base && !chosen.intersectsNode(job.node)) continue;
      if (type === 3) put(escaped(chosen ? within(job.node, chosen) : dataOf(job.node)));
      else if (type === 1) open(jobs, /** @type {Element} */ (job.node), job.base);
      if (size > MOST || spent > MOST_MS) dropped.cut = true;
      if (++seen % 256 === 0 && performance.now() - began > SLICE) {
        spent += performance.now() - began;
        await new Promise((go) => setTimeout(go));
        began = performance.now();
      }
    }
    return spent + performance.now() - began;
  }

  /** @param {Node} text @param {Range} chosen */
  function within(text, chosen) {
    const data = dataOf(text);
    const end = text === chosen.endContainer ? chosen.endOffset : data.length;
    return data.slice(text === chosen.startContainer ? chosen.startOffset : 0, end);
  }

  /** What the user has selected, in the page or in the frame that has the focus. @returns {Range | null} */
  function selected() {
    let inner = document;
    for (let depth = 0; depth < 5; depth += 1) {
      const focused = activeOf(inner);
      const name = focused ? nameOf(focused) : "";
      let next = null;
      try { next = name === "iframe" ? frameOf(focused) : null; } catch { /* another site's */ }
      if (!next) break;
      inner = next;
    }
    const selection = viewOf(inner)?.getSelection() ?? null;
    if (!selection?.rangeCount || selection.isCollapsed || !selection.toString().trim()) return null;
    return selection.getRangeAt(0);
  }

  /** The node to begin with: high enough that a line of code stays code and a cell stays in its table. @param {Range} range */
  function topOf(range) {
    let top = range.commonAncestorContainer;
    for (let node = top; node; node = parentOf(node)) {
      if (typeOf(node) === 1 && /^(pre|table|ul|ol|dl|blockquote|math)$/.test(nameOf(node))) top = node;
    }
    return typeOf(top) === 3 ? parentOf(top) : top;
  }

  // ------------------------------------------------------------ what is said in a video

  /** @typedef {{start: number, text: string}} Cue */
  /** @param {string} vtt @returns {Cue[]} */
  function cuesOf(vtt) {
    const found = [];
    for (const block of vtt.replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
      const lines = block.split("\n");
      const at = lines.findIndex((line) => line.includes("-->"));
      const time = at < 0 ? null : /(?:(\d+):)?(\d{1,2}):(\d{2})[.,]\d+\s*-->/.exec(lines[at]);
      if (time) found.push({ start: +(time[1] ?? 0) * 3600 + +time[2] * 60 + +time[3], text: lines.slice(at + 1).join(" ") });
    }
    return found;
  }

  /** What the page has loaded, else its own site's file. @param {HTMLMediaElement} element @returns {Promise<Cue[]>} */
  async function said(element) {
    for (const track of Array.from(element.textTracks)) {
      if (/^(captions|subtitles)$/.test(track.kind) && track.cues?.length) {
        return Array.from(track.cues, (cue) => ({ start: cue.startTime, text: /** @type {VTTCue} */ (cue).text ?? "" }));
      }
    }
    for (const track of Array.from(element.querySelectorAll("track"))) {
      if (!/^(captions|subtitles)$/.test(track.kind) || new URL(track.src).origin !== location.origin) continue;
      try {
        const reply = await fetch(track.src, { signal: AbortSignal.timeout(TRACK_MS) });
        if (reply.ok && Number(reply.headers.get("content-length") ?? 0) < 2_000_000) return cuesOf(await reply.text());
      } catch { /* then there is none */ }
    }
    return [];
  }

  /** @param {number} seconds */
  function clock(seconds) {
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
    return parts.slice(parts[0] ? 0 : 1).map((part, place) => (place ? String(part).padStart(2, "0") : part)).join(":");
  }

  /** Paragraphs of about half a minute, each with its time. @param {Cue[]} cues */
  function transcript(cues) {
    /** @type {{start: number, words: string[]}[]} */
    const parts = [];
    for (const cue of cues.slice(0, 20_000)) {
      const text = cue.text.replace(/<[^>]*>/g, "").replace(/\s+/g, " ").trim();
      const last = parts.at(-1);
      if (!text || last?.words.at(-1) === text) continue;
      if (last && cue.start - last.start < 30) last.words.push(text);
      else parts.push({ start: cue.start, words: [text] });
    }
    const lines = parts.map((part) => `<p>[${clock(part.start)}] ${escaped(part.words.join(" "))}</p>`);
    return lines.length ? `<section><h2>Transcript</h2>${lines.join("\n")}</section>` : "";
  }

  async function addTranscripts() {
    for (const { element, at } of media.slice(0, MOST_MEDIA)) {
      out[at] = transcript(await said(element));
      read.transcripts += out[at] ? 1 : 0;
    }
  }

  // ------------------------------------------------------------ the page

  if (/^application\/pdf$/i.test(kindOf(document))) return { pdf: true, url: addressOf(document), title: titleOf(document) };
  const range = selected();
  let ms = 0;
  if (range) {
    put(`<!DOCTYPE html><html><head><title>${escaped(titleOf(document))}</title></head><body><article>`);
    ms = await write([{ node: topOf(range), base: "" }], range);
    put("</article></body></html>");
  } else {
    put("<!DOCTYPE html>");
    ms = await write([{ node: rootOf(document), base: "" }], null);
    await addTranscripts();
  }
  const url = new URL(addressOf(document));
  url.username = url.password = "";
  return { url: url.href, title: titleOf(document), html: out.join(""), selection: Boolean(range), dropped, read, ms: Math.round(ms * 10) / 10 };
})();
