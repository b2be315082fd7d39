"""The human's end of a run as its page has it: each control is a form that works without a script.

A script that sends one is answered with the fragments that it changed, or with a sentence why not. Knows no wish's inside.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from agent.errors import BadInput, Busy, LeashError, TooLate
from agent.records import Plan
from server.runpage import HELM, drawn, page_for, service
from server.wishes import limits_from, plan_from, steer_wish

blueprint = Blueprint("helm", __name__, url_prefix="/runs/<run_id>")
CHANGED = ("state", *HELM)
SAID = {"approve": "Approved. The run goes on.", "plan": "The plan is changed.", "words": "Noted. It takes effect before the next page.",
        "pin": "It will be read.", "drop": "It is left out.", "block": "Nothing more is read from that site.",
        "skip": "That sub-question is left as it is.", "dig": "More will be looked for there.", "pause": "Paused.",
        "resume": "The run goes on.", "finish": "No more is searched: the answer is being written.",
        "stop": "Stopping: you get an answer from what is there.", "raise": "The limits are changed."}
NOTHING_READ = "Stopping. Nothing has been read yet, so there is no answer to keep."
UNHEARD = "No model works on this run to understand words. Give the address of a page to read, or change the plan."
ALL_LEFT_OUT = "A plan needs at least one sub-question, and all of these are left out. To end the run instead, press Stop."


@blueprint.post("/steer")
def steer(run_id: str) -> AnyResponse | tuple[AnyResponse, int]:
    """A word of the human: a kind, and what it is about."""
    kind, data = steer_wish(request.form.get("wish", ""), request.form.get("about", ""))
    if kind == "words" and not page_for(run_id)[0].has_model:
        return answer(run_id, lambda: refuse(UNHEARD))
    if kind == "words" and not data["text"]:
        return answer(run_id, lambda: refuse("Write what the run is to heed, such as “only what is newer than 2020”."))
    return answer(run_id, lambda: give(run_id, kind, data))


@blueprint.post("/stop")
def stop(run_id: str) -> AnyResponse | tuple[AnyResponse, int]:
    def ask() -> str:
        page, _ = page_for(run_id)
        service().stop(run_id)
        return SAID["stop"] if page.story.kept else NOTHING_READ
    return answer(run_id, ask)


@blueprint.post("/plan")
def plan(run_id: str) -> AnyResponse | tuple[AnyResponse, int]:
    """The plan as the form has it, and perhaps the word to begin."""
    return answer(run_id, lambda: change_plan(run_id))


@blueprint.post("/at-work")
def at_work(run_id: str) -> tuple[str, int]:
    """Somebody types in the plan: it waits for them."""
    service().keep_waiting(run_id)
    return "", 204


@blueprint.post("/limits")
def limits(run_id: str) -> AnyResponse | tuple[AnyResponse, int]:
    def ask() -> str:
        page, _ = page_for(run_id)
        changed = limits_from(request.form, page.story.limits)
        return give(run_id, "raise", {"limits": changed}) if changed else "The limits are as they were."
    return answer(run_id, ask)


def give(run_id: str, kind: str, data: dict[str, Any]) -> str:
    service().wish(run_id, kind, data)
    return SAID.get(kind, "Noted.")


def refuse(sentence: str) -> str:
    raise BadInput(sentence)


def change_plan(run_id: str) -> str:
    """Raises BadInput for a run without a plan, and for one that is edited to nothing."""
    now: Plan | None = service().plan(run_id)
    if now is None:
        raise BadInput("This run has no plan yet. Wait until it is shown, and change it then.")
    changed = plan_from(request.form, now)
    if changed and not changed["items"]:
        raise BadInput(ALL_LEFT_OUT)
    said = give(run_id, "plan", changed) if changed else "The plan is as it was."
    return give(run_id, "approve", {}) if request.form.get("then") == "approve" else said


def answer(run_id: str, ask: Any) -> AnyResponse | tuple[AnyResponse, int]:
    """Do what was asked, and show the run: the page anew, or to a script the fragments that may have changed."""
    if request.accept_mimetypes.best != "application/json":
        ask()
        return redirect(url_for("web.show", run_id=run_id), 303)
    try:
        said = ask()
    except LeashError as error:
        return jsonify(trouble=str(error)), 409 if isinstance(error, TooLate) else 400 if isinstance(error, BadInput) else status(error)
    return jsonify(said=said, **parts_of(run_id))


@blueprint.get("/parts")
def parts(run_id: str) -> AnyResponse:
    """The fragments anew, for a script whose stream has overtaken the reply to a control."""
    return jsonify(parts_of(run_id))


def parts_of(run_id: str) -> dict[str, Any]:
    """The fragments that a wish may change, and the number of the last event that they show."""
    page, seen = page_for(run_id)
    return {"seen": seen, "parts": {slot: drawn(slot, page) for slot in CHANGED}}


def status(error: LeashError) -> int:
    return 503 if isinstance(error, Busy) else 500
