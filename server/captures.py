"""/api/captures: pages that the user's own browser sent. A capture's body may be large, so its route alone reads more than the others.

Parses, calls the service, and says what it says. The pages that show captures are capture_pages.
"""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from agent.errors import BadInput, Busy, FetchError, LeashError, TooSlow
from server import faces, guard
from server.api import check_type, keep_nowhere, sent, service
from server.capturing import EXAMPLE, Given
from server.readings import NoWorker
from server.store.captures import Capture

blueprint = Blueprint("captures_api", __name__, url_prefix="/api/captures")
blueprint.before_request(check_type)
blueprint.after_request(keep_nowhere)
MOST_BYTES = 12_000_000
TOO_LARGE = "This page is too large: at most 12 MB of it are read. Select the part that you want, and send that."
ABOUT = ("site", "author", "date", "language", "kind", "tokens", "exact", "receipt")


@blueprint.post("")
def add() -> tuple[Response, int]:
    request.max_content_length = MOST_BYTES
    return jsonify(told(service().captures.add(Given.of(sent(EXAMPLE))))), 201


@blueprint.get("")
def listed() -> Response:
    return jsonify({"captures": [told(one, text=False) for one in service().captures.newest()]})


@blueprint.get("/<capture_id>")
def show(capture_id: str) -> Response:
    return jsonify(told(service().captures.get(capture_id)))


@blueprint.post("/<capture_id>/save")
def save(capture_id: str) -> Response:
    return jsonify(told(service().captures.save(capture_id)))


@blueprint.delete("/<capture_id>")
def forget(capture_id: str) -> Response:
    return jsonify({"runs_deleted": service().forget_capture(capture_id)})


@blueprint.post("/<capture_id>/brief")
def begin_brief(capture_id: str) -> tuple[Response, int]:
    """Have it put in brief. A model that is not local sees it only where the user has said so."""
    given = sent('{"hosted": false}') if request.content_length else {}
    hosted = given.get("hosted", False)
    if not isinstance(hosted, bool) or set(given) - {"hosted"}:
        raise BadInput("“hosted” says whether a model that is not on this machine may see this page: true or false.")
    return jsonify(service().briefs.begin(capture_id, hosted)), 202


@blueprint.get("/<capture_id>/brief")
def show_brief(capture_id: str) -> Response:
    return jsonify(service().briefs.state(capture_id))


def told(capture: Capture, text: bool = True) -> dict[str, Any]:
    """A capture as programs see it. `text` is what is pasted: the Markdown with its provenance on top."""
    made = capture.made
    whole = {"text": faces.markdown_of(made, None, time.time())} if text else {}
    return {"id": capture.id, "url": capture.url, "title": made.title, **{name: getattr(made, name) for name in ABOUT},
            "captured_at": faces.moment(capture.captured_at), "selection": capture.selection, "private": True, "saved": capture.saved,
            "sha256": capture.sha256, **whole, "notes": list(made.notes), "headings": [list(one) for one in made.headings],
            "runs": list(capture.runs)}


@blueprint.errorhandler(RequestEntityTooLarge)
def on_too_large(_: RequestEntityTooLarge) -> Response:
    return guard.problem(413, TOO_LARGE, code="too-large")


@blueprint.errorhandler(LeashError)
def on_leash_error(error: LeashError) -> Response:
    """With the word by which the extension tells what to do."""
    status, code = next(((status, code) for kind, status, code in CODES if isinstance(error, kind)), (0, ""))
    if not status:
        return guard.on_leash_error(error)
    reply = guard.problem(status, str(error), code=code)
    if error.retry_after:
        reply.headers["Retry-After"] = str(round(error.retry_after))
    return reply


CODES = ((NoWorker, 503, "no-worker"), (TooSlow, 503, "no-worker"), (Busy, 503, "busy"), (FetchError, 422, "no-text"))
