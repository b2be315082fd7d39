"""What tests of every folder share: the frozen web, real pages on loopback under their real names."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class FrozenWeb:
    """`proxy` and `search` are addresses, `ca` is the file of its authority alone, `log` a line for each request."""

    proxy: str
    search: str
    ca: Path
    log: Path


def frozen_program() -> Path:
    named = os.environ.get("LEASH_FROZENWEB")
    given = Path(named) if named else ROOT.parent / "shared" / "frozenweb"
    program = given / "frozenweb.py" if given.is_dir() else given
    if not program.is_file():
        pytest.fail(f"The frozen web is needed, and {given} does not hold it. Name its folder in LEASH_FROZENWEB.")
    return program


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@pytest.fixture(scope="session")
def frozen_web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrozenWeb]:
    """The small frozen web on ports of its own; the first run on a machine builds it, which takes a minute or two."""
    with serving(tmp_path_factory.mktemp("frozenweb")) as web:
        yield web


@contextmanager
def serving(home: Path, *more: str) -> Iterator[FrozenWeb]:
    """A frozen web of one's own, its log in this folder; with `--repos` and a folder it is a forge too."""
    log, cache = home / "requests.log", Path(os.environ.get("FROZENWEB_CACHE", Path.home() / ".cache" / "frozenweb"))
    proxy, search = free_ports(2)
    command = [sys.executable, str(frozen_program()), "serve", "--small", "--cache", str(cache), "--log", str(log),
               "--proxy-port", str(proxy), "--search-port", str(search), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if not any(line.startswith("proxy http") for line in process.stdout or ()):
                pytest.fail(f"The frozen web did not start; its words are above. Try: {' '.join(command)}")
            yield FrozenWeb(f"http://127.0.0.1:{proxy}", f"http://127.0.0.1:{search}", cache / "ca.pem", log)
        finally:
            process.kill()
