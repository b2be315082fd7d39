"""Images: those that show something, with their alt text and the address of the picture itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lxml.html import HtmlElement

from agent.extract.render import formulas
from agent.extract.render.links import image_source
from agent.extract.render.tags import one_line

if TYPE_CHECKING:
    from agent.extract.render.markdown import Flow

LONGEST_ALT = 400  # characters: longer ones are captions or whole texts, which the page says elsewhere


def image(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    tex = formulas.tex_of_image(el)
    if tex:
        flow.line.raw(f"${tex}$")
    elif flow.r.style.images:
        show(flow, el)
    flow.line.text(el.tail)
    return True


def picture(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    """Its image, which also knows what its other sources offer; one that is a link's is a teaser's, and says what its title says."""
    if flow.r.link is not None:
        return False
    flow.push(el, stack, None)
    return True


def show(flow: Flow, el: HtmlElement) -> None:
    url = flow.r.addresses.absolute(image_source(el))
    if url and not url.startswith("data:"):
        flow.r.shown.add(url)
        alt = re.sub(r"([\\\[\]`*_<]|!(?=\[))", r"\\\1", one_line(el.get("alt") or "")[:LONGEST_ALT])
        flow.line.raw(f"![{intraword(alt)}]{flow.r.addresses.inline(url)}")


def intraword(alt: str) -> str:
    """Underscores inside words need no backslash."""
    return re.sub(r"(?<=[^\W_])\\_(?=[^\W_])", "_", alt)


def without_script(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    """What a page shows without scripts: its images alone, and these only where the ones for scripts could not be had."""
    for img in el.iter("img") if flow.r.style.images else ():
        url = flow.r.addresses.absolute(image_source(img))
        if url and url not in flow.r.shown and not follows_image(flow):
            show(flow, img)
    flow.line.text(el.tail)
    return True


def follows_image(flow: Flow) -> bool:
    """Whether the line ends in an image: the one that the fallback stands for."""
    said = "".join(piece for piece in flow.line.pieces if type(piece) is str).rstrip() or (flow.out[-1] if flow.out else "")
    return bool(re.search(r"!\[[^\]]*\]\([^)]*\)$", said))
