"""Formulas as LaTeX, from every form that pages give them: MathML, KaTeX, MathJax, images, attributes. Each is said once.

The page's own TeX goes first; MathML without it is translated by mathml.py.
"""

from __future__ import annotations

import re
from itertools import islice
from urllib.parse import unquote, urlsplit

import lxml.html
from lxml.html import HtmlElement

from agent.extract.render.mathml import latex

ATTRIBUTES = ("data-latex", "data-tex", "data-math", "data-katex", "data-expr", "data-formula", "alttext")
TEX_IMAGE = re.compile(
    r"(?:^|\s)(?:latex|tex|math|mwe-math-fallback-image-\w+|inlinemath|displaymath|mathtex|formula|ql-img-\S+)(?:\s|$)", re.IGNORECASE)
TEX_SERVICE = re.compile(
    r"latex\.codecogs\.com|/cgi-bin/mathtex|chart\.apis?\.google\.com/chart\?cht=tx|/latex\.php|texit|quicklatex", re.IGNORECASE)
DISPLAY_CLASS = re.compile(r"display|(?:^|\s)(?:math-block|katex-block|MathJax_Display|block)(?:\s|$)", re.IGNORECASE)
DRAWN_CLASS = re.compile(r"katex|mwe-math|MathJax", re.IGNORECASE)
DELIMITED = re.compile(r"\s*(?:\\\((?P<inline>.+)\\\)|\\\[(?P<block>.+)\\\]|\$\$(?P<dollars>.+)\$\$|\$(?P<dollar>.+)\$)\s*", re.DOTALL)
STYLED = re.compile(r"\{\\(?:display|text)style\s*(.*)\}", re.DOTALL)
SIGNS = re.compile(r"[\\^_{}=]")


def tex_of(el: HtmlElement) -> tuple[str | None, bool]:
    """The formula and whether it stands alone. None: `el` is no formula; "": it is one that another element says."""
    if el.tag == "script":
        kind = (el.get("type") or "").lower()
        return (tidy(el.text or ""), "mode=display" in kind.replace(" ", "")) if kind.startswith("math/") else (None, False)
    if el.tag == "math":
        return of_mathml(el), (el.get("display") or el.get("mode")) in ("block", "display")
    return drawn(el)


def drawn(el: HtmlElement) -> tuple[str | None, bool]:
    """A formula drawn with elements: what it was made from is written in it, or beside it."""
    cls, parent = el.get("class") or "", el.getparent()
    if parent is not None and cls and parent.get("class") == cls:
        return None, False  # a formula in the same formula is not one, and was looked at with it
    display = bool(DISPLAY_CLASS.search(cls)) or (el.tag == "mjx-container" and el.get("display") == "true")
    if "MathJax" in cls and said_by_script(el):
        return "", False
    if tex := first_attribute(el):
        return tex, display
    return inside(el, cls, display)


def inside(el: HtmlElement, cls: str, display: bool) -> tuple[str | None, bool]:
    math = next(el.iter("math"), None)
    if math is not None:
        parent = el.getparent()
        around = "" if parent is None else parent.get("class") or ""
        display = display or math.get("display") == "block" or bool(DISPLAY_CLASS.search(around))
        return (of_mathml(math), display) if only_formula(el, math) else (None, False)
    if el.get("data-mathml"):
        return of_mathml(lxml.html.fragment_fromstring(el.get("data-mathml"), create_parent="div")), display
    if next(el.iter("img", "script", "pre", "code"), None) is not None or len(el) > 3:
        return None, False
    return delimited("".join(el.itertext()), cls, display)


def only_formula(el: HtmlElement, math: HtmlElement) -> bool:
    """Whether `el` draws this one formula, rather than being a part of the page with some."""
    if len(list(islice(el.iter("math"), 2))) > 1 or next(el.iter("p", "li", "table"), None) is not None:
        return False
    drawn = el.tag == "mjx-container" or DRAWN_CLASS.search(el.get("class") or "")
    return bool(drawn) or len("".join(el.itertext()).strip()) == len("".join(math.itertext()).strip())


def delimited(text: str, cls: str, display: bool) -> tuple[str | None, bool]:
    found = DELIMITED.fullmatch(text)
    if found:
        return tidy(found[found.lastgroup]), found.lastgroup in ("block", "dollars")
    known = re.search(r"(?:^|\s)(?:katex|math|math-inline|math-block|math-display|tex|latex|math-tex)(?:\s|$)", cls)
    if known and SIGNS.search(text) and "\n\n" not in text.strip() and len(text) < 2000 and "$" not in text and "\\(" not in text:
        return tidy(text), display
    return None, False


def first_attribute(el: HtmlElement) -> str:
    for name in ATTRIBUTES:
        if value := (el.get(name) or "").strip():
            found = DELIMITED.fullmatch(value)
            return tidy(found[found.lastgroup] if found else value)
    return ""


def said_by_script(el: HtmlElement) -> bool:
    """MathJax 2 leaves its source in a script behind (or, when it has a display of its own, inside) what it draws."""
    if next(el.iter("script"), None) is not None:
        return False
    after = [el.getnext(), *(up.getnext() for up in islice(el.iterancestors("span", "div"), 1))]
    following = [*after, *(one.getnext() for one in after if one is not None)]
    return any(one is not None and one.tag == "script" and (one.get("type") or "").startswith("math/") for one in following)


def of_mathml(math: HtmlElement) -> str:
    for note in math.iter("annotation"):
        if "tex" in (note.get("encoding") or "").lower() and (note.text or "").strip():
            return tidy(note.text)
    return first_attribute(math) or tidy(latex(math))


def tidy(tex: str) -> str:
    """On one line, without the style that a wiki wraps around it."""
    tex = re.sub(r"(?<!\\)%.*", "", tex) if "\n" in tex else tex
    tex = " ".join(tex.replace("<![CDATA[", "").replace("]]>", "").split())
    tex = re.sub(r"^%\s*", "", tex)
    found = STYLED.fullmatch(tex)
    return (found[1] if found else tex).strip()


def tex_of_image(el: HtmlElement) -> str:
    """The formula that an image shows: its alt text, or what its address asks a service to draw."""
    alt, src = (el.get("alt") or "").strip(), el.get("src") or el.get("data-src") or ""
    service = TEX_SERVICE.search(src)
    if not service and not TEX_IMAGE.search(el.get("class") or ""):
        return ""
    found = DELIMITED.fullmatch(alt)
    if found or (alt and (SIGNS.search(alt) or (service and len(alt) < 200))):
        return tidy(found[found.lastgroup] if found else alt)
    query = unquote(urlsplit(src).query.replace("+", " ")) if service else ""
    return tidy(re.sub(r"^(?:.*?(?:latex|chl|tex)=|\\(?:inline|dpi\{\d+\})\s*)+", "", query)) if SIGNS.search(query) else ""
