"""Repositories at the doors to text: streamed as Markdown, XML or JSON, or its beginning on a page.

Called by server/text.py for an address that names a repository; knows requests, and leaves the rest to server/packs.py.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace

from flask import Response, current_app, render_template, request, url_for

from agent.repo.target import target_of
from server import faces
from server.options import Options, refuse_for_repository
from server.packs import Packs, Stream, head_of, mark_of

SHOWN = 200_000  # bytes of the text that its page shows
TYPES = {"markdown": ("text/markdown", "md"), "json": ("application/json", "json"), "xml": ("text/plain", "xml")}


def packs() -> Packs:
    return current_app.extensions["leash"].packs


def answer_repository(url: str, options: Options, form: str, urls: dict[str, str]) -> Response:
    """`form` is a media type; `urls` are this text's addresses by format, for its page."""
    refuse_for_repository(options)
    if form == "text/html":
        return page(url, replace(options, format="markdown"), urls)
    if form == "application/json":
        options = replace(options, format="json")
    return streamed(url, options)


def streamed(url: str, options: Options) -> Response:
    """The text as it is written; the work stops when the asker goes away."""
    stream = packs().open(url, options)
    kind, ending = TYPES[options.format if options.format in TYPES else "markdown"]
    reply = Response(iter(stream), content_type=f"{kind}; charset=utf-8")
    reply.call_on_close(stream.close)
    reply.headers["Content-Disposition"] = f'inline; filename="{file_stem(url)}.{ending}"'
    reply.headers["X-Accel-Buffering"] = "no"
    return described(reply, stream, options)


def described(reply: Response, stream: Stream, options: Options) -> Response:
    reply.headers["Cache-Control"] = "private, no-cache"
    reply.headers["Vary"] = "Accept"
    reply.headers["Leash-Rung"] = "git"
    if stream.made is None:
        return reply
    reply.set_etag(mark_of(stream.made, options))
    reply.headers["Age"] = str(max(0, int(time.time() - stream.made.checked_at)))
    reply.headers["Leash-Commit"] = stream.made.etag
    return reply.make_conditional(request.environ)


def page(url: str, options: Options, urls: dict[str, str]) -> Response:
    """The beginning of the text, with the rest to download; the work goes on after it, so that the rest is there."""
    stream = packs().open(url, options, leave_it=True)
    try:
        text, is_all = head_of(stream, SHOWN)
    finally:
        stream.close()
    made = stream.made
    about = {
        "url": url, "name": name_of(url), "text": text, "is_all": is_all, "urls": urls, "file": f"{file_stem(url)}.md", "made": made,
        "age": faces.age_words(time.time() - made.checked_at) if made else "",
        "research": url_for("web.home", question=f"What does {url} say about "),
    }
    return Response(render_template("text_repo.html", **about), mimetype="text/html")


def name_of(url: str) -> str:
    target = target_of(url)
    return target.name if target else url


def file_stem(url: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name_of(url).lower().encode("ascii", "ignore").decode()).strip("-.")[:80] or "repository"
