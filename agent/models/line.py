"""One model endpoint: asks it, and reads what it streams. The only openai importer, at the first use.

Every way in which an endpoint can fail is raised as a Fault. Knows of no other endpoint.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import cached_property
from json import loads
from typing import Any
from urllib.parse import urlsplit

from httpx2 import HTTPError

from agent.errors import BadSetting
from agent.models.faults import Words
from agent.models.local import first_model
from agent.models.pump import Pump, Slots
from agent.models.reading import Reading
from agent.models.records import Ask, Spent, Switched, Wrote
from agent.models.reply import ABOUT_SHAPE, Dialect, NoRoom, number_of, request_body, said_in, whole_as_chunk
from agent.models.structured import instruction
from agent.models.text import roughly
from agent.models.window import Overflow, Room, Window, overflow, size
from agent.models.wire import Fault, http_client
from agent.settings import ModelEndpoint, Settings
from agent.shape import pick

LOCAL_PARALLEL, PARALLEL = 1, 8


class Line:
    """May be used by many threads."""

    def __init__(self, name: str, endpoint: ModelEndpoint, settings: Settings, proxy: str | None) -> None:
        self.name = name
        self._endpoint, self._settings, self._proxy = endpoint, settings, proxy
        self._address = base_address(endpoint.url)
        self._key = endpoint.key.get_secret_value()
        self._model = endpoint.model
        self._dialect, self._window = Dialect(), Window(endpoint.context)
        self._slots = Slots(endpoint.parallel or (LOCAL_PARALLEL if is_here(self._address) else PARALLEL))
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

    def answer(self, ask: Ask) -> Iterator[Wrote | Switched | Spent]:
        """All that this endpoint has to say; Switched (to itself) where what it said is void and it starts anew.

        A fault that came of too little room is met once: with fewer words, or with more room for the answer.
        """
        with self._slots.taken(ask.queue, ask.stopped):
            try:
                return (yield from self._once(ask))
            except (Overflow, NoRoom) as caught:
                fault = caught
            again = self._again(ask, fault)
            yield Switched(self.name, self.name, f"{str(fault).rstrip('.')}; it is asked once more", fault.usage)
            yield from self._once(again)

    def _again(self, ask: Ask, fault: Overflow | NoRoom) -> Ask:
        if isinstance(fault, NoRoom):
            return ask.roomier()
        if not callable(ask.build) and not fault.answer:
            raise fault
        return ask

    def _once(self, ask: Ask) -> Iterator[Wrote | Switched | Spent]:
        room = self._window.room(ask.max_tokens, self._extra(ask))
        messages, words = ask.messages(room.prompt), self._words()
        reading = Reading(self.name, words, ask, size(messages), room.answer)
        call = Call(self, messages, room, ask, self.client)
        try:
            with closing(Pump(call.chunks, ask.patience, ask.stopped)) as pump:
                yield from reading.of(pump)
            yield from reading.end(call.ended)
        except Fault as fault:
            raise self._learned(fault, reading, room, call) from None
        spent = reading.spent(self._endpoint.price)
        self._window.counted(size(messages), spent.prompt_tokens)
        yield spent

    def _learned(self, fault: Fault, reading: Reading, room: Room, call: Call) -> Fault:
        if isinstance(fault, Overflow):
            self._window.shrink(fault, room.window)
        fault.usage = reading.usage(self._endpoint.price) if call.opened else None
        return fault

    def _extra(self, ask: Ask) -> int:
        """Tokens that we add to what is built: the schema in words, where it has to be said in words."""
        said = instruction(ask.schema) if ask.schema is not None else ""
        return roughly(said) + size(ask.after)

    def _words(self) -> Words:
        return Words(self._address, self._model, self._key, self._settings.model_timeout)

    # ------------------------------------------------------------ what the thread of a call does

    def open(self, messages: list[dict[str, str]], max_tokens: int, ask: Ask) -> Any:
        """The stream, in the richest dialect that the endpoint accepts."""
        from openai import APIStatusError

        model, dialect = self._model_name(), self._dialect
        while True:
            try:
                stream = self._post(request_body(model, messages, max_tokens, dialect, ask.schema))
                self._learn(dialect)
                return stream
            except APIStatusError as error:
                simpler = self._simpler(error, dialect, ask.schema is not None)
                if simpler is None:
                    raise
                dialect = simpler

    def _simpler(self, error: Any, dialect: Dialect, shaped: bool) -> Dialect | None:
        said = str(error.body or error.message)
        about_shape = error.status_code in (500, 501) and shaped and ABOUT_SHAPE.search(said)
        if not about_shape and (error.status_code not in (400, 422) or overflow(said)):
            return None
        return dialect.simpler(said, shaped)

    def _learn(self, dialect: Dialect) -> None:
        with self._lock:
            self._dialect = self._dialect.merged(dialect)

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

    def fault(self, error: Exception) -> Fault:
        """What went wrong, in words, whichever of the libraries noticed it."""
        from openai import APIConnectionError, APIError, APIStatusError

        cause, words = error.__cause__ or error, self._words()
        if isinstance(cause, Fault):
            return cause
        if isinstance(error, APIStatusError):
            return words.status(error.status_code, error.response.headers, said_in(error.body) + number_of(error.body))
        if isinstance(error, (APIConnectionError, HTTPError)):
            return words.connection(cause)
        if isinstance(error, APIError):
            return words.inside(said_in(error.body) or error.message)
        return Fault("sent something that is not a model's answer")


class Call:
    """One request, made and read in a thread of its own. `opened`: it was accepted; `ended`: its end was said."""

    def __init__(self, line: Line, messages: list[dict[str, str]], room: Room, ask: Ask, client: Any) -> None:
        self._line, self._messages, self._room, self._ask, self._client = line, messages, room, ask, client
        self.opened = self.ended = False
        self._finished = False

    def chunks(self) -> Generator[Any, None, None]:
        """The chunks of the answer. What breaks after it has said that it is finished does no harm."""
        from openai import OpenAIError

        try:
            with closing(self._line.open(self._messages, self._room.answer, self._ask)) as stream:
                self.opened = True
                yield from self._read(stream)
                self.ended = b"[DONE]" in stream.response.extensions["watched"].tail
        except (OpenAIError, HTTPError, ValueError, RecursionError) as error:
            if not self._finished:
                raise self._line.fault(error) from None
        except Fault:
            if not self._finished:
                raise

    def _read(self, stream: Any) -> Iterator[Any]:
        response = stream.response
        if "event-stream" not in response.headers.get("content-type", "") and "json" in response.headers.get("content-type", ""):
            yield whole_as_chunk(loads(response.read()))
            return
        for chunk in stream:
            self._finished = self._finished or finishes(chunk)
            yield chunk


def finishes(chunk: Any) -> bool:
    return bool(pick(chunk, "choices", 0, "finish_reason"))


def is_here(address: str) -> bool:
    """Whether an address is one of this machine itself."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
