"""The pages that a person sees. Parses, calls the service, renders; the same fragments serve a load and a stream."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from agent.budget import DEPTHS
from agent.errors import BadInput, LeashError, NotFound, StorageError
from agent.events import Answered, Draft, Event, Failed, Found, Started, Writing
from agent.records import Source
from server import guard, phrases
from server.render import SUPPORT_WORDS, Mark, answer_html, live_url, page_path
from server.service import Service
from server.snapshot import view_of
from server.store import Entry, Run
from server.story import Story, counted, story_of
from server.stream import Message, event_stream, resume_point, stream_response

blueprint = Blueprint("web", __name__)
LISTED = 30
SLOTS = ("state", "facts", "found", "answer", "sources", "trace")
CHANGES = {Started: SLOTS, Found: ("state", "found", "trace"), Writing: SLOTS,
           Draft: ("state", "found", "answer", "sources"), Answered: SLOTS, Failed: SLOTS}
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
for name in ("ago", "day", "page_day", "cut", "site"):
    blueprint.add_app_template_filter(getattr(phrases, name), name)


def service() -> Service:
    return current_app.extensions["leash"]


@blueprint.get("/")
def home() -> str:
    again = request.args.get("again")
    asked = as_asked(service().run(again)) if again else {**blank(), "question": request.args.get("question", "")}
    return home_page(asked)


@blueprint.post("/runs")
def ask() -> AnyResponse | tuple[str | AnyResponse, int]:
    """To the new run's page, or back to the box with what was typed and a sentence; a script is told in JSON."""
    given = {name: request.form.get(name, "") for name in ("question", "depth", "writer")}
    given["question"] = request.form.get("example") or given["question"]
    scripted = request.accept_mimetypes.best == "application/json"
    try:
        run = service().ask(given["question"], given["depth"] or DEPTHS[0].depth, given["writer"] == "model")
    except LeashError as error:
        status = 400 if isinstance(error, BadInput) else 503
        return (jsonify(trouble=str(error)) if scripted else home_page({**blank(), **given}, str(error))), status
    there = url_for("web.show", run_id=run.id)
    return jsonify(url=there) if scripted else redirect(there, 303)


@blueprint.get("/runs/<run_id>")
def show(run_id: str) -> str:
    run, entries = service().run(run_id), service().events(run_id)
    story = ended(story_of(entry.event for entry in entries), run)
    seen = entries[-1].seq if entries else 0
    return render_template("run.html", seen=seen, **shown(story, run))


@blueprint.get("/runs/<run_id>/stream")
def stream(run_id: str) -> Response:
    """The run's fragments as they change, from the event that the page has last seen."""
    after, run = resume_point(request), service().run(run_id)
    story = story_of(entry.event for entry in service().events(run_id) if entry.seq <= after)
    watching = service().watch(run_id, after)
    frames = event_stream(watching, lambda entry: news(story, entry, run), lambda: last_news(story, run_id))
    return stream_response(frames)


@blueprint.post("/runs/<run_id>/stop")
def stop(run_id: str) -> AnyResponse:
    service().stop(run_id)
    return redirect(url_for("web.show", run_id=run_id), 303)


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
    titles = {404: "Not found", 400: "That cannot be used", 413: "Too large", 500: "A fault of Leash’s own"}
    title = titles.get(status) or HTTPStatus(status).phrase
    headers = {"Retry-After": retry_after} if retry_after else {}
    return render_template("error.html", status=status, title=title, detail=detail), status, headers


def blank() -> dict[str, str]:
    return {"question": "", "depth": DEPTHS[0].depth, "writer": "model" if writer()["set"] else "quotes"}


def writer() -> dict[str, object]:
    return phrases.writer_of(current_app.extensions["leash.settings"])


def as_asked(run: Run) -> dict[str, str]:
    return {"question": run.question, "depth": run.depth, "writer": "model" if run.model else "quotes"}


def home_page(asked: dict[str, str], trouble: str = "") -> str:
    before = request.args.get("before") if request.method == "GET" else None
    runs = service().runs(LISTED + 1, before)
    older = runs[LISTED - 1].id if len(runs) > LISTED else ""
    words = {"limits_of": phrases.limits_of, "title_of": phrases.title_of, "state_of": phrases.state_of}
    return render_template("home.html", asked=asked, trouble=trouble, depths=DEPTHS, writer=writer(), older=older,
                           runs=runs[:LISTED], examples=EXAMPLES, counted=counted, **words)


def news(story: Story, entry: Entry, run: Run) -> Iterable[Message]:
    """The fragments that this event changes, drawn anew."""
    story.take(entry.event)
    about = shown(story, run)
    return [(slot, drawn(slot, about)) for slot in changed_by(entry.event)]


def changed_by(event: Event) -> tuple[str, ...]:
    return CHANGES.get(type(event), ("state", "trace"))


def last_news(story: Story, run_id: str) -> Iterator[Message]:
    """The whole page once more, as its row has ended, and the word to close."""
    try:
        run = service().run(run_id)
        about = shown(ended(story, run), run)
        yield from ((slot, drawn(slot, about)) for slot in SLOTS)
        yield "end", about["story"].status
    except NotFound:
        yield "end", "This run was deleted."


def drawn(slot: str, about: dict[str, Any]) -> str:
    return render_template(f"parts/{slot}.html", **about)


def ended(story: Story, run: Run) -> Story:
    """A run that ended without a word of its own (stopped while it waited, given up) ends as its row says."""
    if run.over and not story.over:
        if run.status == "failed":
            story.take(Failed(run.error or "The run ended without an answer.", run.advice))
        else:
            story.phase = run.status
    return story


def shown(story: Story, run: Run) -> dict[str, Any]:
    """Everything that the fragments of a run need."""
    answer, marks = story.answer, story.marks
    return {
        "run": run, "story": story, "marks": marks, "proof": proof_of(marks if answer else ()), "words": SUPPORT_WORDS,
        "states": phrases.states_of(answer), "stopped": phrases.stopped_words(answer), "spent": phrases.spent(answer),
        "unknown": sum(len(claim.unknown) for claim in answer.claims) if answer else 0,
        "answer_html": answer_html, "page_path": page_path, "live_url": live_url, "counted": counted,
        "quotes_of": quotes_of, "facts_of": phrases.facts_of, "got": phrases.got, "title_of": phrases.title_of,
    }


@dataclass(frozen=True)
class Proof:
    """How many of an answer's distinct quotes stand word for word in a page that is kept, seen just now."""

    quotes: int = 0
    pages: int = 0
    standing: int = 0
    lacking: str = ""

    @property
    def whole(self) -> bool:
        return self.standing == self.quotes


def quotes_of(source: Source, marks: Sequence[Mark]) -> list[Mark]:
    """The distinct quotes of a source, in the order the answer cites them."""
    return list({mark.key: mark for mark in marks if mark.citation.n == source.n}.values())


def proof_of(marks: Sequence[Mark]) -> Proof:
    citations = list({mark.key: mark.citation for mark in marks}.values())
    texts = {sha256: text_of(sha256) for sha256 in {citation.page_sha256 for citation in citations}}
    standing = sum(texts[c.page_sha256][c.start:c.end] == c.quote for c in citations)
    gone = sum(text == "" for text in texts.values())
    lacking = "pages of the others are no longer kept" if gone else "the others do not, so do not trust them"
    return Proof(len(citations), len(texts), standing, lacking)


def text_of(sha256: str) -> str:
    try:
        return service().page(sha256).text
    except (NotFound, StorageError):
        return ""


def span(length: int) -> tuple[int, int]:
    """The span that was asked for, (0, 0) if there is none or it cannot be."""
    start, end = (request.args.get(name, "") for name in ("start", "end"))
    if not (start.isdecimal() and end.isdecimal() and len(start) < 10 and len(end) < 10):
        return 0, 0
    return (int(start), int(end)) if int(start) < int(end) <= length else (0, 0)
