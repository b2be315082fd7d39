"""What a user gives a run to work from, as it may be kept: captures and addresses, whether the web may be asked besides, and whether
a model elsewhere may see it. Knows neither Flask nor how a run is worked on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from agent.errors import BadInput, NotFound
from agent.settings import ROLES, Settings, host_of
from server.capturing import checked_url
from server.store.captures import Captures
from server.store.records import Given, Item

MOST = 30
EXAMPLE = '[{"capture": "ID"}, {"url": "https://…"}]'
CLOSED = "Without the web a run works from what it is given alone, and this one was given nothing. Give it pages, or let it search."
ASK_FIRST = (
    "{hosts} is not on this machine, and would be sent what stands in the private pages that you gave. Allow it for this run, or ask "
    "without a model: then the quotes that answer best are shown."
)


class NeedsHosted(BadInput):
    """A private page may be sent to a model elsewhere only by the user's word. `hosts` are who would get it."""

    def __init__(self, hosts: Sequence[str]) -> None:
        super().__init__(ASK_FIRST.format(hosts=" and ".join(hosts)))
        self.more = {"code": "hosted-model", "hosts": list(hosts)}


def given_of(captures: Captures, context: Any, web: Any, hosted: Any) -> Given:
    """Raises BadInput with one sentence for what cannot be given."""
    if not isinstance(context, list | tuple) or not isinstance(web, bool | None) or not isinstance(hosted, bool):
        raise BadInput(f"“context” is a list like {EXAMPLE}; “web” and “hosted” are true or false.")
    if len(context) > MOST:
        raise BadInput(f"A run can be given {MOST} pages at most; these are {len(context)}. Leave some out.")
    items = tuple(dict.fromkeys(item_of(captures, one) for one in context))
    private = any(item.kind == "capture" for item in items)
    open_to_web = not private if web is None else web
    if not items and not open_to_web:
        raise BadInput(CLOSED)
    return Given(items, open_to_web, hosted)


def item_of(captures: Captures, one: Any) -> Item:
    kind, value = next(iter(one.items())) if isinstance(one, dict) and len(one) == 1 else ("", None)
    if kind == "url":
        url = checked_url(value)
        return Item("url", "", url, url)
    if kind != "capture" or not isinstance(value, str):
        raise BadInput(f"What a run is given is a list like {EXAMPLE}.")
    try:
        found = captures.get(value)
    except NotFound as error:
        raise BadInput(f"A page of the context is not there: {error}") from None
    return Item("capture", found.id, found.url, found.title, found.sha256)


def check_models(settings: Settings, given: Given) -> None:
    """Raises NeedsHosted where no local model could do all that a model does, and nobody has allowed another to see a private page."""
    if given.private and not given.hosted and (hosts := needed_elsewhere(settings)):
        raise NeedsHosted(hosts)


def needed_elsewhere(settings: Settings) -> list[str]:
    """The hosts of models that are not local, where those that are cannot do all that a model does; none where they can."""
    elsewhere = [one for one in settings.endpoints if not settings.is_local(one.url)]
    served = {role for one in settings.endpoints if settings.is_local(one.url) for role in one.roles}
    return [] if served.issuperset(ROLES) else list(dict.fromkeys(host_of(one.url) or one.url for one in elsewhere))


def seen_elsewhere(settings: Settings, names: Iterable[str]) -> list[str]:
    """Of the models of these names, as a run tells them, those that are not known to be local, each with its host."""
    told = []
    for name in dict.fromkeys(names):
        known = next((one for one in settings.endpoints if name.split(" at ")[0] in (one.model, host_of(one.url))), None)
        if known is None or not settings.is_local(known.url):
            told.append(f"{name} at {host_of(known.url)}" if known and host_of(known.url) not in name else name)
    return told
