"""The library as a person sees it: what their runs have read, searched, opened and deleted. Parses, calls the service, renders."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from agent.errors import BadInput
from server import guard
from server.service import Service

blueprint = Blueprint("library", __name__)
LISTED = 30
NAMED = 3  # runs that a page of the list names; the others are counted
LONGEST = 400  # characters of a query


def service() -> Service:
    return current_app.extensions["leash"]


@blueprint.get("/library")
def show() -> str:
    return listed(request.args.get("q", ""), place(request.args.get("before")))


@blueprint.post("/library/<sha256>/delete")
def forget(sha256: str) -> Response | tuple[str, int]:
    """Back to the list without the page; or with the sentence that says why it stays."""
    query = request.form.get("q", "")
    try:
        service().forget_page(sha256)
    except BadInput as error:
        return listed(query, None, str(error)), guard.on_leash_error(error).status_code
    return redirect(url_for("web.library.show", q=query or None), 303)


def listed(query: str, before: int | None, trouble: str = "") -> str:
    query = " ".join(query.split())[:LONGEST]
    pages = service().library(query, LISTED + 1, before)
    older = pages[LISTED - 1].id if len(pages) > LISTED else None
    return render_template("library.html", query=query, pages=pages[:LISTED], older=older, trouble=trouble, named=NAMED,
                           size=service().library_size())


def place(given: str | None) -> int | None:
    return int(given) if given and given.isascii() and given.isdigit() and len(given) < 10 else None
