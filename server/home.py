"""The data folder as `leash up` holds it: usable or not, locked by one, and what runs in it.

Read by `leash doctor` and a second `leash up`. It knows no child by name and starts nothing.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from agent.errors import BadInput, StorageError

LEAST_BYTES = 50_000_000  # less free disk than this, and not even a few pages could be kept
OTHER_FOLDER = "make room, or choose another with --data-dir PATH or LEASH_DATA_DIR."


def check_folder(folder: Path) -> None:
    """Makes the data folder and writes to it once, so that a fault is a sentence now and not a trace later."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "logs").mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 65536)
            probe.flush()
        free = os.statvfs(folder)
    except OSError as error:
        raise StorageError(f"The data folder {folder} cannot be used: {why(error)}") from None
    if free.f_bavail * free.f_frsize < LEAST_BYTES:
        raise StorageError(f"The disk of the data folder {folder} is full: {OTHER_FOLDER}")


def why(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"its disk is full; {OTHER_FOLDER}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "it cannot be written; allow it, or choose another with --data-dir PATH or LEASH_DATA_DIR."
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "it is a file, or lies in one; choose another with --data-dir PATH or LEASH_DATA_DIR."
    return f"{error.strerror}; choose another with --data-dir PATH or LEASH_DATA_DIR."


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Holds the folder's lock. The system lets go of it when we end, however we end."""
    with (folder / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            state = read_state(folder)
            raise BadInput(
                f"Leash is already running with the data folder {folder}: process {state.get('pid', 'unknown')}, "
                f"{state.get('address', 'still starting')}. `leash token` prints the address with its token; a second "
                "Leash needs a folder and a port of its own: leash up --data-dir PATH --port N.") from None
        yield


def is_running(folder: Path) -> bool:
    """Whether a `leash up` holds this folder now."""
    try:
        with (folder / "up.lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def state_file(folder: Path) -> Path:
    return folder / "up.json"


def read_state(folder: Path) -> dict[str, Any]:
    try:
        state = json.loads(state_file(folder).read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def write_state(folder: Path, address: str, pids: Mapping[str, int]) -> None:
    children = {}
    for name, pid in pids.items():
        with contextlib.suppress(psutil.Error):
            children[name] = [pid, psutil.Process(pid).create_time()]
    with contextlib.suppress(OSError):  # a full disk must not end a running Leash
        draft = state_file(folder).with_suffix(".new")
        draft.write_text(json.dumps({"pid": os.getpid(), "address": address, "children": children}))
        draft.replace(state_file(folder))


def end_leftovers(folder: Path, seconds: float) -> bool:
    """Ends children of a `leash up` that was killed: two Redis on one file would spoil it. Ours, by pid and birth."""
    left = [process for pid, born in read_state(folder).get("children", {}).values()
            if (process := still_there(pid, born)) is not None]
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=seconds)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    return bool(left)


def still_there(pid: int, born: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - born) < 1 else None
    except psutil.Error:
        return None
