"""Rankings made into one, and addresses of the same page recognised."""

import pytest

from agent.records import Hit
from agent.search.merge import merge, page_key


def ranking(name: str, *urls: str) -> list[Hit]:
    return [Hit(url, f"{name} {url}", "", (name,)) for url in urls]


def test_what_two_providers_rank_comes_before_what_one_ranks_first() -> None:
    merged = merge([ranking("a", "http://x/1", "http://x/2"), ranking("b", "http://x/3", "http://x/2")])
    assert [hit.url for hit in merged] == ["http://x/2", "http://x/1", "http://x/3"]
    assert [hit.rank for hit in merged] == [1, 2, 3]
    assert merged[0].providers == ("a", "b")


def test_scores_are_those_of_reciprocal_rank_fusion() -> None:
    a = ranking("a", "http://x/first", "http://x/2", "http://x/3", "http://x/both")
    b = ranking("b", "http://x/5", "http://x/6", "http://x/7", "http://x/both")
    assert merge([a, b], k=60)[0].url == "http://x/both"  # 2/64 is more than 1/61
    assert merge([a, b], k=1)[0].url == "http://x/first"  # 2/5 is less than 1/2


def test_one_ranking_keeps_its_order_and_counts_a_page_once() -> None:
    merged = merge([ranking("a", "http://x/1", "http://x/2", "https://x/1#top", "http://x/3")])
    assert [hit.url for hit in merged] == ["http://x/1", "http://x/2", "http://x/3"]


def test_the_best_of_each_is_kept() -> None:
    short = Hit("http://www.x.test/p", "", "short", ("a",))
    long = Hit("https://x.test/p/", "Title", "much longer", ("b",))
    assert merge([[short], [long]]) == [Hit("https://x.test/p/", "Title", "much longer", ("a", "b"), 1)]


def test_nothing_merges_to_nothing() -> None:
    assert merge([]) == merge([[], []]) == []


SAME = [
    ("http://x.test/a", "https://x.test/a"),
    ("https://www.x.test/a", "https://x.test/a"),
    ("https://X.test/a/", "https://x.test/a"),
    ("https://x.test", "https://x.test/"),
    ("https://x.test/a#part", "https://x.test/a"),
    ("https://x.test/a/index.html", "https://x.test/a/"),
    ("https://x.test/index.htm", "https://x.test"),
    ("https://x.test/a?utm_source=n&utm_medium=m", "https://x.test/a"),
    ("https://x.test/a?id=3&utm_campaign=c&gclid=1", "https://x.test/a?id=3"),
    ("http://x.test:80/a", "https://x.test:443/a"),
]
OTHER = [
    ("https://x.test/a", "https://x.test/b"),
    ("https://x.test/a?id=1", "https://x.test/a?id=2"),
    ("https://x.test/A", "https://x.test/a"),
    ("https://x.test:8080/a", "https://x.test/a"),
    ("https://x.test/#/one", "https://x.test/#/two"),
    ("https://x.test/myindex.html", "https://x.test/"),
    ("https://x.test/a?utmost=1", "https://x.test/a"),
    ("https://en.x.test/a", "https://x.test/a"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_addresses_of_one_page(one: str, other: str) -> None:
    assert page_key(one) == page_key(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_addresses_of_two_pages(one: str, other: str) -> None:
    assert page_key(one) != page_key(other)


@pytest.mark.parametrize("url", ["", "http://[bad", "http://x:port/", "not a url"])
def test_what_is_no_address_is_itself(url: str) -> None:
    assert page_key(url) == page_key(url)
