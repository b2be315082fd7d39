"""Which elements of HTML start a block, and which say nothing. Facts of HTML only: no page, no style."""

from __future__ import annotations

import re

BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre search section summary table tbody td tfoot th "
    "thead tr ul".split()
)
SILENT = frozenset(
    "audio base button canvas datalist embed head iframe img input link map meta noscript object option picture "
    "script select source style svg template textarea title track video wbr".split()
)
UNCLOSED = re.compile(r"<(wbr|source|track)\b([^<>]*?)/?>", re.IGNORECASE)  # hold nothing, which HTML 4 and so the parser does not know
SPACE = re.compile(r"[ \t\r\n\f\v\u00a0\u2028\u2029]+")


def one_line(text: str) -> str:
    return SPACE.sub(" ", text).strip()


def closed(html: str) -> str:
    """The same page with those tags closed; left open they would swallow all that follows in their parent."""
    return UNCLOSED.sub(r"<\1\2/>", html)
