"""What an address is, and how a host may be written."""

from ipaddress import ip_address, ip_network

import pytest

from agent.errors import Refused
from agent.fetch.addresses import ascii_host, fault, local_name, plain_host, split_authority, within

PUBLIC = {
    "": """8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1 198.17.0.1 223.255.255.255
           2606:4700::1111 2a00:1450:4001:830::200e 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808
           2002:808:808::1""",
}
NOT_PUBLIC = {
    "loopback": "127.0.0.1 127.255.255.254 ::1",
    "this machine": "0.0.0.0 0.1.2.3 ::",
    "private": "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 fc00::1 fd12:3456::1 fec0::1",
    "shared": "100.64.0.1 100.127.255.255",
    "link-local": "169.254.0.1 fe80::1",
    "metadata": "169.254.169.254 100.100.100.200 168.63.129.16 fd00:ec2::254",
    "multicast": "224.0.0.1 239.255.255.250 ff02::1",
    "reserved": """255.255.255.255 240.0.0.1 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 192.88.99.1
                   2001:db8::1 100::1 3fff::1 5f00::1 4000::1 64:ff9b:1::1 ::8.8.8.8""",
}
CARRYING = {
    "loopback": """::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: 2001:0:808:808:0:0:80ff:fffe
                   2001:0:7f00:1::f7f7:f7f7 ::ffff:0:127.0.0.1 2606:4700::5efe:7f00:1""",
    "private": "::ffff:10.0.0.1 ::10.0.0.1 2002:a00:1::1 2606:4700::200:5efe:a00:1",
    "metadata": "64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: ::ffff:169.254.169.254",
}


def pairs(table):
    return [(text, word) for word, texts in table.items() for text in texts.split()]


@pytest.mark.parametrize(("text", "word"), pairs(PUBLIC))
def test_a_public_address_has_no_fault(text, word):
    assert fault(ip_address(text)) == word


@pytest.mark.parametrize(("text", "word"), pairs(NOT_PUBLIC) + pairs(CARRYING))
def test_any_other_address_says_what_it_is(text, word):
    assert word in fault(ip_address(text))


@pytest.mark.parametrize(("written", "plain"), [
    ("Example.COM", "example.com"), ("example.com.", "example.com"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"),
    ("[0:0:0:0:0:FFFF:7F00:1]", "::ffff:7f00:1"), ("xn--mller-kva.example", "xn--mller-kva.example"),
    ("a_b.example", "a_b.example"), ("1e100.net", "1e100.net"), ("3com", "3com"),
])
def test_a_host_is_written_one_way(written, plain):
    assert ip_text(plain_host(written)) == ip_text(plain)


def ip_text(host):
    try:
        return ip_address(host)
    except ValueError:
        return host


@pytest.mark.parametrize("written", [
    "", ".", "a..b", "example.com..", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.1", "0x7f.1",
    "0x7f.0.0.0x1", "127.0.0.1..", "256.1.1.1", "1.2.3.4.5", "a.0x", "127.0.0.%31", "::1", "[::1", "[::1%lo]",
    "[::1%25lo]", "[::ffff:127.1]", "[v1.fe]", "[]", "ex ample.com", "a@b", "a/b", "a\\b", "a#b", "a?b", "a\x00b",
    "a\r\nb", "１２７.0.0.1", "①.example", "127。0。0。1", "-a.example", f"{'a' * 64}.example",
    ".".join(["abcdefgh"] * 40),
])
def test_what_programs_read_differently_is_no_host(written):
    with pytest.raises(Refused):
        plain_host(written)


@pytest.mark.parametrize(("typed", "wire"), [
    ("müller.example", "xn--mller-kva.example"), ("１２７.0.0.1", "127.0.0.1"), ("127。0。0。1", "127.0.0.1"),
    ("ⓛocalhost", "localhost"), ("日本.example", "xn--wgv71a.example"),
])
def test_what_a_person_types_becomes_ascii_before_it_is_judged(typed, wire):
    assert ascii_host(typed) == wire


def test_a_sentence_about_a_strange_host_is_short_and_plain():
    with pytest.raises(Refused) as refused:
        plain_host("\r\nSet-Cookie: a=b" + "x" * 500)
    assert str(refused.value).isascii()
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(("written", "parts"), [
    ("a.example", ("a.example", 80)), ("a.example:8080", ("a.example", 8080)), ("[2606::1]:443", ("2606::1", 443)),
    ("a.example:", ("a.example", 80)),
])
def test_host_and_port(written, parts):
    assert split_authority(written, 80) == parts


@pytest.mark.parametrize("written", ["a:b", "a:0", "a:65536", "a:1:2", "::1:80", "u@a", "u:p@a:80", "a:٨٠", ":80"])
def test_what_is_not_a_host_and_port(written):
    with pytest.raises(Refused):
        split_authority(written, 80)


@pytest.mark.parametrize(("host", "local"), [
    ("localhost", True), ("a.localhost", True), ("router", True), ("nas.local", True), ("x.internal", True),
    ("a.home.arpa", True), ("example.com", False), ("internal.example.com", False), ("local.example", False),
])
def test_names_that_are_local_by_their_look(host, local):
    assert local_name(host) is local


def test_allowed_networks_hold_for_wrapped_addresses_too():
    nets = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    assert within(ip_address("10.1.2.3"), nets)
    assert within(ip_address("::ffff:10.1.2.3"), nets)
    assert within(ip_address("fd12::1"), nets)
    assert not within(ip_address("10.2.0.1"), nets)
    assert not within(ip_address("2002:a01:203::1"), nets)
