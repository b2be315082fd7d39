"""What the human does to a run with a plan, and every way to go on after a pause or a kill."""

import json
import threading
from dataclasses import replace

import pytest

from agent.budget import DEEP
from agent.engine import research
from agent.errors import ModelError
from agent.events import Answered, Failed, Kept, Lane, Noted, Planned, Reading, Searching, Steered, Trouble, Waiting
from agent.journal import MemoryEntries, MemoryShelf
from agent.steer import MemoryControl
from tests.clerk import Clerk
from tests.longruns import MOMENTS, PAGES, QUESTION, QUICKLY, Human, events_of, once, searches, the, twice, world
from tests.ports import Clerks, Web, page, tools_of

# ---------------------------------------------------------------- the human

def test_a_plan_waits_for_its_human_and_then_goes_on_as_edited():
    entries, shelf, control = MemoryEntries(), MemoryShelf(), MemoryControl()
    web, models = Web(*PAGES), Clerks(Clerk(parts=3))
    first = events_of(tools_of(web, models, entries, shelf), DEEP, control)
    assert isinstance(first[-1], Waiting)
    assert first[-1].for_what == "plan"
    assert first[-1].until
    assert not web.calls, "nothing is searched before the plan is approved"
    items = the(Planned, first)[-1].plan.items
    control.wish("plan", items=[{"id": "q3", "text": items[2].text}, {"text": "What did the archive cost?"},
                                {"id": "q1", "text": items[0].text, "done_when": "the year is known"}])
    again = events_of(tools_of(web, models, entries, shelf), DEEP, control)
    assert [item.id for item in the(Planned, again)[-1].plan.items] == ["q3", "q4", "q1"]
    assert isinstance(again[-1], Waiting)
    control.wish("approve")
    last = events_of(tools_of(web, models, entries, shelf), DEEP, control)
    plan = last[-1].answer.plan
    assert [(item.id, item.text) for item in plan.items][1] == ("q4", "What did the archive cost?")
    assert plan.items[2].done_when == "the year is known"
    assert models.asked.count("items") == 1
    assert not any("Part 2" in call for call in searches(web)), "what was dropped is not searched"
    assert any("cost" in call for call in searches(web))


def test_nobody_answers_and_the_run_goes_on_with_the_defaults_and_says_so():
    events = events_of(tools_of(Web(*PAGES), Clerks()), QUICKLY)
    assert any(event.subject == "approval" for event in the(Trouble, events))
    assert isinstance(events[-1], Answered)


def test_a_plan_that_code_made_stays_though_the_model_is_back_when_it_is_approved():
    def away(kind, said):
        raise ModelError("away")

    entries, shelf, control = MemoryEntries(), MemoryShelf(), MemoryControl()
    shown = the(Planned, events_of(tools_of(Web(*PAGES), Clerks(before=away), entries, shelf), DEEP, control))[-1].plan
    control.wish("approve")
    events = events_of(tools_of(Web(*PAGES), Clerks(), entries, shelf), DEEP, control)
    assert events[-1].answer.plan == shown


def test_what_is_dropped_from_the_plan_is_left_and_an_id_is_never_given_twice():
    control = Human(
        (once(Noted, lane="q1"), "plan", {"items": [{"id": "q1", "text": f"{QUESTION} Part 1?"}]}),
        (once(Noted, lane="q1"), "plan", {"items": [{"id": "q1", "text": f"{QUESTION} Part 1?"}, {"text": "Who made the archive?"}]}))
    web = Web(*PAGES)
    events = events_of(tools_of(web, Clerks(Clerk(parts=2, rounds=3))), replace(QUICKLY, lanes=1), control)
    plan = events[-1].answer.plan
    assert [(item.id, item.text) for item in plan.items] == [("q1", f"{QUESTION} Part 1?"), ("q3", "Who made the archive?")]
    assert any("Who made" in call for call in searches(web))
    assert not any("Part 2" in call for call in searches(web))


def test_a_lane_that_is_skipped_reads_no_further_and_keeps_what_it_found():
    control = Human((once(Noted, lane="q1"), "skip", {"lane": "q1"}))
    events = events_of(tools_of(Web(*PAGES), Clerks(Clerk(parts=1, rounds=9))), QUICKLY, control)
    after = events[events.index(the(Noted, events)[0]) + 4:]
    assert not the(Reading, after)
    assert [event.doing for event in the(Lane, events)][-1] == "skipped"
    assert events[-1].answer.claims


def test_a_lane_that_is_dug_goes_on_after_its_end_even_while_another_one_works():
    held = threading.Event()

    def before(kind, said):
        if kind == "keep_" and "Part 2" in said:
            held.wait(5)

    ended = once(Lane, lane="q1", doing="done")
    control = Human((ended, "dig", {"lane": "q2"}), (ended, "dig", {"lane": "q1"}))
    ends = []
    for event in research(QUESTION, QUICKLY, tools_of(Web(*PAGES), Clerks(Clerk(parts=2), before)), control):
        control.hears(event)
        if isinstance(event, Lane) and event.doing == "done":
            ends.append(event.lane)
            if ends.count("q1") == 2:
                held.set()
    assert (ends.count("q1"), ends.count("q2")) == (2, 2), "each goes deeper once, the one that was at work once it had ended"


def test_a_blocked_domain_is_not_opened_again_and_not_cited():
    control = Human((once(Noted), "block", {"domain": "s0.org"}), (once(Noted), "block", {"domain": "s9.org"}))
    web = Web(*PAGES)
    events = events_of(tools_of(web, Clerks(Clerk(parts=1, rounds=4))), QUICKLY, control)
    assert "read https://s0.org/a" in web.calls, "it was read before"
    assert "read https://s9.org/a" not in web.calls
    assert "https://s0.org/a" not in {source.url for source in events[-1].answer.sources}


@pytest.mark.parametrize("first", ["block", "drop"])
def test_a_page_that_is_pinned_after_all_is_read_and_cited(first):
    data = {"block": {"domain": "s0.org"}, "drop": {"url": "http://www.s0.org/a#top"}}[first]
    control = MemoryControl()
    control.wish(first, **data)
    control.wish("pin", url="https://s0.org/a")
    events = events_of(tools_of(Web(*PAGES[:3]), Clerks()), QUICKLY, control)
    assert "https://s0.org/a" in {event.url for event in the(Kept, events)}
    control = MemoryControl()
    control.wish("pin", url="https://s0.org/a")
    control.wish(first, **data)
    web = Web(*PAGES[:3])
    events_of(tools_of(web, Clerks()), QUICKLY, control)
    assert "read https://s0.org/a" not in web.calls, "what is said later counts"


def test_a_pinned_page_that_nobody_found_is_read_and_may_be_cited():
    class Hidden(Web):
        def search(self, wording, count=10):
            found = super().search(wording, count)
            return replace(found, hits=tuple(hit for hit in found.hits if "pinned" not in hit.url))

    web = Hidden(*PAGES[:2], page("https://pinned.org/", "# Limits\n\nThe limit of the archive is 99 entries, says the pinned page."))
    control = MemoryControl()
    control.wish("pin", url="https://pinned.org/")
    answer = events_of(tools_of(web, Clerks()), QUICKLY, control)[-1].answer
    assert "https://pinned.org/" in {source.url for source in answer.sources}


def test_words_reach_the_next_prompt():
    control = Human((once(Noted), "words", {"text": "Only after 2020."}))
    clerk = Clerk(parts=1, rounds=3)
    events = events_of(tools_of(Web(*PAGES), Clerks(clerk)), QUICKLY, control)
    told = [said for kind, said in clerk.asked if "Only after 2020." in said]
    assert {kind for kind, said in clerk.asked if "Only after 2020." in said} >= {"open_", "keep_", "text"}
    assert told
    assert the(Steered, events)[-1].words == "From now on: “Only after 2020.”."


# ---------------------------------------------------------------- pause, finish, stop

@pytest.mark.parametrize("moment", MOMENTS)
def test_a_pause_in_any_phase_pays_for_nothing_twice(moment):
    web, clerk, entries, shelf = world()
    control = MemoryControl()

    def pause(kind, said):
        if kind == MOMENTS[moment] and not control.wishes():
            control.wish("pause")

    models = Clerks(clerk, pause)
    first = events_of(tools_of(web, models, entries, shelf), QUICKLY, control)
    if not isinstance(first[-1], Answered):
        assert first[-1] == Waiting("resume")
        control.wish("resume")
        first = events_of(tools_of(web, models, entries, shelf), QUICKLY, control)
    assert first[-1].answer.mode == "model"
    assert control.wishes()
    assert not twice(web.calls)
    assert not twice([said for _, said in clerk.asked]), "no model call is made twice"


@pytest.mark.parametrize("moment", MOMENTS)
def test_finish_now_writes_from_what_is_there(moment):
    web, clerk, entries, shelf = world()
    control = MemoryControl()

    def finish(kind, said):
        if kind == MOMENTS[moment] and not control.wishes():
            control.wish("finish")

    events = events_of(tools_of(web, Clerks(clerk, finish), entries, shelf), QUICKLY, control)
    if moment in ("planning", "choosing"):
        assert isinstance(events[-1], Answered | Failed)
        return
    assert events[-1].answer.mode == "model", "the human wants no more pages, but an answer that is written"
    assert events[-1].answer.claims
    calls = list(web.calls)
    again = events_of(tools_of(web, Clerks(clerk), entries, shelf), QUICKLY, control)
    assert again[-1].answer.claims == events[-1].answer.claims, "a sitting after a kill finds all of it"
    assert web.calls == calls


@pytest.mark.parametrize("moment", MOMENTS)
def test_stop_answers_at_once_while_a_model_hangs(moment):
    web, clerk, entries, shelf = world()
    control = MemoryControl()

    def before(kind, said):
        if kind == MOMENTS[moment]:
            control.wish("stop")

    models = Clerks(clerk, before, hangs=MOMENTS[moment])
    events = events_of(tools_of(web, models, entries, shelf), QUICKLY, control)
    last = events[-1]
    if isinstance(last, Failed):
        assert moment in ("planning", "choosing")
        assert "You stopped the run" in last.message
        return
    assert last.answer.stopped_by == "user"
    assert last.answer.claims or moment == "choosing"
    again = events_of(tools_of(web, Clerks(clerk), entries, shelf), QUICKLY, control)
    same = again[-1].answer
    assert same.claims == last.answer.claims, "and so does the sitting of a worker that took over, in the same quotes"
    assert [same.used[name] for name in ("pages", "searches")] == [last.answer.used[name] for name in ("pages", "searches")]


def test_stop_while_a_page_never_comes():
    never = threading.Event()

    class Slow(Web):
        def read(self, url, chosen_by="agent", seconds=None):
            self.count(f"read {url}")
            if url == PAGES[1].url:
                control.wish("stop")
                never.wait(20)
            return self.pages[url]

    control = MemoryControl()
    events = events_of(tools_of(Slow(*PAGES[:3]), Clerks(Clerk(parts=1))), QUICKLY, control)
    never.set()
    assert events[-1].answer.stopped_by == "user"
    assert events[-1].answer.used["seconds"] < 8


@pytest.mark.parametrize("moment", ["choosing", "noting"])
def test_finish_gives_up_a_model_that_hangs_while_it_looks(moment):
    web, clerk, entries, shelf = world()
    control = Human((once(Lane, doing=moment), "finish", {}))
    events = events_of(tools_of(web, Clerks(clerk, hangs=MOMENTS[moment]), entries, shelf), QUICKLY, control)
    assert events[-1].answer.used["seconds"] < 8
    assert events[-1].answer.mode == ("model" if moment == "noting" else "extractive")


def test_a_model_that_never_ends_is_given_up_at_the_limit_of_time():
    tools = tools_of(Web(*PAGES), Clerks(Clerk(parts=2, rounds=2, keep=5), hangs="text"))
    answer = events_of(tools, replace(QUICKLY, seconds=4))[-1].answer
    assert answer.stopped_by == "seconds"
    assert answer.claims
    assert answer.used["seconds"] < 8


def test_pause_then_finish_is_no_deadlock():
    control = Human((once(Searching), "pause", {}), (once(Searching), "finish", {}))
    assert isinstance(events_of(tools_of(Web(*PAGES), Clerks()), QUICKLY, control)[-1], Answered | Failed)


# ---------------------------------------------------------------- killed

def copied(entries):
    same = MemoryEntries()
    with entries.lock:
        same.kept, same.log = dict(entries.kept), list(entries.log)
    return same


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_run_killed_after_any_event_goes_on_and_pays_for_nothing_twice(stride):
    total = len(events_of(tools_of(Web(*PAGES), Clerks(Clerk(parts=2, rounds=2, keep=5)))))
    for kill_at in range(stride, total, 9):
        web, clerk, entries, shelf = world()
        sitting = research(QUESTION, QUICKLY, tools_of(web, Clerks(clerk), entries, shelf))
        for _ in range(kill_at):
            if next(sitting, None) is None:
                break
        sitting.close()
        entries = copied(entries)  # what was under way may still end, but a killed process saves nothing any more
        done = set(entries.kept)
        answer = events_of(tools_of(web, Clerks(clerk), entries, shelf))[-1].answer
        assert answer.mode == "model"
        assert done <= set(entries.kept)
        saved = [json.dumps(row, sort_keys=True) for row in entries.log]
        assert not twice(saved), kill_at
        for claim in answer.claims:
            for one in claim.citations:
                assert shelf.page(one.page_sha256).text[one.start:one.end] == one.quote


def test_a_replay_gives_every_passage_its_old_id_though_a_model_failed_before():
    """The model is away while the first round is noted, and back after a kill: later rounds' ids are what they were."""
    web, clerk, entries, shelf = world()
    failed = []

    def before(kind, said):
        if kind == "keep_" and not failed:
            failed.append(said)
            raise ModelError("away")

    first = events_of(tools_of(web, Clerks(clerk, before), entries, shelf))[-1].answer
    again = events_of(tools_of(web, Clerks(clerk), entries, shelf))[-1].answer
    assert [claim.text for claim in again.claims] == [claim.text for claim in first.claims]
    assert [claim.citations for claim in again.claims] == [claim.citations for claim in first.claims]
