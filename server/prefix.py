"""Which address a request's path names: any web address behind the server's own, as it was typed.

What servers, browsers and people do to an address on its way is mended here: `https:/example.com`, `//`, a missing
scheme, an address that was percent-encoded whole. Pure; opens nothing and asks no DNS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus

from agent.errors import BadInput, Refused
from agent.fetch.targets import read_target
from agent.repo.target import target_of
from server.options import PREFIX

WEB = re.compile(r"(https?):/*", re.IGNORECASE)
WHOLE = re.compile(r"https?%3a(?:%2f|/)", re.IGNORECASE)
SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,20}):(?!\d+(?:[/?]|$))", re.IGNORECASE)
LABEL = r"[^\s/?#@:.\[\]%]{1,63}"
HOST = re.compile(rf"((?:{LABEL}\.)+({LABEL}))\.?(?::\d{{1,5}})?", re.IGNORECASE)
NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|\[[0-9a-f:.]+\](?::\d{1,5})?|localhost(?::\d{1,5})?", re.IGNORECASE)
TOP = re.compile(r"(?:[^\W\d_]{2,}|xn--[a-z0-9-]+)", re.IGNORECASE)
OWNER = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,38}", re.IGNORECASE)
REPOSITORY = re.compile(r"(?!\.+(?:$|[/?]))[\w.-]{1,100}", re.ASCII)
FILES = frozenset("asp aspx bak cfg cgi conf css csv env gif gz htm html ico ini jpeg jpg js json jsp log map pdf php png sql svg tar txt "
                  "webmanifest webp woff2 xml yaml yml".split())  # ends of names that browsers and scanners ask a server for
NOT_WEB = "Leash opens http and https addresses only, and this one is of the kind “{scheme}:”. Give the address of a web page."


@dataclass(frozen=True)
class Asked:
    """The address as it goes out, and the (name, value) pairs of Leash's own options that stood in its query."""

    url: str
    options: tuple[tuple[str, str], ...] = ()


def asked_in(raw: str, reserved: frozenset[str]) -> Asked | None:
    """What a raw path with its query asks for; None if it names no address. `reserved` are first segments of our own.

    Raises BadInput for an address that cannot be one.
    """
    path, mark, query = raw.lstrip("/").partition("?")
    path = unquote(path) if WHOLE.match(path) else path
    rest, options = split_query(query)
    typed = with_scheme(path, reserved)
    return Asked(checked(typed + (mark if rest or not options else "") + rest), options) if typed else None


def given_address(typed: str) -> str:
    """The address that a person typed into a box, an option or an argument. Raises BadInput for what is none."""
    typed = typed.strip()
    if not typed:
        raise BadInput("An address is missing. Give one, as https://example.com/page.")
    found = with_scheme(typed.split("#")[0], frozenset())
    if found is None:
        raise BadInput(f"“{typed[:100]}” is not a web address. One looks like https://example.com/page.")
    return checked(found)


def is_repository(url: str) -> bool:
    """Whether an address names a repository or a part of one; an issue's page, say, is a page."""
    target = target_of(url)
    return target is not None and target.kind != "page"


def with_scheme(path: str, reserved: frozenset[str]) -> str | None:
    """The address that a path stands for, None for none. Raises BadInput for a scheme that is not the web's."""
    if web := WEB.match(path):
        return f"{web[1].lower()}://{path[web.end():]}"
    if scheme := SCHEME.match(path):
        raise BadInput(NOT_WEB.format(scheme=scheme[1].lower()))
    first, _, rest = path.partition("/")
    if first.lower() in reserved:
        return None
    if is_host(unquote(first)):
        return f"https://{unquote(first)}{path[len(first):]}"
    if OWNER.fullmatch(first) and REPOSITORY.match(rest):
        return f"https://github.com/{path}"
    return None


def is_host(name: str) -> bool:
    """Whether a first segment is a host's name, and not a file that a browser or a scanner asks this server for."""
    if NUMBERS.fullmatch(name):
        return True
    host = HOST.fullmatch(name)
    return bool(host and TOP.fullmatch(host[2]) and host[2].lower() not in FILES)


def split_query(query: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The page's own query exactly as it came, and Leash's options out of it."""
    own, options = [], []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        name = unquote_plus(name).lower()
        if name.startswith(PREFIX):
            options.append((name.removeprefix(PREFIX), unquote_plus(value)))
        else:
            own.append(part)
    return "&".join(own), tuple(options)


def checked(url: str) -> str:
    """The address, if it has the shape of one. The rest of its dangers are the door's to judge."""
    try:
        return spelled(read_target(url) and url.split("#")[0])
    except Refused as error:
        raise BadInput(str(error)) from None


def spelled(url: str) -> str:
    """Blanks and what is not ASCII escaped behind the host, and a path of at least “/”, as browsers do; the rest stays as typed."""
    scheme, _, rest = url.partition("://")
    host = re.match(r"[^/?]*", rest)[0]
    path = rest[len(host):]
    return f"{scheme}://{host}{'' if path.startswith('/') else '/'}{quote(path, safe=SAFE)}"


SAFE = "/%:@!$&'()*+,;=~?[]|^`{}\"<>\\#-._"
