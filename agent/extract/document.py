"""From the bytes of a reply to a document, by what the bytes are and not by what the address ends in.

Runs in a child process that may be killed (child.py): nothing here is trusted to end, or to stay small. It knows which
module reads which kind (and loads it when it is wanted), not how.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agent.errors import Unreadable
from agent.extract import html
from agent.extract.bare import bare
from agent.extract.signs.buttons import hides_more
from agent.extract.signs.offers import offers_of
from agent.extract.signs.walls import wall_of
from agent.extract.sniff import kind_of
from agent.extract.source import Found, Source, decode, first_line
from agent.extract.words import word_count

if TYPE_CHECKING:
    from agent.extract.want import Want

__all__ = ["decode", "extract"]

TIME = 0.7  # share of the time for reading that a huge page's text may take: its signs are looked for afterwards
READERS = {
    "pdf": "pdf.read:read", "feed": "formats.feed:read", "notebook": "formats.notebook:read",
    "json": "formats.data:read_json", "csv": "formats.data:read_csv", "xml": "formats.data:read_xml",
    "text": "formats.plain:read_text", "markdown": "formats.plain:read_markdown",
    "docx": "formats.office:read_docx", "pptx": "formats.office:read_pptx", "xlsx": "formats.office:read_xlsx",
    "epub": "formats.epub:read", "image": "formats.image:read", "captions": "formats.captions:read",
}
DEFAULTS: dict[str, Any] = {"canonical": "", "kind": "", "format": "html", "wall": "", "offers": {}, "hides": "", "receipt": {},
                            "pages": [], "captions": "", "markdown": "", "from_data": False, "notes": []}
FROM_DATA = "The text is from data in the page's markup; the page itself draws it by a script."
MOSTLY_DATA = "The text is for its most part from data in the page's markup, which a reader of the page does not see."
# Of what a browser may show more.
DRAWN = re.compile(r"<script\b(?![^<>]{0,200}\bld\+json)|<i?frame|<meta\b[^<>]{0,200}\brefresh\b[^<>]{0,200}url\s*=")
VISIBLE = "//body//text()[not(ancestor::script or ancestor::style or ancestor::noscript or ancestor::template)]"
LINKED = re.compile(r"(?<!!)\[[^\]\n]*\]\([^)\s]+[^)\n]*\)")
TABLE = re.compile(r"^\|(?:\s*:?-{3,}:?\s*\|)+\s*$", re.MULTILINE)
FENCE = re.compile(r"^ {0,3}(`{3,})", re.MULTILINE)


def extract(body: bytes, content_type: str, charset: str, url: str, want: Want | None = None, private: bool = False) -> dict[str, Any]:
    """title, author, date, site, language, text; `html`, the decoded page or None; `thin`, whether a browser may show more.

    And, always: canonical, kind, format, wall, offers, hides, receipt, pages, captions, markdown (this one only where `want` asks),
    from_data (the text is from data in a shell's markup), notes (sentences for the user).
    Of a `private` page, `html` is what may be kept of it (bare.py). Raises Unreadable for what holds no text or is of a kind that
    cannot be read.
    """
    source = Source(body, content_type, charset, url, want)
    kind = kind_of(source)
    found = {**DEFAULTS, **(from_html(source) if kind == "html" else from_other(source, kind))}
    return {**found, "html": bare(found["html"])} if private and found["html"] is not None else found


def from_html(source: Source) -> dict[str, Any]:
    """A shell that only a script fills is `thin`, and raises nothing: its text may be empty."""
    text = source.text
    if (found := from_watch_page(source)) is not None:
        return found
    low = text.lower()
    scripted = DRAWN.search(low) is not None
    tree = html.parse(text)
    hides = hides_more(tree)  # asked first: extraction takes the tree apart
    try:
        found = html.extract(text, source.url, source.want, tree, lambda: source.used > TIME)
    except Unreadable:
        if not scripted:
            raise
        found = {**html.about(html.parse(text), source.url), "text": ""}
    told = found["text"]
    if source.want is not None and source.want.selector:  # how little a part holds says nothing of the page
        told, found["receipt"] = words_of(text), {**found.get("receipt", {}), "low": False}
    thin = scripted and (found.get("from_data") or word_count(told) < html.THIN or not found["text"].strip())
    notes = [FROM_DATA if scripted else MOSTLY_DATA] if found.get("from_data") else found.get("notes", [])
    return {**found, **signs(text, told, source.url), "hides": hides, "html": text, "thin": bool(thin), "captions": captions_of(source),
            "notes": notes}


def words_of(page: str) -> str:
    """Every word of a page that a browser could show."""
    return " ".join(html.parse(page).xpath(VISIBLE))


def from_watch_page(source: Source) -> dict[str, Any] | None:
    """A video's page, whose words stand in its data; None for any other page, and where a part of it is asked for."""
    if "ytInitialPlayerResponse" not in source.text or (source.want is not None and source.want.selector):
        return None
    from agent.extract.formats import video

    seen = video.watched(source)
    if seen is None:
        return None
    return {**said(seen.pop("found"), source), "html": source.text, **seen}


def captions_of(source: Source) -> str:
    if "<track" not in source.text.lower():
        return ""
    from agent.extract.formats.video import offered_track

    return offered_track(source.text, html.parse(source.text), source.url)


def signs(page: str, text: str, url: str) -> dict[str, Any]:
    """What the ladder goes by: whether this is a wall, and what the page offers of itself."""
    return {"wall": wall_of(page, text, url), "offers": offers_of(page, url)}


def from_other(source: Source, kind: str) -> dict[str, Any]:
    module, _, function = f"agent.extract.{READERS[kind]}".partition(":")
    read: Callable[[Source], Found] = getattr(import_module(module), function)
    found = read(source)
    if not found.text.strip():
        raise Unreadable("The page is empty.")
    if source.want is not None and source.want.selector:
        found.drop("the choice of a part", "a CSS selector chooses parts of HTML pages, and this is none")
    return said(found, source)


def said(found: Found, source: Source) -> dict[str, Any]:
    """The plain data of a document that is no page."""
    marked = found.markdown or found.text
    return {
        "title": (found.title or first_line(found.text))[:300], "author": found.author[:120], "date": found.date,
        "site": (urlsplit(source.url).hostname or "").removeprefix("www.")[:80], "language": found.language[:8].lower(),
        "text": found.text, "markdown": marked if source.want is not None else "", "html": None, "thin": False,
        "format": found.format, "pages": found.pages, "receipt": receipt(found, marked),
    }


def receipt(found: Found, marked: str) -> dict[str, Any]:
    """Nothing of these kinds is chosen: what is not in the text is what the reader says it left out."""
    kept = {"words": word_count(found.text), "code": len(FENCE.findall(marked)) // 2, "tables": len(TABLE.findall(marked)),
            "links": len(LINKED.findall(marked))}
    lost = sum(row["words"] for row in found.dropped)
    return {"page": {**kept, "words": kept["words"] + lost}, "text": kept, "dropped": found.dropped,
            "extractor": found.extractor or found.format, "low": False}
