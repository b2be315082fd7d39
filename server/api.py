"""The API: JSON in, JSON and server-sent events out. Parses, calls the service, and says what it says."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request, url_for
from werkzeug.exceptions import UnsupportedMediaType

from agent.errors import BadInput
from server.service import Service
from server.store import Entry, Run
from server.stream import Message, event_stream, resume_point, stream_response

blueprint = Blueprint("api", __name__, url_prefix="/api")
FIELDS = ("question", "depth", "model")


def service() -> Service:
    return current_app.extensions["leash"]


@blueprint.before_request
def check_type() -> None:
    """A form of another site can send text, but not JSON."""
    sends = request.content_length or request.mimetype
    if request.method == "POST" and sends and not request.is_json:
        raise UnsupportedMediaType


@blueprint.after_request
def keep_nowhere(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@blueprint.post("/runs")
def ask() -> tuple[Response, int, dict[str, str]]:
    run = service().ask(**asked())
    links = {"url": url_for("api.show", run_id=run.id), "events": url_for("api.events", run_id=run.id)}
    return jsonify({"id": run.id, **links}), 201, {"Location": links["url"]}


@blueprint.get("/runs")
def list_runs() -> Response:
    runs = service().runs(whole_number("limit", 50), request.args.get("before"))
    return jsonify({"runs": [run.to_json() for run in runs]})


@blueprint.get("/runs/<run_id>")
def show(run_id: str) -> Response:
    return jsonify(told(service().run(run_id)))


@blueprint.get("/runs/<run_id>/events")
def events(run_id: str) -> Response:
    """As they happen, each as it is stored; after the last one, `end`."""
    entries = service().watch(run_id, resume_point(request))
    return stream_response(event_stream(entries, as_message))


@blueprint.post("/runs/<run_id>/stop")
def stop(run_id: str) -> Response:
    return jsonify(told(service().stop(run_id)))


@blueprint.delete("/runs/<run_id>")
def forget(run_id: str) -> tuple[str, int]:
    service().forget(run_id)
    return "", 204


@blueprint.get("/pages/<sha256>")
def page(sha256: str) -> Response:
    kept = service().page(sha256)
    return jsonify({**kept.meta(), "text": kept.text})


def told(run: Run) -> dict[str, Any]:
    """A run with its answer, None while there is none."""
    answer = service().answer(run.id)
    return {**run.to_json(), "answer": answer.to_json() if answer else None}


def as_message(entry: Entry) -> list[Message]:
    return [(entry.event.kind, json.dumps(entry.event.to_json(), ensure_ascii=False))]


def asked() -> dict[str, Any]:
    """The fields of a question, by name. Raises BadInput for what is no JSON object or holds others."""
    try:
        given = request.get_json(silent=True)
    except RecursionError:  # thousands of brackets
        given = None
    if not isinstance(given, dict) or "question" not in given:
        raise BadInput('Send a JSON object like {"question": "…", "depth": "quick", "model": true}.')
    unknown = sorted(set(given) - set(FIELDS))
    if unknown:
        raise BadInput(f"“{unknown[0][:50]}” is not known here; a question has: {', '.join(FIELDS)}.")
    return given


def whole_number(name: str, default: int) -> int:
    given = request.args.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise BadInput(f"“{name}” is a whole number.")
    return int(given)
