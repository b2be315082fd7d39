"""Which model endpoints a run would ask, and whether they are the user's own machines. Asks no DNS and opens nothing."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from agent.fetch.addresses import within
from agent.settings import ModelEndpoint, Settings


def writers(settings: Settings) -> list[dict[str, Any]]:
    """The models that may write, in the order in which they are asked. Empty where none is set: one may still be found here."""
    return [{"name": one.model, "host": host_of(one), "local": is_local(one, settings)}
            for one in settings.endpoints if "write" in one.roles]


def is_local(endpoint: ModelEndpoint, settings: Settings) -> bool:
    """Whether what it is sent stays on this machine, or in the networks of LEASH_ALLOW_NETS. A name is not looked up."""
    host = host_of(endpoint)
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or within(address, tuple(ip_network(net, strict=False) for net in settings.allow_nets))


def host_of(endpoint: ModelEndpoint) -> str:
    try:
        return urlsplit(endpoint.url).hostname or endpoint.url
    except ValueError:
        return endpoint.url
