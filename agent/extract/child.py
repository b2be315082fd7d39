"""A few long-lived child processes that run one function on hostile input, killed when they pass their time or memory.

A child imports this file and the module of its work, nothing else; it sees none of the parent's environment. What it
sends back is believed only as far as plain data and this project's own records and errors go: see `Cautious`.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pickle
import queue
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import LeashError, Unreadable

if TYPE_CHECKING:
    from agent.settings import Settings

READY, DONE, RAISED, FAULT, SPENT = "ready", "done", "raised", "fault", "spent"
START_SECONDS = 60.0  # to import the work's module on a busy machine; no part of a call's own time
MOST_BYTES = 1 << 30
CHILDREN = 2  # one would do for speed on two cores, but not while a page takes its five seconds
MORE_TIME = "Raise the setting LEASH_EXTRACT_SECONDS, or ask for a part of the page by a CSS selector."
MORE_MEMORY = "Raise the setting LEASH_EXTRACT_MEMORY, or ask for a part of the page by a CSS selector."
LENGTH = struct.Struct("!Q")
PR_SET_PDEATHSIG = 1
ENVIRONMENT = {"PYTHONUTF8": "1", "LANG": "C.UTF-8"}


class Children:
    """`work` is the dotted name of a function of plain data, as "agent.extract.html:extract". Thread-safe.

    The children start at once, in the background, and import the work's module before the first call. `seconds` bounds
    a call from the moment that a child takes it, `memory` a child's address space.
    """

    def __init__(self, work: str, count: int, seconds: float, memory: int) -> None:
        self._order = (work, seconds, memory)
        self._free: queue.Queue[Child | None] = queue.Queue()
        self._wanted: queue.Queue[bool] = queue.Queue()
        self._all: set[Child] = set()
        self._closed = False
        self._lock = threading.Lock()
        for _ in range(count):
            self._wanted.put(True)
        # One thread that lives as long as we do starts them all: the kernel ends a child with the thread that made it.
        threading.Thread(target=self._keep, name="leash-children", daemon=True).start()

    def run(self, *args: Any, seconds: float | None = None) -> Any:
        """What the work returns for these arguments. Waits for a free child.

        Raises the work's own LeashError, or Unreadable if it took too long, died, or failed in any other way.
        """
        child = self._take()
        try:
            return child.run(args, seconds or self._order[1])
        finally:
            self._give_back(child)

    def _take(self) -> Child:
        while child := self._free.get():
            if not child.dead():
                return child
            self._give_back(child)
        self._free.put(None)
        raise RuntimeError("these children are closed")

    def _give_back(self, child: Child) -> None:
        if child.alive:
            self._free.put(child)
            return
        with self._lock:
            self._all.discard(child)
        self._wanted.put(True)

    def _keep(self) -> None:
        while self._wanted.get():
            with self._lock:
                if self._closed:
                    return
                child = Child(*self._order)
                self._all.add(child)
            self._free.put(child)

    def close(self) -> None:
        """Kills the children, also those at work: their calls raise Unreadable, later ones RuntimeError."""
        with self._lock:
            self._closed = True
            for child in self._all:
                child.stop()
        self._wanted.put(False)
        with contextlib.suppress(queue.Empty):
            while child := self._free.get_nowait():
                child.kill()
        self._free.put(None)


def text_children(settings: Settings, count: int = CHILDREN) -> Children:
    """Those that make text of pages, within the settings' limits."""
    return Children("agent.extract.document:extract", count, settings.extract_seconds, settings.extract_memory)


class Child:
    """The parent's end of one child process. One call at a time."""

    def __init__(self, work: str, seconds: float, memory: int) -> None:
        self._line, theirs = socket.socketpair()
        program = f"import sys; sys.path[:] = {sys.path!r}; from agent.extract.child import serve; serve()"
        command = [sys.executable, "-c", program, work, str(memory), str(os.getpid())]
        with theirs:
            self._process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL, start_new_session=True, env=ENVIRONMENT)
        self._ready = False
        self.alive = True

    def run(self, args: tuple[Any, ...], seconds: float) -> Any:
        """What the work returns; a child that did not answer properly is killed."""
        try:
            self._wait_ready()
            self._send((args, seconds), seconds)
            kind, content = self._receive(seconds)
        except TimeoutError:
            self.kill()
            raise Unreadable(f"Making text of the page took longer than {seconds:g} s, so Leash gave it up. {MORE_TIME}") from None
        except (OSError, EOFError):
            self.kill()
            raise Unreadable("Making text of the page ended the process that did it; it may have needed too much memory.") from None
        if kind == SPENT:
            self.kill()
        return outcome(kind, content)

    def dead(self) -> bool:
        """Whether the process ended while nobody was calling."""
        if self.alive and self._process.poll() is not None:
            self.kill()
        return not self.alive

    def _wait_ready(self) -> None:
        if self._ready:
            return
        kind, content = self._receive(START_SECONDS)
        if kind != READY:
            self.kill()
            raise Unreadable(f"The process that makes text of pages could not start: {content}.")
        self._ready = True

    def _send(self, message: Any, seconds: float) -> None:
        self._line.settimeout(seconds)
        self._line.sendall(packed(message))

    def _receive(self, seconds: float) -> tuple[str, Any]:
        until = time.monotonic() + seconds
        size = LENGTH.unpack(self._read(LENGTH.size, until))[0]
        if size > MOST_BYTES:
            raise EOFError
        return understood(self._read(size, until))

    def _read(self, size: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._line.settimeout(max(0.001, until - time.monotonic()))
            piece = self._line.recv(min(1 << 20, size - len(data)))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def stop(self) -> None:
        """End the process; whoever waits for its answer finds out."""
        self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        self.alive = False
        self.stop()
        self._line.close()


class Cautious(pickle.Unpickler):
    """Reads plain data, and of classes only this project's dataclasses and errors: a child may have been taken over."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "agent":
            found = vars(importlib.import_module(module)).get(name)
            if isinstance(found, type) and (is_dataclass(found) or issubclass(found, LeashError)):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not plain data")


def understood(data: bytes) -> tuple[str, Any]:
    """A child's message. Raises EOFError for anything else, as if nothing had come."""
    try:
        kind, content = Cautious(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, ImportError, AttributeError, LookupError, TypeError, ValueError):
        raise EOFError from None
    return kind, content


def outcome(kind: str, content: Any) -> Any:
    if kind == DONE:
        return content
    if kind == RAISED and isinstance(content, LeashError):
        raise content
    if kind == SPENT:
        raise Unreadable(f"Making text of the page took more memory than it may have. {MORE_MEMORY}")
    raise Unreadable(f"Making text of the page failed ({content}).")


def packed(message: Any) -> bytes:
    data = pickle.dumps(message, protocol=5)
    return LENGTH.pack(len(data)) + data


def serve() -> None:
    """The child's whole life: import the work, then one call after the other until the parent is gone."""
    name, memory, parent = sys.argv[1:]
    line = private_line()
    bound_memory(int(memory))
    die_with(int(parent))
    try:
        module, _, function = name.partition(":")
        work = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, SyntaxError, MemoryError) as fault:
        return line.sendall(packed((FAULT, told(fault))))
    line.sendall(packed((READY, None)))
    return answer_all(line, work)


def answer_all(line: socket.socket, work: Callable[..., Any]) -> None:
    calls = line.makefile("rb")
    while head := calls.read(LENGTH.size):
        args, seconds = pickle.loads(calls.read(LENGTH.unpack(head)[0]))
        # Should the parent be gone and unable to end us, the kernel does.
        signal.setitimer(signal.ITIMER_REAL, seconds + 1)
        message = answer(work, args)
        signal.setitimer(signal.ITIMER_REAL, 0)
        line.sendall(message)


def answer(work: Callable[..., Any], args: tuple[Any, ...]) -> bytes:
    try:
        return packed((DONE, work(*args)))
    except LeashError as fault:
        return packed((RAISED, fault))
    except MemoryError:
        return packed((SPENT, None))
    except Exception as fault:  # noqa: BLE001 - the child's outermost frame: what fails on one page must not end it
        return packed((FAULT, told(fault)))


def told(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {fault}"[:300].removesuffix(": ")


def private_line() -> socket.socket:
    """The line to the parent, moved to where no print and no library finds it."""
    line = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return line


def bound_memory(most: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit but refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def die_with(parent: int) -> None:
    """End when the parent ends, also in the middle of a call. Elsewhere than on Linux an idle child's line closes."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit()
