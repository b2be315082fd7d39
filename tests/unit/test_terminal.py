import time
from dataclasses import replace

from agent.budget import DEEP
from agent.check import NOTHING
from agent.events import Gauge, Lane, Started, Waiting
from agent.journal import MemoryShelf
from agent.records import Answer, Citation, Claim
from server.ask import claim_lines, show_text
from server.dial import Dial
from server.terminal import Teller, answer_lines, limit_lines, role_lines, waiting_lines
from tests.fakes_story import deep_run, quotes_run, report
from tests.ports import page


def told(answer) -> str:
    return "\n".join(answer_lines(answer, 100))


def test_an_answer_begins_with_its_score_and_each_sentence_has_its_state() -> None:
    claims = (Claim("It opens at noon.", "supported"), Claim("It is red.", "partial", reason="No word on its colour."),
              Claim("In short:", "unchecked", reason=NOTHING), Claim("It is old.", "unchecked"))
    text = "## When\n\nIt opens at \\*noon. It is red.\n\nIn short:\n\n- It is old."
    lines = told(replace(report(), answer=text, claims=claims, sources=(), disputes=(), left_open=(), not_found=())).splitlines()
    assert lines[0] == "2 of 3 checked, 1 supported"
    assert "## When" in lines
    assert "It opens at *noon. ✓ It is red. ⟨partly supported: No word on its colour.⟩" in lines
    assert "In short:" in lines
    assert "- It is old. ⟨not checked⟩" in lines


def test_a_claim_whose_place_is_not_known_is_told_apart() -> None:
    lost = replace(report(), answer="Only this.")
    failing = [claim for claim in lost.claims if claim.support == "contradicted"]
    assert failing
    assert all(f"Look at: {claim.text} ⟨contradicted: {claim.reason}⟩" in told(lost) for claim in failing)


def test_what_is_disputed_left_open_and_cited_is_told() -> None:
    answer, text = report(), " ".join(told(report()).split())
    assert answer.disputes
    assert all(f"Disputed: {' '.join(one.about.split())}" in text for one in answer.disputes)
    assert all(f"Left open: {one}" in text for one in answer.left_open)
    assert all(f"[{one.n}] {one.title}" in text for one in answer.sources)
    assert all(" ".join(one.quote.split()) in text for claim in answer.claims for one in claim.citations)


def test_quotes_without_a_model_are_told_as_such() -> None:
    answer = list(quotes_run())[-1].answer
    assert told(answer).startswith("No model wrote this")
    assert "✓" not in told(answer)


def test_who_did_what_at_which_cost() -> None:
    lines = role_lines(report())
    assert len(lines) == len(report().roles)
    assert all("calls" in line and "$" in line for line in lines)


def test_a_run_that_begins_again_tells_nothing_twice() -> None:
    teller, events = Teller(), [event for event in deep_run() if not isinstance(event, Waiting)]
    first = [line for event in events[:12] for line in teller.lines(event)]
    teller.again()
    rest = [line for event in events for line in teller.lines(event)]
    assert any("searching" in line for line in first)
    assert not any("searching" in line for line in rest if line in first)
    assert sum(line.startswith("The plan") for line in rest if line in first) == 0


def test_needles_are_told_now_and_then() -> None:
    teller = Teller()
    gauges = [Gauge({"seconds": float(second), "pages": second}, {"seconds": 1800, "pages": 120}) for second in range(60)]
    lines = [line for gauge in gauges for line in teller.lines(gauge)]
    assert 2 <= len(lines) <= 4
    assert "pages" in lines[0]


def test_a_lane_says_how_it_ended() -> None:
    lines = list(Teller().lines(Lane("q3", "open", "Its time is up.", ("the year",))))
    assert lines == ["  q3  left open. Its time is up. Still missing: the year"]


def test_limits_and_estimate() -> None:
    small = replace(DEEP, pages=7, money=1.5)
    at_most, guess = limit_lines(small, Dial().estimate(small))
    assert "7 pages" in at_most
    assert "$1.50" in at_most
    assert "tokens" in guess
    assert list(Teller().lines(Started("q", "deep", small.limits()))) == []


def test_limits_of_models_are_not_told_where_none_works() -> None:
    at_most, guess = limit_lines(DEEP, Dial().estimate(DEEP, model=False), has_model=False)
    assert at_most == "Deep research: at most 80 searches, 120 pages, 30 minutes and 40 quotes, without a model."
    assert "tokens" not in guess


def test_a_quote_ends_with_its_mark_and_its_number() -> None:
    [claim, *_] = list(quotes_run())[-1].answer.claims
    told = "\n".join(claim_lines(claim, "extractive", 60))
    assert told.startswith("  “")
    assert told.endswith(f"” [{claim.citations[0].n}]")


def test_rows_are_shown_under_their_header_which_is_outside_the_quote(capsys) -> None:
    table = page("https://e.org/", "| name | size |\n|---|---|\n| int | 4 |\n| long | 8 |\n", "Sizes")
    at = table.text.index("| long")
    cited = Citation(1, table.url, table.title, table.sha256, at, at + len("| long | 8 |"), "| long | 8 |")
    shelf = MemoryShelf()
    shelf.keep(table)
    used = {"quotes": 1, "pages": 1, "searches": 1}
    answer = Answer("How large?", "quick", "extractive", "", (Claim(cited.quote, "supported", (cited,)),), used=used)
    show_text(answer, shelf)
    lines = capsys.readouterr().out.splitlines()
    row = next(place for place, line in enumerate(lines) if "long" in line)
    assert lines[row - 1:row + 1] == ["   | name | size |", "  “| long | 8 |” [1]"]


def test_a_plan_waits_by_the_clock_of_the_terminal(monkeypatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert waiting_lines("2026-11-27T20:10:48+00:00") == [
            "The plan waits for your word until 05:10 on 28 November, then it runs as it is."]
        assert waiting_lines("") == []
    finally:
        monkeypatch.undo()
        time.tzset()
