import json
from datetime import date

import pytest

from agent.budget import DEEP
from agent.journal import Journal, MemoryEntries
from agent.meter import Meter
from agent.plan import MOST_ITEMS, by_code, by_model, edited, told_by_human
from agent.records import AskBack, Plan, SubQuestion
from agent.steer import MemoryControl, Wish
from tests.clerk import Clerk
from tests.ports import Clerks

PLAN = Plan(tuple(SubQuestion(f"q{n}", f"Part {n}?", f"done {n}") for n in (1, 2, 3)), (), (AskBack("a1", "Which?", "The newest."),))


def wished(*plans) -> list[Wish]:
    return [Wish(n, "plan", {"items": rows}) for n, rows in enumerate(plans, 1)]


def ids(plan: Plan) -> list[tuple[str, str]]:
    return [(item.id, item.text) for item in plan.items]


def planned(said: dict, report: bool = True):
    models = Clerks(Clerk(replies={"items": lambda _: json.dumps(said)}))
    return by_model("Why?", date(2026, 1, 1), report, Meter(DEEP, Journal(MemoryEntries()), models, MemoryControl()))


def test_a_model_that_says_far_too_much_is_cut_to_what_a_plan_holds():
    long = "word " * 400
    rows = [{"text": f"{n} {long}", "done_when": long, "where": long, "searches": [long] * 9} for n in range(50)]
    plan, searches = planned({"items": rows,
                              "assumptions": [long] * 50, "questions": [{"text": f"{n}?", "default": long} for n in range(9)]})
    assert len(plan.items) == MOST_ITEMS[True]
    assert len(plan.questions) == 3
    assert all(len(item.text) <= 400 for item in plan.items)
    assert all(len(found) <= 3 for found in searches.values())


def test_a_model_that_plans_nothing_leaves_the_question_itself():
    plan, _ = planned({"items": [{"text": " "}]})
    assert ids(plan) == [("q1", "Why?")]


@pytest.mark.parametrize("question", ["", "?", "and or but", "ok", "Warum, и почему? なぜ", "a, " * 300])
def test_a_plan_can_be_made_of_anything(question):
    assert by_code(question).items[0].text == question
    assert len(by_code(question).items) <= 4


def test_parts_of_a_question_are_sub_questions():
    plan = by_code("How does Varnish order its vcl_recv subroutines, and which default does the grace period of objects have?")
    assert len(plan.items) == 3
    assert "Varnish" in plan.items[2].text


def test_edits_drop_reorder_add_and_reword():
    plan = edited(PLAN, wished([{"id": "q3", "text": "Part 3?"}, {"id": "q1", "text": "Part one, reworded?"}, {"text": "New?"}]))
    assert ids(plan) == [("q3", "Part 3?"), ("q4", "Part one, reworded?"), ("q5", "New?")]
    assert plan.items[0].done_when == "done 3"
    assert plan.items[2].chosen_by == "user"


def test_no_id_is_given_twice_however_edits_come():
    rows = [[{"id": "q1", "text": "Part 1?"}], [{"id": "q1", "text": "Part 1?"}, {"text": "New?"}]]
    used: dict = {}
    once = edited(edited(PLAN, wished(rows[0]), used), wished(rows[1]), used)
    assert ids(once) == ids(edited(PLAN, wished(*rows))) == [("q1", "Part 1?"), ("q4", "New?")]


def test_what_was_dropped_and_comes_back_is_what_it_was():
    used: dict = {}
    plan = edited(PLAN, wished([{"id": "q1", "text": "Part 1?"}], [{"text": "Part 2?"}]), used)
    assert ids(plan) == [("q2", "Part 2?")]


def test_the_same_text_twice_is_one_sub_question():
    assert ids(edited(PLAN, wished([{"text": "New?"}, {"text": "New?"}, {"id": "q1", "text": "Part 1?"}, {"text": "Part 1?"}]))) == [
        ("q4", "New?"), ("q1", "Part 1?")]


def test_an_id_that_nobody_gave_is_given_anew():
    plan = edited(PLAN, wished([{"id": "q99", "text": "New?"}, {"id": "nonsense", "text": "Newer?"}]))
    assert ids(plan) == [("q4", "New?"), ("q5", "Newer?")]


def test_what_the_human_said_reaches_prompts_and_defaults_where_nothing_was_said():
    assert told_by_human(PLAN, ["No blogs."]) == ["Agreed with the human: Which? The newest.", "The human said during the run: No blogs."]
    answered = edited(PLAN, [Wish(1, "plan", {"items": [{"text": "New?"}], "answers": {"a1": "The oldest."}})])
    assert told_by_human(answered, [])[0].endswith("The oldest.")


@pytest.mark.parametrize(("question", "parts"), [
    ("How do PostgreSQL and SQLite differ in what they lock?", ["PostgreSQL lock", "SQLite lock"]),
    ("What is the difference between Django and Flask sessions?", ["Django sessions", "Flask sessions"]),
    ("How do PostgreSQL and SQLite lock?", []),
    ("How does SQLite compare page sizes?", []),
])
def test_what_is_compared_by_name_is_asked_of_each(question, parts):
    assert [item.text for item in by_code(question).items] == [question, *parts]
