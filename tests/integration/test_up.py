"""`leash up` as a person runs it: real processes, a real Redis, real signals."""

from __future__ import annotations

import errno
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from server.home import end_leftovers, read_state, state_file, why
from server.redisd import answers, find_redis, packaged_redis, redis_command, socket_path

ROOT = Path(__file__).parents[2]
START, STOP = 60.0, 8.0  # deadlines, not expectations: a busy machine is slow


class Leash:
    """A `leash up` on its own folder and port; `lines` is what it has said so far."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder, self.lines = folder, []
        self.heard = threading.Condition()
        self.process = subprocess.Popen(leash("up", "--port", "0", *more), env=environment(folder), cwd=folder.parent,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        for line in self.process.stdout:
            with self.heard:
                self.lines.append(line.strip())
                self.heard.notify_all()

    def wait_for(self, words: str) -> str:
        """The first line that holds these words."""
        def said() -> str | None:
            return next((line for line in self.lines if words in line), None)

        with self.heard:
            assert self.heard.wait_for(said, START), (words, self.lines)
            return said()

    @property
    def address(self) -> str:
        return self.wait_for("Leash is ready").split()[-1]

    def pids(self) -> dict[str, int]:
        return {name: pid for name, (pid, _) in read_state(self.folder).get("children", {}).items()}

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP)


def leash(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "server.cli", *arguments]


def environment(folder: Path) -> dict[str, str]:
    """Without what this machine has set for Leash."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LEASH_", "OPENAI_"))}
    given = {"LEASH_DATA_DIR": str(folder), "LEASH_WORKERS": "1", "LEASH_LONG_WORKERS": "1", "LEASH_FIND_MODELS": "0",
             "PYTHONPATH": str(ROOT)}
    return {**kept, **given}


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(leash(*arguments), env={**environment(folder), **more}, cwd=folder.parent, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=START)


def until(condition: Callable[[], bool], seconds: float = START) -> None:
    """Returns when the condition holds; fails at the deadline."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        pause.wait(0.02)


def health(address: str) -> int:
    parts = urlsplit(address)
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=START)
    line.request("GET", "/health")
    return line.getresponse().status


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def running(folder: Path) -> Iterator[Leash]:
    leash = Leash(folder)
    yield leash
    if leash.process.poll() is None:
        leash.process.kill()
        leash.process.wait()


def test_it_answers_mends_itself_and_ends_without_orphans(running: Leash, folder: Path) -> None:
    address = running.address
    assert "?token=" in address
    assert health(address) == 200
    for name in ("worker-1", "long-1", "redis", "web"):
        before = running.pids()[name]
        os.kill(before, signal.SIGKILL)
        running.wait_for(f"{name} was ended by signal 9 (SIGKILL); it is started again.")
        until(lambda name=name, before=before: running.pids().get(name, before) != before)
    until(lambda: answers(socket_path(folder)))
    assert health(address) == 200
    family = running.family()
    assert len(family) >= 4  # Redis, gunicorn and its worker, a Leash worker
    assert running.end() == 0
    assert psutil.wait_procs(family, timeout=STOP)[1] == []
    assert read_state(folder) == {}


def test_a_second_one_and_the_doctor_see_the_first(running: Leash, folder: Path) -> None:
    address = running.address
    second = run(folder, "up", "--port", "0")
    assert second.returncode == 2
    assert "already running" in second.stderr
    assert address.split("?")[0] in second.stderr
    assert run(folder, "token").stdout.strip() == address
    seen = json.loads(run(folder, "doctor", "--json").stdout)
    said = {part["name"]: part["says"] for part in seen["parts"]}["leash"]
    assert said.startswith("running")
    assert "1 for quick runs, 1 for long ones" in said
    assert running.end(signal.SIGINT) == 0


def test_killed_it_leaves_no_orphan_and_starts_again(running: Leash, folder: Path) -> None:
    assert running.address
    family = running.family()
    running.process.kill()
    running.process.wait()
    if sys.platform.startswith("linux"):  # elsewhere the next start ends them
        assert psutil.wait_procs(family, timeout=STOP)[1] == []
    again = Leash(folder)
    try:
        assert health(again.address) == 200
        assert psutil.wait_procs(family, timeout=STOP)[1] == []
        assert again.end() == 0
    finally:
        again.process.kill()


def test_what_a_killed_one_left_behind_is_ended(folder: Path) -> None:
    """As on systems whose kernel does not end the children; a process that only has the same number is left alone."""
    folder.mkdir()
    orphan, stranger = (subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in range(2))
    try:
        children = {"redis": [orphan.pid, psutil.Process(orphan.pid).create_time()], "web": [stranger.pid, 1.0]}
        state_file(folder).write_text(json.dumps({"pid": 1, "children": children}))
        assert end_leftovers(folder, STOP)
        orphan.wait(STOP)  # raises if it goes on
        assert stranger.poll() is None
    finally:
        orphan.kill()
        stranger.kill()
        stranger.wait()


def test_port_in_use_is_one_sentence(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run(folder, "up", "--port", str(port))
    assert done.returncode == 2
    assert done.stderr.strip() == (f"Port {port} is in use by another program. "
                                   f"Take another: leash up --port {port + 1}, or 0 for any.")
    assert done.stdout == ""


def test_data_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for folder in (file, file / "below"):
        done = run(folder, "up", "--port", "0") if folder == file else run(file, "up", "--data-dir", str(folder))
        assert done.returncode == 2
        assert "it is a file, or lies in one" in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("number", "words"), [
    (errno.ENOSPC, "its disk is full"), (errno.EROFS, "cannot be written"), (errno.EACCES, "cannot be written"),
    (errno.EIO, "choose another")])
def test_faults_of_the_data_folder_are_told(number: int, words: str) -> None:
    assert words in why(OSError(number, os.strerror(number)))


def test_a_bad_setting_is_one_sentence(folder: Path) -> None:
    done = run(folder, "up", LEASH_PORT="many")
    assert done.returncode == 2
    assert done.stderr.startswith("LEASH_PORT")
    doctor = run(folder, "doctor", LEASH_PORT="many")
    assert doctor.returncode == 1
    assert "LEASH_PORT" in doctor.stdout


def test_a_redis_that_is_set_and_away(folder: Path) -> None:
    doctor = run(folder, "doctor", "--json", LEASH_REDIS_URL="redis://127.0.0.1:1/0")
    parts = {part["name"]: part for part in json.loads(doctor.stdout)["parts"]}
    assert (doctor.returncode, parts["redis"]["state"]) == (1, "problem")


def test_doctor_looks_without_touching(folder: Path) -> None:
    done = run(folder, "doctor", "--json", LEASH_PORT="0")
    report = json.loads(done.stdout)
    assert done.returncode == 0, report
    assert report["ok"]
    assert not folder.exists()
    model = next(part for part in report["parts"] if part["name"] == "model")
    assert model["state"] == "missing"
    assert model["without"]
    assert model["get"]


def test_settings_hide_secrets(folder: Path) -> None:
    secret = "s3cret-of-mine"
    done = run(folder, "settings", LEASH_MODEL_KEY=secret, LEASH_TOKEN=secret, LEASH_PROXY=f"http://me:{secret}@127.0.0.1:1",
               LEASH_MODELS=json.dumps([{"url": "http://127.0.0.1:1/v1", "model": "tiny", "key": secret}]))
    assert done.returncode == 0
    assert secret not in done.stdout + done.stderr
    assert "tiny at http://127.0.0.1:1/v1 with a key" in done.stdout


def test_both_redis_programs_serve(tmp_path: Path) -> None:
    """The system's own, if there is one, and the one from the package: on a socket, also where the path is long."""
    assert packaged_redis()
    for program in {find_redis(), packaged_redis()}:
        folder = tmp_path / Path(program).name / ("long" * 30)
        folder.mkdir(parents=True)
        process = subprocess.Popen(redis_command(program, folder), stdout=subprocess.DEVNULL)
        try:
            until(lambda folder=folder: answers(socket_path(folder)))
        finally:
            process.terminate()
            process.wait(STOP)
