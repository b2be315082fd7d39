"""What every response carries and how every fault is told: security headers, one sentence, no trace.

The API gets application/problem+json, a reader a small page of its own, since a refused one may not load our styles.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from agent.errors import BadInput, Busy, LeashError, NotFound, StorageError, TooLate
from server.pairing import NotAllowed, TooMany, Unpaired

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with "no-referrer", a form of our own would be sent with the Origin "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STATUS = ((Unpaired, 401), (NotAllowed, 403), (NotFound, 404), (TooLate, 409), (BadInput, 400), (TooMany, 429), (Busy, 503),
          (StorageError, 507), (LeashError, 500))
NAMES = {400: "bad-input", 404: "not-found", 500: "fault", 503: "busy", 507: "storage"}  # of problems, as docs/text.md has them
SENTENCES = {
    400: "The request cannot be read.",
    404: "There is nothing at this address.",
    405: "This address does not take that kind of request.",
    413: "What was sent is too large: at most 1 MB is read.",
    415: "The API reads JSON only: send it with the header Content-Type: application/json.",
    500: "Leash met a fault of its own. Its log tells more.",
}
STYLE = (
    ":root{color-scheme:light dark}h1{font-size:1.375rem}"
    "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title} · Leash</title><style>{style}</style><h1>{title}</h1><p>{detail}</p></html>"
)
PAGE_CSP = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; frame-ancestors 'self'; base-uri 'none'"
log = logging.getLogger("leash.web")


def install(app: Flask) -> None:
    app.after_request(add_headers)
    app.register_error_handler(LeashError, on_leash_error)
    app.register_error_handler(HTTPException, on_http_error)
    app.add_url_rule("/health", "health", lambda: Response("ok\n", mimetype="text/plain"))


def add_headers(response: Response) -> Response:
    """Those that a view has set itself stay."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def on_leash_error(error: LeashError) -> Response:
    status = next(number for kind, number in STATUS if isinstance(error, kind))
    if status >= 500:
        log.warning("%s %s: %s", request.method, request.path, error)
    response = told(status, str(error), **error.more)
    if error.retry_after:
        response.headers["Retry-After"] = str(round(error.retry_after))
    return response


def on_http_error(error: HTTPException) -> Response:
    """Redirects pass; of the rest, our own sentences are shown and the framework's replaced."""
    status = error.code or 500
    if status < 400:
        return error.get_response()
    response = told(status, SENTENCES.get(status) or error.description or HTTPStatus(status).phrase)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def told(status: int, detail: str, **more: Any) -> Response:
    """The fault, in the form that the asker reads; `more` is for programs."""
    if request.path.startswith("/api/") or prefers_json():
        return problem(status, detail, **more)
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(detail)))
    page = PAGE.format(title=escape(HTTPStatus(status).phrase), style=STYLE, detail=words)
    response = Response(page, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = PAGE_CSP
    return response


def prefers_json() -> bool:
    return request.accept_mimetypes.best_match(("text/html", "application/json"), "text/html") == "application/json"


def problem(status: int, detail: str, **more: Any) -> Response:
    """`more` is what a program must tell cases apart by, as its `code`."""
    name = NAMES.get(status)
    body: dict[str, Any] = {"type": f"urn:leash:problem:{name}" if name else "about:blank", "title": HTTPStatus(status).phrase}
    body |= {"status": status, "detail": detail, **more}
    return Response(json.dumps(body), status, mimetype="application/problem+json")
