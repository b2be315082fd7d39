"""What a user gives a run to work from, as it may be kept: captures and addresses, whether the web may be asked besides, and whether
a model elsewhere may see it. Knows neither Flask nor how a run is worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from agent.errors import BadInput, NotFound
from agent.settings import ROLES, Settings
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
    if not given.private or given.hosted:
        return
    elsewhere = [one for one in settings.endpoints if not settings.is_local(one.url)]
    served = {role for one in settings.endpoints if settings.is_local(one.url) for role in one.roles}
    if elsewhere and not served.issuperset(ROLES):
        raise NeedsHosted(list(dict.fromkeys(urlsplit(one.url).hostname or one.url for one in elsewhere)))
