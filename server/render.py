"""Markdown as safe HTML: an answer's, with its [n] marks as citations, and a page's text.

Knows how they are written and nothing of where they came from. Whatever it is given, what it returns holds no script,
no attribute but its own, no image; an answer's links lead to kept pages alone, a text's to the web alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup, escape
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from agent.records import Citation, Claim

SUPPORT_WORDS = {"supported": "supported", "partial": "partly supported", "contradicted": "contradicted",
                 "not found": "no support found", "unchecked": "not checked"}
ALARMS = ("partial", "contradicted", "not found")
MARK = re.compile(r"\[\s*(\d{1,4}(?:\s*[,;]\s*\d{1,4})*|\?[^\[\]\n]{0,80})\s*\]")
PAGE_MARK = re.compile(r"<!-- page (\d{1,6}) -->")
TAGS = {"p", "br", "hr", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "blockquote", "h3", "h4", "h5", "h6",
        "table", "thead", "tbody", "tr", "th", "td", "a", "span", "div"}
ATTRIBUTES = {"a": {"href", "data-quote", "aria-label"}, "span": {"title"}, "ol": {"start"}, "div": {"tabindex"}}
CLASSES = {"div": {"wide"}, "a": {"cite"}, "span": {"unknown", "support", "hush", *(f"is-{word.split()[0]}" for word in SUPPORT_WORDS)}}

TEXT_TAGS = TAGS | {"h2", "div", "dl", "dt", "dd", "sup", "section"}
TEXT_ATTRIBUTES = {"a": {"href", "id"}, "li": {"id"}, "ol": {"start"}, "pre": {"tabindex"}, "div": {"tabindex"}}
TEXT_CLASSES = {"span": {"picture"}, "div": {"wide"}}
WIDE = '<div class="wide" tabindex="0">'  # what scrolls sideways must be reached by the keyboard
WEB = ("http://", "https://")


@dataclass(frozen=True)
class Mark:
    """One place that cites. `key` names the quote: the same span has the same key; `claim` is its sentence."""

    key: str
    citation: Citation
    support: str = "unchecked"
    claim: str = ""


def marks_of(claims: Iterable[Claim]) -> tuple[Mark, ...]:
    """The citations of an answer in reading order."""
    return keyed((citation, claim.support, claim.text) for claim in claims for citation in claim.citations)


def marks_from(citations: Iterable[Citation]) -> tuple[Mark, ...]:
    """The citations of a draft, whose claims nobody has checked yet."""
    return keyed((citation, "unchecked", "") for citation in citations)


def marks_along(cited: Sequence[Citation], claims: Sequence[Claim]) -> tuple[Mark, ...]:
    """The citations as they were written, one a mark, each with the state of the sentence that it stands in.

    A claim names a citation once, though its sentence may carry the mark twice; so the claims alone do not tell the
    marks apart.
    """
    rows, place = [], 0
    for citation in cited:
        later = next((n for n in range(place, len(claims)) if citation in claims[n].citations), None)
        place = place if later is None else later
        claim = claims[place] if later is not None else Claim("")
        rows.append((citation, claim.support, claim.text))
    return keyed(rows)


def numbers_in(markdown: str) -> list[int]:
    """The numbers of the marks of an answer, in reading order."""
    inline = (child for token in PARSER.parse(markdown) for child in token.children or ())
    words = (token.meta["word"] for token in inline if token.type == "cite")
    return [int(word) for word in words if word.isdecimal()]


def keyed(rows: Iterable[tuple[Citation, str, str]]) -> tuple[Mark, ...]:
    keys: dict[tuple[str, int, int], str] = {}
    marks = []
    for citation, support, claim in rows:
        key = keys.setdefault(span_of(citation), f"q{len(keys) + 1}")
        marks.append(Mark(key, citation, support, claim))
    return tuple(marks)


def span_of(citation: Citation) -> tuple[str, int, int]:
    return citation.page_sha256, citation.start, citation.end


class Reader:
    """Gives each [n] the citation it stands for, in reading order: the next one of that number, else its last."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        self.marks, self.next, self.last = marks, 0, {}

    def take(self, n: int) -> Mark | None:
        for place in range(self.next, len(self.marks)):
            if self.marks[place].citation.n == n:
                self.next = place + 1
                self.last[n] = self.marks[place]
                return self.marks[place]
        return self.last.get(n) or next((mark for mark in self.marks if mark.citation.n == n), None)


def answer_html(markdown: str, marks: Sequence[Mark] = ()) -> Markup:
    """The answer as HTML. A [n] that no citation stands for, and a [?…], is shown as an unknown mark."""
    return clean(PARSER.render(markdown, {"reader": Reader(marks)}))


def clean(html: str) -> Markup:
    return Markup(nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, allowed_classes=CLASSES, url_schemes=set(),
                            link_rel=None, clean_content_tags={"script", "style"}))


def text_html(markdown: str) -> Markup:
    """A page's text as HTML. Its links open the page on the web, its images are their descriptions."""
    html = TEXT_PARSER.render(markdown)
    return Markup(nh3.clean(html, tags=TEXT_TAGS, attributes=TEXT_ATTRIBUTES, allowed_classes=TEXT_CLASSES,
                            url_schemes={"http", "https"}, link_rel="noopener noreferrer nofollow",
                            clean_content_tags={"script", "style"}))


def page_path(citation: Citation) -> str:
    """Where the kept page of this citation is shown, at the quote."""
    return f"/pages/{quote(citation.page_sha256, safe='')}?start={citation.start}&end={citation.end}#quote"


def live_url(citation: Citation) -> str:
    """The page as it is on the web now, opened at the quote; "" for an address that is not the web's."""
    if not citation.url.lower().startswith(("http://", "https://")):
        return ""
    words = citation.quote.split()
    ends = [words[:5], words[-5:]] if len(words) > 12 else [words]
    fragment = ",".join(quote(" ".join(part), safe="").replace("-", "%2D") for part in ends)
    return f"{citation.url}{'' if '#' in citation.url else '#'}:~:text={fragment}"


def cite(state: StateInline, silent: bool) -> bool:
    """The inline rule: [3], [1, 4] and [?p9] are marks, not links."""
    match = MARK.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        state.pending = state.pending.rstrip(" ")
        for word in re.split(r"\s*[,;]\s*", match[1]) if match[1][0] != "?" else [match[1]]:
            state.push("cite", "a", 0).meta = {"word": word}
    state.pos = match.end()
    return True


def render_cite(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: dict[str, Any]) -> str:
    word = tokens[place].meta["word"]
    mark = env["reader"].take(int(word)) if word.isdecimal() else None
    if mark is None:
        return unknown(word.lstrip("?").strip() or "?")
    more = place + 1 < len(tokens) and tokens[place + 1].type == "cite"
    return str(link(mark)) + ("" if more else str(alarm(mark.support)))


def link(mark: Mark) -> Markup:
    """The number, joined to the word before it so that no line begins with it."""
    citation = mark.citation
    label = f"Quote {mark.key[1:]}, from source {citation.n}, {citation.site or citation.title}"
    return Markup('\u2060<a class="cite" href="{}" data-quote="{}" aria-label="{}">{}</a>').format(
        page_path(citation), mark.key, label, citation.n)


def alarm(support: str) -> Markup:
    """A word beside the sentence where the check found something to look at; silence where it did not."""
    if support not in ALARMS:
        return Markup("")
    return Markup('<span class="support is-{}">{}</span>').format(support.split()[0], SUPPORT_WORDS[support])


def unknown(word: str) -> str:
    return str(Markup('<span class="unknown" title="The writer cited this, but no such source exists.">'
                      '{}<span class="hush"> (no such source)</span></span>').format(word))


def render_code(_renderer: Any, tokens: Sequence[Token], place: int, _options: Any, _env: dict[str, Any]) -> str:
    return f"<pre><code>{escape(tokens[place].content)}</code></pre>\n"


def level_headings(first: int) -> Callable[[Any], None]:
    """A rule: headings start at h`first`, whatever the writer began with, and skip no level."""
    def rule(state: Any) -> None:
        stack: list[int] = []
        for token in state.tokens:
            if token.type == "heading_open":
                level = int(token.tag[1])
                stack = [*(above for above in stack if above < level), level]
            if token.type in ("heading_open", "heading_close"):
                token.tag = f"h{min(6, len(stack) + first - 1)}"
    return rule


def spare_headers(state: Any) -> None:
    """A header cell without words heads nothing."""
    for opening, inside, closing in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if opening.type == "th_open" and not inside.content.strip():
            opening.tag = closing.tag = "td"


def spare_colons(state: Any) -> None:
    """In a quote, the colon before a definition is its page's mark of structure, not a word: it is not shown."""
    for block in state.tokens:
        for before, one in itertools.pairwise(block.children or ()):
            if before.type in ("hardbreak", "softbreak") and one.type == "text" and block.level > 1:
                one.content = one.content.removeprefix(": ")


def parser() -> MarkdownIt:
    """CommonMark and tables, without HTML, images or links: a link's words stay, its address does not."""
    md = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable(["image", "autolink"])
    md.inline.ruler.before("link", "cite", cite)
    md.core.ruler.push("level_headings", level_headings(3))
    md.core.ruler.push("spare_headers", spare_headers)
    md.core.ruler.push("spare_colons", spare_colons)
    md.add_render_rule("cite", render_cite)
    for kind in ("link_open", "link_close"):
        md.add_render_rule(kind, lambda *_: "")
    md.add_render_rule("table_open", lambda *_: WIDE + "<table>")
    md.add_render_rule("table_close", lambda *_: "</table></div>")
    for kind in ("fence", "code_block"):
        md.add_render_rule(kind, render_code)
    return md


def keep_web_links(state: Any) -> None:
    """A link that does not lead to the web is no link: it would lead into Leash itself."""
    for token in (child for block in state.tokens for child in block.children or ()):
        if token.type == "link_open" and not str(token.attrGet("href")).lower().startswith(WEB):
            token.attrs.clear()


def render_picture(_renderer: Any, tokens: Sequence[Token], place: int, _options: Any, _env: dict[str, Any]) -> str:
    words = tokens[place].content.strip()
    return f'<span class="picture">[image{": " if words else ""}{escape(words)}]</span>'


def page_mark(state: StateInline, silent: bool) -> bool:
    """The inline rule: where a PDF's page begins is said, and not as the comment that it is in Markdown."""
    match = PAGE_MARK.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        state.push("page_mark", "span", 0).content = match[1]
    state.pos = match.end()
    return True


def render_page_mark(_renderer: Any, tokens: Sequence[Token], place: int, _options: Any, _env: dict[str, Any]) -> str:
    return f'<span class="picture">[page {tokens[place].content}]</span>'


def cell_break(state: StateInline, silent: bool) -> bool:
    """The inline rule: a line may end within a table's cell, which Markdown writes as HTML does."""
    if not state.src.startswith("<br>", state.pos):
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos += len("<br>")
    return True


def render_formula(_renderer: Any, tokens: Sequence[Token], place: int, _options: Any, _env: dict[str, Any]) -> str:
    """As it was written: Markdown would take its backslashes for its own."""
    token = tokens[place]
    tex = f"{token.markup}{escape(token.content)}{token.markup}"
    return f"<p>{tex}</p>\n" if token.block else tex


def text_parser() -> MarkdownIt:
    """CommonMark, tables, strikethrough, definition lists, footnotes and formulas, without HTML; images as their words."""
    md = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
    md.use(deflist_plugin).use(footnote_plugin, inline=False)
    md.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True)
    md.core.ruler.push("level_headings", level_headings(2))
    md.core.ruler.push("spare_headers", spare_headers)
    md.core.ruler.push("keep_web_links", keep_web_links)
    md.inline.ruler.before("link", "page_mark", page_mark)
    md.inline.ruler.before("link", "cell_break", cell_break)
    for kind in ("math_inline", "math_inline_double", "math_block"):
        md.add_render_rule(kind, render_formula)
    md.add_render_rule("page_mark", render_page_mark)
    md.add_render_rule("image", render_picture)
    md.add_render_rule("table_open", lambda *_: WIDE + "<table>")
    md.add_render_rule("table_close", lambda *_: "</table></div>")
    for kind in ("fence", "code_block"):
        md.add_render_rule(kind, lambda *given: render_code(*given).replace("<pre>", '<pre tabindex="0">', 1))
    return md


PARSER = parser()
TEXT_PARSER = text_parser()
