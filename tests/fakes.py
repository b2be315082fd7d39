"""Hand-written twins of what Leash talks to, over real HTTP on loopback. Nothing here knows Leash's own code."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PIECE = 24


@dataclass(frozen=True)
class Asked:
    """A request as it came: `json` is its body, `query` the first value of each parameter, `headers` in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    json: Any = None


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer. `pieces` are sent one by one, `pause` seconds apart, after `wait` seconds.

    With `hang` the connection then stays open and silent until the server closes; with `cut` it is broken off before
    the promised end. Waits end early when the server closes, so no test has to sit one out.
    """

    pieces: tuple[bytes, ...] = ()
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    pause: float = 0.0
    hang: bool = False
    cut: bool = False


def answer_json(data: Any, status: int = 200, **more: Any) -> Answer:
    return Answer((json.dumps(data).encode(),), status, **more)


def answer_text(text: str, kind: str = "text/html", **more: Any) -> Answer:
    return Answer((text.encode(),), kind=kind, **more)


def answer_error(status: int, message: str = "scripted", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer_json({"error": {"message": message}}, status, headers=named)


class Scripted:
    """A real HTTP server in a thread; `reply(asked)` says what to answer. `asked` holds every request in order."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def reply(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = read_request(self)
                scripted.asked.append(asked)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a client may leave early
                    send(self, scripted.reply(asked), scripted.closing)

            do_POST = do_GET

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def read_request(handler: BaseHTTPRequestHandler) -> Asked:
    body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    parts = urlsplit(handler.path)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    headers = {name.lower(): value for name, value in handler.headers.items()}
    return Asked(handler.command, parts.path, query, headers, json.loads(body) if body else None)


def send(handler: BaseHTTPRequestHandler, answer: Answer, closing: threading.Event) -> None:
    closing.wait(answer.wait)
    handler.send_response(answer.status)
    handler.send_header("Content-Type", answer.kind)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    if answer.cut:
        handler.send_header("Content-Length", "100000000")
    handler.end_headers()
    for number, piece in enumerate(answer.pieces):
        if number and answer.pause:
            closing.wait(answer.pause)
        handler.wfile.write(piece)
        handler.wfile.flush()
    if answer.hang:
        closing.wait()


@dataclass(frozen=True)
class Says:
    """What a scripted model says in a stream, and how.

    `think` goes before it as `reasoning_content`. `finish` None leaves the finish reason out, `done` False the final
    [DONE], `usage` None the token counts. `first` and `pause` are seconds before the first piece and between two.
    """

    text: str = ""
    think: str = ""
    finish: str | None = "stop"
    usage: tuple[int, int] | None = (100, 20)
    done: bool = True
    first: float = 0.0
    pause: float = 0.0
    piece: int = PIECE
    hang: bool = False
    cut: bool = False

    def answer(self, asked: Asked) -> Answer:
        pieces = tuple(sse(chunk) for chunk in self.chunks(asked)) + ((b"data: [DONE]\n\n",) if self.done else ())
        return Answer(pieces, kind="text/event-stream", wait=self.first, pause=self.pause, hang=self.hang, cut=self.cut)

    def chunks(self, asked: Asked) -> Iterator[dict[str, Any]]:
        yield chunk({"role": "assistant", "content": ""})
        for name, text in (("reasoning_content", self.think), ("content", self.text)):
            for start in range(0, len(text), self.piece):
                yield chunk({name: text[start : start + self.piece]})
        if self.finish is not None:
            yield chunk({}, self.finish)
        if self.usage and (asked.json.get("stream_options") or {}).get("include_usage"):
            yield {**chunk({}), "choices": [], "usage": usage(*self.usage)}


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def usage(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def sse(data: Any) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def sse_answer(*events: bytes | dict[str, Any], **more: Any) -> Answer:
    """A raw event stream: dicts as data lines, bytes as they are."""
    pieces = tuple(event if isinstance(event, bytes) else sse(event) for event in events)
    return Answer(pieces, kind="text/event-stream", **more)


ModelReply = Says | Answer | str


class ScriptedModel(Scripted):
    """An OpenAI-compatible endpoint at `.url`. `replies` is a queue or a function of the request's JSON.

    A reply is a text, a Says, or an Answer for what no proper endpoint would send. When the queue is empty the endpoint
    answers 500 and says so. `requests` holds the bodies of all chat requests. `models` is what it lists.
    """

    def __init__(
        self,
        replies: Sequence[ModelReply] | Callable[[dict[str, Any]], ModelReply] = (),
        models: Sequence[str] = ("scripted",),
    ) -> None:
        self._script = replies if callable(replies) else None
        self._queue = [] if callable(replies) else list(replies)
        self._models = tuple(models)
        super().__init__()
        self.url = f"{self.base}/v1"

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [asked.json for asked in self.asked if asked.path.endswith("/chat/completions")]

    def add(self, *replies: ModelReply) -> None:
        self._queue.extend(replies)

    def reply(self, asked: Asked) -> Answer:
        if asked.path.endswith("/models"):
            return answer_json({"object": "list", "data": [{"id": name, "object": "model"} for name in self._models]})
        if not asked.path.endswith("/chat/completions"):
            return answer_error(404, f"no such path: {asked.path}")
        said = self._next(asked.json)
        said = Says(said) if isinstance(said, str) else said
        return said.answer(asked) if isinstance(said, Says) else said

    def _next(self, body: dict[str, Any]) -> ModelReply:
        if self._script:
            return self._script(body)
        return self._queue.pop(0) if self._queue else answer_error(500, "the script has no more replies")


SearchReply = Answer | Sequence[dict[str, Any] | str]


class ScriptedSearch(Scripted):
    """A SearXNG at `.url`. `results` is a list for every query, or a function of the query, or an Answer.

    A result is a dict of SearXNG's (url, title, content) or only an address. `queries` holds what was asked for.
    """

    def __init__(self, results: SearchReply | Callable[[str], SearchReply] = (), failing: Sequence[str] = ()) -> None:
        self._results = results
        self._failing = [[name, "CAPTCHA"] for name in failing]
        super().__init__()
        self.url = self.base

    @property
    def queries(self) -> list[str]:
        return [asked.query.get("q", "") for asked in self.asked]

    def reply(self, asked: Asked) -> Answer:
        query = asked.query.get("q", "")
        found = self._results(query) if callable(self._results) else self._results
        if isinstance(found, Answer):
            return found
        if asked.query.get("format") != "json":
            return answer_text("<!doctype html><title>SearXNG</title>")
        rows = [as_result(one) for one in found]
        return answer_json({"query": query, "results": rows, "unresponsive_engines": self._failing})


def as_result(one: dict[str, Any] | str) -> dict[str, Any]:
    return one if isinstance(one, dict) else {"url": one, "title": f"Title of {one}", "content": f"Snippet of {one}"}


class ScriptedSite(Scripted):
    """Any other HTTP API: `script` makes the answer to a request."""

    def __init__(self, script: Answer | Callable[[Asked], Answer]) -> None:
        self._script = script
        super().__init__()

    def reply(self, asked: Asked) -> Answer:
        return self._script(asked) if callable(self._script) else self._script
