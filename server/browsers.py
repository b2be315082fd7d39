"""The page “Browsers”: shows the code that pairs one, lists those that are paired, revokes. Works without a script."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, current_app, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.pairing import Code, Pairing
from server.runpage import service

blueprint = Blueprint("browsers", __name__, url_prefix="/devices")


@blueprint.get("")
def page() -> str:
    return shown()


@blueprint.post("/code")
def offer() -> str:
    """A new code is shown by the answer itself: nothing that can be read again keeps it."""
    return shown(pairing().offer())


@blueprint.get("/code")
def no_code() -> AnyResponse:
    """The address of a code that was shown, opened once more."""
    return redirect(url_for("web.browsers.page"))


@blueprint.get("/codes/<code_id>")
def state(code_id: str) -> AnyResponse:
    """What has become of a code, for the page that shows it."""
    code = pairing().code(code_id)
    there = url_for("web.browsers.page", _anchor=f"browser-{code.device_id}") if code.device_id else ""
    return jsonify(state=code.state, left=code.left, url=there)


@blueprint.post("/<device_id>/revoke")
def revoke(device_id: str) -> AnyResponse:
    pairing().revoke(device_id)
    return redirect(url_for("web.browsers.page"), 303)


def pairing() -> Pairing:
    return service().pairing


def shown(code: Code | None = None) -> str:
    until = datetime.fromtimestamp(code.expires_at, UTC).isoformat() if code else ""
    here = (current_app.extensions["leash.settings"].public_url or request.host_url).rstrip("/")
    return render_template("devices.html", devices=pairing().devices.all(), code=code, until=until, here=here)
