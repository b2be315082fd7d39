"""Keeps child processes alive: starts them, notices a death at once, restarts with growing pauses, ends all together.

It knows processes, signals and log files; it does not know what the children are. It must run in the main thread of a
program with one thread, since it forks and handles signals.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LOG_BYTES = 5_000_000  # a log is moved to NAME.log.1 when it grows past this
PAUSES = (0.1, 0.4, 1.0, 2.0)  # seconds before the first, second, … restart of a child that keeps dying
MANY, WINDOW = 5, 30.0  # this many deaths within this many seconds: something is wrong that a restart does not mend
PR_SET_PDEATHSIG = 1  # Linux: the kernel signals the child when we die, however we die


@dataclass
class Child:
    """One process to keep alive. It inherits `fds`; `orphan_signal` is what ends it if we are killed."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    fds: tuple[int, ...] = ()
    orphan_signal: int = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=MANY))
    start_at: float = 0.0

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        rotate(self.log)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=dict(self.environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=self.fds, start_new_session=True, preexec_fn=die_with_parent(self.orphan_signal))

    def signal(self, number: int) -> None:
        """To the child and all in its process group, also when the child itself is gone already."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def died(self) -> None:
        """Notes a death, ends what the child left behind, and sets the time of its next start."""
        self.signal(signal.SIGKILL)
        now = time.monotonic()
        self.deaths.append(now)
        recent = sum(now - death < WINDOW for death in self.deaths)
        self.start_at = now + (WINDOW if recent >= MANY else PAUSES[min(recent, len(PAUSES)) - 1])

    @property
    def hopeless(self) -> bool:
        return len(self.deaths) == MANY and self.deaths[-1] - self.deaths[0] < WINDOW


class Supervisor:
    """Holds the children and one loop. `say` gets one line for each thing a person should know."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.children: list[Child] = []
        self.say, self.stopping = say, False
        self.changed: Callable[[], None] = lambda: None
        self.selector = selectors.DefaultSelector()
        self.listen()

    def listen(self) -> None:
        """Turns signals into bytes on a pipe, so that one select waits for everything."""
        wake, waker = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup: outlive the terminal
                signal.signal(number, self.ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.wake = wake
        self.selector.register(wake, selectors.EVENT_READ)

    def ask_to_stop(self, *_: object) -> None:
        if self.stopping:  # asked twice: at once
            for child in self.children:
                child.signal(signal.SIGKILL)
        self.stopping = True

    def add(self, child: Child) -> None:
        child.start()
        self.children.append(child)
        self.changed()

    def pids(self) -> dict[str, int]:
        return {child.name: child.process.pid for child in self.children if child.process is not None}

    def wait(self, seconds: float) -> None:
        """Until a signal comes (a child's death is one), something registered can be read, or the time is over."""
        self.selector.select(seconds)
        with contextlib.suppress(BlockingIOError):
            while os.read(self.wake, 1024):
                pass

    def watch(self, done: Callable[[], bool] = lambda: False, seconds: float = float("inf")) -> bool:
        """Keeps the children alive until `done()` (True), or the time is over or an end was asked for (False)."""
        deadline = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < deadline:
            if done():
                return True
            for child in self.children:
                self.care(child)
            self.wait(min(self.next_start(), deadline - time.monotonic(), 1.0))
        return False

    def next_start(self) -> float:
        """Seconds until a dead child is due."""
        return max(0.0, min((c.start_at - time.monotonic() for c in self.children if not c.alive), default=1.0))

    def care(self, child: Child) -> None:
        if child.alive:
            rotate(child.log)
        elif child.process is not None:
            self.bury(child)
        elif time.monotonic() >= child.start_at:
            child.start()
            self.changed()

    def bury(self, child: Child) -> None:
        assert child.process is not None
        how = describe_exit(child.process.returncode)
        child.died()
        child.process = None
        if child.hopeless:
            self.say(f"{child.name} {how}, for the {MANY}th time in {WINDOW:.0f} seconds. Its last words: "
                     f"{last_line(child.log)} Its log, {child.log}, says more; the next try is in {WINDOW:.0f} s.")
        else:
            self.say(f"{child.name} {how}; it is started again.")

    def stop(self, children: Sequence[Child], seconds: float) -> None:
        """Ends these: asks first, and kills what is still there after `seconds`."""
        for child in children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while any(child.alive for child in children) and time.monotonic() < deadline:
            self.wait(min(0.2, max(0.0, deadline - time.monotonic())))
        for child in children:
            child.signal(signal.SIGKILL)
        for child in children:
            if child.process is not None:
                child.process.wait()


def die_with_parent(number: int) -> Callable[[], None] | None:
    """What a child runs between fork and exec so that the kernel ends it when we are killed; only Linux can."""
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # we were killed between fork and prctl
            os._exit(1)

    return before_exec


def describe_exit(code: int) -> str:
    if code < 0:
        return f"was ended by signal {-code} ({signal.Signals(-code).name})"
    return f"ended with exit code {code}"


def rotate(log: Path) -> None:
    """Moves a log that has grown too large aside, by copying: the child goes on writing to the same file."""
    try:
        if log.stat().st_size < LOG_BYTES:
            return
        log.with_suffix(".log.1").write_bytes(log.read_bytes()[-LOG_BYTES:])
        os.truncate(log, 0)
    except OSError:  # no log yet, or a full disk: a log is not worth an end
        return


def last_line(log: Path) -> str:
    """The last line of a log that says why, at most 300 characters. Lines such as gunicorn's own, [time] …, do not."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4000))
            lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    except OSError:
        return "(none)."
    telling = [line for line in lines if not line.startswith("[")] or lines
    return f"“{telling[-1][:300]}”." if telling else "(none)."
