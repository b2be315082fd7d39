"""A twin of agent.read.Reader at the doors' port: an address says what becomes of it, a path segment a word.

    /wait/NAME     not before a file of that name is in the folder
    /status/404    the site's answer
    /slow /refuse /wall /badselector /break    a fault of that kind
    /same          has an ETag; is unchanged for whoever knows it
    /age/60        the site says that its reply is good for so long
    /long          a text of many blocks
Every opening is a line in the file `opened` of the folder.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from agent.errors import BadInput, BadStatus, FetchError, Refused, TooSlow, Walled
from agent.extract.want import Want
from agent.records import Page, Read, Validators
from server.kept import Reading, key_of
from server.options import Options
from server.packs import Packed
from server.reading import read_now

TEXT = "# The old bridge\n\nIt opens *twice* a day, as the [rules](https://tides.example/rules) say.\n"
LONG = "\n\n".join(f"Paragraph {number} says a thing about the bridge that no other says." for number in range(200))
FENCED = "Before.\n\n```python\n" + "x = 1\n" * 2000 + "```\n\nAfter.\n"
EVIL = ("<script>alert(1)</script>\n\n[here](javascript:alert(1)) [run](/runs/x) <img src=x onerror=alert(1)> "
        "![pic](https://evil.example/p.png)\n")
ARABIC = "- الأول\n- الثاني\n"
NARROW = "| Feature | Documentation | Licence | Availability |\n|---|---|---|---|\n| a | b | c | d |\n"
TEXTS = {"long": LONG, "fenced": FENCED, "evil": EVIL, "arabic": ARABIC, "narrow": NARROW}
SAME = Validators(etag='"v1"')


class FakeReadings:
    """A twin of server.readings.Readings in memory: reads in this process, keeps for ever."""

    def __init__(self) -> None:
        self.folder = TemporaryDirectory()
        self.reader = ScriptedReader(Path(self.folder.name))
        self.kept: dict[str, Reading] = {}

    def read(self, url: str, options: Options) -> Reading:
        key = key_of(url, options.shape)
        if key not in self.kept or not options.cache:
            self.kept[key] = read_now(self.reader, url, options)
        return self.kept[key]

    def newest(self, limit: int = 30) -> list[Reading]:
        return list({made.url: made for made in self.kept.values()}.values())[::-1][:limit]

    def forget(self, url: str) -> int:
        gone = [key for key, made in self.kept.items() if made.url == url]
        for key in gone:
            del self.kept[key]
        return len(gone)


class ScriptedReader:
    """May be used by many threads, and by several processes with one folder."""

    showing = False

    def __init__(self, folder: Path) -> None:
        self.folder, self.never = folder, threading.Event()

    def read(self, url: str, chosen_by: str = "agent", seconds: float | None = None) -> Page:
        raise NotImplementedError("the doors open pages, and do not read them")

    def open(self, url: str, want: Want | None = None, chosen_by: str = "user", seconds: float | None = None,
             browser: bool = False, known: Validators | None = None) -> Read | None:
        with (self.folder / "opened").open("a") as file:
            file.write(f"{url} {'again' if known else 'first'}\n")
        words = [word for word in urlsplit(url).path.split("/") if word]
        for word, value in zip(words, [*words[1:], ""], strict=True):
            self.obey(word, value)
        if "same" in words and known == SAME:
            return None
        text = next((TEXTS[word] for word in words if word in TEXTS), TEXT)
        return read_of(url, text, browser, SAME if "same" in words else Validators(),
                       float(words[words.index("age") + 1]) if "age" in words else None)

    def obey(self, word: str, value: str) -> None:
        if word == "wait":
            self.wait_for(self.folder / value)
        if word == "status":
            raise BadStatus(int(value), retry_after=7.0 if value == "429" else None)
        if word == "break":
            raise ZeroDivisionError("secret /path")
        faults = {"slow": TooSlow, "refuse": Refused, "badselector": BadInput}
        if word in faults:
            raise faults[word]()
        if word == "wall":
            raise Walled("The site shows this page only after a login.", wall="login")

    def wait_for(self, file: Path) -> None:
        deadline = time.monotonic() + 30
        while not file.exists() and time.monotonic() < deadline:
            self.never.wait(0.01)

    def opened(self) -> list[str]:
        file = self.folder / "opened"
        return file.read_text().splitlines() if file.exists() else []


class ScriptedPacker:
    """A twin of server.packer.RealPacker. The repository's name says what becomes of it.

    slow      pieces come one by one, each only after a file of the name piece-N is in the folder
    none      there is no such repository
    broken    fails after two pieces
    Every opening is a line in the file `packed` of the folder, and every end "closed".
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.never = folder, threading.Event()

    @contextmanager
    def __call__(self, url: str, options: Options, stop: Callable[[], bool]) -> Iterator[Packed]:
        self.note(url)
        try:
            if url.endswith("/none"):
                raise FetchError("github.com has no repository none. Check the address.")
            yield Packed(url.split("/")[-1], "c" * 40, self.pieces(url, options, stop))
        finally:
            self.note("closed")

    def pieces(self, url: str, options: Options, stop: Callable[[], bool]) -> Iterator[str]:
        for number in range(4):
            if url.endswith("/slow"):
                self.wait_for(self.folder / f"piece-{number}", stop)
            if url.endswith("/broken") and number == 2:
                raise FetchError("The line broke.")
            yield f"{options.format or 'markdown'} piece {number} of {url}\n"

    def wait_for(self, file: Path, stop: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not file.exists() and time.monotonic() < deadline and not stop():
            self.never.wait(0.01)

    def note(self, line: str) -> None:
        with (self.folder / "packed").open("a") as file:
            file.write(line + "\n")

    def packed(self) -> list[str]:
        file = self.folder / "packed"
        return file.read_text().splitlines() if file.exists() else []


def read_of(url: str, text: str = TEXT, browser: bool = False, validators: Validators = SAME, max_age: float | None = None) -> Read:
    rung = "browser" if browser else "http"
    page = Page(url, url, "The old bridge", text, datetime.now(UTC).isoformat(timespec="seconds"), site="tides.example", author="A. Keeper",
                date="2024-03-09", language="en", rung=rung, html=b"<p>It opens.</p>")
    receipt = {"page": {"words": 40, "code": 0, "tables": 0, "links": 3}, "text": {"words": 12, "code": 0, "tables": 0, "links": 1},
               "dropped": [{"what": "navigation", "words": 20, "why": "links that lead about the site"},
                           {"what": "cookie notice", "words": 8, "why": "asks for consent"}], "extractor": "scripted", "low": False}
    return Read(page, text, "article", "html", url, receipt, "", ("The site asks of programs: nothing.",), validators, max_age=max_age)
