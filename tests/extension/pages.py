"""Pages of the tests' own, on loopback."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

Pages = Mapping[str, str | bytes]
KINDS = {".vtt": "text/vtt", ".pdf": "application/pdf"}


@contextmanager
def served(pages: Pages) -> Iterator[str]:
    """Serves them by their paths on a port of its own; the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            raw = body.encode() if isinstance(body, str) else body or b"none"
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", KINDS.get(Path(self.path).suffix, "text/html; charset=utf-8"))
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
