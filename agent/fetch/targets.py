"""What a web address must look like before it is asked for. Opens nothing; the door checks again what it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from agent.errors import Refused
from agent.fetch.addresses import ascii_host, shown, split_authority

PORTS = {"http": 80, "https": 443}
LONGEST = 8192
KEPT = "/%:@!$&'()*+,;=~?[]|^`{}\"<>\\"  # in a path; only blanks and what is not ASCII are escaped


@dataclass(frozen=True)
class Target:
    """A web address taken apart. `host` is plain (no brackets), `path` starts with / and carries the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        return self.origin + self.path


def read_target(url: str) -> Target:
    """Take an address apart. Raises Refused for what is not a plain http or https address."""
    if len(url) > LONGEST:
        raise Refused(f"This address is longer than {LONGEST} characters, so Leash does not open it.")
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise Refused(f"{shown(url)} is not a web address. Check it.") from None
    if parts.scheme not in PORTS:
        raise Refused(f"{shown(url)} is not an http or https address, and Leash opens no other.")
    host, port = split_authority(ascii_host(parts.netloc), PORTS[parts.scheme])
    path = parts.path if parts.path.startswith("/") else "/" + parts.path
    return Target(parts.scheme, host, port, quote(path + ("?" + parts.query if parts.query else ""), safe=KEPT))


def onward(target: Target, location: str) -> Target:
    """Where a redirect leads. Raises Refused if that is not a web address."""
    try:
        return read_target(urljoin(target.url, location.strip()))
    except ValueError:
        raise Refused(f"{target.host} redirects to {shown(location)}, which is not a web address.") from None
    except Refused as fault:
        raise Refused(f"{target.url} redirects on: {fault}") from None
