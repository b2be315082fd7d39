"""A page to be put in brief, questions that it answers, and a model that asks them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from agent.records import Page

TEXT = """# The old bridge at Marrow

Marrow Bridge is a bascule bridge over the Tarn in the town of Marrow. The town built it in 1931 in place of a ferry.

## When does the bridge open?

The bridge opens twice a day at high water, for twelve minutes each time. On Sundays it stays shut.

## Asking the keeper

A vessel over nine metres must ask the keeper an hour before. When the wind is above force seven, the keeper may refuse to open.

```
open --at high-water --for 12m
```

## How to pay the toll

To pay the toll before you come, write to the harbour board with the name of your vessel. The toll is a fee of two crowns a metre.

## Repairs

The harbour board replaces the lifting chain every eight years. The harbour board provides a ferry while the bridge is shut for repairs.

## See also

- Other bridges of the county
"""
PAGE = Page("https://marrow.example/bridge", "https://marrow.example/bridge", "The old bridge at Marrow | County guide", TEXT,
            "2026-11-26T00:00:00Z", language="en")
GOOD = [("When does Marrow Bridge open?", "twice a day", "twice a day at high water"),
        ("How long does Marrow Bridge stay open?", "twelve minutes", "twelve minutes each time"),
        ("From what length must a vessel ask the keeper?", "nine metres", "over nine metres"),
        ("What does the toll cost?", "two crowns", "two crowns a metre"),
        ("How often is the lifting chain replaced?", "eight years", "every eight years"),
        ("What runs while Marrow Bridge is repaired?", "a ferry while", "a ferry while the bridge is shut")]


def asks(*rows: tuple[str, str, str]) -> Callable[[str], str]:
    return lambda said: written([(text, passage_with(words, said), answer) for text, words, answer in rows])


def written(questions: list, summary: list = ()) -> str:
    rows = [dict(zip(("text", "from", "answer"), row, strict=False)) for row in questions]
    return json.dumps({"questions": rows, "summary": [dict(zip(("text", "from"), row, strict=True)) for row in summary]})


def passage_with(words: str, said: str) -> str:
    """The id of the passage that holds these words, as the model is shown it."""
    return next(ident for ident, text in re.findall(r"^\[(p\d+)\][^\n]*\n<<<\n(.*?)\n>>>", said, re.MULTILINE | re.DOTALL) if words in text)
