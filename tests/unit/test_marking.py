"""Each sentence of an answer carries its state, before it is read and wherever Markdown has put it."""

from __future__ import annotations

import re

import lxml.html
from markupsafe import Markup

from agent.records import Claim
from server.marking import Shown, shown_answer
from server.render import answer_html, marks_of
from tests.fakes_story import REPORT, Said, cite, report


def badge(place: int, claim: Claim) -> Markup:
    return Markup(f'<b class="is-{claim.support.split()[0]}">{place}</b>') if claim.reason != "says nothing to check" else Markup("")


def shown(markdown: str, *claims: Claim) -> Shown:
    return shown_answer(answer_html(markdown, marks_of(claims)), claims, badge)


def test_the_state_stands_before_the_first_word() -> None:
    html = shown("It rains [1]. It snows.", Claim("It rains.", "supported", (cite("wal"),)), Claim("It snows.", "not found")).html
    assert '<b class="is-supported">1</b><span class="claim is-supported" data-claim="c1">It rains</span>' in html
    assert '<b class="is-not">2</b><span class="claim is-not" data-claim="c2">It snows.</span>' in html


def test_a_sentence_over_several_elements_has_one_badge_and_all_its_words() -> None:
    sentence = "The **old `bridge`** of *Marrow* opens."
    root = lxml.html.fragment_fromstring(shown(sentence, Claim(sentence)).html)
    assert len(root.xpath("//b")) == 1
    assert "".join(root.xpath("//span[@data-claim='c1']/text()")) == "The old bridge of Marrow opens."


def test_the_words_of_an_answer_stay_as_they_were() -> None:
    answer = report()
    plain = answer_html(answer.answer, marks_of(answer.claims))
    marked = shown_answer(plain, answer.claims, lambda place, claim: Markup(""))
    for alarm in ("partly supported", "contradicted", "no support found"):
        plain = plain.replace(alarm, "")
    assert text_of(marked.html) == text_of(plain)


def text_of(html: str) -> str:
    return lxml.html.fragment_fromstring(html, create_parent="div").text_content()


def test_every_sentence_of_a_report_is_found_in_lists_and_tables_too() -> None:
    answer = report()
    html = shown_answer(answer_html(answer.answer, marks_of(answer.claims)), answer.claims, badge).html
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    said = [part for part in REPORT if isinstance(part, Said)]
    assert [int(one.text) for one in root.xpath("//b")] == [n for n, one in enumerate(said, 1) if one.reason != "says nothing to check"]
    row = root.xpath("//tr[td/b[. = '10']]")[0]
    assert len(row.xpath("td/span[@data-claim='c10']")) == 3


def test_the_headings_can_be_gone_to() -> None:
    answer = report()
    found = shown_answer(answer_html(answer.answer, ()), answer.claims, badge)
    assert [words for _, words in found.contents] == ["When a checkpoint begins", "What holds it up", "How it came to be"]
    assert all(f'id="{ident}"' in found.html for ident, _ in found.contents)


def test_a_sentence_that_the_answer_does_not_hold_is_passed_over_and_its_word_of_alarm_stays() -> None:
    html = shown("It rains [1].", Claim("Nobody wrote this.", "partial"), Claim("It rains.", "partial", (cite("wal"),))).html
    assert '<b class="is-partial">2</b>' in html
    assert "<b class=\"is-partial\">1</b>" not in html
    assert "partly supported" in html


def test_the_same_sentence_twice_is_marked_twice_in_order() -> None:
    html = shown("It rains. Then: it rains.", Claim("It rains.", "supported"), Claim("Then: it rains.", "contradicted")).html
    assert html.index("c1") < html.index("c2")
    assert "Then: it rains." in text_of(html).replace("2", "")


def test_characters_that_nobody_sees_break_nothing() -> None:
    sentence = "It \x1b]8;;opens\x07 at &#27;[1m &#xFFFE; noon."
    html = shown(sentence, Claim("It ]8;;opens at \ufffd[1m \ufffd noon.", "supported")).html
    assert 'data-claim="c1">It ]8;;opens at \ufffd[1m' in html
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", html)
