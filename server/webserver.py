"""The web process: gunicorn with the settings that suit Leash, on a socket that `leash up` has opened.

Run as `python -P -m server.webserver FD`. The socket belongs to the supervisor, so a restarted web process has
lost neither the port nor the callers that wait.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

THREADS = 128  # one for each open event stream and request; server/stream.py caps its streams below this
OPTIONS = {
    "worker_class": "gthread",
    "workers": 1,
    "threads": THREADS,
    "graceful_timeout": 3,  # open streams would hold a stop for 30 s
    "timeout": 60,
    "keepalive": 5,
    "control_socket_disable": True,
    "proc_name": "leash-web",
    "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # the heartbeat must not wait for a disk
}


class Web(BaseApplication):
    """gunicorn started from code: unlike its command it does not put the working folder on the import path."""

    def __init__(self, fd: int) -> None:
        self.bind = f"fd://{fd}"
        super().__init__()

    def load_config(self) -> None:
        for name, value in {**OPTIONS, "bind": self.bind}.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from server import create_app

        return create_app()


if __name__ == "__main__":
    Web(int(sys.argv[1])).run()
