"""Reading bytes: hostile hosts, redirects, limits and deadlines, all through the door."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from email.utils import formatdate

import pytest

from agent.errors import BadStatus, FetchError, Refused, TooBig, TooSlow, Unreadable
from agent.fetch.http import Http, content_kind, retry_after
from agent.settings import Settings

JSON_PAGE = "https://docs.python.org/3.11/library/json.html"


@pytest.fixture
def web(frozen_web, open_door):
    """An Http that reads the frozen web."""
    given = {"proxy": frozen_web.proxy, "ca_bundle": frozen_web.ca, "page_seconds": 20}
    http = Http(Settings(_env_file=None, **given), open_door(**given))
    yield http
    http.close()


@pytest.fixture
def near(open_door):
    """An Http that may read 127.0.0.1, where canaries sit."""
    given = {"allow_nets": ["127.0.0.1"], "page_seconds": 20}
    http = Http(Settings(_env_file=None, **given), open_door(**given))
    yield http
    http.close()


def reply(*lines: str, body: bytes = b"hi") -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "Connection: close", "", ""]).encode() + body


def test_a_page_comes_with_all_that_is_said_of_it(web):
    page = web.get(JSON_PAGE)
    assert (page.status, page.url, page.final_url, page.hops) == (200, JSON_PAGE, JSON_PAGE, ())
    assert (page.content_type, page.charset) == ("text/html", "utf-8")
    assert "encoder and decoder" in page.body.decode()
    assert page.headers["etag"]
    assert 0 < page.seconds < 20


def test_http_and_https_bring_the_same(web):
    assert web.get(JSON_PAGE.replace("https", "http")).body == web.get(JSON_PAGE).body


def test_redirects_are_followed_and_recorded(web):
    page = web.get("https://hop.frozen.test/3")
    assert page.hops == tuple(f"https://hop.frozen.test/{n}" for n in (2, 1, 0))
    assert page.final_url == page.hops[-1]
    assert len(web.get("http://hop.frozen.test/10").hops) == 10


@pytest.mark.parametrize(("path", "why"), [("11", "more than 10 times"), ("loop", "in a circle")])
def test_redirects_have_an_end(web, path, why):
    with pytest.raises(FetchError, match=why):
        web.get(f"https://hop.frozen.test/{path}")


@pytest.mark.parametrize(("to", "why"), [
    ("http://127.0.0.1:{port}/", "loopback"), ("http://[::ffff:127.0.0.1]:{port}/", "loopback"),
    ("//localhost:{port}/", "loopback|local network"), ("http://2130706433:{port}/", "no plain IP address"),
    ("https://169.254.169.254/latest/meta-data/", "metadata"), ("http://10.0.0.1/", "private"),
    ("file:///etc/passwd", "no other"), ("javascript:alert(1)", "no other"), ("data:text/html,hi", "no other"),
    ("ftp://a.example/", "no other"), ("http://me:pw@a.example/", "user name or password"),
    ("http://[", "not a web address"),
])
def test_a_redirect_to_where_nobody_may_go_is_refused(web, canary, to, why):
    secret = canary()
    with pytest.raises(Refused, match=why) as refused:
        web.get(f"https://to.frozen.test/?u={to.format(port=secret.port)}")
    assert "to.frozen.test" in str(refused.value)
    assert secret.heard == []


@pytest.mark.parametrize("url", [
    "", "docs.python.org", "/etc/passwd", "file:///etc/passwd", "ftp://a.example/", "javascript:1", "http://", "http:///x",
    "http://u:p@docs.python.org/", "http://docs.python.org@10.0.0.1/", "http://a.example:99999/", "http://a b/", "http://[::1/",
    "http://１２７.0.0.1/", "http://127.0.0.1\\@docs.python.org/", "https://docs.python.org/" + "x" * 9000,
])
def test_what_is_no_public_web_address_is_refused_with_a_sentence(web, url):
    with pytest.raises(Refused) as refused:
        web.get(url)
    assert str(refused.value).endswith(".")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["slow.frozen.test/60", "drip.frozen.test/"])
def test_a_page_that_hangs_or_drips_is_cut_off(web, scheme, host):
    start = time.monotonic()
    with pytest.raises(TooSlow):
        web.get(f"{scheme}://{host}", seconds=1.5)
    assert time.monotonic() - start < 2.5


def test_a_head_that_drips_is_cut_off(near, canary):
    def drip(visitor: socket.socket, said: bytes) -> None:
        pause = threading.Event()
        visitor.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not pause.wait(0.05):
            visitor.sendall(b"x")

    start = time.monotonic()
    with pytest.raises(TooSlow):
        near.get(canary(reply=drip).url, seconds=1)
    assert time.monotonic() - start < 2


def test_the_deadline_is_for_all_redirects_together(near, canary):
    def slow_circle(visitor: socket.socket, said: bytes) -> None:
        threading.Event().wait(0.3)
        visitor.sendall(b"HTTP/1.1 302 Found\r\nLocation: %bx\r\nContent-Length: 0\r\n\r\n" % said.split()[1])

    start = time.monotonic()
    with pytest.raises(TooSlow):
        near.get(canary(reply=slow_circle).url, seconds=1)
    assert time.monotonic() - start < 1.6


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_page_without_end_is_cut_off_at_its_size(web, scheme):
    with pytest.raises(TooBig, match="larger than 3 MB"):
        web.get(f"{scheme}://big.frozen.test/20", limit=3_000_000)
    assert len(web.get(f"{scheme}://big.frozen.test/2", limit=3_000_000).body) > 1_900_000


@pytest.mark.parametrize(("kind", "size", "fits"), [
    ("application/pdf", 3000, True), ("application/pdf", 6000, False), ("text/html", 3000, False)])
def test_a_pdf_may_be_larger_than_a_page(kind, size, fits, open_door, canary):
    given = {"allow_nets": ["127.0.0.1"], "page_bytes": 2000, "pdf_bytes": 5000}
    page = canary(reply=reply(f"Content-Type: {kind}", body=b"x" * size)).url
    with closing(Http(Settings(_env_file=None, **given), open_door(**given))) as http, nullcontext() if fits else pytest.raises(TooBig):
        assert len(http.get(page).body) == size


def test_a_page_that_says_it_is_too_big_is_not_read(near, canary):
    with pytest.raises(TooBig):
        near.get(canary(reply=reply("Content-Length: 999999999999")).url)


def test_a_bomb_costs_little_memory(frozen_web):
    program = f"""
import resource
from agent.errors import TooBig
from agent.fetch.egress import Egress
from agent.fetch.http import Http
from agent.settings import Settings
settings = Settings(_env_file=None, proxy={frozen_web.proxy!r}, ca_bundle={str(frozen_web.ca)!r})
http = Http(settings, Egress(settings).start())
http.get("https://frozen.test/")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for scheme in ("http", "https"):
    try:
        http.get(scheme + "://bomb.frozen.test/")
    except TooBig:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    grown = [int(line) * (1 if sys.platform == "darwin" else 1024) for line in done.stdout.split()]
    assert len(grown) == 2
    assert max(grown) < 60e6


@pytest.mark.parametrize("encodings", [["gzip, gzip"], ["gzip", "gzip"], ["br"]])
def test_packed_twice_or_otherwise_is_not_unpacked(near, canary, encodings):
    lines = [f"Content-Encoding: {encoding}" for encoding in encodings]
    with pytest.raises(Unreadable, match="did not ask for"):
        near.get(canary(reply=reply(*lines, body=gzip.compress(gzip.compress(b"hi")))).url)


@pytest.mark.parametrize(("status", "sentence", "wait"), [
    (404, "has no such page", None), (403, "does not let Leash read", None), (429, "slow down", 1.0),
    (503, "fault of its own", 1.0), (500, "fault of its own", None), (418, "does not give this page", None),
])
def test_an_error_status_is_raised_with_its_sentence(web, status, sentence, wait):
    with pytest.raises(BadStatus, match=sentence) as fault:
        web.get(f"https://status.frozen.test/{status}")
    assert (fault.value.status, fault.value.retry_after) == (status, wait)


def test_a_name_that_nobody_has(web, near):
    with pytest.raises(FetchError, match=r"nowhere\.example"):
        web.get("https://nowhere.example/")
    with pytest.raises(FetchError, match=r"No address could be found for nowhere\.invalid"):
        near.get("https://nowhere.invalid/")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_doors_refusal_reaches_the_user_whole(near, scheme):
    with pytest.raises(Refused) as refused:
        near.get(f"{scheme}://10.0.0.1/")
    assert str(refused.value) == ("10.0.0.1 is a private address, and this Leash reads only the public web. "
                                  "Add it to LEASH_ALLOW_NETS if you trust it.")


def test_a_certificate_that_nobody_vouches_for(frozen_web, open_door):
    given = {"proxy": frozen_web.proxy}
    http = Http(Settings(_env_file=None, **given), open_door(**given))
    with pytest.raises(FetchError, match="LEASH_CA_BUNDLE"):
        http.get(JSON_PAGE)


def test_connections_to_a_site_are_kept_for_the_next_page(frozen_web, open_door):
    given = {"proxy": frozen_web.proxy, "ca_bundle": frozen_web.ca}
    door = open_door(**given)
    http = Http(Settings(_env_file=None, **given), door)
    for n in (2, 1, 0, 404):
        try:
            http.get(f"https://hop.frozen.test/{n}" if n < 404 else "https://hop.frozen.test/x")
        except BadStatus:
            continue
    assert [crossing.outcome for crossing in door.log] == ["opened"]


def test_many_threads_share_one_client(web):
    urls = [JSON_PAGE, JSON_PAGE.replace("https", "http"), "https://sqlite.org/index.html", "https://hop.frozen.test/2"]
    with ThreadPoolExecutor(12) as lanes:
        sizes = list(lanes.map(lambda url: (url, len(web.get(url).body)), urls * 12))
    assert len(set(sizes)) == len(urls)


def test_a_connection_that_breaks_before_a_word_is_tried_once_more(near, canary):
    def shy(visitor: socket.socket, said: bytes) -> None:
        if len(site.heard) > 1:
            visitor.sendall(reply())

    site = canary(reply=shy)
    assert near.get(site.url).body == b"hi"
    assert len(site.heard) == 2


def test_and_not_twice_more(near, canary):
    site = canary(reply=b"")
    with pytest.raises(FetchError, match="broke off"):
        near.get(site.url)
    assert len(site.heard) == 2


@pytest.mark.parametrize("answer", [
    reply("Content-Length: 100"), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi",
])
def test_of_a_body_that_breaks_off_what_came_is_kept_and_marked(near, canary, answer):
    page = near.get(canary(reply=answer).url)
    assert (page.body, page.broke_off) == (b"hi", True)
    assert not near.get(canary(reply=reply("Content-Length: 2")).url).broke_off


def test_a_packed_body_that_lacks_its_end_is_marked_whatever_its_length_says(near, canary):
    packed = gzip.compress(b"<p>A heron waits for a fish.</p>" * 500)
    part = packed[:len(packed) // 2]
    page = near.get(canary(reply=reply("Content-Encoding: gzip", f"Content-Length: {len(part)}", body=part)).url)
    assert page.body.startswith(b"<p>A heron")
    assert page.broke_off
    whole = near.get(canary(reply=reply("Content-Encoding: gzip", f"Content-Length: {len(packed)}", body=packed)).url)
    assert not whole.broke_off


@pytest.mark.parametrize("answer", [
    reply("Content-Length: 100", body=b""),
    b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000,
])
def test_a_broken_answer_is_a_fault_not_a_page(near, canary, answer):
    with pytest.raises(FetchError):
        near.get(canary(reply=answer).url)


def test_secrets_do_not_follow_to_another_origin(near, canary):
    second = canary()
    first = canary(reply=b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % second.url.encode())
    near.get(first.url, headers={"authorization": "Bearer k", "Cookie": "s=k", "X-Key": "k", "accept": "text/markdown"})
    assert b"Bearer k" in first.heard[0]
    assert b"Bearer" not in second.heard[0]
    assert b"s=k" not in second.heard[0]
    assert b"X-Key" not in second.heard[0]
    assert b"Accept: text/markdown" in second.heard[0]


def test_what_leash_says_of_itself(near, canary):
    site = canary()
    near.get(site.url + "a b/ü?q=ö&r=%20#part", headers={"Accept-Encoding": "br"})
    said = site.heard[0].decode()
    assert said.startswith("GET /a%20b/%C3%BC?q=%C3%B6&r=%20 HTTP/1.1\r\n")
    assert "Leash/" in said
    assert "Accept-Encoding: gzip, deflate\r\n" in said
    assert f"Host: 127.0.0.1:{site.port}\r\n" in said
    assert "Proxy-Authorization" not in said


def test_a_header_that_is_not_one_is_a_fault(near, canary):
    with pytest.raises(FetchError):
        near.get(canary().url, headers={"X-A": "a\r\nX-B: b"})


@pytest.mark.parametrize(("value", "seconds"), [("120", 120.0), ("0", 0.0), ("", None), ("soon", None), ("-5", None)])
def test_retry_after_in_seconds(value, seconds):
    assert retry_after(value) == seconds


def test_retry_after_as_a_date():
    assert 50 < retry_after(formatdate(time.time() + 60, usegmt=True)) <= 60
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@pytest.mark.parametrize(("header", "kind"), [
    ("text/html", ("text/html", "")), ("Text/HTML; Charset=\"UTF-8\"", ("text/html", "utf-8")), ("", ("", "")),
    ("text/html; boundary=x; charset = 'latin-1' ", ("text/html", "latin-1")),
    ("application/pdf;", ("application/pdf", "")),
])
def test_content_kind(header, kind):
    assert content_kind(header) == kind
