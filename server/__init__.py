"""The service: the API, the pages, the queue and its workers. `create_app` is the web process.

The web process opens no address that a user or a page names; that is a job. It imports neither a browser, an
extractor, a vector store nor a model client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from agent.settings import Settings
    from server.service import Service

MOST_BYTES = 1_000_000  # of a request: a question far too long is still answered with a sentence


def create_app(settings: Settings | None = None, service: Service | None = None, pages: bool = True) -> Flask:
    """The web application. Without arguments, by the settings of the environment; without `pages`, the API alone."""
    from flask import Flask

    from agent.settings import load_settings
    from server import api, auth, captures, guard
    from server.service import open_service

    settings = settings or load_settings()
    app = Flask(__name__, static_folder="static" if pages else None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.json.sort_keys = False
    service = app.extensions["leash"] = service or open_service(settings)
    app.extensions["leash.settings"] = settings
    guard.install(app)
    auth.Gate(settings, service.pairing).guard(app)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(captures.blueprint)
    if pages:
        from server import capture_pages, text, web

        app.register_blueprint(web.blueprint)
        app.register_blueprint(capture_pages.blueprint)
        app.register_blueprint(text.blueprint)
    return app
