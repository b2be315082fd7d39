"""Finding model servers on this machine, and a model that can hold a conversation in what a server lists."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor, wait
from http.client import HTTPConnection, HTTPException
from json import loads
from typing import Any

PORTS = (11434, 8080, 1234)  # Ollama, llama.cpp, LM Studio
SECONDS = 0.3
MOST_BYTES = 1_000_000
NOT_FOR_CHAT = re.compile(r"embed|rerank|whisper|tts|moderation|dall-e|bge-", re.IGNORECASE)


def found_locally(ports: tuple[int, ...] = PORTS, seconds: float = SECONDS) -> list[tuple[str, str]]:
    """(address, model) of the OpenAI-compatible servers on this machine, asked all at once; loopback only."""
    pool = ThreadPoolExecutor(len(ports), thread_name_prefix="find-models")
    answers = [pool.submit(listed, port, seconds) for port in ports]
    wait(answers, timeout=seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    models = [answer.result() if answer.done() else "" for answer in answers]
    return [(f"http://127.0.0.1:{port}/v1", model) for port, model in zip(ports, models, strict=True) if model]


def listed(port: int, seconds: float) -> str:
    """The first model for chat that a server on this machine lists; "" if there is no such server."""
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/v1/models")
        return first_model(loads(connection.getresponse().read(MOST_BYTES)))
    except (OSError, HTTPException, ValueError, RecursionError):
        return ""
    finally:
        connection.close()


def first_model(data: Any) -> str:
    """The first model of a /models list that can hold a conversation; "" if there is none."""
    listing = data.get("data") if isinstance(data, dict) else None
    names = [row.get("id") for row in listing if isinstance(row, dict)] if isinstance(listing, list) else []
    return next((name for name in names if isinstance(name, str) and name and not NOT_FOR_CHAT.search(name)), "")
