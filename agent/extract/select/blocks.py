"""A page as a list of blocks, measured in one pass: what each block says itself, and where it stands.

A block is an element that starts a line of its own; the text of the inline elements in it is its own. Nothing here judges
what is content: features.py makes numbers for that of these measures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from lxml import etree
from lxml.html import HtmlElement

from agent.extract.render.shadow import is_shadow
from agent.extract.render.tags import BLOCKS

UNREAD = frozenset("area audio base canvas datalist embed head iframe img input link map meta object option param picture script "
                   "select source style svg template textarea title track video wbr".split())
WHOLE = frozenset(("pre", "math", "button"))  # what stands in them is theirs, blocks or not
LONE = frozenset(("button", "label", "noscript"))  # blocks to us, if not to the renderer
TAGS = ("body div p li ul ol h1 h2 h3 h4 h5 h6 td th tr table dt dd dl pre blockquote figcaption figure section article main aside nav "
        "header footer form button label summary details fieldset legend noscript address center tbody dialog").split()
TAG_NUMBER = {tag: number for number, tag in enumerate(TAGS)}
CUSTOM, OTHER = len(TAGS), len(TAGS) + 1
NAMES = {  # what classes, ids and roles say an element is for, in the words of many publishing systems
    "navigation": r"nav|navbar|navigation|menu|menubar|submenu|dropdown|megamenu|tablist|pagination|pager|paging|breadcrumbs?|skip",
    "header": r"header|masthead|topbar|top-bar|banner|announcement",
    "footer": r"footer|foot|colophon|contentinfo|copyright|legal|bottom",
    "side": r"sidebar|side|aside|widget|rail|complementary|toc|secondary",
    "comment": r"comments?|disqus|respond|replies|reply",
    "related": r"related|recommend(?:ed|ations?)?|similar|suggest(?:ed|ions?)?|also|upsells?|cross-?sells?|trending|popular|recent|"
               r"recently|viewed|read-?more|more|next|prev(?:ious)?",
    "share": r"share|sharing|social|follow|addthis|twitter|facebook",
    "promo": r"ads?|advert|advertisement|sponsor(?:ed)?|promo|promotion|cta|newsletter|subscribe|signup|sign-up|upgrade",
    "consent": r"cookies?|consent|gdpr|privacy|onetrust|notice|alert|toast",
    "consent dialog": r"onetrust|ot-sdk|cybot|cookiebot|usercentrics|didomi|qc-cmp2?|cmplz|moove-gdpr|fides|truste|osano|cky|iubenda|"
                      r"klaro|termly|fc-consent|cookie-law-info|cookie-?(?:consent|banner|notice)",
    "overlay": r"modal|popup|overlay|dialog|lightbox|drawer|offcanvas|off-canvas|flyout|tool-?tip|popover|hidden|visually-hidden|sr-only|"
               r"screen-reader-text|collapse|noscript",
    "content": r"content|main|article|post|entry|body|text|prose|markdown|rte|story|copy|richtext|wysiwyg|description|desc",
    "title": r"title|heading|headline|name|hero",
    "product": r"product|price|sku|variants?|specs?|specifications?|details?|features?|buy|cart|atc|options?|swatch|quantity|"
               r"shipping|stock",
    "review": r"reviews?|ratings?|stars?|testimonials?|feedback|questions?|qa",
    "card": r"card|cards|grid|item|items|tile|tiles|list|listing|results?|collection|row|col|column|teaser|summary|excerpt",
    "byline": r"author|byline|meta|date|time|published|posted|avatar|user|username|profile|bio|postprofile|poster|signature",
    "tools": r"search|filters?|facets?|sort|sorting|refine|toolbar|controls?|actions?|buttons?|btn|login|account|form|vote|votes|votecell|"
             r"edit|print|language|locale|currency|country|select|selector|switcher",
    "tags": r"tags?|categor(?:y|ies)|topics?|labels?|badges?|keywords",
    "message": r"message|thread|topic-body|topic-post|postbody|post-?text|post-?content|postcontent|answer|answercell|question|cooked|"
               r"bbwrapper|js-post-body|crawler-post",
    "gallery": r"gallery|carousel|slider|slide|slick|swiper|thumbs?|thumbnails?|image|images|media|video|caption|player|zoom",
    "faq": r"faq|accordion|tabs?|tab-?pane|tab-?panel|panel|collapsible|expander",
    "section": r"section|block|module|component|container|wrapper|feature|intro|about|overview",
}
NAME_LIST = list(NAMES)
NAME_RULES = [re.compile(rf"(?:{words})(?![a-z])") for words in NAMES.values()]
SPLIT = re.compile(r"(?<=[a-z])(?=[A-Z])")
HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
FRAME = frozenset(("nav", "header", "footer", "aside", "form", "dialog"))
REMARK = re.compile(r"(?:^|[\s_-])(?:note|tip|hint|warning|caution|danger|important|admonition|callout)(?:$|[\s_-])", re.IGNORECASE)
STREAMED = re.compile(r"^S:\w+$")  # parts that React sends hidden and moves into place
PRICE = re.compile(r"[$€£¥₹]\s?\d|\d\s?[€£]|\b(?:USD|EUR|GBP)\b")
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
DATE = re.compile(rf"\b(?:19|20)\d\d\b|\b(?:{MONTHS})[a-z]*\.? \d|\b\d+ (?:minute|hour|day|week|month|year)s? ago", re.IGNORECASE)
PHRASES = {  # what furniture says, whatever its markup; looked for in small letters: ignoring case takes twice as long
    "legal": r"all rights reserved|©|copyright|privacy policy|terms of (?:use|service)|terms (?:and|&) conditions|cookie|do not sell",
    "account": r"\b(?:sign|log) ?(?:in|up|out)\b|\bregister\b|\bmy account\b|\bcreate an? account|\bsubscri|newsletter|\bjoin now|"
               r"enter your email",
    "shop": r"add to (?:cart|bag|basket|wish)|\bcheckout\b|\bbuy now\b|free shipping|\bcompare\b|quick (?:view|shop|add|buy)|sold out|"
            r"in stock|\bwish ?list\b|your (?:cart|bag)|\bqty\b|quantity",
    "share": r"\bshare\b|\btweet\b|facebook|twitter|linkedin|pinterest|whatsapp|instagram|youtube|copy link|\bprint\b|follow us",
    "more": r"read more|learn more|see (?:all|more)|view (?:all|more|details)|show more|load more|\bnext\b|\bprevious\b|back to top|"
            r"continue reading|find out more|shop (?:now|all)|explore|discover|get started|contact us|download|click here|apply now",
    "related": r"related|you (?:may|might) also|recommended|recently viewed|more (?:from|in|on|like)|popular|trending|most read|latest|"
               r"what to read|people also|customers also|similar|explore more|up next|don.t miss|top stories|categories|archives|"
               r"recent posts",
    "skip": r"skip to|\bmenu\b|toggle|\bclose\b|\bsearch\b|\bopen\b|loading|javascript|your browser|advertisement|sponsored|\bads?\b|"
            r"expand|collapse",
    "thread": r"\brepl(?:y|ies|ied)\b|\bquote\b|\bjoined\b|\bposts?:|\bmember\b|likes?\b|\breport\b|permalink|\bupvote|\bviews?\b|"
              r"\banswered\b|\basked\b|\bsolved\b|\bvotes?\b|\bmessages?\b",
    "comments": r"\bcomments?\b|leave a reply|your email address|\bnotify me\b|post a comment|join the (?:discussion|conversation)",
    "review": r"\breviews?\b|\brating|out of 5|\bstars?\b|verified|helpful\?",
    "sort": r"sort by|filter|\bresults\b|showing|per page|\bitems\b|clear all|\bapply\b|\breset\b|view as|\bpage \d",
    "byline": r"\bby [a-z]|min(?:ute)?s? read|\bpublished\b|\bupdated\b|\bposted\b|\bwritten by\b|\breviewed by\b",
}
PHRASE_LIST = list(PHRASES)
PHRASE_RULE = re.compile("|".join(f"(?P<{name}>{words})" for name, words in PHRASES.items()))
TELLING = (  # letters without which no phrase is there: looking for them first takes half the time
    "rights reserved|©|copyright|privacy policy|terms |cookie|do not sell|sign in|signin|sign up|signup|sign out|signout|log in|"
    "login|log up|logup|log out|logout|register|my account|create a|subscri|newsletter|join now|enter your email|add to |checkout|"
    "buy now|free shipping|compare|quick |sold out|in stock|wish list|wishlist|your cart|your bag|qty|quantity|share|tweet|facebook|"
    "twitter|linkedin|pinterest|whatsapp|instagram|youtube|copy link|print|follow us|read more|learn more|see all|see more|view all|"
    "view more|view details|show more|load more|next|previous|back to top|continue reading|find out more|shop now|shop all|explore|"
    "discover|get started|contact us|download|click here|apply|related|may also|might also|recommended|recently viewed|more from|"
    "more in|more on|more like|popular|trending|most read|latest|what to read|people also|customers also|similar|miss|top stories|"
    "categories|archives|recent posts|skip to|menu|toggle|close|search|open|loading|javascript|your browser|advertisement|sponsored|"
    "expand|collapse|reply|replies|replied|quote|joined|post|member|like|report|permalink|upvote|view|answered|asked|solved|vote|"
    "message|comment|your email address|notify me|join the |rating|out of 5|verified|helpful?|sort by|filter|results|showing|"
    "per page|items|clear all|reset|page |by |min read|mins read|minute read|minutes read|published|updated|"
    "written by|reviewed by").split("|")
TELLING_WORD = re.compile(r"\b(?:ads?|stars?)\b")
PHRASE_BIT = {name: 1 << number for number, name in enumerate(PHRASE_LIST)}
SHORT = 240  # characters: furniture's phrases are looked for in texts shorter than this
WORD = re.compile(r"\w+")


@dataclass
class Blocks:
    """Columns, a row for each block, in the order of the page; `parent` is a row's number, -1 for the body; `end` is the row
    after the last one inside it."""

    elements: list[HtmlElement] = field(default_factory=list)
    parts: list[list[str]] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    tag: list[int] = field(default_factory=list)
    names: list[int] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    links: list[int] = field(default_factory=list)
    strong: list[int] = field(default_factory=list)
    linked: list[list[str]] = field(default_factory=list)
    shape: list[str] = field(default_factory=list)
    owned: list[list[HtmlElement]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    folds: frozenset[str] = frozenset()  # ids of the parts that a reader unfolds with a press

    def add(self, el: HtmlElement, parent: int) -> int:
        number = len(self.elements)
        label = label_of(el)
        self.elements.append(el)
        self.parent.append(parent)
        self.tag.append(tag_number(tag_of(el, label)))
        self.names.append(names_of(label))
        self.hidden.append(0 if unfolds(el, self.folds) else is_hidden(el))
        self.depth.append(self.depth[parent] + 1 if parent >= 0 else 0)
        self.shape.append(f"{el.tag}.{(el.get('class') or '').partition(' ')[0]}")
        for column in (self.parts, self.linked, self.owned):
            column.append([])
        for column in (self.end, self.images, self.inputs, self.links, self.strong):
            column.append(0)
        return number


def blocks_of(body: HtmlElement) -> Blocks:
    """The blocks of a page's body, whatever is hidden among them."""
    found = Blocks(folds=folds_of(body))
    Walk(found).walk(body)
    found.texts = [" ".join("".join(parts).split()) for parts in found.parts]
    return found


class Walk:
    """One pass over the tree; `here` is the row that owns the text that comes next."""

    def __init__(self, found: Blocks) -> None:
        self.found, self.here, self.whole, self.link = found, -1, 0, 0
        self.opened: list[HtmlElement] = []

    def walk(self, body: HtmlElement) -> None:
        steps = etree.iterwalk(body, events=("start", "end", "comment", "pi"))
        for event, el in steps:
            if event == "start":
                if is_unread(el) and el is not body:
                    self.note(el)
                    steps.skip_subtree()
                else:
                    self.start(el, body)
            else:
                if event == "end" and not is_unread(el):
                    self.stop(el)
                if el is not body and el.tail:
                    self.say(el.tail)

    def start(self, el: HtmlElement, body: HtmlElement) -> None:
        tag = el.tag
        if el is body or (not self.whole and (tag in BLOCKS or tag in LONE or "-" in tag or tag == "template")):
            self.here = self.found.add(el, self.here)
            self.opened.append(el)
        else:
            self.found.owned[self.here].append(el)
            self.found.strong[self.here] += tag in ("b", "strong", "em")
        self.whole += tag in WHOLE
        if tag == "a" and el.get("href"):
            self.link += 1
            self.found.links[self.here] += 1
        if tag == "br":
            self.say(" ")
        elif el.text:
            self.say(el.text)

    def stop(self, el: HtmlElement) -> None:
        self.whole -= el.tag in WHOLE
        self.link -= el.tag == "a" and bool(el.get("href"))
        if self.opened and self.opened[-1] is el:
            self.opened.pop()
            self.found.end[self.here] = len(self.found.elements)
            self.here = self.found.parent[self.here]

    def note(self, el: HtmlElement) -> None:
        self.found.images[self.here] += el.tag in ("img", "picture", "video", "svg", "iframe")
        self.found.inputs[self.here] += el.tag in ("input", "select", "textarea")

    def say(self, text: str) -> None:
        self.found.parts[self.here].append(text)
        if self.link:
            self.found.linked[self.here].append(text)


def is_unread(el: HtmlElement) -> bool:
    return el.tag in UNREAD and not is_shadow(el)


def tag_number(tag: str) -> int:
    return TAG_NUMBER.get(tag, CUSTOM if "-" in tag else OTHER)


def tag_of(el: HtmlElement, label: str) -> str:
    """A remark to the reader stands in the text, and the source of a quotation below it, whatever their tags say."""
    above = el.getparent()
    remark = el.tag == "aside" and REMARK.search(label) or el.tag == "footer" and above is not None and above.tag == "blockquote"
    return "div" if remark else el.tag


def label_of(el: HtmlElement) -> str:
    """What an element is called: by its class, id and role, and by its tag if that was made up for the page."""
    get = el.get
    return f"{get('class') or ''} {get('id') or ''} {get('role') or ''} {get('itemprop') or ''} {el.tag if '-' in el.tag else ''}"


@lru_cache(maxsize=20_000)
def names_of(label: str) -> int:
    """A bit for each group of names, of those that stand in a class, id or role."""
    words = re.sub(r"[\s_.:/]+", " ", SPLIT.sub("-", label[:300])).lower()
    if not words.strip():
        return 0
    padded = "-" + words.replace(" ", "--") + "-"
    return sum(1 << number for number, rule in enumerate(NAME_RULES) if named(rule, padded))


def named(rule: re.Pattern[str], padded: str) -> bool:
    return any(padded[found.start() - 1] == "-" for found in rule.finditer(padded) if found.start())


def folds_of(body: HtmlElement) -> frozenset[str]:
    """The ids that the page's own folds name, menus and the frame of the site apart."""
    buttons = (el for el in body.iterfind(".//*[@aria-expanded][@aria-controls]") if el.get("aria-haspopup") is None)
    folds = (el for el in buttons if not any(around.tag in FRAME for around in el.iterancestors()))
    return frozenset(name for el in folds for name in el.get("aria-controls").split())


def unfolds(el: HtmlElement, folds: frozenset[str]) -> bool:
    """Whether it is hidden only until the reader presses for it: a tab beside the one that is shown, an answer below its question."""
    return el.get("role") == "tabpanel" or (el.get("id") or "") in folds


def is_hidden(el: HtmlElement) -> int:
    """1 said to be hidden from sight, 2 from programs that read aloud, 0 neither."""
    if (el.get("hidden") is not None and not STREAMED.match(el.get("id") or "")) or HIDING.search(el.get("style") or ""):
        return 1
    return 2 if el.get("aria-hidden") == "true" else 0


def phrases_in(text: str) -> int:
    """A bit for each kind of furniture's phrases in a short text."""
    return short_phrases(text) if len(text) <= SHORT else 0


@lru_cache(maxsize=20_000)  # the pages of a site repeat what stands around their content
def short_phrases(text: str) -> int:
    low = text.lower()
    if not (any(map(low.__contains__, TELLING)) or TELLING_WORD.search(low)):
        return 0
    bits = 0
    for found in PHRASE_RULE.finditer(low):
        bits |= PHRASE_BIT[found.lastgroup or ""]
    return bits
