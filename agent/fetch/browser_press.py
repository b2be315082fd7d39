"""Brings out what a page shows only when asked: banners away, folds open, "show more", scrolling; all within limits.

What may be pressed is decided in browser_press.js; how often, how long, and what if a press leads elsewhere, here.
"""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import urlsplit

from agent.fetch.browser_visit import POLL, QUIET, SWEEP, Cut, Look, Visit

MOST_PRESSES, MOST_SCROLLS, MOST_CONSENTS = 8, 5, 2
RESERVE = 0.8  # seconds of the page's time that are left for its copy
UNMOVED = 0.35  # seconds after which a press that changed nothing is taken to do nothing
FETCHING = 3.0  # how long what a press asked for may take
BUTTON = "The page goes on behind a button, “{label}”, which Leash did not press any more."
ENDLESS = "The page goes on below: each time that it was scrolled down it grew, so Leash stopped after {times} times."
AWAY = "Pressing “{label}” led to another page, so this is what the page showed before."


class Expansion:
    """One page's presses. Stops at its limits, its time, or when a press leads away."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._left = MOST_PRESSES

    @property
    def _in_time(self) -> bool:
        return self._visit.left > RESERVE

    async def run(self, look: Look) -> None:
        scrolls = int(look.height > (self._visit.swept or look.height))
        if look.scripted:
            await self._visit.keep()  # what it showed, should a press lead away
            look = await self._consent(look)
        look = await self._unfold(look)
        look = await self._more(look)
        if look.scripted:
            await self._scroll(look, scrolls)

    async def _consent(self, look: Look) -> Look:
        for _ in range(MOST_CONSENTS):
            label = await self._visit.ask("leash.consent()") if self._in_time else ""
            if not label:
                break
            look = await self._pressed(look, label, same_page=True)
        return look

    async def _unfold(self, look: Look) -> Look:
        done = await self._visit.ask(f"leash.unfold({self._left})") if self._in_time else None
        if not done or not (done["opened"] or done["pressed"]):
            return look
        if done["opened"]:
            self._visit.pressed.append(f"opened {done['opened']} folded section{'' if done['opened'] == 1 else 's'}")
        self._left -= len(done["pressed"])
        self._visit.pressed += done["pressed"][:-1]
        return await self._pressed(look, (done["pressed"] or [""])[-1])

    async def _more(self, look: Look) -> Look:
        while self._left > 0 and self._in_time:
            label = await self._visit.ask("leash.more()")
            if not label:
                break
            self._left -= 1
            before, look = look, await self._pressed(look, label)
            if look.length > before.length:
                await self._visit.ask(f"leash.again({json.dumps(label)})")
                await self._visit.keep()
        if self._left <= 0 and (label := await self._visit.ask("leash.further()")):
            self._visit.goes_on = BUTTON.format(label=label[:60])
        return look

    async def _scroll(self, look: Look, scrolls: int) -> None:
        """Down again as long as that makes the page longer; the first time was while it came to rest."""
        swept = self._visit.swept or look.height
        while look.height > swept and scrolls < MOST_SCROLLS and self._in_time:
            swept = await self._visit.ask(SWEEP) or look.height
            look = await self._come_to_rest(look)
            scrolls += look.height > swept
        if look.height > swept:
            self._visit.goes_on = ENDLESS.format(times=scrolls)
        if scrolls:
            self._visit.pressed.append("scrolled down")

    async def _pressed(self, before: Look, label: str, *, same_page: bool = False) -> Look:
        """The page after a press. Raises Cut if it is another one."""
        if label:
            self._visit.pressed.append(label)
        look = await self._come_to_rest(before)
        if look.born != before.born and not (same_page and place(look.url) == place(before.url)):
            self._visit.left_page = True
            raise Cut(AWAY.format(label=label))
        return look

    async def _come_to_rest(self, before: Look) -> Look:
        pressed, look = time.monotonic(), before
        while self._in_time:
            await asyncio.sleep(POLL)
            look = await self._visit.look() or look
            waited = time.monotonic() - pressed
            if look.born != before.born:
                return await self._visit.settle()
            moved = look.length != before.length or waited > UNMOVED
            if moved and look.quiet >= QUIET and not self._visit.loading(FETCHING):
                return look
        return look


def place(url: str) -> tuple[str, str]:
    """Where an address is, whatever its query."""
    parts = urlsplit(url)
    return parts.netloc, parts.path
