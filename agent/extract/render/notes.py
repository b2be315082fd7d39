"""Footnotes: which links are a note's number, and which elements are the notes that they lead to.

Only where the page's markup says so (roles, classes, names of anchors), and only where both ends lie in what is rendered.
A note is said where the page has it, as a definition; its links back to the text are dropped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml.html import HtmlElement

from agent.extract.render.lists import indent

if TYPE_CHECKING:
    from agent.extract.render.markdown import Renderer

LABEL = re.compile(r"\w{1,4}|[*†‡§¶#]{1,4}|(?:note|nb|lower-alpha|upper-alpha)\s*\w{1,3}", re.IGNORECASE)
NOTE_ID = re.compile(
    r"(?:user-content-)?(?:fn|footnote|foot|cite_note|endnote|en|note|_ftn|_edn|ftnt?|easy-footnote-bottom|sdfootnote|sdendnote)(?:text|def)?"
    r"(?:[-_:.]?\w*\d\w*|[-_:.][\w.:-]+|\d+sym)", re.IGNORECASE)
BACK_ID = re.compile(r"ref|back|anc$", re.IGNORECASE)
NOTE_CLASS = re.compile(r"foot-?note|noteref|fnref|fn-ref|footref|endnote", re.IGNORECASE)
NOTE_MARK = re.compile(rf"{NOTE_CLASS.pattern}|(?:^|\s)reference(?:\s|$)", re.IGNORECASE)  # of a <sup>; manuals call any link a reference
BRACKETS = " []()^\u00a0\n\t"
HOLDERS = frozenset("li p div aside dd td section blockquote".split())
BACK_LINK = re.compile(r"backref|back-?link|footnote-(?:back|return|number)|fn-backref|reversefootnote", re.IGNORECASE)
LONGEST = 20_000  # characters of a note; what is longer is a chapter


class Notes:
    """`references`: links to what stands for them; `targets`: notes to their label; `dropped`: links back."""

    def __init__(self, root: HtmlElement | None) -> None:
        self.references: dict[HtmlElement, str] = {}
        self.targets: dict[HtmlElement, str] = {}
        self.dropped: set[HtmlElement] = set()
        self.labels: set[str] = set()
        candidates = [] if root is None else [a for a in root.iter("a") if may_refer(a)]
        if candidates:
            self.pair(root, candidates)

    def pair(self, root: HtmlElement, candidates: list[HtmlElement]) -> None:
        named = {name: el for el in root.iter() if isinstance(el.tag, str) for name in (el.get("id"), el.get("name")) if name}
        for a in candidates:
            note = holder(named.get(fragment(a)), root)
            if note is not None and not contains(note, a):
                if note not in self.targets:
                    self.targets[note] = self.free(label_of(a))
                self.references[a] = f"[^{self.targets[note]}]"
        for note in self.targets:
            self.drop_back_links(note)

    def free(self, label: str) -> str:
        """The label, or one like it where another note has it."""
        for number in range(2, 100):
            if label not in self.labels:
                break
            label = f"{label.partition('~')[0]}~{number}"
        self.labels.add(label)
        return label

    def drop_back_links(self, note: HtmlElement) -> None:
        for a in note.iter("a"):
            text = "".join(a.itertext()).strip(" []()^\u00a0")
            role = f"{a.get('role')} {a.get('class')} {a.get('rev')}"
            if a not in self.references and "#" in (a.get("href") or "") and (
                    BACK_LINK.search(role) or not re.search(r"\w", text) or text == self.targets[note]
                    or (BACK_ID.search(fragment(a)) and len(text) < 12)):
                self.dropped.add(a)
        term = note.getprevious() if note.tag == "dd" else None
        if term is not None and term.tag == "dt" and term.text_content().strip(BRACKETS) == self.targets[note]:
            self.dropped.add(term)

    def definition(self, r: Renderer, note: HtmlElement) -> list[str]:
        """The note as `[^1]: its text`."""
        label = self.targets[note]
        if r.skip(note):
            return []
        blocks = r.flow(note)
        if blocks:
            blocks[0] = re.sub(rf"^(?:\^?\[?\\?\[?{re.escape(label)}\\?\]?[.):]?|\^|\[\])(?:\s+|$)|^\[\](?=\S)", "", blocks[0])
        blocks = [block for block in blocks if block]
        return [f"[^{label}]: {indent(blocks, 4)}"] if blocks else []


def may_refer(a: HtmlElement) -> bool:
    href = a.get("href")
    if href is None or "#" not in href or not fragment(a):
        return False
    text = "".join(a.itertext())
    if not LABEL.fullmatch(text.strip(BRACKETS)) or "()" in text or BACK_LINK.search(f"{a.get('role')} {a.get('class')}"):
        return False
    name = fragment(a)
    return says_so(a) or (bool(NOTE_ID.fullmatch(name)) and not BACK_ID.search(name))


def says_so(a: HtmlElement) -> bool:
    if (a.get("role") or "") == "doc-noteref" or a.get("data-footnote-ref") is not None or a.get("epub:type") == "noteref":
        return True
    parent = a.getparent()
    around = (parent.get("class") or "") if parent is not None and parent.tag == "sup" else ""
    named = NOTE_CLASS.search(a.get("class") or "") or NOTE_MARK.search(around)
    return bool(named) and not BACK_ID.search(fragment(a).split("-")[0])


def fragment(a: HtmlElement) -> str:
    return (a.get("href") or "").partition("#")[2]


def holder(el: HtmlElement | None, root: HtmlElement) -> HtmlElement | None:
    """The whole note that an anchor stands in."""
    if el is not None and el.tag == "dt":
        el = el.getnext()
    while el is not None and el is not root and el.tag not in HOLDERS:
        if el.tag == "tr":
            return el[-1] if len(el) else None
        el = el.getparent()
    if el is None or el is root or len(el.text_content()) > LONGEST:
        return None
    return el


def contains(el: HtmlElement, inner: HtmlElement) -> bool:
    return any(up is el for up in inner.iterancestors())


def label_of(a: HtmlElement) -> str:
    return re.sub(r"\s+", "-", "".join(a.itertext()).strip(BRACKETS))
