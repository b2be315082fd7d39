import pytest

from agent.near import hashes_of, sketch_of, too_near
from tests.ports import page

TEXT = " ".join(f"Sentence {n} of this manual tells how the option {n * 7} is set." for n in range(120))


def near(one: str, other: str) -> bool:
    return too_near(sketch_of(page("https://a.org/", one)), sketch_of(page("https://b.org/", other)))


@pytest.mark.parametrize("other", [TEXT, TEXT.upper(), f"Print view. {TEXT} Printed today.", TEXT.replace("Sentence 60 ", "Line 60 ")])
def test_mirrors_print_views_and_small_edits_are_one_source(other):
    assert near(TEXT, other)
    assert near(other, TEXT)


@pytest.mark.parametrize("other", ["", "Something else.", TEXT[:len(TEXT) // 2], TEXT.replace("option", "switch")])
def test_what_says_other_things_or_much_less_stays_a_source(other):
    assert not near(TEXT, other)


def test_short_pages_are_told_apart():
    assert not near("One short line.", "Another short line.")
    assert near("One short line.", "One short line!")


def test_a_sketch_is_small_and_the_same_every_time():
    assert hashes_of(TEXT) == hashes_of(TEXT)
    assert len(hashes_of(TEXT * 50)) <= 256
    assert hashes_of("\ud800 lone")
