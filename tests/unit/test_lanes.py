"""Whole runs with a plan over twins of the web and of the models: what the human and the limits do to them, and every way to go on."""

import json
import re
import threading
from dataclasses import replace

import pytest

from agent.budget import DEEP, RESEARCH
from agent.engine import research
from agent.errors import ModelError
from agent.events import Answered, Dropped, Failed, Kept, Lane, Noted, Planned, Reading, Searching, Steered, Trouble, Waiting
from agent.journal import MemoryEntries, MemoryShelf
from agent.steer import MemoryControl
from tests.clerk import Clerk
from tests.ports import Clerks, Web, page, tools_of

QUESTION = "What is the limit of the archive?"
QUICKLY = replace(DEEP, patience=0)


def numbered(n: int):
    """A page that says what no other says."""
    words = " ".join(f"Entry {n}x{k} of the archive has a limit of {n * k + 7} bytes." for k in range(12))
    return page(f"https://s{n}.org/a", f"# Archive {n}\n\nThe limit of archive {n} is {n * 7 + 3} entries. {words}", f"Archive {n}")


PAGES = [numbered(n) for n in range(24)]


class Human(MemoryControl):
    """Wishes something once an event of that kind (and lane) is told for the n-th time."""

    def __init__(self, *wishes, worked=0.0):
        super().__init__(worked)
        self.wishes_by, self.seen = list(wishes), []

    def hears(self, event):
        self.seen.append(event)
        for row in list(self.wishes_by):
            when, kind, data = row
            if when(event):
                self.wishes_by.remove(row)
                self.wish(kind, **data)


def once(kind, **has):
    return lambda event: isinstance(event, kind) and all(getattr(event, name) == value for name, value in has.items())


def events_of(tools, budget=QUICKLY, control=None, question=QUESTION):
    control, told = control or MemoryControl(), []
    for event in research(question, budget, tools, control):
        told.append(event)
        if isinstance(control, Human):
            control.hears(event)
    return told


def the(kind, events):
    return [event for event in events if isinstance(event, kind)]


def reads(web):
    return [call for call in web.calls if call.startswith("read ")]


def searches(web):
    return [call for call in web.calls if call.startswith("search ")]


def twice(calls):
    return sorted({call for call in calls if calls.count(call) > 1})


# ---------------------------------------------------------------- the loop

def test_a_deep_run_is_planned_worked_off_written_and_checked():
    web, models = Web(*PAGES), Clerks(Clerk(parts=3, rounds=2))
    events = events_of(tools_of(web, models))
    answer = events[-1].answer
    assert (answer.mode, answer.stopped_by, answer.left_open) == ("model", "done", ())
    assert [item.id for item in answer.plan.items] == ["q1", "q2", "q3"]
    assert {claim.support for claim in answer.claims} <= {"supported", "not found"}
    assert all(source.sha256 in {page.sha256 for page in PAGES} for source in answer.sources)
    assert not twice(web.calls), "no page is read and no wording searched for twice"
    assert {use.role for use in answer.roles} == {"plan", "read", "write", "check"}
    assert answer.used["model_calls"] == len(models.asked)
    for name, used in answer.used.items():
        assert used <= answer.limits[name], name
    ends = [event.doing for event in the(Lane, events) if event.doing in ("done", "open", "skipped")]
    assert ends == ["done"] * 3


def test_what_had_no_room_in_one_round_is_shown_in_the_next():
    rules = (f"The limit of archive {n} is {n * 7 + 3} entries, says rule {n}." for n in range(120))
    models = Clerks(Clerk(parts=1, rounds=2))
    events_of(tools_of(Web(page("https://long.org/a", "\n\n".join(rules), "Archive")), models))
    rounds = [said.partition("New passages:")[2] for kind, said in models.clerk.asked if kind == "keep_"]
    first, second = (set(re.findall(r"says rule (\d+)", shown)) for shown in rounds)
    assert len(first) >= 20
    assert len(second) >= 20
    assert not first & second


def test_a_page_that_fails_is_told_once_however_many_rounds_go_on():
    web = Web(*PAGES[:3], failing={"https://a-down.org/": "The site is down."})
    events = events_of(tools_of(web, Clerks(Clerk(parts=1, rounds=3, open=6))))
    down = [event for event in the(Dropped, events) if "down" in event.url]
    assert [event.reason for event in down] == ["The site is down."]
    assert events[-1].answer.used["pages"] == 3, "what could not be read costs nothing"


def test_near_identical_pages_count_as_one_source():
    text = PAGES[0].text + " " + " ".join(f"Word {n} is here to stay." for n in range(200))
    web = Web(page("https://one.org/", text), page("https://two.org/", text.replace("Word 77", "Word seventy-seven")), PAGES[1])
    events = events_of(tools_of(web, Clerks(Clerk(parts=1))))
    assert any("count as one source" in event.reason for event in the(Dropped, events))
    assert len(events[-1].answer.sources) <= 2


def test_what_contradicts_is_kept_with_both_sides_quoted_and_numbered_as_sources():
    def keep(said):
        idents = [line[1:5] for line in said.partition("New passages:")[2].splitlines() if line.startswith("[p")]
        return json.dumps({"keep": [{"id": idents[0]}], "missing": [], "searches": [],
                           "disputes": [{"about": "the limit", "ids": idents[:2]}, {"about": "nothing", "ids": [idents[0], "p999"]}]})

    models = Clerks(Clerk(parts=1, replies={"keep": keep, "keep_": keep}))
    answer = events_of(tools_of(Web(*PAGES[:4]), models))[-1].answer
    dispute, = answer.disputes
    assert (dispute.about, len(dispute.citations)) == ("the limit", 2)
    known = {source.n: source.sha256 for source in answer.sources}
    assert all(known[citation.n] == citation.page_sha256 for citation in dispute.citations)


def test_what_two_parts_found_to_contradict_is_one_dispute():
    def keep(said):
        idents = sorted(line[1:5] for line in said.partition("New passages:")[2].splitlines() if line.startswith("[p"))
        return json.dumps({"keep": [{"id": one} for one in idents], "missing": [], "searches": [],
                           "disputes": [{"about": "the limit", "ids": idents}]})

    models = Clerks(Clerk(parts=2, replies={"keep": keep, "keep_": keep}))
    answer = events_of(tools_of(Web(*PAGES[:2]), models))[-1].answer
    assert len(answer.plan.items) == 2
    assert len(answer.disputes) == 1


def test_no_search_is_answered():
    events = events_of(tools_of(Web(answers=False), Clerks()))
    assert isinstance(events[-1], Failed)
    assert events[-1].advice


def test_searches_that_find_nothing_end_in_an_honest_answer():
    answer = events_of(tools_of(Web(), Clerks()))[-1].answer
    assert (answer.mode, answer.stopped_by, answer.claims) == ("extractive", "nothing found", ())
    assert answer.not_found


def test_when_every_page_fails_the_answer_says_that_nothing_was_found():
    web = Web(failing={f"https://down{n}.org/": "The site is down." for n in range(5)})
    answer = events_of(tools_of(web, Clerks()))[-1].answer
    assert (answer.claims, answer.stopped_by, answer.used["pages"]) == ((), "nothing found", 0)
    assert not twice(reads(web))


def test_without_a_model_lanes_are_found_by_heading_and_the_dossier_quotes():
    answer = events_of(tools_of(Web(*PAGES)), RESEARCH)[-1].answer
    assert (answer.mode, answer.model, answer.roles) == ("extractive", "", ())
    assert len(answer.plan.items) > 1
    texts = {page.sha256: page.text for page in PAGES}
    assert answer.claims
    for claim in answer.claims:
        for one in claim.citations:
            assert texts[one.page_sha256][one.start:one.end] == one.quote


# ---------------------------------------------------------------- limits

@pytest.mark.parametrize(("limit", "most"), [("pages", 5), ("searches", 3), ("model_calls", 7), ("tokens", 10_000), ("money", 0.05)])
def test_no_limit_is_overrun_by_many_threads_and_the_one_reached_is_told(limit, most):
    web, models = Web(*PAGES), Clerks(Clerk(parts=6, rounds=4, open=8), money=0.01)
    budget = replace(QUICKLY, **{limit: most}, lanes=6)
    answer = events_of(tools_of(web, models), budget)[-1].answer
    assert answer.used[limit] <= most
    assert answer.stopped_by == limit
    assert answer.claims, "the answer is written from what is known"
    counted = {"pages": len(reads(web)), "searches": len(searches(web)), "model_calls": len(models.asked),
               "money": len(models.asked) * 0.01, "tokens": len(models.asked) * 120}
    assert counted[limit] <= most + 1e-9
    assert limit == "searches" or answer.left_open


def test_time_for_looking_ends_and_the_rest_is_for_writing():
    budget = replace(QUICKLY, seconds=100)
    control = MemoryControl(worked=71.0)  # more than the share for looking
    entries, shelf = MemoryEntries(), MemoryShelf()
    events_of(tools_of(Web(*PAGES), Clerks(), entries, shelf), budget)
    web, models = Web(*PAGES), Clerks()
    late = events_of(tools_of(web, models, entries, shelf), budget, control)
    assert late[-1].answer.claims
    assert (web.calls, models.asked) == ([], []), "what was paid for counts, though its time is over"
    fresh = events_of(tools_of(web, models), budget, control)
    assert isinstance(fresh[-1], Failed)
    assert not web.calls


def test_a_limit_that_the_human_raises_lets_a_lane_go_on():
    control = Human((once(Lane, doing="open"), "raise", {"limits": {"pages": 12}}))
    web = Web(*PAGES)
    held = threading.Event()

    def before(kind, said):
        if kind == "keep_" and "Part 2" in said:
            held.wait(5)

    def heard(event):
        if isinstance(event, Steered):
            held.set()

    models = Clerks(Clerk(parts=2, rounds=3), before)
    for event in research(QUESTION, replace(QUICKLY, pages=4), tools_of(web, models), control):
        control.hears(event)
        heard(event)
    assert 4 < len(reads(web)) <= 12


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

MOMENTS = {"planning": "items", "choosing": "open_", "noting": "keep_", "outlining": "sections", "writing": "text",
           "reading over": "summary", "checking": "verdicts"}


def world():
    return Web(*PAGES), Clerk(parts=2, rounds=2, keep=5), MemoryEntries(), MemoryShelf()


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
    assert len(again[-1].answer.claims) >= len(last.answer.claims), "and so does the sitting of a worker that took over"


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
    answer = events_of(tools_of(Web(*PAGES), Clerks(Clerk(parts=2, rounds=2, keep=5), hangs="text")), replace(QUICKLY, seconds=4))[-1].answer
    assert answer.stopped_by == "seconds"
    assert answer.claims
    assert answer.used["seconds"] < 8


def test_pause_then_finish_is_no_deadlock():
    control = Human((once(Searching), "pause", {}), (once(Searching), "finish", {}))
    assert isinstance(events_of(tools_of(Web(*PAGES), Clerks()), QUICKLY, control)[-1], Answered | Failed)


# ---------------------------------------------------------------- killed

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
        done = {key for key, _ in entries.kept.items()}
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


# ---------------------------------------------------------------- models that die, or say nonsense

@pytest.mark.parametrize("moment", MOMENTS)
def test_a_model_that_dies_in_any_step_leaves_an_honest_answer(moment):
    dead = []

    def before(kind, said):
        if kind == MOMENTS[moment]:
            dead.append(kind)
        if dead:
            raise ModelError("The model is gone.")

    events = events_of(tools_of(Web(*PAGES), Clerks(Clerk(parts=2, rounds=2, keep=5), before)))
    answer = events[-1].answer
    assert answer.claims
    assert the(Trouble, events), "it is told"
    assert all(one.citations for one in answer.claims if one.support == "supported")
    if moment in ("planning", "choosing", "noting", "outlining"):
        assert answer.mode == "extractive"


NONSENSE = [
    {"items": '{"items": [{"text": ""}]}', "open": '{"open": [{"n": 999}, {"n": -1}, {"n": 0}]}', "keep": '{"keep": [{"id": "p999"}, {"id": ""}]}'},
    {"items": '{"items": [' + ",".join(['{"text": "Same?"}'] * 40) + "]}", "open": '{"open": []}', "keep": '{"keep": [], "missing": ["more"], "searches": []}'},
    {"items": '{"items": [{"text": "%s", "searches": ["", " ", "x"]}]}' % ("long " * 500),
     "keep": '{"keep": [], "missing": ["' + "m " * 900 + '"], "searches": ["' + "s " * 900 + '", "again", "again", "again"]}'},
    {"summary": '{"summary": [], "answered": [9, -1], "drop": [99, 0, -4], "rewrite": [{"s": 77, "text": "x"}, {"s": 1, "text": ""}]}',
     "verdicts": '{"verdicts": [{"number": 99, "why": "", "verdict": "supported"}]}', "text": "No marks. <img src=https://evil.test/x> [p999] [x](https://evil.test)"},
    {"text": "", "sections": '{"sections": [{"title": "", "answers": "", "form": "", "passages": ["p0", "zz"]}]}'},
]


@pytest.mark.parametrize("said", NONSENSE)
def test_a_model_that_says_nonsense_in_every_field_ends_in_an_honest_answer(said):
    clerk = Clerk(parts=2, keep=5, replies={kind + suffix: (lambda _, text=text: text) for kind, text in said.items() for suffix in ("", "_")})
    answer = events_of(tools_of(Web(*PAGES), Clerks(clerk)))[-1].answer
    assert answer.plan.items
    assert len({item.id for item in answer.plan.items}) == len(answer.plan.items)
    assert "evil.test" not in answer.answer
    texts = {page.sha256: page.text for page in PAGES}
    for claim in answer.claims:
        assert all(texts[one.page_sha256][one.start:one.end] == one.quote for one in claim.citations)
