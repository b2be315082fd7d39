"""The forms of a text: its provenance, its parts, where it is cut, and how a fault is told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.errors import BadInput, BadStatus, Busy, LeashError, NotFound, Refused, StorageError, TooSlow, Unreadable, Walled
from agent.tokens import count
from server import receipts
from server.faces import (
    age_words,
    cut_words,
    fault_of,
    file_name,
    json_of,
    markdown_of,
    part_of,
    problem_json,
    problem_markdown,
)
from server.kept import Reading
from server.reading import blocks_of, counts_in, error_of, fresh_seconds, marks_of, problem_of, reading_of, structure_of, words_of
from tests.fakes_text import FENCED, LONG, read_of

URL = "https://tides.example/bridge"


def reading(text: str = LONG) -> Reading:
    return reading_of(read_of(URL, text), URL, 1000.0)


def test_provenance_stands_on_top_and_cannot_be_broken_out_of() -> None:
    made = replace(reading("Words.\n"), title='A "title"\n---\nurl: evil', author="A\u2028B", fetched_at=940.0, checked_at=940.0)
    head, _, text = markdown_of(made, None, 1000.0).partition("\n---\n\n")
    lines = head.splitlines()
    assert lines[0] == "---"
    assert json.loads(next(line for line in head.split("\n") if line.startswith("title: ")).removeprefix("title: ")) == made.title
    assert 'url: "https://tides.example/bridge"' in lines
    assert "fetched: 1970-01-01T00:15:40Z" in lines
    assert "age: 1 minute" in lines
    assert text == "Words.\n"


def test_the_parts_agree_with_the_text() -> None:
    parts = json_of(reading("# One\n\nSee [two](https://b.example/).\n"), None, 1060.0)
    assert (parts["age"], parts["cut"], parts["tokens_exact"]) == (60, None, True)
    assert parts["headings"] == [{"level": 1, "text": "One"}]
    assert parts["links"] == [{"text": "two", "url": "https://b.example/"}]
    assert parts["tokens"] == pytest.approx(count(parts["text"]), abs=2)
    assert parts["rung"] == "http"


@pytest.mark.parametrize("limit", [1, 15, 16, 40, 500, 1500, 10_000])
@pytest.mark.parametrize("text", [LONG, FENCED])
def test_a_cut_ends_with_a_block_within_the_limit_and_counts_what_is_left(text: str, limit: int) -> None:
    made = reading(text)
    part = part_of(made, limit)
    assert count(part.text) <= limit + (2 if "```" in part.text else 0)  # the fence that the cut shuts
    assert part.tokens + part.left_tokens == made.tokens
    whole = list(blocks_of(made.text))
    if part.left_blocks == len(whole) or part.text == "":
        return
    assert part.text.count("```") % 2 == 0
    assert part.left_blocks == len(whole) - len(list(blocks_of(part.text))) + ("x = 1" in part.text and part.left_tokens > 10)
    if text is LONG:
        assert made.text.startswith(part.text)
        assert part.text.rstrip("\n").endswith((".", "says."))


def test_a_cut_text_says_what_was_left_out() -> None:
    made = reading()
    told = markdown_of(made, 100, 1000.0)
    part = part_of(made, 100)
    assert told.rstrip().endswith(cut_words(made, part, 100))
    assert f"tokens: {part.tokens} of {made.tokens}" in told
    assert json_of(made, 100, 1000.0)["cut"] == {"limit": 100, "tokens": part.tokens, "left_out_tokens": part.left_tokens,
                                                 "left_out_blocks": part.left_blocks}


def test_one_block_that_is_too_long_is_cut_inside_and_its_fence_shut() -> None:
    made = reading("```text\n" + "a line of code\n" * 3000 + "```\n")
    part = part_of(made, 2000)
    assert 1000 < part.tokens <= 2000
    assert part.text.endswith("a line of code\n```\n")


def test_marks_cover_the_text() -> None:
    text = LONG + "\n\n" + "word " * 5000 + "\n\n" + "x" * 9000 + "\n"
    marks = list(marks_of(text))
    assert marks[-1][0] == len(text)
    assert [mark[0] for mark in marks] == sorted({mark[0] for mark in marks})
    assert marks[-1][1] == pytest.approx(count(text), rel=0.01)


def test_structure_passes_over_code() -> None:
    text = ("# A `b` [c](https://c.example/x_(y))\n\n```\n# no\n[no](https://no.example/)\n```\n\n`[no](https://no.example/)` "
            "![alt](https://img.example/i.png) [![alt](https://i.example/)](https://yes.example/ \"t\")\n\n[1]: https://note.example/a\n")
    links, headings = structure_of(text)
    assert [url for _, url in links] == ["https://c.example/x_(y)", "https://yes.example/", "https://note.example/a"]
    assert headings == ((1, "A b c"),)


@pytest.mark.parametrize(("max_age", "seconds"), [(None, 600.0), (0.0, 60.0), (300.0, 300.0), (1e9, 86_400.0)])
def test_a_text_is_fresh_within_bounds(max_age: float | None, seconds: float) -> None:
    assert fresh_seconds(max_age) == seconds


@pytest.mark.parametrize(("title", "name"), [("../../etc/passwd", "etc-passwd.md"), ("Grün & \x00Weit\r\nX", "grun-weit-x.md"),
                                             ("中文", "page.md"), ("x" * 300, "x" * 80 + ".md"), ('a"; filename=b', "a-filename-b.md")])
def test_a_download_has_a_name_that_is_safe(title: str, name: str) -> None:
    assert file_name(replace(reading(), title=title)) == name


@pytest.mark.parametrize(("seconds", "words"), [(-3, "0 seconds"), (1, "1 second"), (59.9, "59 seconds"), (125, "2 minutes"),
                                                (3600, "1 hour"), (200_000, "2 days")])
def test_age_in_words(seconds: float, words: str) -> None:
    assert age_words(seconds) == words


RICH = ("# A [b](https://b.example/)\n\n| c | d |\n|---|---|\n| e | f |\n\n1. g\n   ```py\n   # [no](https://no.example/)\n   ```\n\n"
        "> h [i](https://i.example/x_(y)) `[no](https://no.example/)` ![j](https://j.example/j.png)\n")


def test_what_a_text_holds_is_counted_in_the_text() -> None:
    assert counts_in(RICH) == {"words": 12, "code": 1, "tables": 1, "links": 2}


def test_the_receipt_in_a_line() -> None:
    told = {"page": {"words": 1045, "code": 0, "tables": 0, "links": 1}, "text": {"words": 812}, "low": True, "extractor": "judge",
            "dropped": [{"what": f"part {n}", "words": n, "why": ""} for n in (90, 80, 30, 20, 9, 4)]}
    assert receipts.line(receipts.counted(told, {"code": 1, "tables": 0, "links": 2})) == (
        "812 of 1,045 words, 1 of 1 code block, 2 of 2 links; low: the page may hold more; "
        "left out: part 90 90, part 80 80, part 30 30, part 20 20, 2 more")
    assert receipts.line({}) == ""
    line = 'receipt: "12 of 40 words, 0 of 3 links; left out: navigation 20, cookie notice 8"'
    assert line in markdown_of(reading(), None, 1000.0).splitlines()


def test_the_receipt_of_a_cut_text_does_not_claim_the_whole() -> None:
    text = "One two three.\n\n" + "filler words. " * 40 + f"\n\n{RICH}"
    made = reading(text)
    page, held = {**made.receipt["page"], "words": 120}, {**made.receipt["text"], "words": 96}
    made = replace(made, receipt={**made.receipt, "page": page, "text": held})
    receipt = json_of(made, 20, 1000.0)["receipt"]
    assert receipt["text"] == {"words": 3, "code": 0, "tables": 0, "links": 0}
    assert receipt["page"] == {"words": 120, "code": 1, "tables": 1, "links": 3}
    assert receipt["dropped"][0] == {"what": "beyond the limit", "words": 93, "why": "the text was cut at 20 tokens"}
    assert json_of(made, 10_000, 1000.0)["receipt"] == made.receipt
    line = "3 of 120 words, 0 of 1 code block, 0 of 1 table, 0 of 3 links; left out: beyond the limit 93, navigation 20, cookie notice 8"
    assert f'receipt: "{line}"' in markdown_of(made, 20, 0.0).splitlines()


@pytest.mark.parametrize("limit", [60, 120, 200, 400, 600])
def test_a_cut_keeps_the_addresses_of_the_links_that_remain_within_the_limit(limit: int) -> None:
    paragraphs = [f"Word {n} says [this][{n % 7 + 1}] and [that][{n % 5 + 8}]." for n in range(30)]
    notes = [f"[{n}]: https://example.com/a/page/of/some/length/{n}" for n in range(1, 13)]
    made = reading("\n\n".join([*paragraphs, "\n".join(notes)]) + "\n")
    part = part_of(made, limit)
    assert part.tokens <= limit
    assert count(part.text) <= limit + 1
    assert part.tokens + part.left_tokens == made.tokens
    named = {line.partition("]")[0][1:] for line in part.text.splitlines() if line.startswith("[")}
    referred = {piece.partition("]")[0] for piece in part.text.split("][")[1:]}
    assert named == referred
    assert "Word" in part.text
    assert part.left_blocks == 30 - part.text.count("Word")
    assert part_of(made, 20).text.strip() == "Word 0 says [this][1] and [that][8]."


@pytest.mark.parametrize(("error", "status", "name"), [
    (BadInput("x"), 400, "bad-input"), (NotFound("x"), 404, "not-found"), (Refused("x"), 403, "refused"), (TooSlow("x"), 504, "too-slow"),
    (BadStatus(404), 502, "site-status"), (BadStatus(429, retry_after=3), 503, "slow-down"), (Walled("x", wall="login"), 502, "walled"),
    (Unreadable("x"), 502, "unreadable"), (Busy("x"), 503, "busy"), (StorageError("x"), 507, "storage"), (LeashError("x"), 500, "fault"),
])
def test_a_fault_keeps_its_kind_on_the_way_from_the_worker(error: LeashError, status: int, name: str) -> None:
    again = error_of(json.loads(json.dumps(problem_of(error))))
    assert (type(again), str(again), again.retry_after) == (type(error), str(error), error.retry_after)
    told = problem_json(again, URL)
    assert (told["status"], told["type"], told["detail"]) == (status, f"urn:leash:problem:{name}", str(error))
    assert told["next"]
    assert told.get("upstream_status") == getattr(error, "status", None)
    assert str(error) in problem_markdown(error, URL)
    assert fault_of(again).status == status


@pytest.mark.parametrize(("error", "after", "next_"), [
    (BadStatus(404, "a.org has no such page (status 404). Check the address."), "", "Check the address."),
    (Refused("10.0.0.1 is a private address, and this Leash reads the web. Add it to LEASH_ALLOW_NETS if you trust it."), "",
     "Add it to LEASH_ALLOW_NETS if you trust it."),
    (BadStatus(500, "a.org has a fault of its own (status 500)."), "\n\nOpen the address", "Open the address"),
    (Unreadable("This PDF opens with a password only."), "\n\nOpen the address", "Open the address"),
])
def test_what_to_do_next_is_said_once(error: LeashError, after: str, next_: str) -> None:
    assert problem_json(error, "")["next"].startswith(next_)
    assert problem_markdown(error, "").partition(str(error))[2].startswith(after or "\n")
    assert problem_markdown(error, "").count(next_) == 1


def test_a_linked_word_of_code_in_a_heading_is_a_word() -> None:
    assert words_of("[`json`](https://a.org/json) — **JSON** [*coder*](https://a.org/)") == "json — JSON coder"


def test_a_problem_of_another_version_is_still_told() -> None:
    assert str(error_of({"kind": "Path", "message": "odd"})) == "odd"
    assert type(error_of({"kind": "annotations", "message": "odd"})) is LeashError
