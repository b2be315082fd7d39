import pytest

from agent.answer import pick
from agent.dossier import dossier, gathered
from agent.passages import passages
from agent.rank import Ranked
from agent.records import SubQuestion
from agent.write import Ledger
from tests.ports import page


def ranked(*numbers: int, score: float = 1.0) -> list[Ranked]:
    """The passages of these pages, the first page's best."""
    found = []
    for place, n in enumerate(numbers):
        parts = [f"# Part {k}\n\nThe page {n} tells in its part {k} of {n * 100 + k} things, which is a good number." for k in range(8)]
        text = "\n\n".join(parts)
        one = page(f"https://s{n}.org/", text, f"Page {n}")
        found += [Ranked(one, passage, score - place / 10, 0.5, 0.5) for passage in passages(one)]
    return found


GROUPS = [(SubQuestion("q1", "What is it?"), ranked(1, 2)), (SubQuestion("q2", "How [is](https://evil.test) it *done*?"), ranked(2, 3)),
          (SubQuestion("q3", "Nothing?"), [])]


def written(most: int, groups=GROUPS):
    found = gathered(groups, most)
    ledger = Ledger.of([one for _, passages in found for one in passages])
    return found, *dossier(found, ledger), ledger


@pytest.mark.parametrize("most", [1, 2, 5, 12, 80])
def test_at_most_so_many_quotes_each_once_and_verbatim(most):
    found, _, claims, ledger = written(most)
    spans = [(one.page.sha256, one.passage.start) for _, passages in found for one in passages]
    assert 0 < len(spans) <= most
    assert len(spans) == len(set(spans))
    for claim in claims:
        for one in claim.citations:
            assert ledger.pages[one.page_sha256].text[one.start:one.end] == one.quote


def test_each_sub_topic_that_has_something_is_a_heading_and_nothing_else_is_markup():
    _, markdown, _, _ = written(12)
    headings = [line for line in markdown.splitlines() if line.startswith("## ")]
    assert len(headings) == 2
    assert "What is it?" in headings[0]
    assert "How \\[is\\](https://evil.test) it \\*done\\*?" in headings[1], "what the human typed is no Markdown"
    assert "Nothing" not in markdown


def test_one_sub_topic_needs_no_heading():
    assert "## " not in written(5, GROUPS[:1])[1]


def test_what_comes_first_is_not_headed_by_the_question_again():
    found = gathered(GROUPS, 12)
    ledger = Ledger.of([one for _, passages in found for one in passages])
    (headed, claims), (bare, same) = dossier(found, ledger), dossier(found, ledger, "What is it?")
    assert headed == f"## What is it?\n\n{bare}"
    assert same == claims
    assert bare.count("## ") == 1, "the other sub-topics keep theirs"
    assert dossier(found[::-1], Ledger.of([one for _, passages in found[::-1] for one in passages]), "What is it?")[0].count("## ") == 2


def test_who_brings_more_pages_is_quoted_more_often_and_nobody_is_silenced():
    many, few = ranked(*range(10, 26)), ranked(30, 31, 32, 33)
    groups = [(SubQuestion("q1", "What?"), ranked(1)), (SubQuestion("q2", "Few?"), few), (SubQuestion("q3", "Many?"), many)]
    counts = {item.id: len(found) for item, found in gathered(groups, 16)}
    assert counts == {"q1": 6, "q2": 3, "q3": 7}, "four times the pages: some twice the quotes"


def test_a_page_that_only_a_later_sub_topic_has_is_quoted_too():
    found, _, _, _ = written(6)
    assert "https://s3.org/" in {one.page.url for _, passages in found for one in passages}


def test_nothing_found_is_nothing_written():
    assert written(5, [(SubQuestion("q1", "Why?"), [])])[:3] == ([], "", ())


def test_what_two_pages_say_alike_is_quoted_once_and_names_alone_come_last():
    shared = "The log is copied back at a thousand pages. A reader can hold it up. It then goes on later."
    pages = [page("https://a.org/", f"{shared} Only this page adds a word.", "A"), page("https://b.org/", f"Another start. {shared}", "B"),
             page("https://c.org/", "- Copying the log\n- Log readers\n", "C"), page("https://d.org/", "The log is a file.", "D")]
    found = [Ranked(one, passage, 1.0 - place / 20, 0.5, 0.5) for place, one in enumerate(pages) for passage in passages(one)]
    assert [one.page.title for one in pick(found, 8, of_page=1)] == ["A", "D", "C"]
