"""The API: JSON in, JSON and server-sent events out. Parses, calls the service, and says what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request, url_for
from werkzeug.exceptions import UnsupportedMediaType

from agent.budget import LEAST
from agent.errors import BadInput
from agent.settings import Settings, host_of
from agent.steer import Steering
from server.cors import pairing_origin
from server.service import Service
from server.store import Entry, Run
from server.store.library import Shelved
from server.stream import Message, event_stream, resume_point, stream_response

blueprint = Blueprint("api", __name__, url_prefix="/api")
API = 1  # raise it when an extension of before would not be understood
FIELDS = ("question", "depth", "model", "limits", "patience", "notify", "context", "web", "hosted")


def service() -> Service:
    return current_app.extensions["leash"]


@blueprint.before_request
def check_type() -> None:
    """A form of another site can send text, but not JSON."""
    sends = request.content_length or request.mimetype
    if request.method in ("POST", "PUT") and sends and not request.is_json:
        raise UnsupportedMediaType


@blueprint.after_request
def keep_nowhere(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@blueprint.post("/pair")
def pair() -> tuple[Response, int]:
    """Trade the code that the web pages show for a token; for extensions, which have none yet."""
    origin, given = pairing_origin(request), sent('{"code": "K7QF-3MPD", "name": "Chromium on Linux"}')
    device, token = service().pairing.pair(given.get("code"), given.get("name"), origin)
    return jsonify({"token": token, "device": device.to_json(), **about()}), 201


@blueprint.get("/hello")
def hello() -> Response:
    """Who is here, to any extension; to a paired one also as what it is known, and who would write its answers."""
    device = g.get("device")
    known = {"device": device.to_json(), "models": writers(current_app.extensions["leash.settings"])} if device else {}
    return jsonify({**about(), "paired": bool(device), **known})


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


@blueprint.get("/runs/<run_id>/plan")
def plan(run_id: str) -> Response:
    """What the run works on, None while it has no plan; and what it waits for, if it does."""
    return jsonify(planned(service().run(run_id)))


@blueprint.put("/runs/<run_id>/plan")
def change_plan(run_id: str) -> tuple[Response, int]:
    """Another plan in place of this one; the run shows it, and then works by it."""
    return jsonify(planned(service().wish(run_id, "plan", sent('{"items": [{"id": "q1", "text": "…"}]}')))), 202


def plain_wish(kind: str) -> Callable[[str], tuple[Response, int]]:
    """The view of a wish that has nothing to say but its name."""
    def view(run_id: str) -> tuple[Response, int]:
        return jsonify(told(service().wish(run_id, kind))), 202
    return view


for name in ("approve", "pause", "resume", "finish"):
    blueprint.add_url_rule(f"/runs/<run_id>/{name}", name, plain_wish(name), methods=["POST"])


@blueprint.post("/runs/<run_id>/limits")
def limits(run_id: str) -> tuple[Response, int]:
    example = '{"pages": 60}'
    given = sent(example)
    if not given:
        raise BadInput(f"Say which limits, as {example}.")
    return jsonify(told(service().wish(run_id, "raise", {"limits": given}))), 202


@blueprint.post("/runs/<run_id>/steer")
def steer(run_id: str) -> tuple[Response, int]:
    given = sent('{"kind": "words", "text": "Only after 2020."}')
    return jsonify(told(service().wish(run_id, given.pop("kind", ""), given))), 202


@blueprint.get("/runs/<run_id>/wishes")
def wishes(run_id: str) -> Response:
    return jsonify({"wishes": [asdict(one) for one in service().wishes(run_id)]})


@blueprint.get("/depths")
def depths() -> Response:
    """Each depth's limits on this server, how far they may be changed, and what a run of it will probably take."""
    dial = service().dial
    rows = [{"depth": row.depth, "title": row.title, "purpose": row.purpose, "plans": row.plans, "approves": row.approves,
             "report": row.report, "patience": row.patience, "limits": row.limits(), "estimate": asdict(dial.estimate(row)),
             "without_model": asdict(dial.estimate(row, model=False))} for row in dial.rows()]
    return jsonify({"depths": rows, "most": dial.most, "least": LEAST})


@blueprint.delete("/runs/<run_id>")
def forget(run_id: str) -> tuple[str, int]:
    service().forget(run_id)
    return "", 204


@blueprint.get("/pages/<sha256>")
def page(sha256: str) -> Response:
    kept = service().page(sha256)
    picture = url_for("web.picture", sha256=sha256) if service().picture(sha256) else None
    return jsonify({**kept.meta(), "text": kept.text, "picture": picture})


def about() -> dict[str, Any]:
    """This Leash's version, and that of what it understands."""
    return {"leash": version("leash"), "api": API}


def writers(settings: Settings) -> list[dict[str, Any]]:
    """The models that may write, in the order in which they are asked. Empty where none is set: one may still be found here."""
    return [{"name": one.model, "host": host_of(one.url), "local": settings.is_local(one.url)}
            for one in settings.endpoints if "write" in one.roles]


@blueprint.delete("/pages/<sha256>")
def forget_page(sha256: str) -> tuple[str, int]:
    service().forget_page(sha256)
    return "", 204


@blueprint.get("/library")
def library() -> Response:
    """What was read, last read first: those pages that have all words of `q`."""
    before = whole_number("before", -1)
    found = service().library(request.args.get("q", ""), whole_number("limit", 50), None if before < 0 else before)
    return jsonify({"pages": [shelved(one) for one in found], "size": service().library_size()})


def shelved(one: Shelved) -> dict[str, Any]:
    runs = [{"id": run_id, "question": question} for run_id, question in one.runs]
    return {"id": one.id, **one.page.meta(), "read_at": one.read_at.isoformat(), "runs": runs}


def told(run: Run) -> dict[str, Any]:
    """A run with its answer, None while there is none, and its limits as the user has left them."""
    answer = service().answer(run.id)
    limits = {**run.limits, **Steering.of(service().wishes(run.id)).limits}
    context = [{name: getattr(item, name) for name in ("kind", "id", "url", "title")} for item in run.context]
    return {**run.to_json(), "context": context, "limits": limits, "answer": answer.for_programs() if answer else None}


def as_message(entry: Entry) -> list[Message]:
    return [(entry.event.kind, json.dumps(entry.event.to_json(), ensure_ascii=False))]


def planned(run: Run) -> dict[str, Any]:
    plan = service().plan(run.id)
    shown = run.to_json()
    return {"plan": plan.to_json() if plan else None, **{name: shown[name] for name in ("status", "waiting_for", "wake_at")}}


def sent(example: str) -> dict[str, Any]:
    """The JSON object that was sent. Raises BadInput, showing the example, for anything else."""
    try:
        given = request.get_json(silent=True)
    except RecursionError:  # thousands of brackets
        given = None
    if not isinstance(given, dict):
        raise BadInput(f"Send a JSON object like {example}.")
    return given


def asked() -> dict[str, Any]:
    """The fields of a question, by name. Raises BadInput for what is no JSON object or holds others."""
    example = '{"question": "…", "depth": "quick", "model": true}'
    given = sent(example)
    if "question" not in given:
        raise BadInput(f"Send a JSON object like {example}.")
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
