"""The longest prose in the data that a page's scripts draw it from: `__NEXT_DATA__`, `__NUXT__` and their like.

No framework is known by more than where it leaves its data. In that, the part is looked for that has the page's title or
address, else the one that holds most of what reads like sentences, and it is said in its order: HTML as HTML, the nodes of
editors as the blocks they stand for. Bounded in size, depth and number of values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from lxml.html import HtmlElement

from agent.extract.select.fragments import BLOCK_TAG, TAG, element, elements_of, grouped, inline
from agent.extract.words import word_count

JSON_TYPE = re.compile(r"^\s*application/(?!ld\+)(?:[\w.-]+\+)?json\b", re.IGNORECASE)
ASSIGNED = re.compile(r"(?:window|self|globalThis)\s*(?:\.\s*|\[\s*[\"'])(\w+)(?:[\"']\s*\])?\s*=\s*(JSON\.parse\(\s*)?(?=[\[{\"'])")
ATTRIBUTES = ("data-page", "data-preloaded", "data-props", "data-react-props", "data-state", "data-initial-state")
MOST_DATA = 6_000_000  # characters of all of it
MOST_VALUES, MOST_BLOCKS, DEEPEST = 200_000, 10_000, 60
SENTENCE = 12  # words: of less, it is told by its key alone whether a string is for readers
SHORT = 400  # characters: of less, a brace means that words are to be put in, or code
LETTERS = 0.75  # share of letters and blanks in what reads like sentences; styles and queries have less
OF_DICT, OF_LIST = 0.5, 0.9  # share of the words in one value that makes it the part to look at; the items of a list are alike
UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
NOT_CONTENT = re.compile(
    r"i18n|transl|locale|dictionar|labels?$|legal|cookie|consent|privacy|footer|navi|menu|sidebar|related|recommend|similar|trending|"
    r"^seo|meta|^og|schema|json_?ld|config|settings|theme|quer(?:y|ies)|svg|css|styles?$|scripts?$|analytic|track|flags|experiment|"
    r"errors?$|^ads?$|advert|newsletter|promo|disclaimer|banner|widget|env$|runtime|chunk|href|url$|src$|alt$|excerpt", re.IGNORECASE)
OWN, TEASER = 40, 0.1  # words, share of all: a part that has the page's title and says less is a teaser of it
SHORTEST_MARK = 6  # letters: “Home”, “index”
SLUGS = ("slug", "url", "path", "permalink", "href", "uri")
HEADING_KEYS = ("headline", "title", "heading", "question")
LEAF_KEYS = ("text", "value")
KIND_KEYS = ("style", "type", "_type", "nodeType", "tag", "blockType")
KINDS = (("h", re.compile(r"head(?:er|ing)|^h[1-6]$", re.IGNORECASE)), ("li", re.compile(r"list-?_?item|^li$|bullet", re.IGNORECASE)),
         ("pre", re.compile(r"code|^pre$", re.IGNORECASE)), ("blockquote", re.compile(r"quote", re.IGNORECASE)),
         ("p", re.compile(r"para|text|^p$|normal|^block$", re.IGNORECASE)))


def prose_in(tree: HtmlElement, url: str = "") -> list[HtmlElement]:
    """The blocks of the longest prose in the page's data, none where it holds none."""
    best, most, marks = None, 0, marks_of(tree, url)
    for data in data_in(tree):
        scale = Scale(marks)
        if (words := scale.weigh(data, 0)) > most:
            best, most = (scale, data), words
    if best is None:
        return []
    scale, data = best
    own = scale.own if scale.weight_of(scale.own) >= TEASER * most else None
    part, title = scale.heaviest(own or data)
    blocks = islice(scale.blocks(part, 0), MOST_BLOCKS)
    return grouped([*([element("h1", title)] if title else []), *blocks])


def marks_of(tree: HtmlElement, url: str) -> frozenset[str]:
    """By what the page's own thing may be known in its data: its title, with and without the site's name, and the end of its address."""
    titles = [*tree.xpath("//meta[@property='og:title']/@content"), tree.findtext(".//title") or ""]
    parts = [part for title in titles for part in (title, max(re.split(r"\s[|–—·:-]\s", title), key=len))]
    last = url.partition("?")[0].rstrip("/").rpartition("/")[2]
    return frozenset(mark for part in (*parts, last) if len(mark := folded(part)) >= SHORTEST_MARK)


def folded(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def data_in(tree: HtmlElement) -> Iterator[Any]:
    left = MOST_DATA
    for text in strings_of(tree):
        left -= len(text)
        if left > 0 and (data := loaded(text)) is not None:
            yield data


def strings_of(tree: HtmlElement) -> Iterator[str]:
    for script in tree.iter("script"):
        text = script.text or ""
        if JSON_TYPE.match(script.get("type") or ""):
            yield text
        elif not script.get("src") and len(text) < MOST_DATA:
            yield from (text[found.end():] for found in ASSIGNED.finditer(text))
    for name in ATTRIBUTES:
        yield from (text for text in tree.xpath(f"//@{name}") if text[:1] in "[{")


def loaded(text: str) -> Any:
    """The value that the text starts with, whatever follows it; a string that is itself data is read as that."""
    try:
        data, _ = json.JSONDecoder(strict=False).raw_decode(text.lstrip())
        return json.loads(data) if isinstance(data, str) and data[:1] in ("{", "[") else data
    except (ValueError, RecursionError):
        return None


class Scale:
    """Knows of each part of the data how many words it holds that are for readers."""

    def __init__(self, marks: frozenset[str]) -> None:
        self.marks = marks
        self.own: dict[str, Any] | None = None  # the heaviest part that has the page's title or address
        self.words: dict[int, int] = {}
        self.held: list[Any] = []  # keeps what was read from strings, so that its id stays its own
        self.inner: dict[int, Any] = {}
        self.values = 0

    def opened(self, value: Any) -> Any:
        """A string that holds data, as that data."""
        if isinstance(value, str) and value[:1] in ("{", "[") and value[-1:] in ("}", "]") and len(value) > 100:
            if id(value) not in self.inner:
                self.held.append(value)
                self.inner[id(value)] = loaded(value)
            found = self.inner[id(value)]
            return value if found is None else found
        return value

    def weigh(self, value: Any, depth: int) -> int:
        value = self.opened(value)
        self.values += 1
        if self.values > MOST_VALUES or depth > DEEPEST:
            return 0
        if isinstance(value, str):
            return word_count(TAG.sub(" ", value)) if is_prose(value) else 0
        if not isinstance(value, (dict, list)):
            return 0
        said = block_text(value)
        words = word_count(said) if said is not None else sum(self.weigh(one, depth + 1) for _, one in parts_of(value))
        self.words[id(value)] = words
        if isinstance(value, dict) and words > max(OWN, self.weight_of(self.own)) and self.is_own(value):
            self.own = value
        return words

    def is_own(self, value: dict[str, Any]) -> bool:
        named = [title_of(value), *(value[key].rstrip("/").rpartition("/")[2] for key in SLUGS if isinstance(value.get(key), str))]
        return not self.marks.isdisjoint(map(folded, named))

    def heaviest(self, value: Any) -> tuple[Any, str]:
        """The part that the page is about, and the nearest title above it."""
        title = ""
        while True:
            value = self.opened(value)
            if isinstance(value, dict):
                title = title_of(value) or title
            held = [self.opened(one) for _, one in parts_of(value)] if block_text(value) is None else []
            best = max(held, key=self.weight_of, default=None)
            share = OF_DICT if isinstance(value, dict) else OF_LIST
            if not isinstance(best, (dict, list)) or self.weight_of(best) < share * self.weight_of(value):
                return value, title if not isinstance(value, dict) or not title_of(value) else ""
            value = best

    def weight_of(self, value: Any) -> int:
        if isinstance(value, str):
            return word_count(TAG.sub(" ", value)) if is_prose(value) else 0
        return self.words.get(id(value), 0)

    def blocks(self, value: Any, depth: int) -> Iterator[HtmlElement]:
        value = self.opened(value)
        if isinstance(value, str):
            yield from elements_of(value) if is_prose(value) else ()
        elif isinstance(value, (dict, list)) and self.words.get(id(value)):
            said = block_text(value)
            if said is not None:
                yield block(value, said)
                return
            if isinstance(value, dict) and (title := title_of(value)):
                yield element("h2" if depth else "h1", title)
            for _, one in parts_of(value):
                yield from self.blocks(one, depth + 1)


def parts_of(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return [(key, one) for key, one in value.items()
                if not NOT_CONTENT.search(str(key)) and not (key == "messages" and isinstance(one, dict))]
    return list(enumerate(value)) if isinstance(value, list) else []


def is_prose(text: str) -> bool:
    """Whether a string is for readers: HTML with blocks, or words enough that are words."""
    if len(text) < 3 * SENTENCE:
        return False
    bare = TAG.sub(" ", UNSEEN.sub(" ", text[:4000]))
    words, least = word_count(bare), SENTENCE // 2 if BLOCK_TAG.search(text) else SENTENCE
    letters = sum(map(str.isalpha, bare)) + sum(map(str.isspace, bare))
    return words >= least and letters >= LETTERS * len(bare) and not (len(text) < SHORT and "{" in bare)


def title_of(value: dict[str, Any]) -> str:
    """What a dict that is no node of an editor is headed by."""
    found = [value.get(key) for key in HEADING_KEYS]
    said = [one.get("rendered") if isinstance(one, dict) else one for one in found]
    fit = (one for one in said if isinstance(one, str) and 0 < len(one) < 300 and "://" not in one)
    return next((" ".join(TAG.sub(" ", one).split()) for one in fit), "")


def kind_of(node: dict[str, Any]) -> str:
    if isinstance(node.get("listItem"), str):
        return "li"
    return next((tag for key in KIND_KEYS if isinstance(node.get(key), str) and (tag := tag_for(node[key][:40]))), "")


@lru_cache(maxsize=2_000)
def tag_for(kind: str) -> str:
    return next((tag for tag, rule in KINDS if rule.search(kind)), "")


def block_text(node: Any) -> str | None:
    """The words of a node of an editor that is one block: its leaves together, or its own string; None for what is none."""
    if not isinstance(node, dict):
        return None
    children = next((node[key] for key in ("children", "content", "nodes") if isinstance(node.get(key), list)), None)
    if children and any(is_leaf(child) for child in children) and kind_of(node):
        return "".join(leaves(children, 0))
    inner = node.get("data") if isinstance(node.get("data"), dict) else node
    own = next((inner[key] for key in (*LEAF_KEYS, "content") if isinstance(inner.get(key), str)), "")
    return own if own and children is None and kind_of(node) and "://" not in own[:12] and not BLOCK_TAG.search(own) else None


def is_leaf(node: Any) -> bool:
    return isinstance(node, dict) and any(isinstance(node.get(key), str) for key in LEAF_KEYS) and not node.get("children")


def leaves(nodes: list[Any], depth: int) -> Iterator[str]:
    for node in nodes if depth < DEEPEST else ():
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            own = next((node[key] for key in LEAF_KEYS if isinstance(node.get(key), str)), "")
            yield own
            for key in ("children", "content", "nodes"):
                if isinstance(node.get(key), list):
                    yield from leaves(node[key], depth + 1)


def block(node: dict[str, Any], text: str) -> HtmlElement:
    tag = kind_of(node)
    if tag == "h":
        places = [node, *(node[key] for key in ("data", "attrs", "attributes") if isinstance(node.get(key), dict))]
        said = [str(place[key]) for place in places for key in ("level", *KIND_KEYS) if key in place]
        digits = re.findall(r"[1-6]", " ".join(said))
        return inline(f"h{digits[0] if digits else 2}", text)
    return element("pre", text) if tag == "pre" else inline(tag or "p", text)
