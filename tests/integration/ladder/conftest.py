"""A site of scripted pages, and readers that may open it: one with a browser, one without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from agent.extract.child import Children
from agent.fetch.browser import Browser
from agent.fetch.egress import Egress
from agent.fetch.http import Http
from agent.fetch.robots import Robots
from agent.read import Reader
from agent.settings import Settings
from tests.fakes import Answer, Asked, ScriptedSite, answer_text

HERON = ("The grey heron stands at the edge of the water and waits. It eats fish, frogs, voles and what else it can swallow. "
         "Most of its strikes miss. It nests in colonies, high in trees, and comes back to the same nest each spring. ")
BODY = f"<h1>The heron</h1><p>{HERON}</p><p>{HERON.replace('heron', 'egret')}</p>"
MARKDOWN = f"# The heron\n\n{HERON}\n\n{HERON.replace('heron', 'egret')}\n\n## Only in Markdown\n\nIt can swim, too.\n"
SHELL = "<title>Birds</title><div id=root>Loading…</div><script>{script}</script>"


def html(body: str, head: str = "") -> str:
    return f'<!doctype html><html lang="en"><head><title>The heron</title>{head}</head><body><main>{body}</main></body></html>'


@dataclass
class World:
    """A site of scripted pages, by path, and a reader that may open it. `asked` are the paths that were asked for."""

    site: ScriptedSite
    reader: Reader
    pages: dict[str, Answer] = field(default_factory=dict)

    def url(self, path: str = "/") -> str:
        return self.site.base + path

    @property
    def asked(self) -> list[str]:
        return [asked.path for asked in self.site.asked if asked.path != "/robots.txt"]

    def put(self, path: str, text: str, kind: str = "text/html", **headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = answer_text(text, kind, headers=named)
        return self.url(path)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Egress]]:
    settings = Settings(_env_file=None, allow_nets=["127.0.0.1"], data_dir=tmp_path_factory.mktemp("data"), page_seconds=20,
                        extract_seconds=20)
    opened = Egress(settings).start()
    yield settings, opened
    opened.close()


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    made = Children("agent.extract.document:extract", 1, 20, 1_000_000_000)
    yield made
    made.close()


@pytest.fixture(scope="module")
def headless(door: tuple[Settings, Egress]) -> Iterator[Browser]:
    made = Browser(*door)
    yield made
    made.close()


@pytest.fixture
def world(door: tuple[Settings, Egress], children: Children) -> Iterator[World]:
    """Without a browser."""
    settings, egress = door
    http = Http(settings, egress)
    pages: dict[str, Answer] = {}

    def answer(asked: Asked) -> Answer:
        found = pages.get(asked.path, answer_text("<h1>Not found</h1>", status=404))
        known = found.headers.get("ETag")
        return Answer((), 304, headers=found.headers) if known and asked.headers.get("if-none-match") == known else found

    with ScriptedSite(answer) as site:
        yield World(site, Reader(settings, http, children, None, Robots(http)), pages)
    http.close()


@pytest.fixture
def drawn(world: World, headless: Browser) -> World:
    """With one."""
    world.reader = replace(world.reader, browser=headless)
    return world
