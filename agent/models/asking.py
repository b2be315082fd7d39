"""One whole answer of one endpoint: text, or data that fits a schema, with one ask more where it does not. Knows no HTTP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent.models.line import Line
from agent.models.records import Ask, Spent, Switched, Usage, Wrote
from agent.models.reply import NoRoom
from agent.models.structured import Misfit, correction, understood
from agent.models.text import declines
from agent.models.wire import Fault

SHOWN = 6000  # letters of an unusable answer that its model is shown again


@dataclass
class Whole:
    """An answer as it is put together; `usage` is all that it cost so far."""

    text: str = ""
    finish: str = "stop"
    data: Any = None
    usage: Usage = Usage()


def answered(line: Line, ask: Ask) -> Whole:
    """Raises Fault, with all that was used in `usage`."""
    whole = Whole()
    try:
        gather(whole, line, ask)
        if ask.schema is not None:
            settle(whole, line, ask)
    except Fault as fault:
        fault.usage = whole.usage + (fault.usage or Usage())
        raise
    return whole


def gather(whole: Whole, line: Line, ask: Ask) -> None:
    whole.text = ""
    for item in line.answer(ask):
        if isinstance(item, Wrote):
            whole.text += item.text
        elif isinstance(item, Switched):
            whole.text, whole.usage = "", whole.usage + (item.usage or Usage())
        else:
            ended(whole, item)


def ended(whole: Whole, spent: Spent) -> None:
    whole.finish, whole.usage = spent.finish, whole.usage + spent.usage


def settle(whole: Whole, line: Line, ask: Ask) -> None:
    """Data out of the text. One more ask, with more room for what was cut short, or naming what is wrong."""
    try:
        whole.data = data_in(whole, ask)
    except NoRoom:
        gather(whole, line, ask.roomier())
        whole.data = last_data_in(whole, ask)
    except Misfit as misfit:
        gather(whole, line, mending(ask, whole.text, str(misfit)))
        whole.data = last_data_in(whole, ask)


def data_in(whole: Whole, ask: Ask) -> Any:
    if whole.finish == "length":
        raise NoRoom("was cut short by its limit of tokens, twice")
    assert ask.schema is not None
    try:
        return understood(whole.text, ask.schema)
    except Misfit as misfit:
        if declines(whole.text):
            raise Fault(f"declined to answer: {' '.join(whole.text.split())[:200]}", rest=False) from None
        raise misfit from None


def last_data_in(whole: Whole, ask: Ask) -> Any:
    try:
        return data_in(whole, ask)
    except Misfit as misfit:
        raise Fault(f"gave no usable answer, twice: {misfit}") from None


def mending(ask: Ask, text: str, fault: str) -> Ask:
    shown = [{"role": "assistant", "content": text[:SHOWN]}] if text.strip() else []
    return replace(ask, after=[*shown, {"role": "user", "content": correction(fault)}])
