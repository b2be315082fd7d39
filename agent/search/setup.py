"""Which search providers the settings set up, and in which order. The only file that knows them all."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.errors import BadSetting
from agent.search.brave import Brave
from agent.search.ddgs import Ddgs
from agent.search.provider import Provider, Searcher
from agent.search.searxng import Searxng
from agent.search.tavily import Tavily
from agent.search.wikipedia import Wikipedia
from agent.search.wire import Wire
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.fetch.egress import Egress

KNOWN = ("searxng", "brave", "tavily", "ddgs", "wikipedia")
KEYLESS = ("ddgs", "wikipedia")


def searcher_from(settings: Settings, door: Egress | None) -> Searcher:
    """A searcher over the providers that are set up. Raises BadSetting for one that is named but cannot be had.

    SearXNG is a service the settings name, so it goes through the door as one; the others are public and go as pages.
    """
    service = Wire(door and door.proxy("service"), settings.ca_bundle)
    public = door and door.proxy("page")
    wire = Wire(public, settings.ca_bundle)
    makers = {
        "searxng": lambda: Searxng(web_address(settings.searxng_url), service),
        "brave": lambda: Brave(settings.brave_key.get_secret_value(), wire),
        "tavily": lambda: Tavily(settings.tavily_key.get_secret_value(), wire),
        "ddgs": lambda: Ddgs(public, settings.ca_bundle),
        "wikipedia": lambda: Wikipedia(wire),
    }
    providers: list[Provider] = [makers[name]() for name in chosen(settings)]
    return Searcher(providers)


def chosen(settings: Settings) -> list[str]:
    """The providers in order: those asked for, or all that are set up, the keyless ones if there is no SearXNG."""
    missing = not_set(settings)
    if settings.search_providers:
        return list(dict.fromkeys(named(name, missing) for name in settings.search_providers))
    keyed = [name for name in ("searxng", "brave", "tavily") if name not in missing]
    return keyed if "searxng" in keyed else [*keyed, *KEYLESS]


def not_set(settings: Settings) -> dict[str, str]:
    """The providers that lack a setting, and which."""
    needs = {
        "searxng": (settings.searxng_url, "LEASH_SEARXNG_URL"),
        "brave": (settings.brave_key.get_secret_value(), "LEASH_BRAVE_KEY"),
        "tavily": (settings.tavily_key.get_secret_value(), "LEASH_TAVILY_KEY"),
    }
    return {name: setting for name, (value, setting) in needs.items() if not value}


def named(given: str, missing: dict[str, str]) -> str:
    name = given.lower()
    if name not in KNOWN:
        known = ", ".join(KNOWN)
        raise BadSetting(f"LEASH_SEARCH_PROVIDERS names {given[:40]!r}, which Leash does not know; it knows {known}.")
    if name in missing:
        raise BadSetting(f"LEASH_SEARCH_PROVIDERS names {name}, but {missing[name]} is empty.")
    return name


def web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise BadSetting("LEASH_SEARXNG_URL is not a web address; it looks like http://127.0.0.1:8080.")
    return url
