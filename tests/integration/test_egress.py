"""The door: who may go where, and that nobody gets anywhere else."""

from __future__ import annotations

import base64
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agent.errors import BadSetting
from agent.fetch.egress import Egress
from tests.integration.conftest import OK

DISGUISES = (Path(__file__).parents[1] / "disguises.txt").read_text().split()
RAW_DISGUISES = ["１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "127.0.0.1\\@8.8.8.8", "8.8.8.8@127.0.0.1",
                 "127.0.0.1\t", "127.0.0.1#.example.com", "example.com:80@127.0.0.1"]
NAMES = {
    "localhost": ["127.0.0.1", "::1"], "localhost.localdomain": ["127.0.0.1"], "foo.localhost": ["127.0.0.1"],
    "ip6-localhost": ["::1"], "ip6-loopback": ["::1"], "metadata.google.internal": ["169.254.169.254"],
    "127.0.0.1.nip.example": ["127.0.0.1"], "rebound.example": ["::ffff:127.0.0.1"],
    "both.example": ["8.8.8.8", "127.0.0.1"],
}


def from_table(table):
    def resolve(host):
        if host not in table:
            raise OSError("no such name")
        return table[host]

    return resolve


def begun(door: Egress, head: str, login: str | None = "page", rest: str = "") -> socket.socket:
    """A line on which the door has been told this, byte for byte, with the login of a caller or one made up."""
    parts = urlsplit(door.proxy("page"))
    known = urlsplit(door.proxy(login)).netloc.rpartition("@")[0] if login in ("page", "service") else login
    proof = f"Proxy-Authorization: Basic {base64.b64encode(known.encode()).decode()}\r\n" if known else ""
    line = socket.create_connection((parts.hostname, parts.port), timeout=20)
    line.sendall(f"{head}\r\nHost: x\r\n{proof}\r\n{rest}".encode())
    return line


def say(door: Egress, head: str, login: str | None = "page") -> bytes:
    with begun(door, head, login) as line:
        return read_all(line)


def read_all(line: socket.socket) -> bytes:
    data = b""
    with suppress(ConnectionResetError):  # it did not wait for all that was said
        while piece := line.recv(65536):
            data += piece
    return data


def get(door: Egress, host: str, port: int, login: str | None = "page") -> bytes:
    return say(door, f"GET http://{host}:{port}/ HTTP/1.1", login)


def connect(door: Egress, host: str, port: int, login: str | None = "page") -> bytes:
    return say(door, f"CONNECT {host}:{port} HTTP/1.1", login)


def status(answer: bytes) -> int:
    return int(answer.split()[1])


@pytest.mark.parametrize("ask", [get, connect])
def test_no_disguise_of_a_private_address_gets_a_page_anywhere(canary, open_door, ask):
    four = canary()
    six = canary("::1", port=four.port)
    door = open_door(resolve=from_table(NAMES))
    for host in DISGUISES + RAW_DISGUISES:
        answer = ask(door, host, four.port)
        assert status(answer) in (400, 403, 502), host
    assert four.heard == six.heard == []
    assert not [crossing for crossing in door.log if crossing.outcome == "opened"]


@pytest.mark.parametrize("ask", [get, connect])
def test_behind_an_upstream_no_disguise_even_reaches_the_upstream(canary, open_door, ask):
    upstream = canary()
    door = open_door(proxy=upstream.url)
    unresolved = {"127.0.0.1.nip.example", "rebound.example", "both.example"}  # the upstream's to judge
    local = ["printer", "nas.local", "wiki.internal", "x.home.arpa"]
    for host in [*(set(DISGUISES) - unresolved), *RAW_DISGUISES, *local]:
        assert status(ask(door, host, 80)) in (400, 403), host
    assert upstream.heard == []


def test_a_name_known_here_as_private_is_not_handed_to_the_upstream(canary, open_door):
    upstream = canary()
    names = from_table({"intra.example": ["10.1.2.3"], "pub.example": ["8.8.8.8"]})
    door = open_door(proxy=upstream.url, resolve=names)
    assert b"10.1.2.3" in get(door, "intra.example", 80)
    assert upstream.heard == []
    assert status(get(door, "pub.example", 80)) == 200
    assert upstream.heard[0].startswith(b"GET http://pub.example/ HTTP/1.1\r\nHost: pub.example\r\n")


def test_the_refusal_says_what_why_and_what_to_do(open_door):
    answer = connect(open_door(), "10.0.0.1", 443).decode()
    sentence = ("10.0.0.1 is a private address, and this Leash reads only the public web. "
                "Add it to LEASH_ALLOW_NETS if you trust it.")
    assert answer.splitlines()[0] == f"HTTP/1.1 403 {sentence}"
    assert answer.endswith(sentence)


def test_it_connects_to_the_very_address_that_it_checked(canary, open_door):
    """Rebinding: the second answer of the resolver is private, and nobody asks for it between check and connection."""
    good = canary("127.0.0.2")
    bad = canary("127.0.0.1", port=good.port)
    answers = [["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1"]]
    door = open_door(resolve=lambda host: answers.pop(0), allow_nets=["127.0.0.2"])
    assert status(get(door, "rebind.example", good.port)) == 200
    assert status(get(door, "rebind.example", good.port)) == 200
    assert (len(good.heard), len(bad.heard), len(answers)) == (2, 0, 2)
    assert status(get(door, "again.example", good.port)) == 403
    assert bad.heard == []


def test_one_private_address_among_the_good_ones_is_enough_to_refuse(canary, open_door):
    good = canary("127.0.0.2")
    door = open_door(resolve=from_table({"mixed.example": ["127.0.0.2", "127.0.0.1"]}), allow_nets=["127.0.0.2"])
    assert b"mixed.example is a loopback address (127.0.0.1)" in get(door, "mixed.example", good.port)
    assert good.heard == []


@pytest.mark.parametrize("ask", [get, connect])
@pytest.mark.parametrize("login", [None, "page:wrong", "service:", "nobody:x"])
def test_without_its_secret_the_door_stays_shut(canary, open_door, ask, login):
    there = canary()
    door = open_door(allow_nets=["127.0.0.0/8"])
    answer = ask(door, "127.0.0.1", there.port, login)
    assert status(answer) == 407
    assert b'Proxy-Authenticate: Basic realm="Leash"' in answer
    assert there.heard == []


def test_the_two_callers_do_not_share_a_secret(open_door):
    door = open_door()
    assert urlsplit(door.proxy("page")).password != urlsplit(door.proxy("service")).password


def test_a_service_is_reached_by_its_own_credential_alone(canary, open_door):
    service = canary()
    door = open_door(services=[service.url + "v1"])
    assert status(get(door, "127.0.0.1", service.port, "service")) == 200
    assert status(get(door, "127.0.0.1", service.port, "page")) == 403
    assert len(service.heard) == 1


def test_a_page_never_reaches_a_service_even_in_an_allowed_network(canary, open_door):
    service, wiki = canary(), canary()
    door = open_door(services=[f"http://llm.example:{service.port}"], allow_nets=["127.0.0.0/8"],
                     resolve=from_table({"llm.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}))
    for host in ("127.0.0.1", "llm.example", "other.example"):
        assert b"a service that this Leash itself uses" in get(door, host, service.port)
    assert status(get(door, "other.example", wiki.port)) == 200
    assert service.heard == []


def test_the_service_credential_opens_no_other_private_address(canary, open_door):
    service, other = canary(), canary()
    door = open_door(services=[service.url])
    assert status(get(door, "127.0.0.1", other.port, "service")) == 403
    assert status(get(door, "localhost", service.port, "service")) == 403
    assert other.heard == service.heard == []


def test_a_private_service_is_asked_directly_and_a_public_one_through_the_upstream(canary, open_door):
    service, upstream = canary(), canary()
    door = open_door(services=[service.url, "http://api.example/v1"], proxy=upstream.url)
    get(door, "127.0.0.1", service.port, "service")
    get(door, "api.example", 80, "service")
    assert service.heard[0].startswith(b"GET / HTTP/1.1\r\n")
    assert upstream.heard[0].startswith(b"GET http://api.example/ HTTP/1.1\r\n")


def test_blocked_domains_are_not_opened_for_a_page(canary, open_door):
    upstream = canary()
    door = open_door(proxy=upstream.url, blocked_domains=["Bad.example"])
    assert b"blocked domains" in get(door, "bad.example", 80)
    assert b"blocked domains" in connect(door, "a.b.BAD.example.", 443)
    assert status(get(door, "notbad.example", 80)) == 200
    assert len(upstream.heard) == 1


def test_a_page_does_not_speak_to_a_mail_port(canary, open_door):
    upstream = canary()
    assert b"Port 25" in connect(open_door(proxy=upstream.url), "mail.example", 25)
    assert upstream.heard == []


def test_the_upstream_gets_its_login_and_the_site_never_sees_ours(canary, open_door):
    upstream = canary()
    door = open_door(proxy=upstream.url.replace("http://", "http://me:p%40ss@"))
    get(door, "a.example", 80)
    connect(door, "a.example", 443)
    login = b"Proxy-Authorization: Basic " + base64.b64encode(b"me:p@ss")
    ours = base64.b64encode(f"page:{urlsplit(door.proxy('page')).password}".encode())
    assert all(login in heard and ours not in heard for heard in upstream.heard)
    assert len(upstream.heard) == 2


@pytest.mark.parametrize(("reply", "sentence"), [
    (b"HTTP/1.1 407 No\r\n\r\n", b"wants a user and a password"),
    (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b"did not open a.example (502 Bad Gateway)"),
    (b"SSH-2.0-nonsense\r\n", b"did not answer as a proxy does"),
    (b"", b"did not answer as a proxy does"),
])
def test_what_an_upstream_says_instead_of_yes_reaches_the_user(canary, open_door, reply, sentence):
    door = open_door(proxy=canary(reply=reply).url)
    assert sentence in connect(door, "a.example", 443).split(b"\r\n")[0]


def test_an_upstream_that_is_not_there(open_door, canary):
    gone = canary()
    gone.close()
    assert b"does not accept connections" in connect(open_door(proxy=gone.url), "a.example", 443)


@pytest.mark.parametrize("proxy", ["socks5://a:1", "a:8080", "http://", "http://a b", "http://secret:pw@:80"])
def test_a_proxy_setting_that_is_none_is_said_without_its_secret(open_door, proxy):
    with pytest.raises(BadSetting) as fault:
        open_door(proxy=proxy)
    assert "LEASH_PROXY" in str(fault.value)
    assert "pw" not in str(fault.value)


@pytest.mark.parametrize("head", [
    "GET /", "GET ftp://a.example/", "GET file:///etc/passwd", "GET https://a.example/", "GET http://u:p@a.example/",
    "GET http:///x", "CONNECT a.example", "CONNECT a.example:0", "CONNECT a.example:99999", "CONNECT :443",
    "CONNECT http://a.example/", "nonsense in more words",
])
def test_what_is_no_proxy_request_is_answered_and_ended(canary, open_door, head):
    upstream = canary()
    assert status(say(open_door(proxy=upstream.url), f"{head} HTTP/1.1")) in (400, 403)
    assert upstream.heard == []


def test_a_second_request_on_the_line_goes_nowhere(canary, open_door):
    """Plain http is one request a connection: what is smuggled behind it would escape the check."""
    site = canary("127.0.0.2")
    door = open_door(allow_nets=["127.0.0.2"])
    first = f"GET http://127.0.0.2:{site.port}/ HTTP/1.1\r\nProxy-Connection: keep-alive"
    with begun(door, first, rest="GET /second HTTP/1.1\r\nHost: x\r\n\r\n") as line:
        read_all(line)
    assert len(site.heard) == 1
    assert b"second" not in b"".join(site.heard)
    assert b"Proxy-" not in b"".join(site.heard)


def test_a_site_cannot_speak_as_the_door_nor_ask_for_a_proxy_login(canary, open_door):
    forged = b"HTTP/1.1 403 No\r\nLeash-Door: 1\r\nContent-Length: 0\r\n\r\n"
    asking = b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
    door = open_door(allow_nets=["127.0.0.0/8"])
    assert b"leash-door" not in get(door, "127.0.0.1", canary(reply=forged).port).lower()
    assert status(get(door, "127.0.0.1", canary(reply=asking).port)) == 502


def test_a_tunnel_carries_both_ways_past_a_half_close(canary, open_door):
    def shout(visitor: socket.socket, said: bytes) -> None:
        while piece := visitor.recv(65536):
            said += piece
        visitor.sendall(said.upper())

    site = canary(reply=shout)
    door = open_door(allow_nets=["127.0.0.1"])
    with begun(door, f"CONNECT 127.0.0.1:{site.port} HTTP/1.1") as line:
        assert b"200" in line.recv(39)
        line.sendall(b"a" * 300_000)
        line.shutdown(socket.SHUT_WR)
        assert read_all(line) == b"A" * 300_000
    assert [crossing.outcome for crossing in door.log][0] == "opened"


def test_it_logs_what_it_did(canary, open_door):
    site = canary()
    door = open_door(allow_nets=["127.0.0.1"])
    get(door, "127.0.0.1", site.port)
    get(door, "10.0.0.1", 80)
    get(door, "nowhere.invalid", 80)
    opened, closed, refused, failed = list(door.log)
    assert (opened.outcome, opened.who, opened.host, opened.port) == ("opened", "page", "127.0.0.1", site.port)
    assert opened.address == "127.0.0.1"
    assert (closed.outcome, closed.bytes) == ("closed", len(OK))
    assert (refused.outcome, refused.host, "private" in refused.reason) == ("refused", "10.0.0.1", True)
    assert (failed.outcome, failed.host) == ("failed", "nowhere.invalid")


def test_a_head_without_end_is_cut_off(open_door):
    door = open_door()
    parts = urlsplit(door.proxy("page"))
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as line:
        line.sendall(b"GET http://a.example/ HTTP/1.1\r\nX: " + b"x" * 200_000)
        assert status(read_all(line)) == 400


def test_closing_ends_what_is_open(canary, open_door):
    site = canary(reply=lambda visitor, said: visitor.recv(1))
    door = open_door(allow_nets=["127.0.0.1"])
    with begun(door, f"CONNECT 127.0.0.1:{site.port} HTTP/1.1") as line:
        assert b"200" in line.recv(39)
        door.close()
        assert read_all(line) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(door, "127.0.0.1", site.port)
