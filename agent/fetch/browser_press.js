// What Leash presses in a page: consent banners away, "show more", collapsed sections, and scrolling. Nothing else:
// no link that leads elsewhere, no form, nothing that buys, sends, signs in or deletes. A word in doubt is not pressed.
// Runs after browser_page.js, in the same world, where leashWords is set already.
(() => {
  if (!globalThis.leash || leash.consent) return;

  const any = (...patterns) => new RegExp(patterns.join("|"), "iu");

  // What a label may never name, and what promises more of the page: agent/extract/buttons.py has the words.
  const NEVER = any(...leashWords.never);
  const MORE = any(...leashWords.more);

  const REFUSE = any(
    "^\\W*(reject|decline|deny|refuse|disagree|opt.?out|no,? thanks)",
    "^\\W*(accept |allow |use |continue with )?(only )?(the )?(strictly )?(necessary|essential|required|functional)( cookies)?( only)?\\W*$",
    "^\\W*(only|use only) (strictly )?(necessary|essential|required)|^\\W*(continue|proceed) without",
    "^\\W*(alle |alles )?(cookies )?(ablehnen|verweigern)|^\\W*nur (notwendige|erforderliche|essenzielle|technisch)|nur (notwendige|erforderliche)",
    "^\\W*(tout |tous )?(refuser|rejeter)|^\\W*continuer sans|^\\W*(rechazar|denegar|solo (las )?necesarias)|^\\W*(rifiuta|solo (i )?necessari)",
    "^\\W*(alles )?(weiger|afwijz)|^\\W*alleen noodzakelijke|^\\W*(rejeitar|recusar)|^\\W*(odrzuć|tylko niezbędne)",
    "^\\W*(avvisa|neka|endast nödvändiga|afvis|kun nødvendige|avvis|hylkää|vain välttämättömät|odmítnout|отклонить|только необходимые|reddet)",
    "^\\W*(拒绝|拒絕|拒否|必要な|거부|필수)",
  );

  const ACCEPT = any(
    "^\\W*(accept|agree|allow|i (accept|agree|understand)|yes,? i|ok(ay)?\\W*$|got it|understood|continue\\W*$|consent|close\\W*$|dismiss\\W*$)",
    "^\\W*(alle |alles |allen )?(cookies )?(akzeptieren|zustimmen|annehmen|erlauben|zulassen)|^\\W*(verstanden|einverstanden|ich stimme zu)",
    "^\\W*(tout |tous )?(accepter|autoriser)|j'accepte|d'accord|^\\W*(aceptar|permitir|acepto|entendido|de acuerdo|aceitar|concordo|aceito)",
    "^\\W*(accetta|accetto|consenti|ho capito)|^\\W*(alles )?(accepteren|toestaan|akkoord)|^\\W*(akceptuj|zaakceptuj|zgadzam|rozumiem)",
    "^\\W*(acceptera|godkänn|jag förstår|accepter|tillad|godta|aksepter|hyväksy|přijmout|souhlasím|принять|согласен|kabul et)",
    "^\\W*(同意|接受|全部接受|確定|允许|同意する|受け入れる|동의|수락|확인)",
  );

  const ABOUT_CONSENT = any(
    "cookie|consent|gdpr|ccpa|your privacy|we value your|tracking technolog|datenschutz|einwilligung|vie privée|traceurs|privacidad",
    "consentimiento|privacy|integritet|samtykke|evästee|soukrom|конфиденциальн|куки|隐私|隱私|クッキー|쿠키|çerez",
  );
  const BANNERS = [
    "dialog[open]", "[role=dialog]", "[role=alertdialog]", "[aria-modal=true]", "[id*=cookie i]", "[class*=cookie i]",
    "[id*=consent i]", "[class*=consent i]", "[id*=gdpr i]", "[class*=gdpr i]", "[id*=privacy i]", "[class*=privacy i]",
    "[id*=onetrust i]", "[id*=didomi i]", "[id*=usercentrics i]", "[id*=sp_message i]", "[class*=cmp- i]", "[id^=cmp i]",
  ].join(",");
  const BUTTONS = "button, [role=button], summary, a, input[type=button]";
  const ASIDE = "nav, aside, [role=navigation], [role=banner], [role=contentinfo], [role=complementary], [role=menu], "
    + "[role=menubar], [role=search], [role=tablist], [role=toolbar], [role=dialog], dialog, body > header, body > footer";

  const tried = new WeakSet();

  function* deep(root, selector) {
    yield* root.querySelectorAll(selector);
    for (const element of root.querySelectorAll("*")) if (element.shadowRoot) yield* deep(element.shadowRoot, selector);
  }

  const words = (text) => (text || "").replace(/\s+/g, " ").trim();
  const label = (element) => words(element.innerText || element.value || element.getAttribute("aria-label") || element.title);
  const visible = (element) => element.checkVisibility({ opacityProperty: false, visibilityProperty: true })
    && element.getClientRects().length > 0;

  // A press here stays on this page as far as its markup tells: no link that leads on, no form that is sent.
  function harmless(element) {
    if (element.disabled || element.closest("[aria-disabled=true]")) return false;
    if (element.form && element.type !== "button" && element.form.method !== "dialog") return false;
    const form = element.closest("form");
    if (form && form.querySelector("input[type=password]")) return false;
    const link = element.closest("a[href]");
    return !link || /^(#|javascript:)/i.test(link.getAttribute("href").trim() || "#");
  }

  function inContent(element) {
    if (element.closest(ASIDE)) return false;
    const frame = element.closest("header, footer");
    return !frame || Boolean(frame.closest("main, article, [role=main], section"));
  }

  function press(element, longest = 60) {
    const said = label(element).slice(0, longest);
    tried.add(element);
    element.click();
    return said || "a button without a name";
  }

  // -------------------------------------------------------------------- consent

  function isBanner(element) {
    const text = words(element.innerText);
    return text.length > 0 && text.length < 6000 && ABOUT_CONSENT.test(text) && visible(element);
  }

  function* banners() {
    for (const element of deep(document, BANNERS)) if (isBanner(element)) yield element;
    // Without a telling name: something that stays in place over the page, seen where such banners stand.
    const { innerWidth: wide, innerHeight: high } = window;
    for (const [x, y] of [[wide / 2, high - 30], [wide / 2, high / 2], [wide / 2, 30], [40, high - 40], [wide - 40, high - 40]]) {
      let element = document.elementFromPoint(x, y);
      while (element && element !== document.body && !/fixed|sticky/.test(getComputedStyle(element).position)) element = element.parentElement;
      if (element && element !== document.body && isBanner(element)) yield element;
    }
  }

  function consent() {
    for (const banner of banners()) {
      const buttons = [...deep(banner.shadowRoot || banner, BUTTONS)]
        .filter((button) => !tried.has(button) && visible(button) && harmless(button) && label(button).length <= 60 && !NEVER.test(label(button)));
      const chosen = buttons.find((button) => REFUSE.test(label(button))) || buttons.find((button) => ACCEPT.test(label(button)));
      if (chosen) return press(chosen);
    }
    return "";
  }

  // -------------------------------------------------------------------- the rest of the page

  function showsMore(element) {
    if (tried.has(element) || element.hasAttribute("aria-haspopup")) return false;
    const said = label(element);
    return said.length <= 60 && MORE.test(said) && !NEVER.test(said) && visible(element) && inContent(element) && harmless(element);
  }

  function more() {
    for (const element of deep(document, BUTTONS)) if (showsMore(element)) return press(element);
    return "";
  }

  // The button that would be pressed next, which is left alone.
  function further() {
    for (const element of deep(document, BUTTONS)) if (showsMore(element)) return label(element);
    return "";
  }

  // A button that may be pressed again, as its last press brought something.
  function again(said) {
    for (const element of deep(document, BUTTONS)) if (tried.has(element) && label(element) === said) tried.delete(element);
  }

  // The text behind it may be in the page already; then there is nothing to fetch.
  function isEmptyFold(element) {
    if (tried.has(element) || element.hasAttribute("aria-haspopup") || /^(combobox|tab|menuitem|switch)$/.test(element.getAttribute("role") || "")) return false;
    const held = (element.getAttribute("aria-controls") || "").split(/\s+/).map((id) => id && element.getRootNode().getElementById(id)).filter(Boolean);
    const there = held.length ? held : [element.nextElementSibling, element.parentElement && element.parentElement.nextElementSibling].filter(Boolean);
    if (there.some((part) => words(part.textContent).length > 40)) return false;
    const said = label(element);
    return said.length > 1 && said.length <= 160 && !NEVER.test(said) && visible(element) && inContent(element) && harmless(element);
  }

  function unfold(most) {
    const folded = [...deep(document, "details:not([open])")].filter((element) => !element.closest(ASIDE));
    for (const element of folded) element.open = true;
    const pressed = [];
    for (const element of deep(document, "[aria-expanded=false]")) {
      if (pressed.length < most && isEmptyFold(element)) pressed.push(press(element));
    }
    return { opened: folded.length, pressed };
  }

  // Down the page a window at a time, so that parts which load when they are seen do.
  async function sweep(most) {
    const root = document.scrollingElement || document.documentElement;
    const from = root.scrollHeight;
    for (let step = 0; step < most && root.scrollTop + innerHeight < root.scrollHeight - 2; step += 1) {
      root.scrollBy({ top: innerHeight, behavior: "instant" });
      await new Promise((resolve) => { setTimeout(resolve, 16); });
    }
    root.scrollTo({ top: root.scrollHeight, behavior: "instant" });
    return from;
  }

  const top = () => { (document.scrollingElement || document.documentElement).scrollTo({ top: 0, behavior: "instant" }); };

  Object.assign(leash, { consent, more, further, again, unfold, sweep, top });
})();
