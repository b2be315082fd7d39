"""How a host is written, and what kind of address an address is. Knows no sockets, no settings, and asks no DNS."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from agent.errors import Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5})?)?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
LOCAL_NAMES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private",
               "home.arpa")

# From IANA's registries of special-purpose addresses, and the one metadata service that has a public address (Azure).
# Ours, because what `ipaddress.is_global` says of them changes from one Python to the next.
SPECIAL: tuple[tuple[Network, str], ...] = tuple((ip_network(net), word) for net, word in (
    ("169.254.169.254/32", "a cloud machine's metadata address"),
    ("168.63.129.16/32", "a cloud machine's metadata address"),
    ("100.100.100.200/32", "a cloud machine's metadata address"),
    ("fd00:ec2::/32", "a cloud machine's metadata address"),
    ("127.0.0.0/8", "a loopback address"),
    ("::1/128", "a loopback address"),
    ("0.0.0.0/8", "an address of this machine"),
    ("::/128", "an address of this machine"),
    ("10.0.0.0/8", "a private address"),
    ("172.16.0.0/12", "a private address"),
    ("192.168.0.0/16", "a private address"),
    ("fc00::/7", "a private address"),
    ("fec0::/10", "a private address"),
    ("100.64.0.0/10", "a provider's shared address"),
    ("169.254.0.0/16", "a link-local address"),
    ("fe80::/10", "a link-local address"),
    ("224.0.0.0/4", "a multicast address"),
    ("ff00::/8", "a multicast address"),
    ("192.0.0.0/24", "a reserved address"),
    ("192.0.2.0/24", "a reserved address"),
    ("192.88.99.0/24", "a reserved address"),
    ("198.18.0.0/15", "a reserved address"),
    ("198.51.100.0/24", "a reserved address"),
    ("203.0.113.0/24", "a reserved address"),
    ("240.0.0.0/4", "a reserved address"),
    ("2001:db8::/32", "a reserved address"),
    ("2001:2::/48", "a reserved address"),
    ("2001:10::/28", "a reserved address"),
    ("2001:20::/28", "a reserved address"),
    ("3fff::/20", "a reserved address"),
))
PUBLIC_V6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
ENDING_IN_V4 = (NAT64, IPv6Network("::/96"), IPv6Network("::ffff:0:0/96"), IPv6Network("::ffff:0:0:0/96"))
ISATAP = (0x00005EFE, 0x02005EFE)


def plain_host(written: str) -> str:
    """The one way to write a host: a lower-case ASCII name without a last dot, or a canonical IP address (no brackets).

    Raises Refused for what is neither, and for addresses in disguise (decimal, octal, hex, short, zoned, escaped),
    because programs do not agree on what those mean.
    """
    host = written.lower().removesuffix(".")
    if host.startswith("[") or ":" in host:
        return plain_v6(host)
    labels = host.split(".")
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise Refused(f"{shown(written)} is not the name of a host on the web. Check the address.")
    if NUMBER.fullmatch(labels[-1]):
        return plain_v4(host)
    return host


def split_authority(written: str, default: int | None) -> tuple[str, int]:
    """The plain host and the port of a "host:port". Raises Refused, also for names and passwords in it."""
    parts = AUTHORITY.fullmatch(written)
    port = int(parts[2]) if parts and parts[2] else default
    if "@" in written:
        raise Refused("This address carries a user name or password, so Leash does not open it. Leave them out.")
    if not parts or not port or port > 65535:
        raise Refused(f"{shown(written)} is not a host and port. Check the address.")
    return plain_host(parts[1]), port


def plain_v6(host: str) -> str:
    try:
        if not (host.startswith("[") and host.endswith("]")) or "%" in host:
            raise ValueError
        return str(IPv6Address(host[1:-1]))
    except ValueError:
        raise Refused(f"{shown(host)} is not a plain IPv6 address. Write it as [2001:db8::1].") from None


def plain_v4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except ValueError:
        raise Refused(f"{shown(host)} is no plain IP address. Write it as four plain numbers, as 192.0.2.1.") from None


def ascii_host(written: str) -> str:
    """What a person typed (müller.example, a host in full-width letters) as the ASCII that goes on the wire."""
    host = unicodedata.normalize("NFKC", written).replace("\u3002", ".")
    if host.isascii():
        return host
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise Refused(f"{shown(written)} is not the name of a host on the web. Check the address.") from None


def literal(host: str) -> Address | None:
    """The address that a plain host is, or None if it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def embedded(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address carries: packets to it may end up there."""
    if isinstance(address, IPv4Address):
        return ()
    if address.teredo:
        return address.teredo
    if address.sixtofour:
        return (address.sixtofour,)
    low = IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in net for net in ENDING_IN_V4) or (int(address) >> 32) & 0xFFFFFFFF in ISATAP:
        return (low,)
    return ()


@lru_cache(4096)
def fault(address: Address) -> str:
    """Why this is not an address of the public web, as "a private address"; "" if it is one."""
    for net, word in SPECIAL:
        if address.version == net.version and address in net:
            return word
    inner = embedded(address)
    carried = next((word for word in map(fault, inner) if word), "")
    return carried or ("" if inner and mere_wrapping(address) else own_fault(address))


def mere_wrapping(address: Address) -> bool:
    """Whether the address has no meaning but the IPv4 address in it, and networks really route it."""
    return isinstance(address, IPv6Address) and (address in NAT64 or address.ipv4_mapped is not None)


def own_fault(address: Address) -> str:
    routed = isinstance(address, IPv4Address) or address in PUBLIC_V6
    return "" if routed and address.is_global and not address.is_multicast else "a reserved address"


def within(address: Address, nets: tuple[Network, ...]) -> bool:
    """Whether the address, or the IPv4 address that it merely wraps, is in one of the networks."""
    inner = embedded(address) if mere_wrapping(address) else ()
    return any(one.version == net.version and one in net for one in (address, *inner) for net in nets)


def local_name(host: str) -> bool:
    """Whether a name is local by its look: one word, or under a suffix that the public web does not have."""
    return "." not in host or any(host.endswith("." + suffix) for suffix in LOCAL_NAMES)


def shown(written: str) -> str:
    """What someone wrote, safe to print: ASCII, no line breaks, short."""
    return written[:80].encode("unicode_escape").decode("ascii") or "An empty name"
