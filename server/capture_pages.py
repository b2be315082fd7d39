"""The pages that show captures: the list of them, and each as text. Parses, calls the service, renders."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from agent.errors import LeashError
from server import faces, receipts, web
from server.api import service
from server.reading import words_of
from server.render import text_html
from server.store.captures import DAYS, Capture
from server.story import counted

blueprint = Blueprint("captures", __name__, url_prefix="/captures")
blueprint.add_app_template_filter(lambda seconds: datetime.fromtimestamp(seconds, UTC), "moment")
SHOWN = 150_000  # characters of a text that its page shows; the rest is in the download


@blueprint.get("")
def box() -> str:
    here = request.host_url.rstrip("/")
    return render_template("captures.html", captures=service().captures.newest(), keeps=keeps, counted=counted, here=here)


@blueprint.get("/<capture_id>")
def read(capture_id: str) -> str:
    capture = service().captures.get(capture_id)
    text, made = capture.made.text, capture.made
    shown = text if len(text) <= SHOWN else text[:SHOWN].rsplit("\n", 1)[0]
    first, _, rest = shown.partition("\n")
    body = rest if first.startswith("# ") and words_of(first[2:]) == made.title else shown  # it stands above already
    return render_template("capture.html", capture=capture, made=made, html=text_html(body), shortened=len(shown) < len(text), keeps=keeps,
                           raw=faces.markdown_of(made, None, time.time())[:SHOWN * 2], receipt=made.receipt, counts=receipts.counts,
                           file=faces.file_name(made))


@blueprint.get("/<capture_id>/text")
def markdown(capture_id: str) -> Response:
    """What is copied and downloaded."""
    made = service().captures.get(capture_id).made
    reply = Response(faces.markdown_of(made, None, time.time()), content_type="text/markdown; charset=utf-8")
    reply.headers["Content-Disposition"] = f'inline; filename="{faces.file_name(made)}"'
    reply.headers["Cache-Control"] = "no-store"
    return reply


@blueprint.post("/<capture_id>/save")
def save_page(capture_id: str) -> AnyResponse:
    service().captures.save(capture_id)
    return redirect(url_for("captures.read", capture_id=capture_id), 303)


@blueprint.post("/<capture_id>/delete")
def forget_page(capture_id: str) -> AnyResponse:
    service().forget_capture(capture_id)
    return redirect(url_for("captures.box"), 303)


def keeps(capture: Capture) -> str:
    """How long it stays, in words."""
    if capture.saved:
        return "saved"
    days = int((capture.created_at + DAYS * 86_400 - time.time()) // 86_400) + 1
    return "kept for its runs" if capture.runs else "goes tomorrow" if days <= 1 else f"goes in {days} days"


blueprint.register_error_handler(LeashError, web.on_leash_error)
blueprint.register_error_handler(HTTPException, web.on_http_error)
