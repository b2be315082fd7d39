"""What of a page its text holds, as each door tells it: true of the text that is given, so also of one that was cut.

An extractor's receipt says what it chose of the page; what stands in the Markdown is counted there. Pure: knows plain data only.
"""

from __future__ import annotations

from typing import Any

NAMES = (("words", "words"), ("code", "code blocks"), ("tables", "tables"), ("links", "links"))
MOST_NAMED = 4  # groups that a line names; a page or the JSON names all


def counted(receipt: dict[str, Any], held: dict[str, int]) -> dict[str, Any]:
    """The receipt of a text that holds so much. A page has at least what its text has."""
    if not receipt.get("page"):
        return receipt
    text = {**receipt["text"], **held}
    page = {name: max(number, text.get(name, 0)) for name, number in receipt["page"].items()}
    return {**receipt, "page": page, "text": text}


def cut(receipt: dict[str, Any], held: dict[str, int], limit: int) -> dict[str, Any]:
    """The receipt of a text that was cut at a limit of tokens."""
    if not receipt.get("page"):
        return receipt
    whole = receipt["text"]
    text = {name: min(number, held.get(name, number)) for name, number in whole.items()}
    beyond = {"what": "beyond the limit", "words": whole["words"] - text["words"], "why": f"the text was cut at {limit:,} tokens"}
    return {**receipt, "text": text, "dropped": [*([beyond] if beyond["words"] else []), *receipt["dropped"]]}


def counts(receipt: dict[str, Any]) -> str:
    """`812 of 1,045 words, 3 of 3 tables`; "" where nothing was counted."""
    page, text = receipt.get("page") or {}, receipt.get("text") or {}
    named = ((text.get(name, 0), page[name], words) for name, words in NAMES if page.get(name))
    return ", ".join(f"{held:,} of {whole:,} {words if whole > 1 else words[:-1]}" for held, whole, words in named)


def line(receipt: dict[str, Any]) -> str:
    """The counts, whether they are low, and what most of the rest was."""
    said = counts(receipt)
    if not said:
        return ""
    lost = [f"{row['what']} {row['words']:,}" if row["words"] else row["what"] for row in receipt["dropped"]]
    more = [f"{len(lost) - MOST_NAMED} more"] if len(lost) > MOST_NAMED else []
    left_out = f"; left out: {', '.join(lost[:MOST_NAMED] + more)}" if lost else ""
    return f"{said}{'; low: the page may hold more' if receipt['low'] else ''}{left_out}"
