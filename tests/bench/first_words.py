"""From the question to the first quote and the first sentence, against the sum of the waits for search, pages and model.

    python -m tests.bench.first_words [--runs N] [--wait MS] [--model MS] [--words N]

A search, ten sites and a model on loopback, each answering after a fixed time, in a process that is warm (as a worker is).
The pages are real HTTP, made of some --words words each. Prints seconds: median of the runs, and what Leash adds.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from agent.budget import QUICK
from agent.engine import research
from agent.settings import Settings
from agent.tools import Tools, open_tools
from tests.fakes import Answer, Asked, Says, ScriptedModel, ScriptedSearch, ScriptedSite, answer_json

WORDS = "archive date entry file header limit module number object option page quote record setting table time value zip".split()


def html(path: str, words: int) -> str:
    """A page of headings and paragraphs, the same every time for its path."""
    rand = random.Random(path)
    sentences = (" ".join(rand.choices(WORDS, k=12)).capitalize() + "." for _ in range(words // 12))
    paragraphs = "".join(f"<p>{sentence} {next(sentences, '')} {next(sentences, '')}</p>" for sentence in sentences)
    return f"<!doctype html><html lang=en><title>{path}</title><body><nav><a href=/>Home</a></nav><main><h1>{path}</h1>{paragraphs}</main>"


@contextmanager
def world(wait: float, model: float, words: int) -> Iterator[Tools]:
    pages = {f"/page{n}": html(f"/page{n}", words).encode() for n in range(QUICK.pages)}
    with ScriptedSite(lambda asked: Answer((pages[asked.path],), wait=wait)) as site:
        hits = [{"url": f"{site.base}{path}", "title": f"Zip entry date {path}", "content": "The limit of a date."} for path in pages]

        def results(asked: Asked) -> Answer:
            return answer_json({"results": hits if asked.query.get("pageno", "1") == "1" else []}, wait=wait)

        said = Says("The limit of a date is said here [p1]. And more is said there [p2].", first=model)
        with ScriptedSearch() as search, ScriptedModel(lambda _: said) as writer, tempfile.TemporaryDirectory() as folder:
            search.reply = results
            host = urlsplit(site.base).hostname
            tools = open_tools(Settings(_env_file=None, data_dir=folder, searxng_url=search.base, model_url=writer.url, model="m",
                                        allow_nets=[f"{host}/32"]))
            try:
                yield tools
            finally:
                tools.close()


def one_run(tools: Tools, question: str) -> dict[str, float]:
    started, seen = time.perf_counter(), {}
    for event in research(question, QUICK, tools):
        now = time.perf_counter() - started
        if event.kind == "found" and event.citations:
            seen.setdefault("first quote", now)
        if event.kind == "draft":
            seen.setdefault("first sentence", now)
        if event.kind == "answered":
            seen["whole answer"] = now
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--wait", type=int, default=150)
    parser.add_argument("--model", type=int, default=300)
    parser.add_argument("--words", type=int, default=1200)
    given = parser.parse_args()
    wait, model = given.wait / 1000, given.model / 1000
    waits = {"first quote": 2 * wait, "first sentence": 3 * wait + model, "whole answer": 3 * wait + model}
    with world(wait, model, given.words) as tools:
        list(one_run(tools, "Which is the limit of a date?"))  # warm
        runs = [one_run(tools, f"What is the limit of the date of zip entry number {n}?") for n in range(given.runs)]
    print(f"search and pages {given.wait} ms, model {given.model} ms, {QUICK.pages} pages of {given.words} words, {given.runs} runs")
    print(f"{'':16s} {'median':>7s} {'worst':>7s} {'waits':>7s} {'added':>7s}")
    for name, least in waits.items():
        seconds = [run[name] for run in runs]
        median = statistics.median(seconds)
        print(f"{name:16s} {median:7.3f} {max(seconds):7.3f} {least:7.3f} {median - least:7.3f}")
    print("waits: search, pages, the search in the words of what was found, model; the first quote needs only the first two")


if __name__ == "__main__":
    main()
