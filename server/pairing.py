"""Pairing: a one-time code of the web pages is traded for a token that one browser's extension holds. Knows no Flask.

The token opens what an extension needs and nothing else, from the extension's own origin alone, until it is revoked.
"""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from agent.errors import BadInput, Busy, LeashError, NotFound, StorageError
from server.kept import hashed
from server.store.devices import Device, Devices, may_try

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O and U
MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", "\u2010": "", "\u2011": "", "\u2013": ""})
LENGTH = 8
SECONDS = 300.0  # that a code is good for
NAME = 80  # characters of a browser's name
MARK = "lsh_"  # begins each token, so that one that is found in a file is known for what it is
ANOTHER = "Open “Browsers” in Leash, choose “Pair a browser”, and type the code that it shows."


class NotAllowed(LeashError):
    """This may not be asked from here."""


class Unpaired(NotAllowed):
    """This browser is not paired with this Leash, or was revoked. Pair it: open “Browsers” in Leash, choose “Pair a browser”."""

    more = MappingProxyType({"code": "unpaired"})


class OutOfBounds(NotAllowed):
    """A browser's token opens what its extension needs and nothing else. Open this address in Leash’s own pages."""

    more = MappingProxyType({"code": "out-of-scope"})


class WrongOrigin(OutOfBounds):
    """This token was given to another extension, and only that one may use it. Pair this browser anew under “Browsers” in Leash."""

    more = MappingProxyType({"code": "wrong-origin"})


class BadCode(BadInput):
    """This is not the code that Leash shows, or it is used up: one is good for five minutes and for one browser."""

    more = MappingProxyType({"code": "bad-code"})


class TooMany(Busy):
    """Too many wrong codes were tried, so the code that Leash showed is void."""

    more = MappingProxyType({"code": "too-many"})


@dataclass(frozen=True)
class Code:
    """A code that was shown. `state` is waiting, paired, void (tried too often) or over; `shown` is "" but at first."""

    id: str
    expires_at: float
    state: str = "waiting"
    shown: str = ""
    device_id: str = ""

    @property
    def left(self) -> int:
        """Seconds that it is still good for."""
        return max(0, round(self.expires_at - time.time()))


class Pairing:
    def __init__(self, devices: Devices) -> None:
        self.devices = devices

    def offer(self) -> Code:
        """A new code; the one before is void. Its signs are told here and never again."""
        signs = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        code = Code(secrets.token_hex(8), time.time() + SECONDS, shown=f"{signs[:4]}-{signs[4:]}")
        self.devices.offer(code.id, hashed(signs), code.expires_at)
        return code

    def code(self, code_id: str) -> Code:
        """What became of a code. Raises NotFound for one that another has replaced."""
        row = self.devices.code()
        if row is None or row.id != code_id:
            raise NotFound("Another code was shown since, so this one is void.")
        state = "paired" if row.device_id else "void" if row.tries_left < 1 else "waiting" if may_try(row) else "over"
        return Code(row.id, row.expires_at, state, device_id=row.device_id)

    def pair(self, given: Any, name: Any, origin: str) -> tuple[Device, str]:
        """The new browser and its token, which is told here and never again. Raises BadCode or TooMany."""
        signs, secret = signs_of(given), secrets.token_urlsafe(32)
        device = Device(secrets.token_hex(8), name_of(name), origin, datetime.now(UTC))
        token = f"{MARK}{device.id}_{secret}"
        if not signs or not self.devices.trade(hashed(signs), device, hashed(token)):
            raise self.refusal()
        return device, token

    def device(self, token: str, origin: str) -> Device:
        """Whose token this is, from where it comes. Raises Unpaired or WrongOrigin."""
        device_id = token.removeprefix(MARK).partition("_")[0]
        found = self.devices.holder(device_id, hashed(token)) if token.startswith(MARK) else None
        if found is None:
            raise Unpaired
        if found.origin != origin:
            raise WrongOrigin
        with suppress(StorageError):  # a full disk must not shut out who only wants to read
            self.devices.used(found.id)
        return found

    def revoke(self, device_id: str) -> None:
        """Raises NotFound."""
        if not self.devices.revoke(device_id):
            raise NotFound("There is no such browser. It may have been revoked already.")

    def refusal(self) -> LeashError:
        """Why a code was not taken, as it stands after the try."""
        row = self.devices.code()
        left = row.expires_at - time.time() if row is not None and row.tries_left < 1 else 0.0
        if left > 0:
            return TooMany(f"{TooMany.__doc__} {ANOTHER}", retry_after=max(1.0, left))
        return BadCode(f"{BadCode.__doc__} {ANOTHER}")


def signs_of(given: Any) -> str:
    """The code's signs as they are hashed, "" for what can be none: that is told without costing a try."""
    signs = "".join(given.upper().split()).translate(MISREAD) if isinstance(given, str) and len(given) < 100 else ""
    return signs if len(signs) == LENGTH and not set(signs) - set(ALPHABET) else ""


def name_of(given: Any) -> str:
    """What the browser calls itself, fit to be shown."""
    if given is not None and not isinstance(given, str):
        raise BadInput("“name” is a text: what this browser is to be called.")
    return "".join(sign for sign in " ".join((given or "").split()) if sign.isprintable())[:NAME].strip() or "A browser"
