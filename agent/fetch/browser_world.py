"""Leash's own eyes in a page: a JavaScript world beside the page's, asked over the browser's debugging line.

Knows how to ask in a bounded time and how to stop a script that never ends; knows nothing of what is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.extract.signs.buttons import MORE, NEVER
from agent.fetch.browser_driver import CDPSession, Error, Page

NAME = "leash"
HERE = Path(__file__).parent
WORDS = f"globalThis.leashWords = {json.dumps({'never': NEVER, 'more': MORE})};"
PROGRAM = "\n".join((WORDS, *((HERE / file).read_text("utf-8") for file in ("browser_page.js", "browser_press.js"))))
ABSENT = "leash is not there yet"
UNREAD = [{"resourceType": kind} for kind in ("Media", "Image", "Font")]  # the switches of the launch leave sound and film


@dataclass
class World:
    """`frame` is the page's main frame; it keeps its id from document to document."""

    line: CDPSession
    frame: str

    @classmethod
    async def into(cls, page: Page) -> World:
        line = await page.context.new_cdp_session(page)
        tree, *_ = await asyncio.gather(
            line.send("Page.getFrameTree"),
            line.send("Page.addScriptToEvaluateOnNewDocument", {"source": PROGRAM, "worldName": NAME}),
            line.send("Fetch.enable", {"patterns": UNREAD}),
        )
        line.on("Fetch.requestPaused", lambda event: asyncio.ensure_future(drop(line, event["requestId"])))
        return cls(line, tree["frameTree"]["frame"]["id"])

    async def ask(self, question: str) -> Any:
        """What an expression gives in the page's present document; None if the document went away meanwhile."""
        with contextlib.suppress(Error):  # between two documents
            made = await self.line.send("Page.createIsolatedWorld", {"frameId": self.frame, "worldName": NAME})
            context = made["executionContextId"]
            answer = await self._evaluate(f"globalThis.leash ? ({question}) : {ABSENT!r}", context)
            if answer != ABSENT:
                return answer
            await self._evaluate(PROGRAM, context)
            return await self._evaluate(question, context)
        return None

    async def _evaluate(self, expression: str, context: int) -> Any:
        asked = {"expression": expression, "contextId": context, "returnByValue": True, "awaitPromise": True}
        answer = await self.line.send("Runtime.evaluate", asked)
        return answer["result"].get("value")

    async def stop_scripts(self) -> None:
        """End what runs, and let nothing start again. Reaches a page that is too busy to answer."""
        await self._command("Emulation.setScriptExecutionDisabled", {"value": True})
        await self._command("Runtime.terminateExecution", {})

    async def _command(self, name: str, given: dict[str, Any]) -> None:
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(0.3):
                await self.line.send(name, given)


async def drop(line: CDPSession, request: str) -> None:
    """Fail a request for what is not read."""
    with contextlib.suppress(Error):  # the page is gone
        await line.send("Fetch.failRequest", {"requestId": request, "errorReason": "BlockedByClient"})
