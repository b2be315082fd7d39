"""Whole runs with a plan over twins of the web and of the models: the loop, the limits, and models that die or talk nonsense."""

import json
import re
import threading
from dataclasses import replace

import pytest

from agent.budget import RESEARCH
from agent.engine import research
from agent.errors import ModelError
from agent.events import Dropped, Failed, Lane, Steered, Trouble
from agent.journal import MemoryEntries, MemoryShelf
from agent.steer import MemoryControl
from tests.clerk import Clerk
from tests.longruns import MOMENTS, PAGES, QUESTION, QUICKLY, Human, events_of, once, reads, searches, the, twice
from tests.ports import Alike, Clerks, Web, page, tools_of

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


def test_without_a_model_the_link_is_followed_whose_surroundings_come_nearest_to_the_question():
    said = "The limit of the archive is set by its founder's will."
    will = page("https://s0.org/will", f"# The will\n\n{said} It is 4,711 entries.", "The will")
    links = "".join(f'<p>Of the weather in year {n}, see <a href="/w{n}">there</a>.</p>{"&nbsp;" * 100}' for n in range(40))
    html = f'{links}<p>What the limit of the archive is, <a href="/will">he</a> laid down.</p>'

    class Linked(Web):
        """Whose search does not know what its pages link to."""

        def read(self, url, chosen_by="agent", seconds=None):
            if url in self.pages:
                return super().read(url, chosen_by, seconds)
            opened.append(url)
            return will if url == will.url else page(url, f"# Weather\n\nIn {url} it rained.")

    opened: list[str] = []
    first = replace(PAGES[0], text=re.sub("<[^>]*>", "", html).replace("&nbsp;", " ") + PAGES[0].text, html=html.encode(), sha256="")
    answer = events_of(replace(tools_of(Linked(first, *PAGES[1:4])), embedder=Alike()), replace(QUICKLY, pages=20))[-1].answer
    assert will.url in opened
    assert len(opened) == 2, "a tenth of the pages"
    assert any(said in one.quote for claim in answer.claims for one in claim.citations)


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
    {"items": '{"items": [{"text": ""}]}', "open": '{"open": [{"n": 999}, {"n": -1}, {"n": 0}]}',
     "keep": '{"keep": [{"id": "p999"}, {"id": ""}]}'},
    {"items": '{"items": [' + ",".join(['{"text": "Same?"}'] * 40) + "]}", "open": '{"open": []}',
     "keep": '{"keep": [], "missing": ["more"], "searches": []}'},
    {"items": '{"items": [{"text": "%s", "searches": ["", " ", "x"]}]}' % ("long " * 500),
     "keep": '{"keep": [], "missing": ["' + "m " * 900 + '"], "searches": ["' + "s " * 900 + '", "again", "again", "again"]}'},
    {"summary": '{"summary": [], "answered": [9, -1], "drop": [99, 0, -4], "rewrite": [{"s": 77, "text": "x"}, {"s": 1, "text": ""}]}',
     "verdicts": '{"verdicts": [{"number": 99, "why": "", "verdict": "supported"}]}',
     "text": "No marks. <img src=https://evil.test/x> [p999] [x](https://evil.test)"},
    {"text": "", "sections": '{"sections": [{"title": "", "answers": "", "form": "", "passages": ["p0", "zz"]}]}'},
]


@pytest.mark.parametrize("said", NONSENSE)
def test_a_model_that_says_nonsense_in_every_field_ends_in_an_honest_answer(said):
    replies = {kind + suffix: (lambda _, text=text: text) for kind, text in said.items() for suffix in ("", "_")}
    clerk = Clerk(parts=2, keep=5, replies=replies)
    answer = events_of(tools_of(Web(*PAGES), Clerks(clerk)))[-1].answer
    assert answer.plan.items
    assert len({item.id for item in answer.plan.items}) == len(answer.plan.items)
    assert "evil.test" not in answer.answer
    texts = {page.sha256: page.text for page in PAGES}
    for claim in answer.claims:
        assert all(texts[one.page_sha256][one.start:one.end] == one.quote for one in claim.citations)
