"""The human's end of a run without a browser: forms that work without a script, what is shown while it waits, works and is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import lxml.html
import pytest
from flask.testing import FlaskClient

from agent.check import tally
from agent.events import Dropped, Event, Gauge, Kept, Lane, Planned, Reading, Started, Steered, Waiting
from agent.records import Plan
from agent.settings import Settings
from server import create_app
from server.lanes import lanes_line
from server.phrases import amount, by_line, estimate_words, needles, plain_words, score_of, waits
from server.store import Run
from server.story import story_of
from server.told import Told
from tests.fakes_service import FakeService
from tests.fakes_story import PLAN, QUESTION, STORY_PAGES, beginning, deep_run, quotes_run, report, searching, steered, writing

TOKEN = "a-token-of-enough-length"
HERE = "http://127.0.0.1"
SCRIPTED = {"Accept": "application/json"}


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()
    service.pages |= {page.sha256: page for page in STORY_PAGES.values()}
    yield service
    service.release()


@pytest.fixture
def client(service: FakeService, tmp_path: Path) -> FlaskClient:
    client = create_app(Settings(data_dir=tmp_path, token=TOKEN), service).test_client()
    client.get(f"/?token={TOKEN}", base_url=HERE)
    return client


def run_of(service: FakeService, events: Iterator[Event]) -> Run:
    """A deep run that has told all these events and, if none ends it, tells no more."""
    told = list(events)
    service.script = lambda run: iter(())
    run = service.ask(QUESTION, "deep")
    for event in told:
        service.tell(run.id, event)
    return run


def asking() -> Iterator[Event]:
    return beginning()


def working() -> Iterator[Event]:
    yield from beginning()
    yield from searching()


def post(client: FlaskClient, path: str, data: dict | None = None, headers: dict | None = None):
    return client.post(path, data=data or {}, headers={"Origin": HERE, **(headers or {})}, base_url=HERE)


def page_of(client: FlaskClient, run: Run) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(client.get(f"/runs/{run.id}", base_url=HERE).text)


def words(page: lxml.html.HtmlElement, selector: str) -> str:
    return " ".join(" ".join(one.text_content() for one in page.cssselect(selector)).split())


def plan_form(plan: Plan = PLAN, **changes: str) -> dict:
    form = {"key": [item.id for item in plan.items], "text": [item.text for item in plan.items],
            "done_when": [item.done_when for item in plan.items], "where": [item.where for item in plan.items],
            **{f"answer-{one.id}": one.default for one in plan.questions}}
    return {**form, **changes}


# What is shown


def test_a_run_that_waits_says_so_first_and_shows_its_plan_to_change(client: FlaskClient, service: FakeService) -> None:
    page = page_of(client, run_of(service, asking()))
    assert words(page, ".status").startswith("Waiting for you")
    assert [one.text for one in page.cssselect(".item:not(.blank) textarea[name=text]")] == [item.text for item in PLAN.items]
    assert [one.get("value") for one in page.cssselect(".back input")] == [one.default for one in PLAN.questions]
    assert words(page, ".plan.asking .go") == "Approve and start"
    assert page.cssselect("time[data-until]")[0].get("datetime").startswith("2031-05-04T10:00")
    assert not page.cssselect("noscript meta")  # a reload would throw away what was typed


def test_each_lane_says_what_it_does_and_what_it_lacks(client: FlaskClient, service: FakeService) -> None:
    page = page_of(client, run_of(service, working()))
    assert words(page, ".status").startswith("1 of 5 sub-questions done, 3 under way · 5 of 8 pages kept")
    states = [one.get("class").split()[1] for one in page.cssselect(".lane")]
    assert states == ["is-done", "is-busy", "is-busy", "is-busy", "is-next"]
    assert "Still missing: the version since which" in words(page, "#lane-q2 summary")
    assert "Reading journal.example" in words(page, "#lane-q3 summary")
    assert "It says the same as a page that is kept." in words(page, "#lane-q3")
    assert "when it came, which was not asked" in words(page, "#lane-q1 .dropped")
    assert "names the default" in words(page, "#lane-q1 .passages")
    assert words(page, ".needle:nth-child(2)") == "searches 8 of 80"


def test_a_lane_shows_a_page_as_the_browser_saw_it(client: FlaskClient, service: FakeService) -> None:
    blog = STORY_PAGES["blog"]
    without = page_of(client, run_of(service, working()))
    service.pages[blog.sha256] = replace(blog, picture=b"\xff\xd8\xff")
    shown = page_of(client, run_of(service, working()))
    assert [len(page.cssselect(".row-seen")) for page in (without, shown)] == [0, 1]
    assert shown.cssselect(".lane .page-row .row-seen")[0].get("href") == f"/pages/{blog.sha256}/picture"


def test_a_plan_that_changes_keeps_what_a_left_out_lane_has_found() -> None:
    story = story_of([*working(), Planned(Plan(PLAN.items[1:][::-1]), "user")])
    assert list(story.lanes) == ["q5", "q4", "q3", "q2", "q1"]
    assert (story.lanes["q1"].state, story.lanes["q1"].pages_kept) == ("done", 2)
    assert not story.lanes["q1"].planned
    assert lanes_line(story.lanes.values()) == "1 done, 3 under way, 1 not begun"


def test_work_ends_the_wait_and_a_needle_does_not() -> None:
    waiting = list(beginning())
    assert story_of([*waiting, Gauge({}, {})]).stage == "asking"
    assert story_of([*waiting, Lane("q1", "searching")]).stage == "working"
    assert story_of([*waiting, Lane("q1", "reading"), Waiting("resume")]).stage == "paused"


def test_a_worker_that_takes_over_does_not_empty_the_page() -> None:
    story = story_of([*working(), Started(QUESTION, "deep", {"pages": 1.0})])
    assert len(story.kept) == 5
    assert story.lanes["q1"].state == "done"


def opened(url: str, lane: str) -> Reading:
    return Reading(url, "A", "it is near the top", lane)


def kept(url: str, lane: str, asked: str = "") -> Kept:
    return Kept(url, "A", "a.example", "http", "f" * 64, 9, 0.4, "", lane, asked)


@pytest.mark.parametrize("asked", ["https://a.example/", "https://short.example/a"])
def test_a_kept_page_stays_kept_when_another_lane_asks_for_it_first_after_a_pause(asked: str) -> None:
    """Both lanes wanted it: the second sitting tells of its opening by the other one, and of its being kept nothing new."""
    url = "https://a.example/"
    led = asked if asked != url else ""
    before = [opened(asked, "q1"), kept(url, "q1", led), kept(url, "q2", led), Waiting("resume")]
    again = [opened(asked, "q2"), kept(url, "q2", led), kept(url, "q1", led)]
    story = story_of([*before, *Told(before).news(again)])
    assert len(Told(before).news(again)) == 1, "else this test is of no use"
    assert [(row.url, row.state) for row in story.rows.values()] == [(url, "kept")]
    assert [story.lanes[lane].pages_kept for lane in ("q1", "q2")] == [1, 1]


def test_a_page_that_was_not_kept_does_not_wait_for_ever_after_a_pause() -> None:
    url = "https://a.example/"
    before = [opened(url, "q1"), Dropped(url, "It is gone.", "q1"), Dropped(url, "It is gone.", "q2"), Waiting("resume")]
    again = [opened(url, "q2"), Dropped(url, "It is gone.", "q2"), Dropped(url, "It is gone.", "q1")]
    story = story_of([*before, *Told(before).news(again)])
    assert [(row.state, row.why) for row in story.rows.values()] == [("dropped", "It is gone.")]


def test_the_answer_says_how_much_was_checked_and_what_failed(client: FlaskClient, service: FakeService) -> None:
    page = page_of(client, run_of(service, deep_run()))
    assert words(page, ".score") == "18 of 19 sentences checked, 13 supported"
    listed = [" ".join(one.text_content().split()) for one in page.cssselect(".failing li")]
    assert [one.split(" ")[0] for one in listed] == ["contradicted", "no", "no", "partly", "partly", "not"]
    assert "The quote says 3.4 GB, the sentence 4.3 GB." in listed[0]
    assert len(page.cssselect("[data-slot=answer] .badge")) == 19
    badge = page.cssselect("[data-slot=answer] a.badge.is-contradicted")[0]
    reason = page.get_element_by_id(badge.get("data-about"))
    assert "The quote says 3.4 GB" in reason.text_content()
    assert "checked by code" in reason.text_content()
    assert len(page.cssselect(".dispute blockquote")) == 2
    assert "Left open: How do the two compare in practice?" in words(page, ".notice")
    assert "The limit of searches (14) was reached" in words(page, ".notice")
    checked = [cell.text for cell in page.cssselect(".roles tr:last-child td")]
    assert checked == ["stern-checker-8b", "5", "22,900", "none", "1,980", "$0.03"]
    assert [one.text for one in page.cssselect(".contents a")][0] == "When a checkpoint begins"
    assert page.cssselect("[data-slot=answer] .wide table")


def test_an_answer_of_quotes_alone_needs_no_states(client: FlaskClient, service: FakeService) -> None:
    page = page_of(client, run_of(service, quotes_run()))
    assert not page.cssselect(".score, .badge, .failing")
    assert "no model wrote this" in words(page, ".facts")
    assert words(page, "[data-slot=answer] > aside:first-child h2") == "This may be unanswered", "said before the quotes"
    assert not {"tokens", "money", "model calls"} & {one.text for one in page.cssselect(".trace .needle-word")}
    assert len(page.cssselect(".lane")) == 5


def test_a_draft_says_that_nothing_of_it_is_checked(client: FlaskClient, service: FakeService) -> None:
    page = page_of(client, run_of(service, iter([*working(), *steered(), *islice(writing(), 3)])))
    assert "nothing of it is checked yet" in words(page, ".draft-note")
    assert not page.cssselect(".badge")


# What is sent


def test_approving_a_plan_as_it_is(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, asking())
    answer = post(client, f"/runs/{run.id}/plan", plan_form(then="approve"))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/runs/{run.id}")
    assert [wish.kind for wish in service.wishes(run.id)] == ["approve"]
    page = page_of(client, run)
    assert words(page, ".status").startswith("Going on in a moment")
    assert not page.cssselect(".plan.asking")


def test_a_plan_is_reworded_reordered_added_to_and_thinned_out(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, asking())
    form = plan_form(then="approve", drop="q4", move="up:q2")
    form["text"][0], form["done_when"][2] = "What starts a checkpoint in SQLite?", "Three causes"
    for name, value in (("key", "new1"), ("text", "And MySQL?"), ("done_when", ""), ("where", "")):
        form[name] = [*form[name], value]
    form["answer-a1"] = "Only PostgreSQL 17"
    post(client, f"/runs/{run.id}/plan", form)
    plan, approved = service.wishes(run.id)
    assert approved.kind == "approve"
    assert [item.get("id") for item in plan.data["items"]] == ["q2", "q1", "q3", "q5", None]
    assert plan.data["items"][1]["text"] == "What starts a checkpoint in SQLite?"
    assert plan.data["items"][2]["done_when"] == "Three causes"
    assert plan.data["items"][4]["text"] == "And MySQL?"
    assert plan.data["answers"] == {"a1": "Only PostgreSQL 17"}


def test_saving_an_unchanged_plan_wishes_nothing(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, asking())
    answer = post(client, f"/runs/{run.id}/plan", plan_form(), SCRIPTED)
    assert answer.json["said"] == "The plan is as it was."
    assert service.wishes(run.id) == []


def test_a_plan_edited_to_nothing_is_refused_kindly(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, asking())
    form = plan_form(drop=[item.id for item in PLAN.items], then="approve")
    answer = post(client, f"/runs/{run.id}/plan", form, SCRIPTED)
    assert answer.status_code == 400
    assert "at least one sub-question" in answer.json["trouble"]
    assert post(client, f"/runs/{run.id}/plan", form).status_code == 400
    assert service.wishes(run.id) == []


@pytest.mark.parametrize(("form", "kind", "data"), [
    ({"wish": "words", "about": " only after  2020 "}, "words", {"text": "only after 2020"}),
    ({"wish": "words", "about": "https://a.example/x"}, "pin", {"url": "https://a.example/x"}),
    ({"wish": "drop", "about": "https://a.example/x"}, "drop", {"url": "https://a.example/x"}),
    ({"wish": "block", "about": "https://www.vendor.example/blog"}, "block", {"domain": "vendor.example"}),
    ({"wish": "skip", "about": "q3"}, "skip", {"lane": "q3"}), ({"wish": "dig", "about": "q3"}, "dig", {"lane": "q3"}),
    ({"wish": "pause"}, "pause", {}), ({"wish": "finish"}, "finish", {}),
])
def test_steering(client: FlaskClient, service: FakeService, form: dict, kind: str, data: dict) -> None:
    run = run_of(service, working())
    answer = post(client, f"/runs/{run.id}/steer", form, SCRIPTED)
    assert answer.status_code == 200, answer.json
    assert set(answer.json["parts"]) == {"state", "call", "plan", "rail", "lanes", "controls", "steer"}
    assert [(wish.kind, wish.data) for wish in service.wishes(run.id)] == [(kind, data)]


@pytest.mark.parametrize("form", [{"wish": "words", "about": " "}, {"wish": "skip", "about": "q99"}, {"wish": "nonsense"}, {},
                                  {"wish": "words", "about": "x" * 2000}])
def test_what_cannot_be_wished_is_told_in_a_sentence(client: FlaskClient, service: FakeService, form: dict) -> None:
    run = run_of(service, working())
    answer = post(client, f"/runs/{run.id}/steer", form, SCRIPTED)
    assert answer.status_code == 400
    assert answer.json["trouble"].endswith(".")
    assert service.wishes(run.id) == []


def test_a_wish_is_listed_as_heard_and_then_as_in_effect(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, working())
    service.wish(run.id, "approve")
    said = {"wish": "words", "about": "Only what is newer than 2020 counts."}
    assert "heard" in post(client, f"/runs/{run.id}/steer", said, SCRIPTED).json["parts"]["steer"]
    for event in steered():
        service.tell(run.id, event)
    assert words(page_of(client, run), ".wish.heeded") == "“Only what is newer than 2020 counts.” in effect"


def test_stopping_promises_no_answer_where_nothing_was_read(client: FlaskClient, service: FakeService) -> None:
    assert "no answer" in post(client, f"/runs/{run_of(service, asking()).id}/stop", {}, SCRIPTED).json["said"]
    assert "you get an answer" in post(client, f"/runs/{run_of(service, working()).id}/stop", {}, SCRIPTED).json["said"]


def test_words_that_no_model_can_understand_are_refused(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, beginning(waits=False, model=""))
    answer = post(client, f"/runs/{run.id}/steer", {"wish": "words", "about": "Only after 2020"}, SCRIPTED)
    assert answer.status_code == 400
    assert "No model works on this run" in answer.json["trouble"]
    assert post(client, f"/runs/{run.id}/steer", {"wish": "words", "about": "https://a.example/x"}, SCRIPTED).status_code == 200
    assert [wish.kind for wish in service.wishes(run.id)] == ["pin"]


def test_words_that_no_model_can_understand_are_not_called_in_effect(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, beginning(waits=False, model=""))
    service.wish(run.id, "words", {"text": "Only what is newer than 2020 counts."})
    service.tell(run.id, Steered(1, "words", "It is kept, but no model works on this run to understand it."))
    page = page_of(client, run)
    assert page.cssselect(".wish.heeded") == []
    assert words(page, ".wish").endswith("no model works on this run to understand it")
    assert "does not understand words" in words(page, "#steer-help")


def test_a_paused_lane_opens_nothing_and_one_that_is_over_has_not_read_it(client: FlaskClient, service: FakeService) -> None:
    assert "opening" in words(page_of(client, run_of(service, working())), "#lane-q4")
    paused = run_of(service, iter([*working(), Waiting("resume")]))
    service.wish(paused.id, "pause")
    page = page_of(client, paused)
    assert "waits" in words(page, "#lane-q4")
    assert "opening" not in words(page, "[data-slot=lanes]")
    assert page.cssselect("#lane-q4 .pulse") == []
    assert "Reading" not in words(page, "#lane-q4 .lane-text")
    over = page_of(client, run_of(service, iter([*working(), *list(writing())])))
    assert "not read" in words(over, "#lane-q4")
    assert "opening" not in words(over, "[data-slot=trace]")


def test_a_paused_run_says_so_and_can_go_on(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, iter([*working(), Waiting("resume")]))
    service.wish(run.id, "pause")
    page = page_of(client, run)
    assert words(page, ".status").startswith("Paused by you")
    assert words(page, ".call button") == "Resume"
    post(client, f"/runs/{run.id}/steer", {"wish": "resume"})
    assert "Going on" in words(page_of(client, run), ".status")


def test_a_run_that_is_to_pause_says_so_until_it_does(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, working())
    service.wish(run.id, "approve")
    post(client, f"/runs/{run.id}/steer", {"wish": "pause"})
    assert words(page_of(client, run), ".status").startswith("Pausing: 1 of 5 sub-questions done")
    assert "Resume" in words(page_of(client, run), ".controls")


def test_a_run_that_is_to_finish_says_so_and_takes_no_more_steering(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, working())
    post(client, f"/runs/{run.id}/steer", {"wish": "finish"})
    page = page_of(client, run)
    assert words(page, ".status").startswith("Finishing: ")
    assert not page.cssselect("[data-steer], .lane-tools, .plan, .raise")
    assert words(page, ".controls button") == "Stop and keep"


def test_limits_are_changed_where_they_differ_and_within_the_servers(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, working())
    post(client, f"/runs/{run.id}/limits", {"pages": "150", "searches": "80", "minutes": "45"})
    assert service.wishes(run.id)[0].data == {"limits": {"pages": 150, "seconds": 2700}}
    answer = post(client, f"/runs/{run.id}/limits", {"pages": "9999"}, SCRIPTED)
    assert (answer.status_code, "9,999" in answer.json["trouble"]) == (400, True)
    assert "is not" in post(client, f"/runs/{run.id}/limits", {"pages": "many"}, SCRIPTED).json["trouble"]


def test_a_run_that_is_over_takes_no_wish(client: FlaskClient, service: FakeService) -> None:
    run = run_of(service, deep_run())
    assert post(client, f"/runs/{run.id}/steer", {"wish": "pause"}, SCRIPTED).status_code == 409
    plain = post(client, f"/runs/{run.id}/steer", {"wish": "pause"})
    assert (plain.status_code, "Too late" in plain.text) == (409, True)
    assert not page_of(client, run).cssselect("[data-helm]")


# The question box


def test_limits_patience_and_notices_go_with_the_question(client: FlaskClient, service: FakeService) -> None:
    form = {"question": "Why?", "depth": "deep", "writer": "model", "deep.pages": "30", "deep.minutes": "10", "deep.searches": "80",
            "research.pages": "3", "deep.patience": "3600", "notify": "https://hook.example/x"}
    post(client, "/runs", form)
    run = service.runs()[0]
    assert (run.limits["pages"], run.limits["seconds"], run.limits["searches"]) == (30, 600, 80)
    assert (run.patience, run.notify) == (3600, "https://hook.example/x")


@pytest.mark.parametrize("given", [{"deep.pages": "0"}, {"deep.pages": "-3"}, {"deep.pages": "1" * 400}, {"deep.money": "1,5"},
                                   {"deep.money": "nan"}, {"deep.minutes": "inf"}, {"notify": "nowhere"}])
def test_limits_that_cannot_be_come_back_with_a_sentence(client: FlaskClient, service: FakeService, given: dict) -> None:
    answer = post(client, "/runs", {"question": "Why?", "depth": "deep", "writer": "model", **given})
    page = lxml.html.document_fromstring(answer.text)
    assert answer.status_code == 400
    assert page.get_element_by_id("ask-trouble").text_content().strip()
    for name, value in given.items():
        assert page.cssselect(f"[name='{name}']")[0].get("value") == value
    assert service.runs() == []


def test_changed_limits_are_estimated(client: FlaskClient) -> None:
    few = client.get("/estimate?depth=deep&deep.pages=5", base_url=HERE)
    many = client.get("/estimate?depth=deep", base_url=HERE)
    assert few.text.startswith("Probably about ")
    assert few.text != many.text
    assert client.get("/estimate?depth=deep&deep.pages=0", base_url=HERE).status_code == 400


# In plain words


def test_needles() -> None:
    used, limits = {"pages": 97, "seconds": 125, "money": 12.0}, {"pages": 120, "seconds": 1800, "money": 10, "tokens": 0}
    found = {one.name: one for one in needles(used, limits)}
    assert (found["pages"].state, found["money"].state, found["seconds"].state) == ("near", "full", "calm")
    assert (found["seconds"].used, found["seconds"].limit, found["money"].used) == ("2:05", "30:00", "$12.00")
    assert "tokens" not in found


@pytest.mark.parametrize(("number", "told"), [(0, "0"), (940, "940"), (12_400, "12k"), (999_400, "999k"), (1_000_000, "1M"),
                                               (1_440_000, "1.4M")])
def test_tokens_are_told_short(number: int, told: str) -> None:
    assert amount("tokens", number) == told


def test_the_score_leaves_out_what_says_nothing() -> None:
    answer = report()
    score = score_of(answer)
    assert (score.of, score.checked, score.supported) == (19, 18, 13)
    assert sum(number for _, number in score.parts) == 19
    counted = tally(answer.claims)
    assert (counted.claims, counted.checked, counted.supported) == (score.of, score.checked, score.supported)
    assert by_line(answer) == ["written by gentle-writer-70b", "checked by stern-checker-8b", "$0.59"]
    assert score_of(replace(answer, claims=())).of == 0


def test_a_sentence_is_told_without_its_markdown() -> None:
    assert plain_words("**By** `max_wal_size` | *never* | 1 |") == "By max_wal_size · never · 1"


def test_the_depths_own_patience_is_among_those_to_choose(service: FakeService) -> None:
    deep = service.dial.row("deep")
    assert (deep.patience, waits(service.dial.row("quick"))) == (600, [])
    assert dict(waits(replace(deep, patience=900)))[900] == "Wait 15 minutes, then go on"
    assert estimate_words(service.dial.estimate(deep)).startswith("Probably about ")
