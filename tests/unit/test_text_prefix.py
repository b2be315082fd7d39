"""Which address a path names, whatever a server, a browser or a person did to it; and the options beside it."""

from __future__ import annotations

import pytest

from agent.errors import BadInput
from server.options import OPTIONS, Options, read_options
from server.prefix import asked_in, given_address

OWN = frozenset({"runs", "pages", "api", "static", "text", "health"})


@pytest.mark.parametrize(("raw", "url"), [
    ("/https://example.com/page", "https://example.com/page"),
    ("/http://example.com/page", "http://example.com/page"),
    ("/https:/example.com/page", "https://example.com/page"),
    ("/HTTPS:///example.com", "https://example.com/"),
    ("//https://example.com/", "https://example.com/"),
    ("/example.com/page", "https://example.com/page"),
    ("/example.com", "https://example.com/"),
    ("/example.com:8080/x", "https://example.com:8080/x"),
    ("/example.com?q=1", "https://example.com/?q=1"),
    ("/example.co.uk/a.txt", "https://example.co.uk/a.txt"),
    ("/https://example.com//a//b/", "https://example.com//a//b/"),
    ("/https://example.com/a?b=c?d=e&&f&=g", "https://example.com/a?b=c?d=e&&f&=g"),
    ("/https://example.com/a%20b%2Fc?x=%26%3D+1", "https://example.com/a%20b%2Fc?x=%26%3D+1"),
    ("/https://example.com/?u=https://other.example/x?y=1", "https://example.com/?u=https://other.example/x?y=1"),
    ("/https%3A%2F%2Fexample.com%2Fa%3Fb%3D1", "https://example.com/a?b=1"),
    ("/https://bücher.example/ä b", "https://bücher.example/%C3%A4%20b"),
    ("/b%C3%BCcher.example/x", "https://bücher.example/x"),
    ("/192.0.2.7/x", "https://192.0.2.7/x"),
    ("/localhost:9000/x", "https://localhost:9000/x"),
    ("/http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80/x"),
    ("/django/django", "https://github.com/django/django"),
    ("/django/django/tree/main/docs?x=1", "https://github.com/django/django/tree/main/docs?x=1"),
])
def test_the_address_that_was_meant(raw: str, url: str) -> None:
    asked = asked_in(raw, OWN)
    assert asked is not None
    assert (asked.url, asked.options) == (url, ())


@pytest.mark.parametrize("raw", ["/", "/nothing", "/favicon.ico", "/robots.txt", "/wp-login.php", "/.env", "/.git/config",
                                 "/runs/abc", "/API/x", "/static/js/x.js", "/text/x", "/index.html?x=1",
                                 "/..%2f..%2fetc/passwd", "/a_b/c", "/-x/y"])
def test_what_names_no_address(raw: str) -> None:
    assert asked_in(raw, OWN) is None


@pytest.mark.parametrize("raw", ["/ftp://example.com/", "/file:///etc/passwd", "/javascript:alert(1)", "/data:text/html,x",
                                 "/mailto:a@b.example", "/https://", "/https://exa mple.com/", "/https://user:secret@example.com/", "/https://.../",
                                 "/view-source:https://example.com/", "/https://example.com:99999/", f"/https://example.com/{'x' * 9000}"])
def test_what_cannot_be_an_address_is_said(raw: str) -> None:
    with pytest.raises(BadInput) as refused:
        asked_in(raw, OWN)
    assert "secret" not in str(refused.value)
    assert str(refused.value).endswith((".", "page."))


def test_options_are_taken_out_of_the_query_and_the_rest_stays_as_it_was() -> None:
    asked = asked_in("/https://example.com/p?b=%20&leash_tokens=40&a&LEASH_links=none&c=leash_x", OWN)
    assert asked.url == "https://example.com/p?b=%20&a&c=leash_x"
    assert read_options(asked.options) == Options(tokens=40, links="none")
    assert asked_in("/https://example.com/p?leash_cache=no", OWN).url == "https://example.com/p"
    assert asked_in("/https://example.com/p?", OWN).url == "https://example.com/p?"


@pytest.mark.parametrize(("pairs", "words"), [
    ([("tokens", "0")], "“leash_tokens” is a whole number above 0"), ([("tokens", "-1")], "above 0"), ([("tokens", "many")], "not “many”"),
    ([("tokens", "9" * 400)], "above 0"), ([("links", "all")], "inline, footnotes or none"), ([("images", "maybe")], "yes or no"),
    ([("format", "pdf")], "markdown, json, html or xml"), ([("select", " ")], "at most 500"), ([("select", "x" * 501)], "at most 500"),
    ([("cach", "no")], "“leash_cach” is not an option. There are: leash_tokens"), ([("links", "none"), ("links", "none")], "given twice"),
])
def test_an_option_that_cannot_be_is_said(pairs: list, words: str) -> None:
    with pytest.raises(BadInput, match=".") as refused:
        read_options(pairs, lambda name: f"leash_{name}")
    assert words in str(refused.value)


def test_options_survive_the_way_to_the_worker() -> None:
    given = read_options([("include", "*.py"), ("include", "*.md"), ("images", "no"), ("select", "main"), ("browser", "")])
    assert given == Options(include=("*.py", "*.md"), images=False, select="main", browser=True)
    assert Options.from_json(given.to_json()) == given
    assert set(OPTIONS) == set(Options().to_json())
    assert Options.from_json({"tokens": 5, "include": ["a"]}) == Options(tokens=5, include=("a",))


def test_a_repositorys_options_are_read_within_bounds() -> None:
    read = read_options([("all", "yes"), ("ref", "v1.0"), ("file-bytes", "20000000"), ("token_estimate", "yes")])
    assert read == Options(all=True, ref="v1.0", file_bytes=20_000_000, token_estimate=True)
    for wrong in ("0", "20000001", "-1", "1e6", "many"):
        with pytest.raises(BadInput, match="from 1 to 20,000,000"):
            read_options([("file_bytes", wrong)])


@pytest.mark.parametrize(("typed", "url"), [(" example.com/a ", "https://example.com/a"), ("https://example.com/a#part", "https://example.com/a"),
                                            ("owner/name", "https://github.com/owner/name")])
def test_what_a_person_types(typed: str, url: str) -> None:
    assert given_address(typed) == url


@pytest.mark.parametrize("typed", ["", "  ", "hello", "what is this?", "ftp://x.example/", "/etc/passwd/x"])
def test_what_a_person_types_and_is_none(typed: str) -> None:
    with pytest.raises(BadInput):
        given_address(typed)
