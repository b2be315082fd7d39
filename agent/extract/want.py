"""What a reader wants of a page's text beside its words. Knows nothing of how the text is made."""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import BadInput

LINKS = ("inline", "footnotes", "none")


@dataclass(frozen=True)
class Want:
    """`selector` is a CSS selector: only what it matches is rendered. Raises BadInput for a way of links that there is not.

    links: `inline` puts each address beside its words, `footnotes` numbers them and lists them at the end, `none` keeps the words.
    """

    selector: str = ""
    links: str = "inline"
    images: bool = True

    def __post_init__(self) -> None:
        if self.links not in LINKS:
            raise BadInput(f"Links can be kept as {', '.join(LINKS[:-1])} or {LINKS[-1]}, not as “{self.links}”. Choose one of the three.")
        if not isinstance(self.selector, str) or not isinstance(self.images, bool):
            raise BadInput("The selector must be text, and images either true or false.")
