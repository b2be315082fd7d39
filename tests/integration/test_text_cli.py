"""`leash text` as it is run: pages over loopback, faults as exit codes, and many pages through --jsonl."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from agent.settings import Settings
from server.bulk import texts
from server.text_cli import command
from tests.fakes import Answer, Asked, ScriptedSite

ROOT = Path(__file__).parents[2]
WORDS = "The bridge opens twice a day at high water, for twelve minutes, and never on a Sunday. "
PAGE = f"<!doctype html><html lang=en><title>The bridge</title><body><article><h1>The bridge</h1><p>{WORDS * 8}</p>" \
       f"<h2>Rules</h2><p>{WORDS * 8}</p><p>See the <a href='/rules'>rules</a>.</p></article></body></html>"


def leash_text(folder: Path, *arguments: str, given: str = "", **settings: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "LEASH_DATA_DIR": str(folder), **settings}
    program = [sys.executable, "-m", "server.cli", "text", *arguments]
    return subprocess.run(program, input=given, capture_output=True, text=True, timeout=120, cwd=ROOT, env=environment, check=False)


@pytest.fixture
def site() -> Iterator[ScriptedSite]:
    with ScriptedSite(Answer((PAGE.encode(),), kind="text/html", headers={"Cache-Control": "max-age=600"})) as made:
        yield made


def test_a_page_is_printed_kept_and_there_the_second_time(site: ScriptedSite, tmp_path: Path) -> None:
    allow = {"LEASH_ALLOW_NETS": f"{urlsplit(site.base).hostname}/32"}
    first = leash_text(tmp_path, f"{site.base}/bridge", **allow)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith('---\ntitle: "The bridge"\n')
    asked = len(site.asked)
    again = leash_text(tmp_path, f"{site.base}/bridge", "--json", "--tokens", "100", **allow)
    parts = json.loads(again.stdout)
    assert len(site.asked) == asked
    assert parts["cut"]["limit"] == 100
    assert f'"{site.base}/rules"' in json.dumps(parts["links"])


def test_a_kept_page_is_there_without_the_store_and_the_same(site: ScriptedSite, tmp_path: Path) -> None:
    allow = {"LEASH_ALLOW_NETS": f"{urlsplit(site.base).hostname}/32", "PYTHONPROFILEIMPORTTIME": "1"}
    first, again = (leash_text(tmp_path, f"{site.base}/bridge", **allow) for _ in range(2))
    assert ["sqlalchemy" in done.stderr for done in (first, again)] == [True, False]
    assert [line for line in first.stdout.splitlines() if not line.startswith("age: ")] == \
        [line for line in again.stdout.splitlines() if not line.startswith("age: ")]


def test_an_old_page_is_asked_for_with_what_is_known_of_it_and_confirmed(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        if asked.headers.get("if-none-match") == '"one"':
            return Answer(status=304, headers={"ETag": '"one"'})
        return Answer((PAGE.encode(),), kind="text/html", headers={"ETag": '"one"'})

    with ScriptedSite(script) as site:
        allow = {"LEASH_ALLOW_NETS": f"{urlsplit(site.base).hostname}/32"}
        first = leash_text(tmp_path, f"{site.base}/bridge", **allow)
        with closing(sqlite3.connect(tmp_path / "leash.db")) as connection, connection:
            connection.execute("UPDATE reading SET checked_at = 1000, expires_at = 1600")
        again = leash_text(tmp_path, f"{site.base}/bridge", **allow)
        with closing(sqlite3.connect(tmp_path / "leash.db")) as connection:
            checked, expires = connection.execute("SELECT checked_at, expires_at FROM reading").fetchone()
    assert [done.returncode for done in (first, again)] == [0, 0]
    assert first.stdout.split("---\n", 2)[2] == again.stdout.split("---\n", 2)[2]
    assert checked > 1e9
    assert expires == checked + 600


def test_a_text_that_cannot_be_kept_is_printed(site: ScriptedSite, tmp_path: Path) -> None:
    allow = {"LEASH_ALLOW_NETS": f"{urlsplit(site.base).hostname}/32"}
    (tmp_path / "data").write_text("a file")
    done = leash_text(tmp_path / "data", f"{site.base}/bridge", **allow)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The bridge opens twice a day" in done.stdout
    (tmp_path / "full").mkdir()
    leash_text(tmp_path / "full", f"{site.base}/other", **allow)
    with closing(sqlite3.connect(tmp_path / "full" / "leash.db")) as connection, connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON reading BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
    asked = len(site.asked)
    done = leash_text(tmp_path / "full", f"{site.base}/bridge", **allow)
    assert done.returncode == 0
    assert done.stderr.startswith("This text is not kept. The disk that holds")
    assert "The bridge opens twice a day" in done.stdout
    assert [one.path for one in site.asked[asked:]].count("/bridge") == 1


def test_a_slow_page_is_said_to_be_awaited_beside_the_text(tmp_path: Path) -> None:
    with ScriptedSite(Answer((PAGE.encode(),), kind="text/html", wait=2.5)) as site:
        done = leash_text(tmp_path, f"{site.base}/bridge", LEASH_ALLOW_NETS=f"{urlsplit(site.base).hostname}/32")
    assert done.returncode == 0, done.stderr
    assert f"Reading {site.base}/bridge (2 s)" in done.stderr
    assert done.stdout.startswith("---\n")


@pytest.mark.parametrize(("arguments", "code", "words"), [
    ([], 2, "An address is missing"), (["what"], 2, "is not a web address"), (["ftp://example.com/"], 2, "http and https"),
    (["https://example.com/", "--links", "all"], 2, "“--links” is inline, footnotes or none"),
    (["https://example.com/", "--tokens", "x"], 2, "“--tokens” is a whole number"), (["http://127.0.0.1:9/"], 1, "loopback"),
    (["--jsonl", "https://example.com/"], 2, "takes no URL"), (["--jsonl", "--browser"], 2, "takes no --browser"),
])
def test_a_fault_is_a_sentence_and_an_exit_code(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    done = CliRunner(env={"LEASH_DATA_DIR": str(tmp_path)}).invoke(command, arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr
    assert isinstance(done.exception, SystemExit)


def test_lines_are_answered_in_order_whatever_they_hold(tmp_path: Path) -> None:
    rows = [{"id": 1, "url": "https://a.example/", "html": PAGE}, {"id": "two", "url": "", "html": ""}, {"id": [3], "html": PAGE},
            {"id": None, "url": "https://a.example/"}, {"url": 5, "html": PAGE},
            {"id": "\ud800", "url": "https://a.example/", "html": PAGE}]
    lines = [*map(json.dumps, rows), "", "no json", "[1]", "[" * 100_000]
    done = leash_text(tmp_path, "--jsonl", given="\n".join(lines))
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [1, "two", [3], None, None, "\ud800", None, None, None]
    assert ["error" in answer for answer in answers] == [False, True, False, True, True, False, True, True, True]
    assert "[rules](https://a.example/rules)" in answers[0]["text"]
    assert all(answer["text"] == "" for answer in answers if "error" in answer)


def test_lines_within_a_limit_say_how_much_follows(tmp_path: Path) -> None:
    words = "".join(f"<p>Paragraph {number} says <a href=/{number}>a thing</a> of the bridge.</p>" for number in range(60))
    rows = [{"id": 1, "url": "https://a.example/", "html": f"<main>{words}</main>"}, {"id": 2, "html": "<p>Few words."}]
    done = leash_text(tmp_path, "--jsonl", "--tokens", "200", "--links", "footnotes", given="\n".join(map(json.dumps, rows)))
    cut, whole = [json.loads(line) for line in done.stdout.splitlines()]
    assert cut["text"].endswith("[1]: https://a.example/0") or "[1]: https://a.example/0\n" in cut["text"]
    assert cut["text"].count("][") == cut["text"].count("]: ") > 2
    assert cut["left_out_tokens"] > 500
    assert "left_out_tokens" not in whole


def test_a_shell_is_a_line_with_the_text_of_its_data_or_with_an_error(tmp_path: Path) -> None:
    data = json.dumps({"title": "The heron", "body": "<p>" + "The heron stands in the water and waits for a fish. " * 8 + "</p>"})
    shell = "<div id=__next></div><script>draw()</script>"
    rows = [{"id": 1, "html": shell}, {"id": 2, "html": f'{shell}<script id="__NEXT_DATA__" type="application/json">{data}</script>'}]
    empty, told = map(json.loads, leash_text(tmp_path, "--jsonl", given="\n".join(map(json.dumps, rows))).stdout.splitlines())
    assert (empty["text"], "a script draws it" in empty["error"]) == ("", True)
    assert told["text"].startswith("# The heron\n\nThe heron stands")
    assert "data in the page's markup" in told["notes"][0]


def test_an_answer_does_not_wait_for_the_end_of_the_input(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "server.cli", "text", "--jsonl"]
    environment = {**os.environ, "LEASH_DATA_DIR": str(tmp_path)}
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        process.stdin.write(json.dumps({"id": 1, "html": PAGE}) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        process.stdin.close()
        assert process.wait(30) == 0


def test_what_is_read_ahead_is_bounded() -> None:
    taken = []

    def lines() -> Iterator[str]:
        for number in range(100):
            taken.append(number)
            yield json.dumps({"id": number, "html": PAGE})

    answers = texts(lines(), Settings(_env_file=None), cores=1)
    assert next(answers)["id"] == 0
    assert len(taken) < 10
    assert [row["id"] for _, row in zip(range(5), answers, strict=False)] == [1, 2, 3, 4, 5]
    answers.close()


def test_a_page_that_takes_too_long_ends_alone() -> None:
    deep = "<div>" * 200_000 + "x" + "<table><tr><td>" * 50_000
    rows = [json.dumps({"id": "deep", "html": deep}), json.dumps({"id": "plain", "html": PAGE})]
    found = list(texts(rows, Settings(_env_file=None, extract_seconds=4), cores=1))
    assert [row["id"] for row in found] == ["deep", "plain"]
    assert "The bridge" in found[1]["text"]
