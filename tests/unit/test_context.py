"""A run with a context: what it was given is there from the start, and where the web is closed nothing else is ever asked for."""

from dataclasses import replace

import pytest

from agent.budget import DEEP, QUICK, RESEARCH
from agent.choose import public_links
from agent.context import Context
from agent.engine import research
from agent.errors import Refused
from agent.events import Dropped, Failed, Kept, Lane, Reading, Searched, Searching
from agent.journal import MemoryEntries, MemoryShelf
from agent.look import Inquiry
from agent.run import Run
from agent.steer import MemoryControl
from tests.clerk import Clerk
from tests.ports import Clerks, Web, page, tools_of

SAID = [f"In part {n} the bridge at Marrow opens at hour {n} when the tide is {n} metres high." for n in range(1, 30)]
PARTS = "\n\n".join(f"## Part {n}\n\n{said}" for n, said in enumerate(SAID, 1))
NOTES = page("https://intranet.example/notes", f"# Notes\n\n{PARTS}\n\nThe bridge opens twice a day.", "My notes", rung="capture",
             html=("<a href='https://intranet.example/logout?key=7'>The bridge opens</a><h1>Notes</h1>" +
                   "".join(f"<h2>Part</h2><p>{said}</p>" for said in SAID) + "<p>The bridge opens twice a day.").encode())
SECOND = page("https://intranet.example/notes", "# More\n\nThe keeper of the bridge at Marrow left in 1987.", "My other notes",
              rung="capture")
OPEN = page("https://open.example/bridge", "# Bridge\n\nThe bridge at Marrow opens at high water, says the harbour board.", "Harbour board")
OTHER = page("https://other.example/", "# Other\n\nThe bridge at Marrow opens never, says another page.", "Other")
QUESTION = "When does the bridge at Marrow open?"
DEPTHS = [QUICK, RESEARCH, replace(DEEP, patience=0)]


def run(depth, web, context, models=None, control=None, **kept):
    control = control or MemoryControl()
    control.wish("approve")
    return list(research(QUESTION, depth, tools_of(web, models=models, **kept), control, context))


def the(kind, events):
    return [event for event in events if isinstance(event, kind)]


def cited(answer):
    return {citation.page_sha256 for claim in answer.claims for citation in claim.citations}


@pytest.mark.parametrize("has_model", [True, False], ids=["model", "no model"])
@pytest.mark.parametrize("depth", DEPTHS, ids=lambda row: row.depth)
def test_a_closed_run_answers_from_what_it_was_given_and_asks_for_nothing_else(depth, has_model):
    web = Web(NOTES, OPEN, OTHER)
    events = run(depth, web, Context((NOTES, SECOND), (OPEN.url,), web=False), Clerks(Clerk(rounds=2)) if has_model else None)
    answer = events[-1].answer
    assert answer.mode == ("model" if has_model else "extractive")
    assert cited(answer) <= {NOTES.sha256, SECOND.sha256, OPEN.sha256}
    assert NOTES.sha256 in cited(answer)
    assert web.calls == [f"read {OPEN.url}"]
    assert not the(Searching, events) + the(Searched, events)
    assert [event.sha256 for event in the(Kept, events)] == [NOTES.sha256, SECOND.sha256, OPEN.sha256]
    assert answer.basis == "This was made from the 3 pages that you gave, and from nothing else: nothing was searched."
    assert not any(lane.doing == "searching" for lane in the(Lane, events))
    assert answer.used["searches"] == 0


@pytest.mark.parametrize("depth", DEPTHS, ids=lambda row: row.depth)
def test_with_the_web_what_was_given_comes_first_and_is_weighed_with_the_rest(depth):
    web = Web(NOTES, OPEN, OTHER)
    events = run(depth, web, Context((SECOND,), (OPEN.url,), web=True))
    answer = events[-1].answer
    kinds = [event for event in events if isinstance(event, Kept | Searching)]
    assert [getattr(event, "sha256", "") for event in kinds][:3] == [SECOND.sha256, OPEN.sha256, ""]
    assert "read https://intranet.example/notes" not in web.calls
    assert {OPEN.sha256, OTHER.sha256} <= cited(answer)
    assert web.calls.count(f"read {OPEN.url}") == 1
    assert NOTES.url not in {event.url for event in the(Reading, events) + the(Dropped, events)}
    assert answer.basis == ""


@pytest.mark.parametrize("depth", [RESEARCH, DEPTHS[2]], ids=lambda row: row.depth)
def test_what_the_user_pins_is_read_though_the_web_is_closed(depth):
    web, control = Web(NOTES, OPEN, OTHER), MemoryControl()
    control.wish("pin", url=OTHER.url)
    control.wish("pin", url=NOTES.url)
    events = run(depth, web, Context((NOTES,), web=False), control=control)
    assert web.calls == [f"read {OTHER.url}"]
    assert OTHER.sha256 in {event.sha256 for event in the(Kept, events)}


def test_what_was_given_and_cannot_be_read_is_told_and_the_rest_answers():
    web = Web(failing={OPEN.url: "It is away."})
    events = run(QUICK, web, Context((NOTES,), (OPEN.url,), web=False))
    assert [(one.url, one.reason) for one in the(Dropped, events)] == [(OPEN.url, "It is away.")]
    assert events[-1].answer.basis.startswith("This was made from the page that you gave")


def test_where_nothing_that_was_given_can_be_read_it_says_so():
    for depth in DEPTHS:
        events = run(depth, Web(OTHER, failing={OPEN.url: "It is away."}), Context((), (OPEN.url,), web=False))
        assert events[-1] == Failed("None of the pages that you gave could be read.", "Give others, or ask with the web.")


def test_a_page_that_the_human_drops_is_not_cited():
    control = MemoryControl()
    control.wish("drop", url=OPEN.url)
    web = Web(OPEN)
    answer = run(RESEARCH, web, Context((SECOND,), (OPEN.url,), web=False), control=control)[-1].answer
    assert cited(answer) == {SECOND.sha256}
    assert web.calls == []


@pytest.mark.parametrize("has_model", [True, False], ids=["model", "no model"])
@pytest.mark.parametrize("depth", DEPTHS, ids=lambda row: row.depth)
def test_a_killed_run_goes_on_from_the_pages_that_it_keeps(depth, has_model):
    """Where every step was paid for, the web and the model are asked for nothing a second time, and the answer is the same."""
    entries, shelf, context = MemoryEntries(), MemoryShelf(), Context((NOTES,), (OPEN.url,), web=False)
    first = run(depth, Web(OPEN), context, Clerks() if has_model else None, entries=entries, shelf=shelf)
    again_web, again_model = Web(), Clerks() if has_model else None
    second = run(depth, again_web, context, again_model, entries=entries, shelf=shelf)
    assert again_web.calls == []
    assert not has_model or again_model.asked == []
    assert second[-1].answer.answer == first[-1].answer.answer
    assert cited(second[-1].answer) == cited(first[-1].answer)


def test_more_passages_are_looked_at_while_something_is_missing_though_nothing_is_searched():
    models = Clerks(Clerk(parts=1, rounds=3))
    run(RESEARCH, Web(), Context((NOTES,), web=False), models)
    assert models.asked.count("keep_") == 3
    assert "open_" not in models.asked


def test_a_plan_that_keeps_to_pages_is_told_their_titles():
    said = []
    models = Clerks(Clerk(), before=lambda kind, words: said.append(words) if kind == "items" else None)
    run(RESEARCH, Web(), Context((NOTES,), web=False), models)
    assert "nothing else will be searched or read" in said[0]
    assert "<<<\nMy notes\n>>>" in said[0]
    run(RESEARCH, Web(OTHER), Context((NOTES,), web=True), models)
    assert "My notes" not in said[1]


def test_a_link_of_a_private_page_is_offered_to_nobody():
    linking = page("https://open.example/links", "# Links", "Links", html=b"<a href='/next'>The bridge opens</a>")
    made = Run(QUESTION, RESEARCH, tools_of(Web()), MemoryControl(), Context((NOTES,), web=True))
    for one in (NOTES, linking):
        made.give(one)
    assert [link.url for link in public_links(Inquiry(made, made.plan.items[0]))] == ["https://open.example/next"]
    made.close()


def test_no_code_of_a_run_can_reach_past_its_context():
    """Whoever holds the run's tools, and whatever it asks them for."""
    web = Web(NOTES, OPEN, OTHER)
    made = Run(QUESTION, QUICK, tools_of(web), MemoryControl(), Context((NOTES,), (OPEN.url,), web=False))
    assert made.tools.searcher.search("anything").hits == ()
    for url in (OTHER.url, NOTES.url, "http://www.intranet.example/notes#top", f"{OPEN.url}?d=1", "https://evil.example/?d=notes"):
        with pytest.raises(Refused):
            made.tools.reader.read(url, "user")
    assert made.tools.reader.read(OPEN.url, "user") is OPEN
    assert web.calls == [f"read {OPEN.url}"]
    made.close()


def test_an_address_that_was_captured_is_never_opened_though_the_web_is_open():
    web = Web(NOTES, OPEN)
    made = Run(QUESTION, QUICK, tools_of(web), MemoryControl(), Context((NOTES,), (NOTES.url,), web=True))
    with pytest.raises(Refused, match="as your browser showed it"):
        made.tools.reader.read(NOTES.url)
    assert made.tools.reader.read(OPEN.url) is OPEN
    made.close()


def test_a_run_without_a_context_works_with_its_tools_as_they_are():
    tools = tools_of(Web(OPEN))
    assert Context().fenced(tools, tuple) is tools


def test_a_capture_of_a_blocked_domain_is_used_for_the_user_gave_it():
    tools = replace(tools_of(Web()), blocked=("intranet.example",))
    answer = list(research(QUESTION, QUICK, tools, MemoryControl(), Context((NOTES,), web=False)))[-1].answer
    assert cited(answer) == {NOTES.sha256}


def test_one_page_alone_may_fill_the_answer():
    answer = run(QUICK, Web(), Context((NOTES,), web=False))[-1].answer
    assert len(answer.claims) > QUICK.quotes / 2
