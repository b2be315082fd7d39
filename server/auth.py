"""Who may speak to this Leash: the right Host, no foreign Origin, and the token. Every route passes here, static too.

A paired browser's extension has an origin and a token of its own: cors.py says what it may do.

The token opens everything, so only the printed address and the API's bearer carry it. The browser's cookie is made
from it and cannot be turned back into it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Request, Response, redirect, request
from werkzeug.exceptions import Forbidden, Unauthorized

from agent.errors import BadSetting, StorageError
from agent.settings import Settings
from server.cors import ExtensionDoor, extension_origin
from server.pairing import MARK, Pairing

COOKIE = "leash"
COOKIE_DAYS = 365
OPEN_PATHS = ("/health",)
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITES = ("same-origin", "none")
TOKEN = re.compile(r"[\x21-\x7e]{16,}")
LOCAL = ("localhost", "127.0.0.1", "::1")
WRONG_HOST = (
    "This Leash does not answer to the name “{name}”. Open the address that `leash up` printed, "
    "or add the name to LEASH_ALLOWED_HOSTS."
)
WRONG_ORIGIN = "This request came from another site, so it was refused."
NO_TOKEN = "This Leash needs its token. Open the address that `leash up` printed, or run `leash token` to see it again."


class Gate:
    """Checks each request before any route sees it."""

    def __init__(self, settings: Settings, pairing: Pairing) -> None:
        self.extensions = ExtensionDoor(pairing)
        self.token = token_for(settings)
        self.cookie = cookie_for(self.token)
        self.names = {name.lower().strip("[]") for name in (*LOCAL, settings.host, *settings.allowed_hosts)}

    def guard(self, app: Flask) -> None:
        """Stand before every route of the app."""
        app.before_request(self.check)
        app.after_request(self.extensions.add_headers)

    def check(self) -> Response | None:
        """None to let it pass, or the redirect that sets the cookie. Raises Forbidden, Unauthorized, or as ExtensionDoor does."""
        self.check_host(request)
        given = bearer(request)
        if extension_origin(request) or (given.startswith(MARK) and not same(given, self.token)):
            return self.extensions.check(request, given)
        check_site(request)
        if request.path in OPEN_PATHS:
            return None
        if self.brings_token(request):
            return self.welcome()
        return self.check_token(request)

    def check_host(self, asked: Request) -> None:
        """A page whose name was re-pointed at this machine is same-origin to the browser, but its Host tells."""
        name = host_name(asked.host)
        if name not in self.names:
            raise Forbidden(WRONG_HOST.format(name=name[:100]))

    def brings_token(self, asked: Request) -> bool:
        """Whether this is the printed address, with the right token."""
        return asked.path == "/" and asked.method == "GET" and same(asked.args.get("token", ""), self.token)

    def welcome(self) -> Response:
        """To the same page without the token, which so stays out of the history and of what is copied."""
        answer = redirect("/", 303)
        age = COOKIE_DAYS * 24 * 3600
        answer.set_cookie(COOKIE, self.cookie, max_age=age, httponly=True, samesite="Strict", secure=request.is_secure)
        return answer

    def check_token(self, asked: Request) -> None:
        if same(bearer(asked), self.token):
            return
        if not same(asked.cookies.get(COOKIE, ""), self.cookie):
            raise Unauthorized(NO_TOKEN)
        if asked.method not in SAFE_METHODS and not shows_origin(asked):
            raise Forbidden(WRONG_ORIGIN)


def check_site(asked: Request) -> None:
    """Refuse what another site's page has sent: any Origin but ours, and any cross-site load but a link followed."""
    origin = asked.headers.get("Origin")
    if origin is not None and not same_site(origin, asked):
        raise Forbidden(WRONG_ORIGIN)
    if asked.headers.get("Sec-Fetch-Site", "none") not in OWN_SITES and not is_link_followed(asked):
        raise Forbidden(WRONG_ORIGIN)


def is_link_followed(asked: Request) -> bool:
    mode, target = asked.headers.get("Sec-Fetch-Mode"), asked.headers.get("Sec-Fetch-Dest")
    return asked.method == "GET" and mode == "navigate" and target == "document"


def shows_origin(asked: Request) -> bool:
    """Whether the browser vouches that one of our pages sent this (check_site has refused what it says of others)."""
    return "Origin" in asked.headers or asked.headers.get("Sec-Fetch-Site") == "same-origin"


def same_site(origin: str, asked: Request) -> bool:
    """Host and port alone are compared: before a proxy that ends TLS, the scheme differs."""
    try:
        parts = urlsplit(origin)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return False
    here = urlsplit(f"{parts.scheme}://{asked.host}")
    there = here.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme in ("http", "https") and (parts.hostname, port) == (here.hostname, there)


def host_name(host: str) -> str:
    """The name in a Host header without its port, in lower case; "" for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def bearer(asked: Request) -> str:
    kind, _, token = asked.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def same(given: str, right: str) -> bool:
    """Compared in a time that tells nothing of where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())


def cookie_for(token: str) -> str:
    return hmac.new(token.encode(), b"leash cookie 1", hashlib.sha256).hexdigest()


def token_for(settings: Settings) -> str:
    """The token that is set, or the one in the data folder, made there on the first call."""
    given = settings.token.get_secret_value()
    if given:
        return given
    path = settings.data_dir / "token"
    try:
        return kept_token(path) or make_token(path)
    except OSError as error:
        raise StorageError(f"No token can be kept in {path}: {error.strerror}. Mend it, or set LEASH_TOKEN.") from None


def kept_token(path: Path) -> str | None:
    """None if there is no such file. An empty one is refused: it would let everybody in."""
    try:
        token = path.read_bytes().decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    if not TOKEN.fullmatch(token):
        raise BadSetting(f"{path} holds no token. Delete it; a new one is made at the next start.")
    return token


def make_token(path: Path) -> str:
    """A new token in a file of this user alone. When two processes make one, both get the one that came first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix="token.") as draft:  # mode 0600
        draft.write(secrets.token_urlsafe(32) + "\n")
        draft.flush()
        with suppress(FileExistsError):
            os.link(draft.name, path)
    return kept_token(path)
