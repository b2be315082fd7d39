"""The transfer switch: one stream of text out of an ordered list of model endpoints. The only openai importer.

When an endpoint fails, in the middle of its answer too, the next one takes over and the failed one cools down. Knows
nothing of what the messages are for. openai is imported at the first use, or in the background by `warm()`.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from httpx2 import ConnectError, HTTPError, ProxyError, TimeoutException

from agent.cooldown import Cooldowns, retry_after, span
from agent.errors import BadSetting, ModelError
from agent.models.local import first_model, found_locally
from agent.models.reply import Account, Dialect, Messages, count, nothing_said, pick_text, request_body, said_in
from agent.models.text import LoopWatch, Speech, roughly
from agent.models.wire import Fault, http_client
from agent.settings import ModelEndpoint, Settings

if TYPE_CHECKING:
    from agent.fetch.egress import Egress

LETTERS_PER_TOKEN = 16  # far above any real text: more than this for each allowed token is a runaway
SECRET = re.compile(r"\b(?:sk|pk|key)-[\w*.-]{6,}")


@dataclass(frozen=True)
class Wrote:
    """More text from `model`."""

    model: str
    text: str


@dataclass(frozen=True)
class Switched:
    """`model` failed, for `reason`: its text is void and `to` starts anew (`model` itself, if it only thought)."""

    model: str
    to: str
    reason: str


@dataclass(frozen=True)
class Spent:
    """The end: what it cost (guessed if the endpoint does not say) and why it ended, "stop" or "length" mostly."""

    model: str
    prompt_tokens: int
    completion_tokens: int
    finish: str


class Models:
    """Ordered endpoints behind one stream. May be used by many threads."""

    def __init__(
        self,
        endpoints: Sequence[ModelEndpoint],
        settings: Settings,
        door: Egress | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        proxy = door.proxy("service") if door else None
        names = names_of(endpoints)
        self._lines = [Line(name, one, settings, proxy) for name, one in zip(names, endpoints, strict=True)]
        self._cooldowns = Cooldowns(clock)
        self.names = tuple(names)

    def warm(self) -> None:
        """Import openai in the background (about two seconds), so that the first answer does not wait for it."""
        threading.Thread(target=lambda: [line.client for line in self._lines], name="warm-models", daemon=True).start()

    def stream(self, messages: Messages, *, max_tokens: int) -> Iterator[Wrote | Switched | Spent]:
        """The answer as it comes, Spent last. Raises ModelError, saying what each endpoint said, when all failed."""
        lines, said = self._order(), {}
        for place, line in enumerate(lines, 1):
            try:
                yield from line.answer(messages, max_tokens)
                return self._cooldowns.end(line.name)
            except Fault as fault:
                said[line.name] = str(fault)
                self._note(line.name, fault)
            if place < len(lines):
                yield Switched(line.name, lines[place].name, said[line.name])
        raise ModelError(self._summary(said))

    def complete(self, messages: Messages, *, max_tokens: int) -> tuple[str, Spent]:
        """The whole answer at once."""
        text, spent = "", None
        for item in self.stream(messages, max_tokens=max_tokens):
            text = text + item.text if isinstance(item, Wrote) else text if isinstance(item, Spent) else ""
            spent = item
        assert isinstance(spent, Spent)
        return text, spent

    def _order(self) -> list[Line]:
        """Those that do not rest, then those that rest only by our own caution: better too soon than no answer."""
        rests = {line.name: self._cooldowns.of(line.name) for line in self._lines}
        free = [line for line in self._lines if rests[line.name] is None]
        return free + [line for line in self._lines if (rest := rests[line.name]) and not rest.firm]

    def _note(self, name: str, fault: Fault) -> None:
        if fault.rest:
            self._cooldowns.begin(name, str(fault), asked=fault.retry_after, firm=fault.firm)

    def _summary(self, said: dict[str, str]) -> str:
        lines = [f"{name} {(said.get(name) or self._resting(name)).rstrip('.')}." for name in self.names]
        return " ".join(["No model could answer.", *lines]) if lines else "No model endpoint is set."

    def _resting(self, name: str) -> str:
        rest = self._cooldowns.of(name)
        left = span(self._cooldowns.left(name))
        return f"is left alone for another {left}, because it {rest.reason}" if rest else "was not asked"


class Line:
    """One endpoint: asks it, and reads what it streams. Every way in which that can fail is raised as a Fault."""

    def __init__(self, name: str, endpoint: ModelEndpoint, settings: Settings, proxy: str | None) -> None:
        self.name = name
        self._endpoint, self._settings, self._proxy = endpoint, settings, proxy
        self._address = base_address(endpoint.url)
        self._key = endpoint.key.get_secret_value()
        self._model = endpoint.model
        self._dialect = Dialect()
        self._lock = threading.Lock()

    @property
    def client(self) -> Any:
        with self._lock:
            return self._client

    @cached_property
    def _client(self) -> Any:
        from openai import OpenAI

        http = http_client(self._proxy, self._settings.ca_bundle, self._settings.model_timeout)
        return OpenAI(base_url=self._address, api_key=self._key or "none", max_retries=0, http_client=http)

    def answer(self, messages: Messages, max_tokens: int) -> Iterator[Wrote | Switched | Spent]:
        """All that this endpoint has to say; Switched (to itself) if what it said turns out to have been thinking."""
        from openai import OpenAIError

        try:
            with closing(self._open(messages, max_tokens)) as stream:
                yield from self._read(stream, messages, max_tokens)
        except (OpenAIError, HTTPError, ValueError, RecursionError) as error:
            raise self._fault(error) from None

    def _open(self, messages: Messages, max_tokens: int) -> Any:
        """The stream, in the richest dialect that the endpoint accepts."""
        from openai import BadRequestError, UnprocessableEntityError

        model, dialect = self._model_name(), self._dialect
        while True:
            try:
                stream = self._post(request_body(model, messages, max_tokens, dialect))
                self._dialect = dialect
                return stream
            except (BadRequestError, UnprocessableEntityError) as error:
                dialect = dialect.simpler(str(error.body or error.message))
                if dialect is None:
                    raise

    def _post(self, body: dict[str, Any]) -> Any:
        from openai import Stream

        shape = {"cast_to": object, "stream": True, "stream_cls": Stream[object]}
        return self.client.post("/chat/completions", body=body, options=self._options(), **shape)

    def _model_name(self) -> str:
        if not self._model:
            self._model = first_model(self.client.get("/models", cast_to=object, options=self._options()))
            if not self._model:
                raise Fault("lists no model that could answer; set LEASH_MODEL")
        return self._model

    def _options(self) -> dict[str, Any]:
        """The library would send what it finds in the environment: only this endpoint's own key may go to it."""
        from openai import Omit

        headers = {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}
        return {"headers": headers if self._key else {**headers, "Authorization": Omit()}}

    def _read(self, stream: Any, messages: Messages, max_tokens: int) -> Iterator[Wrote | Switched | Spent]:
        watched = stream.response.extensions["watched"]
        speech, loop, account = Speech(), LoopWatch(), Account()
        for chunk in self._chunks(stream, account):
            piece = self._piece(chunk, account)
            self._check(loop.turns(piece), len(account.letters), max_tokens)
            void, fresh = speech.feed(pick_text(chunk, "content"))
            if void:
                yield Switched(self.name, self.name, "had only been thinking aloud")
            if fresh:
                yield Wrote(self.name, fresh)
            if piece:
                watched.heard()
        yield from self._end(speech, account, ended=b"[DONE]" in watched.tail)
        yield self._spent(messages, account)

    def _chunks(self, stream: Any, account: Account) -> Iterator[Any]:
        """The stream's chunks. What breaks after the answer has said that it is finished does no harm."""
        from openai import OpenAIError

        try:
            yield from stream
        except (OpenAIError, HTTPError, ValueError, Fault):
            if not account.finish:
                raise

    def _piece(self, chunk: Any, account: Account) -> str:
        """The new letters of a chunk, spoken or thought."""
        if not isinstance(chunk, dict):
            raise Fault("sent something that is not a model's answer")
        if chunk.get("error"):
            raise Fault(f"stopped with an error: {self._clean(said_in(chunk))}")
        account.note(chunk)
        piece = "".join(pick_text(chunk, name) for name in ("reasoning_content", "reasoning", "content"))
        account.letters += piece
        return piece

    def _check(self, looping: bool, letters: int, max_tokens: int) -> None:
        if looping:
            raise Fault("repeated itself without end", rest=False)
        if letters > max_tokens * LETTERS_PER_TOKEN + 4000:
            raise Fault("wrote on and on, past the length that it was given")

    def _end(self, speech: Speech, account: Account, *, ended: bool) -> Iterator[Wrote]:
        if not (account.finish or ended):
            raise Fault("broke off in the middle of its answer" if account.letters else "sent no answer")
        rest = speech.rest()
        if not speech.said.strip():
            raise Fault(nothing_said(account), rest=False)
        if rest:
            yield Wrote(self.name, rest)

    def _spent(self, messages: Messages, account: Account) -> Spent:
        asked = sum(roughly(message.get("content", "")) + 4 for message in messages)
        prompt = count(account.usage.get("prompt_tokens")) or asked
        completion = count(account.usage.get("completion_tokens")) or roughly(account.letters)
        return Spent(self.name, prompt, completion, account.finish or "stop")

    def _fault(self, error: Exception) -> Fault:
        """What went wrong, in words, whichever of the libraries noticed it."""
        from openai import APIConnectionError, APIError, APIStatusError

        cause = error.__cause__ or error
        if isinstance(cause, Fault):
            return cause
        if isinstance(error, APIStatusError):
            return self._status_fault(error.status_code, error.response.headers, said_in(error.body))
        if isinstance(error, (APIConnectionError, HTTPError)):
            return self._connection_fault(cause)
        if isinstance(error, APIError):
            return Fault(f"stopped with an error: {self._clean(said_in(error.body) or error.message)}")
        return Fault("sent something that is not a model's answer")

    def _connection_fault(self, cause: BaseException) -> Fault:
        if isinstance(cause, TimeoutException):
            return Fault(f"sent no word for {self._settings.model_timeout:g} s", firm=True)
        if isinstance(cause, ProxyError):
            return Fault(f"cannot be reached: {self._clean(str(cause).lstrip('0123456789 '))}")
        if isinstance(cause, ConnectError):
            return Fault(f"cannot be reached: nothing answers at {urlsplit(self._address).netloc.rpartition('@')[2]}")
        return Fault("broke off the connection")

    def _status_fault(self, status: int, headers: Mapping[str, str], said: str) -> Fault:
        words = self._status_words(status) + f" (status {status})"
        said = f": {self._clean(said)}" if said else ""
        # what is wrong with this request need not be wrong with the next one
        return Fault(words + said, retry_after=retry_after(headers), rest=status not in (400, 413, 422))

    def _status_words(self, status: int) -> str:
        key = "refused its key, see LEASH_MODEL_KEY" if self._key else "asks for a key, set LEASH_MODEL_KEY"
        known = {
            401: key,
            403: key,
            402: "has no credit left",
            404: f"knows no model {self._model!r} at {self._address}, see LEASH_MODEL and LEASH_MODEL_URL",
            413: "finds the request too long",
            429: "asks to slow down",
        }
        return known.get(status) or ("has a fault of its own" if status >= 500 else "rejected the request")

    def _clean(self, text: str) -> str:
        """An endpoint's own words, on one line, short, and without the key (some endpoints repeat it)."""
        text = text.replace(self._key, "…") if self._key else text
        return SECRET.sub("…", " ".join(text.split()))[:300]


def models_from(settings: Settings, door: Egress | None) -> Models | None:
    """The endpoints that are set; else those found on this machine, which are asked directly: they are not outside."""
    if settings.endpoints:
        return Models(settings.endpoints, settings, door)
    if not settings.find_models:
        return None
    found = [ModelEndpoint(url=url, model=model) for url, model in found_locally()]
    return Models(found, settings) if found else None


def names_of(endpoints: Sequence[ModelEndpoint]) -> list[str]:
    """A name for each endpoint: its model's, or its host where no model is set; told apart where two are alike."""
    hosts = [urlsplit(base_address(one.url)).netloc.rpartition("@")[2] for one in endpoints]
    names = [one.model or host for one, host in zip(endpoints, hosts, strict=True)]
    longer = [name if names.count(name) == 1 else f"{name} at {host}" for name, host in zip(names, hosts, strict=True)]
    return [name if longer.count(name) == 1 else f"{name} #{number}" for number, name in enumerate(longer, 1)]


def base_address(url: str) -> str:
    """An endpoint's base address, as people write it: /v1 is added where there is no path, a whole path cut back."""
    try:
        parts = urlsplit(url.strip())
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise BadSetting("A model endpoint's address is not a web address; it looks like https://api.openai.com/v1.")
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return parts._replace(path=path or "/v1").geturl()
