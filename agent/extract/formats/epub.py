"""An EPUB as text: its chapters in the order of reading, by the renderer of pages. Opens nothing beside the book."""

from __future__ import annotations

from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote

import lxml.html
from lxml.etree import ParserError
from lxml.html import HtmlElement

from agent.errors import Unreadable
from agent.extract.formats import tree
from agent.extract.formats.archive import Archive
from agent.extract.formats.office import part
from agent.extract.source import Found, Source, day

MOST_TEXT = 5_000_000
LOCKED = "META-INF/encryption.xml"


def read(source: Source) -> Found:
    """Raises Unreadable for a book that is damaged or locked."""
    archive = Archive(source.body)
    place = package_place(archive)
    package = part(archive, place)
    if package is None:
        raise Unreadable("This book (EPUB) is damaged: it does not say where its chapters are.")
    found = described(package)
    texts: list[tuple[str, str]] = []
    names = chapters(package, place)
    for number, name in enumerate(names):
        if source.used > 1 or sum(len(plain) for plain, _ in texts) > MOST_TEXT:
            found.drop("chapters", f"{len(names) - number:,} of {len(names):,} are beyond what there was time or room for")
            break
        if (body := chapter(archive, name)) is not None:
            texts.append(tree.texts(body, source))
    found.text, found.markdown = ("\n\n".join(text for text in side if text) for side in zip(*texts, strict=True)) if texts else ("", "")
    if not found.text.strip():
        raise Unreadable("This book (EPUB) is locked (DRM), or holds no text." if LOCKED in archive.names
                         else "This book (EPUB) holds no text.")
    return found


def package_place(archive: Archive) -> str:
    container = part(archive, "META-INF/container.xml")
    roots = container.iter("{*}rootfile") if container is not None else ()
    return next((root.get("full-path", "") for root in roots), "")


def described(package: Any) -> Found:
    said = {el.tag.rpartition("}")[2]: " ".join((el.text or "").split()) for el in reversed([*package.iter(
        "{http://purl.org/dc/elements/1.1/}*")])}
    return Found("epub", "", title=said.get("title", ""), author=said.get("creator", ""), date=day(said.get("date", "")),
                 language=said.get("language", "").split("-")[0])


def chapters(package: Any, place: str) -> list[str]:
    """The names of the parts that are read one after the other, the table of contents not."""
    parts = {el.get("id"): el for el in package.iter("{*}item")}
    spine = [parts.get(el.get("idref")) for el in package.iter("{*}itemref")]
    return [normpath(join(dirname(place), unquote(el.get("href", "")))) for el in spine
            if el is not None and "nav" not in (el.get("properties") or "").split()]


def chapter(archive: Archive, name: str) -> HtmlElement | None:
    if name not in archive.names:
        return None
    try:
        page = lxml.html.document_fromstring(archive.read(name), parser=lxml.html.HTMLParser(encoding="utf-8"))
    except (ParserError, ValueError):
        return None
    for link in page.iter("a"):
        if not (link.get("href") or "").startswith(("http://", "https://")):
            link.attrib.pop("href", None)
    body = page.find("body")
    return page if body is None else body
