import time

import pytest

from agent.links import MOST_LINKS, address, links_of
from tests.ports import page


def links(html: str, url: str = "https://docs.org/guide/start"):
    return [(hit.url, hit.title) for hit in links_of(page(url, "A text.", html=html.encode()))]


def test_links_are_whole_addresses_with_their_words_each_once():
    html = '<a class="x" href="../api?a=1&amp;b=2#top">The <b>API</b></a> <A HREF=/faq>FAQ &amp; more</A> <a href="/faq#two">Again</a>'
    assert links(html) == [
        ("https://docs.org/api?a=1&b=2", "The API"), ("https://docs.org/faq", "FAQ & more")]


def test_the_words_around_a_link_are_told_with_it_and_no_half_of_a_tag():
    said = 'He asks <b>getpass</b>, <a href="/getpass">which</a> looks at &lt;LOGNAME&gt; first.'
    html = f'<p title="{"x" * 400}">{said}</p><p class="{"y" * 400}">'
    (hit,) = links_of(page("https://docs.org/os", "A text.", "os", html=html.encode()))
    assert hit.snippet == "He asks getpass , which looks at <LOGNAME> first. (a link on “os”)"


def test_what_leads_to_no_other_page_is_no_link():
    html = ('<a href="#part">Part</a><a href="mailto:a@b.c">Mail</a><a href="javascript:void(0)">Go</a><a href="data:text/html,x">D</a>'
            '<a href="/x"><img src=y></a><a href="file:///etc/passwd">F</a><a data-href="/no">No</a><a href="https://[broken">B</a>')
    assert links(html) == []


def test_there_are_bounds():
    assert len(links("".join(f'<a href="/p{n}">Page {n}</a>' for n in range(2 * MOST_LINKS)))) == MOST_LINKS
    assert links_of(page("https://a.org/", "No snapshot.")) == ()


@pytest.mark.parametrize("html", ["<a " * 300_000, "<a " + "href=" * 100_000, ("<a href=" + "x" * 600 + " href=y" * 60 + " ") * 1_000,
                                  '<a href="x">' + "y" * 900_000, '<a href="x">' * 70_000])
def test_a_hostile_page_takes_no_time(html):
    started = time.process_time()
    links(html)
    assert time.process_time() - started < 2


def test_a_fragment_is_no_part_of_an_address():
    assert address("https://a.org/b/", "c#d") == "https://a.org/b/c"
    assert address("https://a.org/", "https://[") == ""
