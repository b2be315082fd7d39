"""How what goes wrong with an endpoint is told in words. Knows no openai."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from httpx2 import ConnectError, ConnectTimeout, ProxyError, TimeoutException

from agent.cooldown import retry_after
from agent.models.window import overflow
from agent.models.wire import CONNECT_SECONDS, Fault

SECRET = re.compile(r"\b(?:sk|pk|key)-[\w*.-]{6,}")
BUSY = (429, 503, 529)
ABOUT_REQUEST = (400, 413, 422)  # what is wrong with this request need not be wrong with the next one


class Words:
    """The words for one endpoint: its address, model and key are known, and the key is never said."""

    def __init__(self, address: str, model: str, key: str, seconds: float) -> None:
        self._address, self._model, self._key, self._seconds = address, model, key, seconds

    def connection(self, cause: BaseException) -> Fault:
        host = urlsplit(self._address).netloc.rpartition("@")[2]
        if isinstance(cause, ConnectTimeout):
            return Fault(f"cannot be reached: {host} let {min(CONNECT_SECONDS, self._seconds):g} s go by", firm=True)
        if isinstance(cause, TimeoutException):
            return Fault(f"sent no word for {self._seconds:g} s", firm=True)
        if isinstance(cause, ProxyError):
            return Fault(f"cannot be reached: {self.clean(str(cause).lstrip('0123456789 '))}")
        if isinstance(cause, ConnectError):
            return Fault(f"cannot be reached: nothing answers at {host}")
        return Fault("broke off the connection")

    def status(self, status: int, headers: Mapping[str, str], said: str) -> Fault:
        if status in (*ABOUT_REQUEST, 500) and (fault := overflow(said, status)):
            return fault.saying(f"{fault} (status {status}): {self.clean(said)}".rstrip(": "))
        words = self._status_words(status) + f" (status {status})"
        said = f": {self.clean(said)}" if said else ""
        fault = Fault(words + said, retry_after=retry_after(headers), rest=status not in ABOUT_REQUEST)
        fault.busy = status in BUSY
        return fault

    def inside(self, said: str) -> Fault:
        """An error told within an answer that had begun well."""
        fault = overflow(said)
        told = f"stopped with an error: {self.clean(said)}"
        return fault.saying(told) if fault else Fault(told)

    def _status_words(self, status: int) -> str:
        key = "refused its key, see LEASH_MODEL_KEY" if self._key else "asks for a key, set LEASH_MODEL_KEY"
        known = {
            401: key,
            403: key,
            402: "has no credit left",
            404: f"knows no model {self._model!r} at {self._address}, see LEASH_MODEL and LEASH_MODEL_URL",
            429: "asks to slow down",
            529: "is overloaded",
        }
        return known.get(status) or ("has a fault of its own" if status >= 500 else "rejected the request")

    def clean(self, text: str) -> str:
        """An endpoint's own words, on one line, short, and without the key (some endpoints repeat it)."""
        text = text.replace(self._key, "…") if self._key else text
        return SECRET.sub("…", " ".join(text.split()))[:300]
