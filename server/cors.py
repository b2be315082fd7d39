"""What the extension of a paired browser may ask, and the CORS headers that let it hear the answer.

Only exact extension origins are ever echoed, never a wildcard, and no cookie counts here. A preflight carries no token,
so it is answered by origin: for what any extension may ask, and for the scope to the origins of paired browsers. One
that was revoked lately is among them: it shall hear that it was revoked, and not a fault of the network.
"""

from __future__ import annotations

import re
from contextlib import suppress

from flask import Request, Response, g, request

from agent.errors import StorageError
from server.pairing import OutOfBounds, Pairing, Unpaired, WrongOrigin

SCOPE = ("/api/hello", "/api/captures", "/api/runs", "/api/depths", "/api/text", "/api/pages")
HELLO, PAIR = "/api/hello", "/api/pair"
EXTENSION = re.compile(r"chrome-extension://[a-p]{32}|moz-extension://[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
    "Access-Control-Max-Age": "3600",
}
EXPOSED = "Retry-After, Location"
NOT_HERE = "An extension is paired from its own pages, and no other program can be."


class ExtensionDoor:
    def __init__(self, pairing: Pairing) -> None:
        self.pairing = pairing

    def check(self, asked: Request, token: str) -> Response | None:
        """None to let it pass, with `g.device` if it is paired; or the answer to a preflight.

        Raises Unpaired, WrongOrigin or OutOfBounds.
        """
        origin = extension_origin(asked)
        if origin and asked.method == "OPTIONS" and "Access-Control-Request-Method" in asked.headers:
            return self.preflight(asked.path, origin)
        if asked.path == PAIR and origin:
            return None
        try:
            g.device = self.pairing.device(token, origin)
        except Unpaired:
            if asked.path == HELLO and origin:
                return None
            raise
        if not in_scope(asked.path):
            raise OutOfBounds
        return None

    def preflight(self, path: str, origin: str) -> Response:
        """Says which methods and headers may follow. `add_headers` adds the origin."""
        if not in_scope(path) and path != PAIR:
            raise OutOfBounds
        if not self.may_hear(path, origin):
            raise Unpaired
        return Response(status=204, headers=PREFLIGHT)

    def add_headers(self, response: Response) -> Response:
        """Faults get them too, so that the extension can read what to do."""
        if in_scope(request.path) or request.path == PAIR:
            response.vary.add("Origin")
        origin = extension_origin(request)
        if origin and self.may_hear(request.path, origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
        return response

    def may_hear(self, path: str, origin: str) -> bool:
        if path in (HELLO, PAIR) or "device" in g:
            return True
        with suppress(StorageError):
            return self.pairing.devices.knows(origin)
        return False


def extension_origin(asked: Request) -> str:
    """The Origin of a request that an extension has sent, "" for any other."""
    origin = asked.headers.get("Origin", "")
    return origin if EXTENSION.fullmatch(origin) else ""


def pairing_origin(asked: Request) -> str:
    """The same for who wants to be paired. Raises WrongOrigin for who is none."""
    origin = extension_origin(asked)
    if not origin:
        raise WrongOrigin(NOT_HERE)
    return origin


def in_scope(path: str) -> bool:
    return any(path == start or path.startswith(start + "/") for start in SCOPE)
