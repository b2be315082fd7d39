from agent.plan import edited
from agent.records import AskBack, Plan, SubQuestion
from agent.steer import Wish, checked_wish
from server.planfile import by_lines, text_of, wish_from

PLAN = Plan((SubQuestion("q1", "What is A?", "its size is known", "the manual"), SubQuestion("q2", "What is B?")), ("A exists.",),
            (AskBack("a1", "Which A?", "The newest."),))


def after(text: str) -> Plan:
    return edited(PLAN, [Wish(1, "plan", checked_wish("plan", wish_from(text, PLAN), {}))])


def test_a_text_that_nobody_changed_changes_nothing() -> None:
    assert wish_from(text_of(PLAN), PLAN)["answers"] == {}
    assert after(text_of(PLAN)) == PLAN


def test_lines_are_moved_deleted_changed_and_added() -> None:
    without = text_of(PLAN).replace("[q1] What is A?\n", "")
    text = without.replace("What is B?", "What is B now?\n  and where?\n- What is C?\n    where: the law")
    assert [(item.text, item.where) for item in after(text).items] == [("What is B now? and where?", ""), ("What is C?", "the law")]
    assert [item.id for item in after("[q2] What is B?\n[q1] What is A?\n").items] == ["q2", "q1"]


def test_what_is_left_of_a_deleted_line_belongs_to_nobody() -> None:
    text = "[q2] What is B?\n    done when: b\n    done when: its size is known\n"
    assert after(text).items == (SubQuestion("q2", "What is B?", "b"),)
    assert after("    done when: x\nWhat is C?").items[0].done_when == ""


def test_answers_are_taken_where_they_differ_from_the_default() -> None:
    assert after(text_of(PLAN).replace("= The newest.", "= The oldest.")).questions[0].answer == "The oldest."
    assert after(text_of(PLAN) + "\nWhat is D?").items[-1].text == "What is D?"


def test_a_plan_of_nothing_is_refused() -> None:
    assert wish_from("# only words\n\n", PLAN)["items"] == []


def test_line_by_line() -> None:
    said = iter(["-", "What is B again?", "What is E?", ""])
    items = by_lines(PLAN, lambda prompt: next(said))["items"]
    assert items == [{"id": "q2", "text": "What is B again?"}, {"text": "What is E?"}]
