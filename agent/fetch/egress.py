"""The one door: a filtering forward proxy on loopback that all HTTP, the browser and git go through.

It resolves a name, refuses every address that the rules do not allow, connects to the very address that it checked (or
hands the name to the upstream proxy), and logs it. It knows nothing of pages: it moves bytes.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import h11

from agent.errors import BadSetting, FetchError, Refused, TooSlow
from agent.fetch.addresses import Address, embedded, shown, split_authority
from agent.fetch.lookup import Lookup, Resolve, system_resolve
from agent.fetch.relay import HEAD_BYTES, OUR_HEADER, Line, Parley, exchange, kept_headers, tunnel
from agent.fetch.rules import PAGE, SERVICE, Rules
from agent.settings import Settings

MOST_GUESTS, MOST_LOGGED = 256, 5000
HEAD_SECONDS, CONNECT_SECONDS = 15.0, 8.0
ADDRESS_SECONDS, MOST_ADDRESSES = 3.0, 4
LOOKUP_SECONDS, LOOKUP_SECONDS_UPSTREAM = 5.0, 1.0  # an upstream proxy can do without our lookup, so it waits less
IDLE_SECONDS = {PAGE: 60.0, SERVICE: 600.0}  # a model may think for minutes before its first word
STATUS: dict[type[FetchError], int] = {FetchError: 502, Refused: 403, TooSlow: 504}
FAULTS = {status: fault for fault, status in STATUS.items()}


@dataclass(frozen=True)
class Crossing:
    """One thing that the door did. `outcome` is opened, closed, refused or failed; `bytes` came from the other side.

    `reason` is the sentence that the caller was told when nothing was opened.
    """

    at: float
    who: str
    host: str
    port: int
    address: str
    outcome: str
    bytes: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Upstream:
    """The proxy that the user's settings put behind the door."""

    host: str
    port: int
    tls: bool
    authorization: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Wish:
    """What a guest asks for: to talk to this host, as this caller. `path` is "" for a tunnel."""

    who: str
    host: str
    port: int
    path: str = ""

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> bytes:
        """The absolute form that a proxy is asked in, with the host as it was checked."""
        return f"http://{self.authority.removesuffix(':80')}{self.path}".encode()


@dataclass(frozen=True)
class Route:
    """Where the door connects to, and whether that is the upstream proxy."""

    addresses: tuple[Address, ...]
    port: int
    upstream: Upstream | None = None

    @property
    def tls(self) -> dict[str, object]:
        """What asyncio needs to know for a proxy that is itself spoken to over TLS."""
        if not self.upstream or not self.upstream.tls:
            return {}
        return {"ssl": ssl.create_default_context(), "server_hostname": self.upstream.host}


class Egress:
    """The one door: a filtering forward proxy on a free loopback port in a daemon thread (own asyncio loop).

    `services` are the base addresses of what the user's settings name (SearXNG, model endpoints). `log` holds the last
    Crossings; copy it with list() before reading. `resolve` is the machine's resolver unless a test brings its own.
    """

    def __init__(self, settings: Settings, services: Iterable[str] = (), resolve: Resolve = system_resolve) -> None:
        self.log: deque[Crossing] = deque(maxlen=MOST_LOGGED)
        self._rules = Rules(settings, services)
        self._upstream = read_upstream(settings.proxy)
        self._lookup = Lookup(resolve, LOOKUP_SECONDS_UPSTREAM if self._upstream else LOOKUP_SECONDS)
        self._secrets = {who: secrets.token_hex(16) for who in (PAGE, SERVICE)}
        self._callers = {basic(who, secret): who for who, secret in self._secrets.items()}
        self._guests: set[asyncio.Task[None]] = set()
        self._port = 0

    def start(self) -> Egress:
        """Returns once it listens."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=MOST_GUESTS)
        self._port = listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(listener,), name="leash-door", daemon=True)
        self._thread.start()
        return self

    def proxy(self, who: str) -> str:
        """The proxy address for "page" (what pages and models name) or "service" (what the user's settings name)."""
        return f"http://{who}:{self._secrets[who]}@127.0.0.1:{self._port}"

    def close(self) -> None:
        """Closes everything that is open; whoever is in the middle of something gets a broken connection."""
        with contextlib.suppress(RuntimeError):  # its loop has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    def _run(self, listener: socket.socket) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen(listener))

    async def _listen(self, listener: socket.socket) -> None:
        server = await asyncio.start_server(self._welcome, sock=listener, limit=HEAD_BYTES)
        await self._stop.wait()
        server.close()

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # asyncio does this only where it made the socket; without it a short reply waits 40 ms for an acknowledgement
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.create_task(self._host(Parley(Line(reader, writer), h11.SERVER)))
        self._guests.add(task)
        task.add_done_callback(self._guests.discard)

    async def _host(self, guest: Parley) -> None:
        try:
            with contextlib.suppress(OSError):  # the guest has left
                await self._serve(guest)
        finally:
            guest.line.leave()

    async def _serve(self, guest: Parley) -> None:
        if len(self._guests) > MOST_GUESTS:
            return await guest.line.send(CROWDED)
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = await guest.hear()
        except FetchError:
            return await guest.line.send(NOT_UNDERSTOOD)
        who = self._callers.get(dict(request.headers).get(b"proxy-authorization", b""))
        return await (self._admit(guest, request, who) if who else guest.line.send(STRANGER))

    async def _admit(self, guest: Parley, request: h11.Request, who: str) -> None:
        wish = Wish(who, "", 0)  # until it is read
        try:
            wish = read_wish(request, who)
            await self._grant(guest, request, wish)
        except FetchError as fault:
            self._note_fault(wish, fault)
            if guest.http.our_state is h11.SEND_RESPONSE:
                await guest.line.send(plain_answer(STATUS.get(type(fault), 502), str(fault)))

    async def _grant(self, guest: Parley, request: h11.Request, wish: Wish) -> None:
        route = await self._route(wish)
        async with self._opened(route, wish) as host:
            address = host.writer.get_extra_info("peername")[0]
            self._note(wish, address, "opened")
            try:
                await self._converse(guest, host, request, wish, route)
            finally:
                self._note(wish, address, "closed", host.came)

    async def _converse(self, guest: Parley, host: Line, request: h11.Request, wish: Wish, route: Route) -> None:
        if wish.path:
            onward = plain_request(request, wish, route.upstream)
            await exchange(guest, Parley(host, h11.CLIENT), onward, IDLE_SECONDS[wish.who])
        else:
            await self._tunnel(guest, host, wish, route)

    async def _tunnel(self, guest: Parley, host: Line, wish: Wish, route: Route) -> None:
        if route.upstream:
            await ask_upstream(host, route.upstream, wish)
        early = guest.http.trailing_data[0]
        await guest.line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if early:
            await host.send(early)
        await tunnel(guest.line, host, IDLE_SECONDS[wish.who])

    async def _route(self, wish: Wish) -> Route:
        """Where to connect to for this wish. Raises Refused, or FetchError if the name is not known."""
        who, host, port = wish.who, wish.host, wish.port
        self._rules.check_name(who, host, port)
        addresses = await self._lookup.addresses(host)
        private = self._rules.private(who, host, port, addresses)
        if private:
            self._rules.check_not_service(who, host, await self._serving(addresses, port))
        if self._upstream and not private:
            if not addresses:
                self._rules.check_unresolved(who, host, port)
            beyond = known(await self._lookup.addresses(self._upstream.host), "the host of LEASH_PROXY")
            return Route(beyond, self._upstream.port, self._upstream)
        return Route(known(addresses, host), port)

    async def _serving(self, addresses: tuple[Address, ...], port: int) -> bool:
        """Whether one of these addresses, at this port, is where a declared service is."""
        reached = {one for address in addresses for one in (address, *embedded(address))}
        for host, its_port in self._rules.services:
            if its_port == port and not reached.isdisjoint(await self._lookup.addresses(host)):
                return True
        return False

    @contextlib.asynccontextmanager
    async def _opened(self, route: Route, wish: Wish) -> AsyncIterator[Line]:
        line = await connect(route, wish.host)
        try:
            yield line
        finally:
            line.leave()

    def _note(self, wish: Wish, address: str, outcome: str, size: int = 0) -> None:
        self.log.append(Crossing(time.time(), wish.who, wish.host, wish.port, address, outcome, size))

    def _note_fault(self, wish: Wish, fault: FetchError) -> None:
        outcome = "refused" if isinstance(fault, Refused) else "failed"
        self.log.append(Crossing(time.time(), wish.who, wish.host, wish.port, "", outcome, reason=str(fault)))


def read_upstream(proxy: str) -> Upstream | None:
    """The upstream proxy as the setting names it. Raises BadSetting, without the setting's secrets."""
    if not proxy:
        return None
    try:
        parts = urlsplit(proxy)
        login, _, authority = parts.netloc.rpartition("@")
        host, port = split_authority(authority, {"http": 80, "https": 443}[parts.scheme])
    except (ValueError, KeyError, Refused):
        raise BadSetting("LEASH_PROXY cannot be used. Write it as http://[user:password@]host:port.") from None
    user, _, password = login.partition(":")
    authorization = ((b"Proxy-Authorization", basic(unquote(user), unquote(password))),) if login else ()
    return Upstream(host, port, parts.scheme == "https", authorization)


def basic(user: str, password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


def read_wish(request: h11.Request, who: str) -> Wish:
    """What a request asks the door for. Raises Refused for anything but a tunnel or plain http to a proper host."""
    target = request.target.decode("latin-1")
    if request.method == b"CONNECT":
        return Wish(who, *split_authority(target, None))
    scheme, _, rest = target.partition("://")
    if scheme.lower() != "http":
        raise Refused("Leash opens only http and https addresses.")
    cut = min(at for at in (*map(rest.find, "/?#"), len(rest)) if at >= 0)
    host, port = split_authority(rest[:cut], 80)
    return Wish(who, host, port, rest[cut:] if rest[cut:].startswith("/") else "/" + rest[cut:])


def plain_request(request: h11.Request, wish: Wish, upstream: Upstream | None) -> h11.Request:
    """The guest's request as it goes on: to the host that was checked, with nothing that was meant for the door."""
    host = wish.authority.removesuffix(":80").encode()
    kept = [(name, value) for name, value in kept_headers(request.headers) if name.lower() != b"host"]
    headers = [(b"Host", host), *kept, (b"Connection", b"close"), *(upstream.authorization if upstream else ())]
    target = wish.url if upstream else wish.path.encode("latin-1")
    return h11.Request(method=request.method, target=target, headers=headers)


async def connect(route: Route, host: str) -> Line:
    """A connection to the first address that answers. Raises TooSlow or FetchError naming the host."""
    fault: OSError = OSError()
    for address in route.addresses[:MOST_ADDRESSES]:
        try:
            async with asyncio.timeout(ADDRESS_SECONDS):
                return Line(*await asyncio.open_connection(str(address), route.port, limit=HEAD_BYTES, **route.tls))
        except OSError as latest:
            fault = latest
    whom = f"The upstream proxy {route.upstream.host}" if route.upstream else host
    if isinstance(fault, TimeoutError):
        raise TooSlow(f"{whom} did not answer at port {route.port}.")
    raise FetchError(f"{whom} does not accept connections at port {route.port}.")


async def ask_upstream(line: Line, upstream: Upstream, wish: Wish) -> None:
    """Have the upstream proxy open a tunnel. Raises FetchError with what it said instead."""
    headers = ((b"Host", wish.authority.encode()), *upstream.authorization)
    lines = [b"CONNECT %b HTTP/1.1" % wish.authority.encode(), *(b"%b: %b" % header for header in headers), b"", b""]
    await line.send(b"\r\n".join(lines))
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            head = await line.reader.readuntil(b"\r\n\r\n")
    except TimeoutError:
        raise TooSlow(f"The upstream proxy gave no answer about {wish.host}.") from None
    except (EOFError, asyncio.LimitOverrunError):
        raise FetchError("The upstream proxy did not answer as a proxy does. Check LEASH_PROXY.") from None
    status = head.split(b"\r\n")[0].decode("latin-1").partition(" ")[2]
    if status[:3] == "407":
        raise FetchError("The upstream proxy wants a user and a password. Put them into LEASH_PROXY.")
    if not status.startswith("2"):
        raise FetchError(f"The upstream proxy did not open {wish.host} ({shown(status)}).")


def known(addresses: tuple[Address, ...], name: str) -> tuple[Address, ...]:
    if not addresses:
        raise FetchError(f"No address could be found for {name}. Check the address, and the network.")
    return addresses


def plain_answer(status: int, sentence: str) -> bytes:
    """The door's own word, as the reason phrase (all that a tunnel's client sees) and as the body."""
    text = b" ".join(sentence.encode("ascii", "replace").split())
    extra = b'Proxy-Authenticate: Basic realm="Leash"\r\n' if status == 407 else b""
    head = b"%bContent-Type: text/plain\r\nContent-Length: %d\r\n%b: 1\r\nConnection: close\r\n" % (
        extra, len(text), OUR_HEADER)
    return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (status, text, head, text)


CROWDED = plain_answer(503, "Too many connections are open at once. Try again in a moment.")
NOT_UNDERSTOOD = plain_answer(400, "This is not a request that a proxy understands.")
STRANGER = plain_answer(407, "This door opens only for the Leash that started it.")
