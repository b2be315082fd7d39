"""Addresses of links and images: made absolute exactly as a browser does it, written so that a Markdown parser gets them back.

Knows which links lead nowhere (scripts, permalinks) and which images say nothing (spacers, pixels, placeholders).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
PLAIN_ADDRESS = re.compile(r"https?://[\w.:-]+/(?!\.)(?:(?!/\.)[\w/.,;:!@=+$~%*'?#-]|&(?!#|[\w]+;))*", re.ASCII)
PATH, CONTROL = re.compile(r"[^?#]*"), re.compile(r"[\t\n\r]")
NOWHERE = frozenset("javascript data vbscript blob about void".split())
PERMALINK_CLASS = re.compile(
    r"(?:^|[\s_-])(?:headerlink|hash-?link|permalink|heading-?(?:anchor|link)|header-?anchor|anchor-?link|anchorjs-link|"
    r"section-?link|self-?link|anchor|headinglink)(?:$|[\s_-])", re.IGNORECASE)
PERMALINK_WORDS = re.compile(
    r"\W*(?:link|anchor|permalink|copy link|direct link|section|permanent link|(?:link|permalink|direct link|anchor|navigate) to .*"
    r"|copy link to .*)?\W*", re.IGNORECASE | re.DOTALL)
WORD = re.compile(r"\w")
SOURCES = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-original-src", "data-url", "data-full-src", "data-hi-res-src",
           "data-image", "data-actualsrc")
SETS = ("srcset", "data-srcset", "data-lazy-srcset", "data-original-set")
SPACER = re.compile(
    r"(?:^|[/_.-])(?:spacer|blank|pixel|1x1|transparent|clear|dot|tracking|beacon|lazyload|lazy-?placeholder|placeholder|grey|loading)"
    r"(?:[-_]?\d*)?\.(?:gif|png|svg|webp)(?:$|[?#])|/(?:pixel|track(?:ing)?|beacon|collect)(?:[/?]|\.gif)|facebook\.com/tr\b|"
    r"doubleclick\.net|google-analytics\.com|scorecardresearch\.com|quantserve\.com", re.IGNORECASE)
TINY, SMALL = 3, 32  # pixels: what nobody sees; what is decoration when its alt text is empty


class Addresses:
    """Makes addresses absolute against the page's own base; numbers those that are listed at the end."""

    def __init__(self, root: HtmlElement, base: str) -> None:
        self.base = base_of(root, base)
        self.known: dict[str, str] = {}
        self.numbers: dict[str, int] = {}

    def absolute(self, href: str) -> str:
        """"" for what leads nowhere."""
        if href not in self.known:
            self.known[href] = resolved(href, self.base)
        return self.known[href]

    def inline(self, url: str) -> str:
        return f"({destination(url)})"

    def numbered(self, url: str) -> str:
        return f"[{self.numbers.setdefault(url, len(self.numbers) + 1)}]"

    def listed(self) -> str:
        return "\n".join(f"[{number}]: {destination(url)}" for url, number in self.numbers.items())


def base_of(root: HtmlElement, url: str) -> str:
    """The address that relative ones are read against: the first <base href> of the page, else the page's own."""
    for base in root.getroottree().iter("base"):
        if base.get("href") is not None:
            return resolved(base.get("href"), url) or url
    return url


def resolved(href: str, base: str) -> str:
    if PLAIN_ADDRESS.fullmatch(href):
        return href
    href = CONTROL.sub("", href.strip(" \t\n\r\f\x00"))
    scheme = SCHEME.match(href)
    if not href or href == "#" or (scheme and scheme[1].lower() in NOWHERE):
        return ""
    if scheme and scheme[1].lower() not in ("http", "https"):
        return href.replace(" ", "%20")
    try:
        return joined(base, href).replace(" ", "%20")
    except ValueError:
        return ""


def joined(base: str, href: str) -> str:
    """urljoin, but a backslash is a slash and an empty query or fragment stays, as in a browser."""
    path = PATH.match(href)[0]
    absolute = urljoin(base, path.replace("\\", "/") + href[len(path):])
    if "/." in absolute:  # urljoin leaves the dots of an address that is absolute already
        absolute = urljoin(absolute, urlsplit(absolute)._replace(scheme="", netloc="").geturl())
    if absolute.endswith(("#", "?")) or not href.endswith(("#", "?")):
        return absolute
    return absolute + href[-1]


def destination(url: str) -> str:
    """The address as Markdown writes it: in angle brackets where its parentheses are not in pairs."""
    if PLAIN_ADDRESS.fullmatch(url):
        return url
    url = url.replace("<", "%3C").replace(">", "%3E")
    url = re.sub(r"\\(?=[!-/:-@\[-`{-~])|&(?=#?\w+;)", lambda found: "%5C" if found[0] == "\\" else "&amp;", url)
    url = re.sub(r"[\x00-\x20\x7f]", lambda found: f"%{ord(found[0]):02X}", url)
    return url if paired(url) else f"<{url}>"


def paired(url: str) -> bool:
    depth = deepest = 0
    for sign in re.findall(r"[()]", url):
        depth += 1 if sign == "(" else -1
        deepest = max(deepest, depth)
        if depth < 0:
            return False
    return depth == 0 and deepest < 32


def has_words(el: HtmlElement) -> bool:
    return any(WORD.search(text) for text in islice(el.itertext(), 200))


def is_permalink(el: HtmlElement) -> bool:
    """The ¶ or # beside a heading that links to the heading itself."""
    return el.tag == "a" and (el.get("href") or "#").startswith("#") and not has_words(el)


def is_wordy_permalink(el: HtmlElement) -> bool:
    """A permalink that says so in words (“Direct link to Zip files”)."""
    if "#" not in (el.get("href") or "") or not PERMALINK_CLASS.search(el.get("class") or ""):
        return False
    return bool(PERMALINK_WORDS.fullmatch("".join(islice(el.itertext(), 20)).strip()))


def image_source(el: HtmlElement) -> str:
    """The address of the picture itself, also where a script would only load it on scrolling; "" if it shows nothing."""
    if any(number(el.get(side)) < TINY for side in ("width", "height")):
        return ""
    if not el.get("alt", "?").strip() and min(number(el.get("width")), number(el.get("height"))) <= SMALL:
        return ""
    return next((one for one in candidates(el) if one and is_picture(one)), "")


def candidates(el: HtmlElement) -> Iterator[str | None]:
    """The addresses that an image names, its own first; those for other widths and kinds of screen last."""
    yield el.get("src")
    for name in SOURCES:
        yield el.get(name)
    for name in SETS:
        yield largest(el.get(name))
    if (parent := el.getparent()) is not None and parent.tag == "picture":
        for source in parent.iter("source"):
            yield from (largest(source.get(name)) for name in SETS)


def number(size: str | None) -> float:
    found = re.match(r"\s*(\d{1,6}(?:\.\d+)?)\s*(?:px)?\s*$", size or "")
    return float(found[1]) if found else 1e6


def is_picture(src: str) -> bool:
    src = src.strip()
    return bool(src) and not src.lower().startswith(("data:", "about:", "blob:", "javascript:", "#")) and not SPACER.search(src)


def largest(srcset: str | None) -> str:
    """The widest candidate of a srcset."""
    best, size = "", -1.0
    for candidate in re.findall(r"([^\s,]\S*[^\s,]|[^\s,])(?:\s+([\d.]+)[wx])?\s*(?:,|$)", srcset or ""):
        if (width := float(candidate[1] or 1) if candidate[1].count(".") < 2 else 1.0) > size and is_picture(candidate[0]):
            best, size = candidate[0], width
    return best
