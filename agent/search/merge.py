"""Several rankings made into one. Knows only addresses and places, not who ranked or why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.records import Hit

INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)
TRACKING = re.compile(r"(?:utm_[a-z_]+|gclid|fbclid|msclkid)$", re.IGNORECASE)
DEFAULT_PORTS = {"http": 80, "https": 443}


def merge(rankings: Sequence[Sequence[Hit]], k: int = 60) -> list[Hit]:
    """Reciprocal rank fusion: a page scores 1/(k + place) in each ranking that has it; ties go to the first seen.

    k = 60 is the constant of Cormack, Clarke and Büttcher (2009), which damps the advantage of a single first place.
    """
    pages: dict[str, Gathered] = {}
    for ranking in rankings:
        for place, (key, hit) in enumerate(first_of_each(ranking).items(), 1):
            pages.setdefault(key, Gathered()).add(hit, 1 / (k + place))
    ordered = sorted(pages.values(), key=lambda page: -page.score)
    return [page.as_hit(rank) for rank, page in enumerate(ordered, 1)]


@dataclass
class Gathered:
    """All that the rankings said of one page."""

    score: float = 0.0
    hits: list[Hit] = field(default_factory=list)

    def add(self, hit: Hit, score: float) -> None:
        self.score += score
        self.hits.append(hit)

    def as_hit(self, rank: int) -> Hit:
        url = min((hit.url for hit in self.hits), key=lambda url: not url.startswith("https:"))
        title = next((hit.title for hit in self.hits if hit.title), "")
        snippet = max((hit.snippet for hit in self.hits), key=len)
        names = dict.fromkeys(name for hit in self.hits for name in hit.providers)
        return Hit(url, title, snippet, tuple(names), rank)


def first_of_each(ranking: Sequence[Hit]) -> dict[str, Hit]:
    """A ranking's hits by page, each page at its best place only."""
    pages: dict[str, Hit] = {}
    for hit in ranking:
        pages.setdefault(page_key(hit.url), hit)
    return pages


def under(host: str, domains: Iterable[str]) -> bool:
    """Whether a host is one of these domains, or of theirs."""
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def page_key(url: str) -> str:
    """What all addresses of a page share: scheme, www., fragment, index.html and tracking do not count."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url.strip()
    host = (parts.hostname or "").removeprefix("www.")
    place = f":{port}" if port and port != DEFAULT_PORTS.get(parts.scheme) else ""
    path = INDEX.sub("/", parts.path).rstrip("/")
    query = "&".join(pair for pair in parts.query.split("&") if pair and not TRACKING.match(pair.split("=")[0]))
    route = parts.fragment if parts.fragment.startswith(("!", "/")) else ""  # these fragments name a page of their own
    return f"{host}{place}{path}" + (f"?{query}" if query else "") + (f"#{route}" if route else "")
