"""Who may go where. Decides from a host, a port and its addresses; opens nothing and asks no DNS itself."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from urllib.parse import urlsplit

from agent.errors import BadSetting, Refused
from agent.fetch.addresses import Address, ascii_host, fault, local_name, split_authority, within
from agent.settings import Settings

PAGE, SERVICE = "page", "service"
# Ports where an HTTP request does harm to what listens there (shells, mail, chat); from the Fetch standard's list.
OTHER_PORTS = frozenset((19, 21, 22, 23, 25, 110, 119, 139, 143, 389, 445, 465, 514, 563, 587, 636, 993, 995, 6667))
ALLOW = "Add it to LEASH_ALLOW_NETS if you trust it."


class Rules:
    """`services`: the base addresses that the user's settings name. Only the service credential reaches them."""

    def __init__(self, settings: Settings, services: Iterable[str]) -> None:
        self._allowed = tuple(ip_network(net, strict=False) for net in settings.allow_nets)
        self._blocked = tuple(domain.lower().strip(".") for domain in settings.blocked_domains)
        self.services = frozenset(map(host_and_port, services))

    def check_name(self, who: str, host: str, port: int) -> None:
        """Raises Refused for what may not be opened whatever its addresses are."""
        if who != PAGE:
            return
        if any(host == domain or host.endswith("." + domain) for domain in self._blocked):
            raise Refused(f"{host} is one of your blocked domains (LEASH_BLOCKED_DOMAINS), so Leash does not open it.")
        if port in OTHER_PORTS:
            raise Refused(f"Port {port} of {host} is not one that web pages come from, so Leash does not open it.")

    def check_unresolved(self, who: str, host: str, port: int) -> None:
        """Raises Refused for a name that only the upstream proxy could resolve and that is local by its look."""
        if local_name(host) and not (who == SERVICE and (host, port) in self.services):
            raise Refused(f"{host} is a name of a local network, and this Leash reads only the public web.")

    def private(self, who: str, host: str, port: int, addresses: Iterable[Address]) -> bool:
        """Whether an address is one that is not public but may be reached; Refused if any may not."""
        special = [address for address in addresses if fault(address)]
        if who == SERVICE and (host, port) in self.services:
            return bool(special)
        for address in special:
            if not within(address, self._allowed):
                raise Refused(refusal(host, address))
        return bool(special)

    def check_not_service(self, who: str, host: str, serving: bool) -> None:
        if serving and who == PAGE:
            raise Refused(f"{host} is a service that this Leash itself uses, so it does not open it for a page.")


def refusal(host: str, address: Address) -> str:
    named = f"{host} is {fault(address)}" if host == str(address) else f"{host} is {fault(address)} ({address})"
    return f"{named}, and this Leash reads only the public web. {ALLOW}"


def host_and_port(url: str) -> tuple[str, int]:
    """The host and port of a service's base address. Raises BadSetting if it has none."""
    try:
        parts = urlsplit(url)
        return split_authority(ascii_host(parts.netloc.rpartition("@")[2]), {"http": 80, "https": 443}[parts.scheme])
    except (ValueError, KeyError, Refused):
        raise BadSetting(f"{url} is not the address of a service. Write it as http://host:port.") from None
