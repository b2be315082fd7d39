"""The doors to text: the prefix (any address behind Leash's own), `/api/text`, and the page with the box for an address.

Parses, calls the readings, and shows what they say as Markdown, JSON or a page. The prefix hands out text alone: nothing
of a page is passed on as it came. Since a GET here makes Leash open an address, it is answered only to a program with
the token, to our own pages, and to what was typed or bookmarked: never to a link on another site.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden, HTTPException
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.http import http_date
from werkzeug.wrappers import Response as AnyResponse

from agent.errors import BadInput, LeashError
from server import faces, guard, receipts
from server.auth import OWN_SITES
from server.kept import Reading, hashed
from server.options import OPTIONS, PREFIX, Options, read_options, refuse_for_page
from server.pairing import NotAllowed
from server.phrases import RUNG_WORDS
from server.prefix import Asked, asked_in, given_address, is_repository
from server.reading import words_of
from server.readings import Readings
from server.render import text_html
from server.text_repo import answer_repository

blueprint = Blueprint("text", __name__)
MARKDOWN, JSON, HTML = "text/markdown", "application/json", "text/html"
FORMS = {"markdown": MARKDOWN, "json": JSON, "html": HTML}
OFFERED = (MARKDOWN, JSON, HTML, "text/plain")
HEADER = "Leash-"
SHOWN = 150_000  # characters of a text that its page shows; the rest is in the download
FROM_ELSEWHERE = (
    "A link on another site led here, so Leash did not open the address: another site may not make it read. "
    "To read it, type or paste the address into the browser's address bar yourself."
)
HOW = " To read a page, put its whole address behind Leash’s, as {here}https://example.com/page."
OURS = "This is an address of this Leash itself. Give the address of the page that you want to read."


def readings() -> Readings:
    return current_app.extensions["leash"].readings


def forget_text(url: str) -> None:
    """Delete every text of this address, a page's or a repository's."""
    current_app.extensions["leash"].forget_text(url)


# ---------------------------------------------------------------- the prefix

@blueprint.get("/<path:address>")
def prefix(address: str) -> AnyResponse:
    """Any address that is not one of our own. What was sent is read raw: decoding it once would be a loss."""
    asked = asked_in(raw_path(), own_names())
    if asked is None:
        return redirect(own_page(address), 308)
    check_asker()
    options = read_options([*asked.options, *headed()], lambda name: PREFIX + name)
    return answered(asked, options, form_of(options, MARKDOWN))


@blueprint.get("/api/text")
def api_text() -> Response:
    """The same for `?url=`, in JSON unless asked otherwise."""
    check_asker()
    url, options = asked_by_names()
    return answered(Asked(url), options, form_of(options, JSON))


@blueprint.delete("/api/text")
def api_forget() -> tuple[str, int]:
    """Every kept text of `?url=` is deleted."""
    forget_text(given_address(request.args.get("url", "")))
    return "", 204


def answered(asked: Asked, options: Options, form: str) -> Response:
    if urlsplit(asked.url).netloc.lower() == request.host.lower():
        raise BadInput(OURS)
    if is_repository(asked.url):
        urls = {name: own_url(asked, name) for name in ("markdown", "xml", "json")} | {"anew": own_url(asked, "html", cache="no")}
        return answer_repository(asked.url, options, form, urls)
    refuse_for_page(options)
    made = readings().read(asked.url, options)
    reply = {MARKDOWN: as_markdown, JSON: as_json, HTML: as_page}[form](made, asked, options)
    return described(reply, made, options, form)


def as_markdown(made: Reading, _asked: Asked, options: Options) -> Response:
    text = faces.markdown_of(made, options.tokens, time.time())
    reply = Response(text, content_type=f"{MARKDOWN}; charset=utf-8")
    reply.headers["Content-Disposition"] = f'inline; filename="{faces.file_name(made)}"'
    return reply


def as_json(made: Reading, _asked: Asked, options: Options) -> Response:
    body = json.dumps(faces.json_of(made, options.tokens, time.time()), ensure_ascii=False)
    return Response(body.encode("utf-8", "replace"), mimetype=JSON)


def as_page(made: Reading, asked: Asked, options: Options) -> Response:
    part = faces.part_of(made, options.tokens)
    shown = part.text if len(part.text) <= SHOWN else part.text[:SHOWN].rsplit("\n", 1)[0]
    first, _, rest = shown.partition("\n")
    body = rest if first.startswith("# ") and words_of(first[2:]) == made.title else shown  # it stands above already
    about = {
        "made": made, "part": part, "html": text_html(body), "raw": faces.markdown_of(made, options.tokens, time.time())[:SHOWN * 2],
        "shortened": len(shown) < len(part.text), "receipt": faces.receipt_of(made, part, options.tokens), "counts": receipts.counts,
        "age": faces.age_words(time.time() - made.checked_at), "file": faces.file_name(made),
        "markdown_url": own_url(asked, "markdown"), "json_url": own_url(asked, "json"), "anew_url": own_url(asked, "html", cache="no"),
        "rungs": RUNG_WORDS, "research": url_for("web.home", question=f"What does {made.final_url or made.url} say about "),
    }
    return Response(render_template("text.html", **about), mimetype=HTML)


def own_url(asked: Asked, form: str, **more: str) -> str:
    """Where this text is had in another form, with the options that were given."""
    given = {name: value for name, value in asked.options if name not in ("format", *more)} | {"format": form} | more
    options = urlencode([(PREFIX + name, value) for name, value in given.items()])
    return f"/{asked.url}{'&' if '?' in asked.url else '?'}{options}"


def described(reply: Response, made: Reading, options: Options, form: str) -> Response:
    """What a cache and a program want to know of it; a 304 where the asker has this text already.

    The tag is weak: the age in the text grows while the text stays the same.
    """
    mark = hashed(f"{made.sha256} {made.fetched_at} {form} {options.to_json()} {made.notes}")[:32]
    reply.set_etag(mark, weak=True)
    reply.headers["Age"] = str(max(0, int(time.time() - made.checked_at)))
    reply.headers["Last-Modified"] = made.last_modified if "GMT" in made.last_modified else http_date(made.fetched_at)
    reply.headers["Cache-Control"] = "private, no-cache"
    reply.headers["Vary"] = ", ".join(["Accept", *map(header_of, OPTIONS)])
    reply.headers["Leash-Tokens"] = str(made.tokens)
    reply.headers["Leash-Rung"] = made.rung
    return reply.make_conditional(request.environ) if reply.status_code == 200 else reply


# ---------------------------------------------------------------- what was asked

def raw_path() -> str:
    """The path and query as they were sent. gunicorn and werkzeug keep them under different names."""
    kept = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI")
    raw = as_utf8(kept) if kept else request.full_path.removesuffix("?")
    if raw.lower().startswith(("http://", "https://")):  # the absolute form, as a client sends it to a proxy
        raw = "/" + raw.split("/", 3)[3] if raw.count("/") > 2 else "/"
    return raw


def as_utf8(raw: str) -> str:
    """WSGI hands bytes on as Latin-1."""
    try:
        return raw.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return raw


def own_names() -> frozenset[str]:
    """The first segments of our own routes: what begins so is never another site's address."""
    names = {rule.rule.split("/")[1] for rule in current_app.url_map.iter_rules()}
    return frozenset(name for name in names if name and not name.startswith("<"))


def own_page(address: str) -> str:
    """The page of our own that this would be without its last slash. Raises NoSuchPage where there is none."""
    bare = address.removesuffix("/")
    try:
        endpoint, values = current_app.create_url_adapter(request).match(f"/{bare}", method="GET")
    except HTTPException:
        endpoint, values = request.endpoint, {}
    if bare == address or endpoint == request.endpoint:
        raise NoSuchPage
    return url_for(endpoint, **values) + (f"?{request.query_string.decode('latin-1')}" if request.query_string else "")


def headed() -> list[tuple[str, str]]:
    """What Leash-… headers ask for and the query does not."""
    given = {name.lower().replace("-", "_") for name in request.args}
    found = [(name[len(HEADER):].lower().replace("-", "_"), value) for name, value in request.headers if name.startswith(HEADER)]
    return [(name, value) for name, value in found if PREFIX + name not in given]


def header_of(name: str) -> str:
    return HEADER + name.title().replace("_", "-")


def asked_by_names() -> tuple[str, Options]:
    """The `url` and the options, by their plain names, of /api/text."""
    pairs = [(name.lower().removeprefix(PREFIX), value) for name, value in request.args.items(multi=True)]
    urls = [value for name, value in pairs if name == "url"]
    if len(urls) != 1:
        raise BadInput("Give the address once, as /api/text?url=https%3A%2F%2Fexample.com%2Fpage.")
    named = {name.replace("-", "_") for name, _ in pairs}
    headers = [pair for pair in headed() if pair[0] not in named]
    return given_address(urls[0]), read_options([*(pair for pair in pairs if pair[0] != "url"), *headers])


def form_of(options: Options, otherwise: str) -> str:
    """The media type to answer in: what the option says, else what the Accept header prefers."""
    if options.format in FORMS:
        return FORMS[options.format]
    offered = (otherwise, *(form for form in OFFERED if form != otherwise))
    best = request.accept_mimetypes.best_match(offered, otherwise)
    return MARKDOWN if best == "text/plain" else best


def check_asker() -> None:
    """Refuse what another site's page, or another port's on this machine, has sent here: its cookie may be right."""
    if "device" not in g and request.headers.get("Sec-Fetch-Site", "none") not in OWN_SITES:
        raise Forbidden(FROM_ELSEWHERE)


# ---------------------------------------------------------------- the page with the box

@blueprint.get("/text")
def box() -> str | AnyResponse:
    """The box for an address; with `?url=` to its text, where a script does not go there by itself."""
    typed = request.args.get("url")
    if typed is None:
        return box_page()
    check_asker()
    try:
        return redirect(own_url(Asked(given_address(typed)), "html"), 303)
    except BadInput as error:
        return box_page(typed, str(error)), 400


@blueprint.post("/text/forget")
def forget() -> AnyResponse:
    forget_text(request.form.get("url", ""))
    return redirect(url_for("text.box") + "#recent", 303)


def box_page(typed: str = "", trouble: str = "") -> str:
    return render_template("text_box.html", typed=typed, trouble=trouble, recent=readings().newest(), now=time.time(),
                           age_words=faces.age_words, here=request.host_url.rstrip("/"))


# ---------------------------------------------------------------- faults

@blueprint.errorhandler(LeashError)
def on_leash_error(error: LeashError) -> Response:
    """In the form that was asked for; what the log tells is guard's matter, and how the gate's refusals are told."""
    refusal = guard.on_leash_error(error)
    if isinstance(error, NotAllowed):
        return refusal
    fault, url = faces.fault_of(error), named_url()
    reply = told(fault.status, form_asked(), error, url)
    if error.retry_after:
        reply.headers["Retry-After"] = str(round(error.retry_after))
    return reply


@blueprint.errorhandler(HTTPException)
def on_http_error(error: HTTPException) -> AnyResponse:
    """Refusals of the gate in the gate's own way; the rest as pages or sentences."""
    status, form = error.code or 500, form_asked()
    if status < 400 or (form == HTML and status in (401, 403)):
        return guard.on_http_error(error)
    detail = guard.SENTENCES.get(status) or error.description or ""
    if status == 404:
        detail += HOW.format(here=request.host_url)
    if form == HTML:
        page = render_template("error.html", status=status, title=TITLES.get(status, error.name), detail=detail)
        return Response(page, status, mimetype=HTML)
    if form == JSON:
        return guard.problem(status, detail)
    return Response(f"# {TITLES.get(status, error.name)}\n\n{detail}\n", status, content_type=f"{MARKDOWN}; charset=utf-8")


TITLES = {404: "Not found", 401: "The token is missing", 403: "Refused"}


def told(status: int, form: str, error: LeashError, url: str) -> Response:
    if form == JSON:
        body = json.dumps(faces.problem_json(error, url), ensure_ascii=False)
        return Response(body.encode("utf-8", "replace"), status, mimetype="application/problem+json")
    if form == MARKDOWN:
        return Response(faces.problem_markdown(error, url), status, content_type=f"{MARKDOWN}; charset=utf-8")
    page = render_template("text_fault.html", fault=faces.fault_of(error), sentences=faces.sentences_of(error), url=url, status=status)
    return Response(page, status, mimetype=HTML)


def form_asked() -> str:
    """The form for a fault, also where the options themselves are at fault."""
    api = request.path.startswith("/api/")
    named = request.args.get("format" if api else f"{PREFIX}format", "") or request.headers.get(f"{HEADER}Format", "")
    options = Options(format=named if named in FORMS else "")
    return form_of(options, JSON if api else MARKDOWN)


def named_url() -> str:
    """The address that was asked for, "" if what was sent names none."""
    finders: tuple[Callable[[], Any], ...] = (
        lambda: given_address(request.args["url"]) if "url" in request.args else "",
        lambda: getattr(asked_in(raw_path(), own_names()), "url", ""),
    )
    try:
        return finders[0]() or finders[1]()
    except BadInput:
        return ""
