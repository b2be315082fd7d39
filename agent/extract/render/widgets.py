"""What an element is by its class or role, where its tag does not say it: a formula, code drawn line by line, a callout."""

from __future__ import annotations

import re
from functools import lru_cache

CODE = re.compile(
    r"(?:^|\s)(?:CodeMirror-code|cm-content|ace_text-layer|view-lines|react-code-lines|react-code-file-contents|crayon-pre|"
    r"syntaxhighlighter|EnlighterJS\w*|enlighter-code|code-block-lines|CodeBlock-lines)(?:\s|$)")
FORMULA = re.compile(
    r"(?:^|\s)(?:katex|katex-display|katex-block|MathJax(?:_\w+)?|MathJax_Preview|MJX_Assistive_MathML|mwe-math-element|math-tex|mathjax-tex|"
    r"math|math-inline|math-display|math-block|tex|latex|ltx_Math|js-(?:inline|display)-math|arithmatex|tex2jax_process|mjx-container)(?:\s|$)")
CALLOUT = re.compile(
    r"(?:^|\s)(?:admonition|theme-admonition|markdown-alert|callout|notecard|admonitionblock|custom-block|hint-block|starlight-aside|"
    r"docutils admonition|alert--\w+)(?:\s|$)", re.IGNORECASE)
NOTHING = re.compile(
    r"(?:^|\s)(?:mw-editsection|mw-cite-backlink|footnote-backref|copy-?(?:button|btn)|copybtn|btn-copy|code-copy\S*|clipboard-copy|"
    r"zeroclipboard-container|toolbar-copy|MathJax_Error)(?:\s|$)", re.IGNORECASE)
ROLES = {"table": "grid", "grid": "grid", "treegrid": "grid", "heading": "heading", "math": "formula", "button": "button"}
KINDS = ((NOTHING, "nothing"), (FORMULA, "formula"), (CODE, "code"), (CALLOUT, "callout"))


@lru_cache(maxsize=8192)
def widget_of(cls: str, role: str) -> str | None:
    if found := next((kind for pattern, kind in KINDS if pattern.search(cls)), None):
        return found
    return ROLES.get(role.strip().lower()) if role else None
