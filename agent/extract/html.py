"""From an HTML page to its text: a learned judge chooses which of its blocks are content, the page's own tree says them.

The judge (choose.py) is quick and knows seven kinds of page. Its receipt says how much of the page the text keeps; where
that is low the next extractor tries: trafilatura, a fine judge of articles, and then all that is not furniture. Whoever chose,
the page's tree is rendered (render.py), so code, tables and words stay as they were. Runs in a child process that may be
killed; the only importer of trafilatura.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import lxml.html
from lxml.cssselect import CSSSelector
from lxml.etree import ParserError, XPathError
from lxml.html import HtmlElement

from agent.errors import BadInput, Unreadable
from agent.extract.about import about, canonical
from agent.extract.huge import is_huge, plain_text
from agent.extract.render.markdown import markdown
from agent.extract.render.notes import Notes
from agent.extract.render.tags import closed
from agent.extract.render.unseen import seen
from agent.extract.select.blocks import Blocks, blocks_of
from agent.extract.select.choose import Judgement, judge
from agent.extract.select.fragments import words_in
from agent.extract.select.prune import prune
from agent.extract.select.receipt import receipt
from agent.extract.select.structured import told_by_data
from agent.extract.want import Want
from agent.extract.words import word_count

WORD = re.compile(r"\w+")
SHELL = 12  # words: what a body says before a script fills it
THIN = 60  # words: what a page's shell holds before its script runs (menus, “Loading…”); a real page of less is rare
MUCH = 2  # times what the body says must be said by its data to be told as well
NOTHING = "The page holds no text (it may be drawn by a script)."
STRUCTURE = frozenset("h1 h2 h3 h4 h5 h6 pre table ul ol dl blockquote".split())
OF_HEAD = frozenset("title meta link base script style noscript template".split())
SLOW_BEYOND = 600_000  # characters: trafilatura takes 5–17 s for pages of 2 MB


@dataclass
class Page:
    """A page on its way to text."""

    html: str
    url: str
    tree: HtmlElement
    blocks: Blocks
    judged: Judgement


def extract(html: str, url: str, want: Want | None = None, tree: HtmlElement | None = None,
            late: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """title, author, date, site, language, canonical, kind, text and receipt of a page, and its `markdown` if it is wanted.

    `from_data` says that the text is, at least for its most part, what a shell's data says; `notes` are there for a huge page.
    `tree` is the page as `parse` gives it, for who has it already; it is taken apart. `late` says whether the time for it is over.
    Raises Unreadable where there is no text, BadInput for a selector that is none.
    """
    tree = parse(html) if tree is None else tree
    said = {**about(tree, url), "canonical": canonical(tree, url)}
    said["title"] = seen(said["title"])
    body = tree.find("body")
    body = tree if body is None else body
    if is_huge(body):
        return {**said, **plainly(body, want.selector if want else "", late)}
    blocks = blocks_of(body)
    page = Page(html, url, tree, blocks, judge(blocks, tree, url))
    if want is not None and want.selector:
        roots, report = selected(page, want.selector)
        skipped: set[HtmlElement] = set()
        data = None
    else:
        kept, report = chosen(page)
        data = data_beside(page, kept) if report["text"]["words"] < THIN else None
        roots, skipped = [blocks.elements[0]], prune(blocks, with_notes(blocks, kept))
        if data is not None:
            if report["text"]["words"] >= SHELL:
                roots[0].append(data)  # one text, so that its links and notes are numbered through
            else:
                roots = [data]
            report = with_data(report, words_in([data]))
    text = rendered(roots, skipped, None, url)
    if not text.strip():
        raise Unreadable(NOTHING)
    marked = rendered(roots, skipped, want, url) if want is not None else ""
    return {**said, "kind": page.judged.kind, "text": text, "markdown": marked, "receipt": report, "from_data": data is not None}


def plainly(body: HtmlElement, selector: str, late: Callable[[], bool]) -> dict[str, Any]:
    """The text of a huge page, or of what is selected of it."""
    mains = body.xpath(".//main | .//*[@role='main']")
    roots = outermost(matching(body, selector)) if selector else mains if len(mains) == 1 else [body]
    found = plain_text(roots, late)
    if not found["text"]:
        raise Unreadable(NOTHING)
    return {**found, "kind": "", "markdown": found["text"], "from_data": False}


def data_beside(page: Page, kept: list[bool]) -> HtmlElement | None:
    """What the data in the markup says, where the body says next to nothing, or far less."""
    own = " ".join(text for text, keep in zip(page.blocks.texts, kept, strict=True) if keep)
    data, words = told_by_data(page.tree, page.url, own), word_count(own)
    return data if data is not None and is_better(words_in([data]), words) else None


def is_better(data: int, words: int) -> bool:
    """Whether so many words of data say more than so many of the body."""
    return words < SHELL or words < THIN and data >= max(THIN, MUCH * words)


def with_data(report: dict[str, Any], words: int) -> dict[str, Any]:
    """The receipt of a page whose data is told too: its words count as the page's, and as kept."""
    page, text = ({**report[side], "words": report[side]["words"] + words} for side in ("page", "text"))
    return {**report, "page": page, "text": text, "extractor": "data in the markup", "low": False}


def rendered(roots: list[HtmlElement], skipped: set[HtmlElement], style: Want | None, url: str) -> str:
    return "\n\n".join(filter(None, (markdown(root, skipped.__contains__, style, url) for root in roots)))


def parse(html: str) -> HtmlElement:
    html = re.sub(r"^\s*<\?xml[^>]*\?>", "", html.replace("\x00", ""), count=1)
    if not html.strip():
        raise Unreadable("The page is empty.")
    try:
        # else all below 255 levels is lost: the end of a thread that leaves a tag open in each post
        deep = lxml.html.HTMLParser(huge_tree=True)
        return with_body(lxml.html.document_fromstring(closed(html), parser=deep))
    except ParserError as error:
        raise Unreadable("The page is empty.") from error


def with_body(tree: HtmlElement) -> HtmlElement:
    """A page may leave out its body's tag; the parser then takes what HTML 4 did not know, as `main`, for a part of the head."""
    head, body = tree.find("head"), tree.find("body")
    strays = [] if head is None else [child for child in head if isinstance(child.tag, str) and child.tag not in OF_HEAD]
    if strays:
        if body is None:
            body = tree.makeelement("body")
            tree.append(body)
        strays[-1].tail, body.text = f"{strays[-1].tail or ''}{body.text or ''}", None
        body[:0] = strays
    return tree


def chosen(page: Page) -> tuple[list[bool], dict[str, Any]]:
    """Which blocks are content, by the first extractor whose receipt is not low; the fullest of them if all are."""
    tried = []
    for name, choose in EXTRACTORS.items():
        kept = choose(page)
        report = receipt(page.blocks, kept, name)
        if not report["low"]:
            return kept, report
        tried.append((report["text"]["words"], -len(tried), kept, report))
    _, _, kept, report = max(tried, key=lambda one: one[:2])
    return kept, report


def with_notes(blocks: Blocks, kept: list[bool]) -> list[bool]:
    """Keeps the footnotes too that what is kept refers to, wherever on the page they stand."""
    notes = Notes(blocks.elements[0])
    if not notes.targets:
        return kept
    row_of = {el: row for row, el in enumerate(blocks.elements)}
    referring = {a for row, owned in enumerate(blocks.owned) if kept[row] for a in owned if a in notes.references}
    wanted = {notes.references[a] for a in referring}
    for note, label in notes.targets.items():
        if f"[^{label}]" in wanted and note in row_of:
            row = row_of[note]
            kept[row:blocks.end[row]] = [True] * (blocks.end[row] - row)
    return kept


def by_judge(page: Page) -> list[bool]:
    return page.judged.kept.tolist()


def by_trafilatura(page: Page) -> list[bool]:
    """The blocks of whose words most stand beside the same neighbour in what trafilatura chose."""
    import trafilatura  # takes 0.4 s, and few pages come to it

    if len(page.html) > SLOW_BEYOND:
        return [False] * len(page.blocks.texts)
    document = trafilatura.bare_extraction(page.html, url=page.url, with_metadata=False, include_comments=True, favor_recall=True)
    words = WORD.findall((document.text or "").lower()) if document is not None else []
    pairs = set(zip(words, words[1:], strict=False))
    return [2 * chosen_part(text, pairs) > len(text) and not asks
            for text, asks in zip(page.blocks.texts, page.judged.features.asks.tolist(), strict=True)]


def chosen_part(text: str, pairs: set[tuple[str, str]]) -> int:
    """The length of those words of the text that stand beside the same neighbour in what was chosen, blanks counted."""
    words = WORD.findall(text.lower())
    near = [pair in pairs for pair in zip(words, words[1:], strict=False)]
    return sum(len(word) + 1 for word, a, b in zip(words, [False, *near], [*near, False], strict=False) if a or b)


def by_leaving_furniture(page: Page) -> list[bool]:
    """All but what stands in landmarks that are not for content, or is hidden."""
    return (~page.judged.features.furniture).tolist()


EXTRACTORS: dict[str, Callable[[Page], list[bool]]] = {
    "judge": by_judge, "trafilatura": by_trafilatura, "all but furniture": by_leaving_furniture}


def selected(page: Page, selector: str) -> tuple[list[HtmlElement], dict[str, Any]]:
    """The elements that a CSS selector matches, the outer one where they nest."""
    roots = outermost(matching(page.tree, selector))
    held = {block for root in roots for block in root.iter()} | set(owners(page.blocks, roots))
    report = receipt(page.blocks, [el in held for el in page.blocks.elements], "selector")
    beyond = report["page"]["words"] - report["text"]["words"]
    rest = [{"what": "the rest of the page", "words": beyond, "why": f"the selector “{selector}” does not match it"}] if beyond else []
    return gathered([stage(root) for root in roots]), {**report, "dropped": rest}


def matching(tree: HtmlElement, selector: str) -> list[HtmlElement]:
    try:
        found = CSSSelector(selector, translator="html")(tree)
    except (ValueError, SyntaxError, XPathError) as error:
        raise BadInput(f"“{selector}” is no CSS selector that Leash understands ({error}). Try one like “main” or “.post”.") from error
    if not found:
        raise Unreadable(f"Nothing on the page matches the selector “{selector}”.")
    return found


def outermost(found: list[HtmlElement]) -> list[HtmlElement]:
    inside = set(found)
    return [el for el in found if inside.isdisjoint(el.iterancestors())]


def gathered(roots: list[HtmlElement]) -> list[HtmlElement]:
    """Several roots as one, each a block of it, so that they share their numbers of links and notes."""
    if len(roots) == 1:
        return roots
    body = roots[0].getroottree().getroot()
    around = body.makeelement("div")
    body.append(around)
    for root in roots:
        root.tail = None
        block = body.makeelement("div")
        around.append(block)
        block.append(root)
    return [around]


def stage(root: HtmlElement) -> HtmlElement:
    """An element around the root where the root's own tag is part of what it says: a heading, a list, a table, code."""
    above = root.getparent()
    if root.tag not in STRUCTURE or above is None:
        return root
    around = above.makeelement("div")
    above.replace(root, around)
    root.tail = None
    around.append(root)
    return around


def owners(blocks: Blocks, roots: list[HtmlElement]) -> Iterator[HtmlElement]:
    """The blocks whose text an inline root is part of."""
    inline = set(roots)
    return (el for el, owned in zip(blocks.elements, blocks.owned, strict=True) if not inline.isdisjoint(owned))
