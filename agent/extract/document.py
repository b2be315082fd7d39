"""From the bytes of a reply to a document, by what the bytes are and not by what the address ends in.

Runs in a child process that may be killed (child.py): nothing here is trusted to end, or to stay small.
"""

from __future__ import annotations

import re
from typing import Any

from agent.errors import Unreadable
from agent.extract import html

THIN = 60  # words: what a page's shell holds before its script runs (menus, “Loading…”); a real page of less is rare
META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]+)", re.IGNORECASE)
MARKUP = re.compile(r"<(?:!doctype html|html|head|body|title|div|p|h1|meta|table|article|script)\b", re.IGNORECASE)
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
KINDS = ((b"%PDF-", "a PDF"), (b"PK\x03\x04", "a zip archive or an office document"), (b"\x89PNG", "an image"), (b"GIF8", "an image"),
         (b"\xff\xd8\xff", "an image"), (b"\x1f\x8b", "a compressed file"), (b"\x7fELF", "a program"))


def extract(body: bytes, content_type: str, charset: str, url: str) -> dict[str, Any]:
    """title, author, date, site, language, text; `html`, the decoded page or None; `thin`, whether a browser may show more.

    Raises Unreadable for what holds no text or is of a kind that cannot be read yet.
    """
    for mark, kind in KINDS:
        if body.startswith(mark):
            raise Unreadable(f"This address holds {kind}, which Leash cannot read yet.")
    text = decode(body, charset)
    if "html" in content_type or MARKUP.search(text[:4000]):
        return from_html(text, url)
    if "\x00" in text[:4000] or content_type.split("/")[0] in ("image", "audio", "video", "font"):
        raise Unreadable(f"This address holds data ({content_type or 'of no declared kind'}), not text.")
    if not text.strip():
        raise Unreadable("The page is empty.")
    about = html.about(html.parse("<p></p>"), url)
    return {**about, "title": first_line(text), "text": text.replace("\r\n", "\n"), "html": None, "thin": False}


def from_html(text: str, url: str) -> dict[str, Any]:
    """A shell that only a script fills is `thin`, and raises nothing: its text may be empty."""
    scripted = "<script" in text.lower()
    try:
        found = html.extract(text, url)
    except Unreadable:
        if not scripted:
            raise
        found = {**html.about(html.parse(text), url), "text": ""}
    return {**found, "html": text, "thin": scripted and len(found["text"].split()) < THIN}


def decode(body: bytes, charset: str) -> str:
    """The text in the charset of its byte order mark, its header, its meta tag, UTF-8, or the likeliest, in this order."""
    named = [codec for mark, codec in MARKS if body.startswith(mark)]
    meta = META_CHARSET.search(body[:4096])
    for codec in [*named, charset, meta[1].decode("ascii", "ignore") if meta else "", "utf-8"]:
        try:
            if codec:
                return body.decode(codec)
        except (LookupError, UnicodeDecodeError):
            continue
    return guessed(body)


def guessed(body: bytes) -> str:
    """A page with a few wrong bytes keeps its charset; one that is mostly wrong is of another."""
    from charset_normalizer import from_bytes

    text = body.decode("utf-8", "replace")
    if text.count("\ufffd") * 200 < len(text):
        return text
    best = from_bytes(body[:200_000]).best()
    return body.decode(best.encoding, "replace") if best else body.decode("latin-1")


def first_line(text: str) -> str:
    return next((line.strip("# \t") for line in text.splitlines() if line.strip("# \t")), "")[:120]
