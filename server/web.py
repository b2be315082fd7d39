"""The pages that a person sees. Parses, calls the service, renders; the same fragments serve a load and a stream."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from agent.budget import DEPTHS, Budget
from agent.errors import BadInput, LeashError, NotFound
from server import browsers, guard, helm, library, phrases
from server.given import item_of, needed_elsewhere
from server.lanes import site_of
from server.runpage import about, last_news, news, page_for, service
from server.snapshot import view_of
from server.store import Run
from server.store.records import Item
from server.story import counted
from server.stream import event_stream, resume_point, stream_response
from server.wishes import fields_of, limits_from

blueprint = Blueprint("web", __name__)
LISTED = 30
EXAMPLES = (
    "When does SQLite checkpoint its write-ahead log, and what can stop it?",
    "What happens to the other tasks when one task in a Python TaskGroup fails?",
    "How does PostgreSQL decide whether a transaction can see a row?",
)
LOOKS = ("light", "dark")
KEPT_STYLE = Markup((Path(__file__).parent / "static" / "css" / "kept.css").read_text())
STYLE_HASH = base64.b64encode(hashlib.sha256(KEPT_STYLE.encode()).digest()).decode()
KEPT_CSP = (f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; sandbox; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'self'")
PICTURE_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"  # the style is a browser's own, around it
NO_PICTURE = "There is no picture of this page. It was read without the browser, or the runs that kept it were deleted."
for name in ("ago", "day", "page_day", "cut", "site", "clock", "plain_words", "quote_words"):
    blueprint.add_app_template_filter(getattr(phrases, name), name)
blueprint.add_app_template_filter(site_of, "domain")
blueprint.add_app_template_global(counted, "counted")
blueprint.register_blueprint(helm.blueprint)
blueprint.register_blueprint(browsers.blueprint)
blueprint.register_blueprint(library.blueprint)


@blueprint.get("/")
def home() -> str:
    again = request.args.get("again")
    if again:
        return home_page(as_asked(service().run(again)))
    return home_page({**blank(), "question": request.args.get("question", ""), **context_from(request.args)})


@blueprint.post("/runs")
def ask() -> AnyResponse | tuple[str | AnyResponse, int]:
    """To the new run's page, or back to the box with what was typed and a sentence; a script is told in JSON."""
    given = {name: request.form.get(name, "") for name in ("question", "depth", "writer", "notify")}
    given["question"] = request.form.get("example") or given["question"]
    given["depth"] = given["depth"] or DEPTHS[0].depth
    scripted = request.accept_mimetypes.best == "application/json"
    try:
        run = service().ask(given["question"], given["depth"], given["writer"] == "model", **terms(given["depth"]), **use())
    except LeashError as error:
        status = 400 if isinstance(error, BadInput) else 503
        asked = {**blank(), **given, **context_from(request.form)}
        return (jsonify(trouble=str(error)) if scripted else home_page(asked, str(error))), status
    there = url_for("web.show", run_id=run.id)
    return jsonify(url=there) if scripted else redirect(there, 303)


@blueprint.get("/estimate")
def estimate() -> Response:
    """What a run of these limits would probably take, as a sentence. Raises BadInput for limits that cannot be."""
    depth = request.args.get("depth", "")
    budget = service().dial.row(depth)
    budget = budget.changed(limits_from(request.args, budget.limits(), f"{depth}."), service().dial.most)
    return Response(phrases.estimate_words(service().dial.estimate(budget, request.args.get("writer") != "quotes")), mimetype="text/plain")


@blueprint.get("/runs/<run_id>")
def show(run_id: str) -> str:
    page, seen = page_for(run_id)
    return render_template("run.html", seen=seen, **about(page))


@blueprint.get("/runs/<run_id>/stream")
def stream(run_id: str) -> Response:
    """The run's fragments as they change, from the event that the page has last seen."""
    after = resume_point(request)
    page, _ = page_for(run_id, after)
    watching = service().watch(run_id, after)
    frames = event_stream(watching, lambda entry: news(page.story, entry, page.run), lambda: last_news(page.story, run_id))
    return stream_response(frames)


@blueprint.post("/runs/<run_id>/delete")
def forget(run_id: str) -> AnyResponse:
    service().forget(run_id)
    return redirect("/#runs", 303)


@blueprint.get("/pages/<sha256>")
def kept(sha256: str) -> Response:
    """A kept page, with the span `start` to `end` marked. Nothing in it acts, and no request leaves it."""
    page, prefer = service().page(sha256), "text" if request.args.get("view") == "text" else "page"
    view = view_of(page, *span(len(page.text)), prefer)
    look = request.args.get("look", "")
    html = render_template("page.html", page=page, view=view, framed="framed" in request.args, style=KEPT_STYLE,
                           look=look if look in LOOKS else "")
    headers = {"Content-Security-Policy": KEPT_CSP, "Cache-Control": "private, no-cache", "Leash-View": view.kind,
               "Leash-Note": view.note}
    return Response(html, mimetype="text/html", headers=headers)


@blueprint.get("/pages/<sha256>/picture")
def picture(sha256: str) -> Response:
    """The top of a kept page as the browser saw it. Never taken for anything but a picture."""
    found = service().picture(sha256)
    if found is None:
        raise NotFound(NO_PICTURE)
    headers = {"Content-Security-Policy": PICTURE_CSP, "Cache-Control": "private, no-cache"}
    response = Response(found, mimetype="image/jpeg", headers=headers)
    response.add_etag()
    return response.make_conditional(request)


@blueprint.errorhandler(LeashError)
def on_leash_error(error: LeashError) -> tuple[str, int, dict[str, str]]:
    told = guard.on_leash_error(error)
    return error_page(told.status_code, str(error), told.headers.get("Retry-After"))


@blueprint.errorhandler(HTTPException)
def on_http_error(error: HTTPException) -> tuple[str, int, dict[str, str]] | Response:
    if (error.code or 0) < 400:
        return guard.on_http_error(error)
    return error_page(error.code, guard.SENTENCES.get(error.code, error.description or ""), None)


def error_page(status: int, detail: str, retry_after: str | None) -> tuple[str, int, dict[str, str]]:
    titles = {404: "Not found", 400: "That cannot be used", 409: "Too late for that", 413: "Too large", 500: "A fault of Leash’s own"}
    title = titles.get(status) or HTTPStatus(status).phrase
    headers = {"Retry-After": retry_after} if retry_after else {}
    return render_template("error.html", status=status, title=title, detail=detail), status, headers


def terms(depth: str) -> dict[str, Any]:
    """What the form says beside the question, where it is not what the depth stands for anyway. Raises BadInput."""
    budget, form = next((row for row in dial_rows() if row.depth == depth and row.available), None), request.form
    if budget is None:
        return {}
    patience = form.get(f"{depth}.patience", "")
    given = {"limits": limits_from(form, budget.limits(), f"{depth}."), "notify": form.get("notify", "").strip(),
             "patience": int(patience) if budget.approves and patience.isdecimal() and len(patience) < 9 else None}
    return {name: value for name, value in given.items() if value not in (None, "", {}, budget.patience)}


def use() -> dict[str, Any]:
    """What the form gives the run to work from, and what it may do besides; nothing where it gives none."""
    context = [{kind: value} for kind, _, value in (one.partition(":") for one in request.form.getlist("given"))]
    return {"context": context, "web": request.form.get("web") == "yes", "hosted": "hosted" in request.form} if context else {}


def context_from(sent: MultiDict[str, str]) -> dict[str, Any]:
    """The pages that an address or a form gives, as the box shows them; those that are gone are left out."""
    items = []
    for kind, _, value in (one.partition(":") for one in sent.getlist("given")):
        with suppress(BadInput):
            items.append(item_of(service().store.captures, {kind: value}))
    return {"context": items, "web": sent.get("web") == "yes", "hosted": "hosted" in sent} if items else {}


def dial_rows() -> list[Budget]:
    """The depths as this server allows them."""
    return [service().dial.row(row.depth) if row.available else row for row in DEPTHS]


def depth_card(budget: Budget) -> dict[str, Any]:
    """A depth as the question box shows it."""
    dial = service().dial
    fields = fields_of(budget.limits(), dial.most) if budget.available else []
    told = {which: phrases.estimate_words(dial.estimate(budget, which == "model")) for which in ("model", "quotes")}
    return {"row": budget, "numbers": phrases.limits_of(budget), "estimates": told if budget.available else {}, "fields": fields,
            "waits": phrases.waits(budget)}


def blank() -> dict[str, Any]:
    return {"question": "", "depth": DEPTHS[0].depth, "writer": "model" if writer()["set"] else "quotes", "context": [], "web": False,
            "hosted": False}


def writer() -> dict[str, object]:
    settings = current_app.extensions["leash.settings"]
    return {**phrases.writer_of(settings), "elsewhere": needed_elsewhere(settings)}


def as_asked(run: Run) -> dict[str, Any]:
    """All but the leave for a model elsewhere, which is given anew each time."""
    return {"question": run.question, "depth": run.depth, "writer": "model" if run.model else "quotes", "context": run.context,
            "web": run.web, "hosted": False}


def home_page(asked: dict[str, Any], trouble: str = "") -> str:
    before = request.args.get("before") if request.method == "GET" else None
    runs = service().runs(LISTED + 1, before)
    older = runs[LISTED - 1].id if len(runs) > LISTED else ""
    words = {"title_of": phrases.title_of, "state_of": phrases.state_of, "others": others, "alone_words": phrases.alone_words}
    cards = [depth_card(row) for row in dial_rows()]
    return render_template("home.html", asked=asked, trouble=trouble, cards=cards, given=request.form, writer=writer(), older=older,
                           runs=runs[:LISTED], examples=EXAMPLES, counted=counted, **words)


def others(items: Sequence[Item], one: Item) -> list[str]:
    """The address's words for what is given but for one."""
    return [f"{item.kind}:{item.id or item.url}" for item in items if item != one]


def span(length: int) -> tuple[int, int]:
    """The span that was asked for, (0, 0) if there is none or it cannot be."""
    start, end = (request.args.get(name, "") for name in ("start", "end"))
    if not (start.isdecimal() and end.isdecimal() and len(start) < 10 and len(end) < 10):
        return 0, 0
    return (int(start), int(end)) if int(start) < int(end) <= length else (0, 0)
