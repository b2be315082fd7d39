import json
from concurrent.futures import Future

import pytest

from agent.budget import DEEP, QUICK, RESEARCH, budget_for
from agent.engine import faulty_of, research
from agent.errors import BadInput, ModelError, OverLimit
from agent.events import Answered, Dropped, Failed, Found, Kept, Trouble, Writing, from_json
from agent.journal import MemoryEntries, MemoryShelf
from agent.look import Inquiry, gather
from agent.models import Spent, Switched, Wrote
from agent.note import Note
from agent.rank import Ranked
from agent.records import Citation, Claim, Hit, Passage
from agent.run import Run
from tests.clerk import Clerk
from tests.ports import Clerks, Web, page, tools_of

ZIP = page("https://docs.org/zip", "# zip\n\nThe last date of a zip entry is 2107-12-31. Older dates are clamped to 1980.", "zip files")
CAT = page("https://cats.org/", "# cats\n\nCats sleep for most of the day. They like boxes.", "Cats")
QUESTION = "What is the last date of a zip entry?"


class Script:
    """A model's twin: what it yields, or raises, each time it is asked."""

    names = ("m",)

    def __init__(self, *pieces):
        self.pieces, self.asked = pieces, []

    def names_for(self, role):
        return self.names

    def ask(self, role, build, *, max_tokens, schema=None, stopped=None):
        raise ModelError("It answers nothing but the question.")

    def stream(self, build, *, max_tokens, role="write", stopped=None):
        self.asked.append(build(8_000))
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


def events_of(web, **more):
    return list(research(QUESTION, QUICK, tools_of(web, **more)))


def the(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_with_no_model_the_brief_is_verbatim():
    events = events_of(Web(ZIP, CAT))
    answer = events[-1].answer
    assert (answer.mode, answer.stopped_by, answer.model) == ("extractive", "done", "")
    first = answer.claims[0].citations[0]
    assert first.quote == ZIP.text[first.start:first.end]
    assert "2107-12-31" in first.quote
    assert len(answer.claims) <= QUICK.quotes
    assert the(Found, events)
    assert answer.used["pages"] == 2
    assert answer.used.keys() <= answer.limits.keys()


def test_a_model_cites_and_unknown_ids_are_shown():
    model = Script(Wrote("m", "It is 2107-12-31 [p1]. So says nobody "), Wrote("m", "[p50]."), Spent("m", 10, 5, "stop"))
    events = events_of(Web(ZIP, CAT), models=model)
    answer = events[-1].answer
    assert (answer.mode, answer.model) == ("model", "m")
    assert answer.answer == "It is 2107-12-31 [1]. So says nobody [?p50]."
    assert answer.claims[1].unknown == ("p50",)
    assert answer.used["tokens"] == 15


def test_the_draft_starts_over_when_another_model_takes_over():
    model = Script(Wrote("m", "Half an ans"), Switched("m", "n", "It broke off."), Wrote("n", "Whole [p1]."), Spent("n", 1, 1, "stop"))
    events = events_of(Web(ZIP), models=model)
    assert [event.model for event in the(Writing, events)] == ["m", "n"]
    assert events[-1].answer.answer == "Whole [1]."
    assert any(event.message == "It broke off." for event in the(Trouble, events))


def test_when_every_model_fails_the_brief_takes_over():
    events = events_of(Web(ZIP), models=Script(Wrote("m", "Begun"), ModelError("m: refused.")))
    assert events[-1].answer.mode == "extractive"
    assert any("refused" in event.message for event in the(Trouble, events))


def test_an_answer_cut_short_says_so():
    events = events_of(Web(ZIP), models=Script(Wrote("m", "It is [p1] and"), Spent("m", 1, 1, "length")))
    assert events[-1].answer.stopped_by == "tokens"
    assert any("ends early" in event.message for event in the(Trouble, events))


def test_an_answer_without_marks_says_that_nothing_can_be_checked():
    events = events_of(Web(ZIP), models=Script(Wrote("m", "I just know."), Spent("m", 1, 1, "stop")))
    assert "nothing in it can be checked" in events[-1].answer.not_found[0]


def test_pages_that_fail_are_told_and_the_run_goes_on():
    events = events_of(Web(ZIP, failing={"https://down.org/": "The site is down."}))
    assert [event.reason for event in the(Dropped, events)] == ["The site is down."]
    assert [event.url for event in the(Kept, events)] == [ZIP.url]
    assert isinstance(events[-1], Answered)


def test_no_answer_is_written_from_nothing():
    away = events_of(Web(answers=False), models=Script(Wrote("m", "From memory."), Spent("m", 1, 1, "stop")))
    assert isinstance(away[-1], Failed)
    assert "It is away." in away[-1].message
    assert away[-1].advice
    empty = events_of(Web(failing={"https://down.org/": "down"}), models=Script(Wrote("m", "From memory."), Spent("m", 1, 1, "stop")))
    answer = empty[-1].answer
    assert (answer.claims, answer.stopped_by) == ((), "nothing found")
    assert answer.not_found
    assert answer.for_programs()["answer"].startswith(answer.not_found[0]), "said also to one who reads the text alone"
    assert not answer.answer.startswith(answer.not_found[0])


def test_the_same_text_at_two_addresses_counts_once():
    twin = page("https://mirror.org/zip", ZIP.text)
    events = events_of(Web(ZIP, twin))
    assert len(the(Kept, events)) == 1
    assert "says the same as" in the(Dropped, events)[0].reason


def test_a_run_that_starts_again_pays_for_nothing_twice():
    entries, shelf, web = MemoryEntries(), MemoryShelf(), Web(ZIP, CAT)
    model = Script(Wrote("m", "It is 2107-12-31 [p1]."), Spent("m", 10, 5, "stop"))
    first = events_of(web, models=model, entries=entries, shelf=shelf)
    calls = list(web.calls)
    again = events_of(web, models=model, entries=entries, shelf=shelf)
    assert (web.calls, len(model.asked)) == (calls, 1)
    assert again[-1].answer.answer == first[-1].answer.answer
    assert again[-1].answer.claims == first[-1].answer.claims


@pytest.mark.parametrize("steps", range(1, 6))
def test_wherever_it_was_killed_only_what_had_not_completed_is_done(steps):
    entries, shelf, web = MemoryEntries(), MemoryShelf(), Web(ZIP, CAT)
    run = research(QUESTION, QUICK, tools_of(web, entries=entries, shelf=shelf))
    for _ in range(steps):
        next(run)
    left = MemoryEntries()  # as the kill left it: a thread of the killed run may still be ending its step
    left.kept, left.log = dict(entries.kept), list(entries.log)
    run.close()
    done = [inputs for _, inputs in left.log]
    events_of(web, entries=left, shelf=shelf)
    assert len([inputs for _, inputs in left.log]) == len({json.dumps(i, sort_keys=True) for _, i in left.log})
    assert all(inputs in [i for _, i in left.log] for inputs in done)


def test_every_event_survives_json():
    model = Script(Wrote("m", "It is 2107-12-31 [p1]."), Spent("m", 10, 5, "stop"))
    for event in events_of(Web(ZIP, CAT, failing={"https://x.org/": "no"}), models=model):
        assert from_json(event.kind, json.loads(json.dumps(event.to_json()))) == event


def test_blocked_domains_are_not_opened():
    from dataclasses import replace

    web = Web(ZIP, CAT)
    list(research(QUESTION, QUICK, replace(tools_of(web), blocked=("cats.org",))))
    assert "read https://cats.org/" not in web.calls


def test_a_failed_sentence_is_said_anew_with_the_ident_that_it_had():
    passage = Passage(ZIP.sha256, 7, 52, ZIP.text[7:52])
    notes = [Note(ident, f"q{ident[1]}", Ranked(ZIP, passage, 1, 0, 0)) for ident in ("p102", "p201")]
    citation = Citation(1, ZIP.url, ZIP.title, ZIP.sha256, 7, 52, passage.text)
    for ident in ("p102", "p201"):
        faulty = faulty_of(0, Claim("It is 2108.", "partial", (citation,)), f"It is 2108 [{ident}].", notes)
        assert [named for named, *_ in faulty.quotes] == [ident]


@pytest.mark.parametrize(("anew", "left"), [
    ("The limit is then 2107-12-31 [p1].", ["The limit is 2107-12-31.", "Newer files are set to the limit."]),
    ("The limit is not 2107-12-31 [p1].",
     ["The limit is 2107-12-31.", "The limit is not 2107-12-31.", "Newer files are set to the limit."])])
def test_a_sentence_said_anew_that_only_says_what_another_says_is_struck(anew, left):
    said = "The limit is 2107-12-31 [p1]. The limit is 2108-01-01 [p1]. Newer files are set to the limit [p1]."
    clerk = Clerk(replies={"text": lambda _: said, "sentences": lambda _: json.dumps({"sentences": [{"number": 1, "text": anew}]})})
    answer = events_of(Web(ZIP, CAT), models=Clerks(clerk))[-1].answer
    assert [claim.text for claim in answer.claims] == left
    assert answer.answer.count("[1]") == len(left)
    assert all(claim.citations for claim in answer.claims)


def test_a_depth_goes_by_its_name():
    for budget in (RESEARCH, DEEP):
        assert budget_for(budget.depth) == budget
    with pytest.raises(BadInput, match="There is no depth"):
        budget_for("deepest")


def test_no_lane_waits_for_a_page_that_its_closed_run_will_not_read_any_more():
    """Though an earlier sitting had read it: the process could else not end for as long as the run was allowed."""
    run = Run("When did the archive open?", QUICK, tools_of(Web(ZIP)))
    run.tools.journal.remember("read", {"url": ZIP.url}, ZIP.sha256)
    inquiry, left = Inquiry(run, run.plan.items[0]), Future()
    inquiry.opened[left] = Hit(ZIP.url, "Zip files")
    run.close()
    left.cancel()
    with pytest.raises(OverLimit):
        list(gather(inquiry))
