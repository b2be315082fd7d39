"""What a page says of itself beside its text: its Markdown, its site's llms.txt, and what it asks of programs.

Reads the page's own tags only, without a tree, as they come. Opens nothing.
"""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin, urlsplit

TAGS = re.compile(r"<(link|meta|a)\b([^<>]{1,2000})>", re.IGNORECASE)
ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
LINKS = re.compile(r"<([^<>]{1,2000})>([^<]{0,500})")
MARKDOWN = ("text/markdown", "text/x-markdown")
SUFFIX = re.compile(r"\.(?:md|markdown)$", re.IGNORECASE)
ASKED = re.compile(r"\b(?:noai|noimageai)\b|tdm-reservation", re.IGNORECASE)
LLMS = re.compile(r"/llms(?:-full)?\.txt$", re.IGNORECASE)
LOOK = 2_000_000  # characters


def offers_of(html: str, url: str) -> dict[str, str]:
    """"markdown" and "llms", addresses of the same host as the page; "asks", what it asks of programs, in its words."""
    found: dict[str, str] = {}
    for tag, given in TAGS.findall(html[:LOOK]):
        if tag in "aA" and ".md" not in given and ".markdown" not in given:
            continue
        for name, value in offered(tag.lower(), attributes(given), url).items():
            found.setdefault(name, value)
    return found


def attributes(text: str) -> dict[str, str]:
    return {name.lower(): unescape(a or b or c) for name, a, b, c in ATTRIBUTE.findall(text)}


def offered(tag: str, given: dict[str, str], url: str) -> dict[str, str]:
    if tag == "meta":
        said = f"{given.get('name', '')}: {given.get('content', '')}"
        asks = given.get("name", "").lower() in ("robots", "leash", "tdm-reservation") and ASKED.search(said)
        return {"asks": said[:200]} if asks else {}
    address = own_address(given.get("href", ""), url)
    if not address:
        return {}
    if tag == "a":
        return {"markdown": address} if same_page(address, url) else {}
    return by_relation(given.get("rel", ""), given.get("type", ""), address)


def by_relation(rel: str, kind: str, address: str) -> dict[str, str]:
    relations = rel.lower().split()
    if "alternate" in relations and kind.partition(";")[0].strip().lower() in MARKDOWN:
        return {"markdown": address}
    named = "describedby" in relations and (LLMS.search(urlsplit(address).path) or "text/" in kind.lower() or not kind)
    return {"llms": address} if named or "llms-txt" in relations else {}


def own_address(href: str, url: str) -> str:
    """The absolute address if it is of the page's own host: a page may not send Leash elsewhere for its text."""
    try:
        address = urljoin(url, href.strip())
        mine, its = urlsplit(url), urlsplit(address)
    except ValueError:
        return ""
    return address if href and its.scheme in ("http", "https") and its.netloc == mine.netloc else ""


def same_page(address: str, url: str) -> bool:
    """Whether this is the page's own address with .md: what “view as Markdown” buttons link to."""
    page, other = urlsplit(url).path, urlsplit(address).path
    if not SUFFIX.search(other) or SUFFIX.search(page):
        return False
    stem, bare = SUFFIX.sub("", other), re.sub(r"(?:/index)?(?:\.html?)?/?$", "", page)
    return stem in (page, bare) or (stem.endswith(("/index", "/index.html")) and stem.rpartition("/index")[0] == bare)


def header_offers(header: str, url: str) -> dict[str, str]:
    """The same of a reply's Link header."""
    found: dict[str, str] = {}
    for href, rest in LINKS.findall(header[:20_000]):
        given, address = attributes(rest), own_address(href, url)
        for name, value in (by_relation(given.get("rel", ""), given.get("type", ""), address) if address else {}).items():
            found.setdefault(name, value)
    return found
