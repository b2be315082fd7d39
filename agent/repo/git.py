"""Runs git, and nothing else does: with none of the machine's or the user's configuration, no hooks, no prompts.

Only commands that read are run in a repository that is already there, and what its own configuration could start (a file
watcher, a fetch of missing objects) is shut off: so it is safe that any owner's folder may be read, which git by itself
refuses, and which a folder mounted into a container needs.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import LeashError, TooBig, TooSlow

READ = 65536
ALWAYS = {
    "safe.directory": "*", "core.hooksPath": "/dev/null", "core.fsmonitor": "false", "core.symlinks": "false",
    "core.bigFileThreshold": "1m", "core.packedGitLimit": "32m", "core.packedGitWindowSize": "1m",
    "core.deltaBaseCacheLimit": "8m", "pack.threads": "1", "http.followRedirects": "false", "http.proxyAuthMethod": "basic",
    "protocol.version": "2", "gc.auto": "0", "fetch.unpackLimit": "1", "submodule.recurse": "false",
}
MISSING = "git is not installed, so no repository can be read. Debian: apt install git; macOS: xcode-select --install."


class GitFailed(LeashError):
    """git could not do it; `.said` is its own last words."""

    def __init__(self, said: str) -> None:
        super().__init__(f"git could not do it: {said}")
        self.said = said


@dataclass(frozen=True)
class Git:
    """git in one folder. `config` goes by the environment, so that no secret stands in a list of processes."""

    folder: Path
    config: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, str]:
        pairs = {**ALWAYS, **self.config}
        keys = {f"GIT_CONFIG_KEY_{n}": key for n, key in enumerate(pairs)}
        values = {f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(pairs.values())}
        return {"PATH": f"{Path(program()).parent}:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": "/nonexistent",
                "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0",
                "GIT_ASKPASS": "/bin/false", "GIT_ALLOW_PROTOCOL": "none", "GIT_LFS_SKIP_SMUDGE": "1", "GIT_NO_LAZY_FETCH": "1",
                "GIT_LITERAL_PATHSPECS": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_ATTR_NOSYSTEM": "1",
                "GIT_CONFIG_COUNT": str(len(pairs)), **keys, **values, **self.environment}

    def start(self, *words: str, feed: bool = False, errors: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """A running git whose output is read by whoever asked for it."""
        return subprocess.Popen([program(), *words], cwd=self.folder, env=self.environ(), stdout=subprocess.PIPE, stderr=errors,
                                stdin=subprocess.PIPE if feed else subprocess.DEVNULL)

    def ask(self, *words: str, seconds: float = 30) -> bytes:
        """What git says to a short question. Raises GitFailed, or TooSlow."""
        return self.begin(*words, seconds=seconds)()

    def begin(self, *words: str, seconds: float = 30) -> Callable[[], bytes]:
        """Ask now; what is returned waits for what git says. Raises GitFailed, or TooSlow, only then."""
        running = self.start(*words, errors=subprocess.PIPE)

        def said() -> bytes:
            try:
                out, errors = running.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                running.kill()
                running.communicate()
                raise TooSlow(f"git took longer than {seconds:.0f} s.") from None
            if running.returncode:
                raise GitFailed(last_words(errors))
            return out

        return said

    def rows(self, *words: str) -> Iterator[bytes]:
        """The NUL-ended rows that git writes, one by one. It runs from now on, and is ended if the reader stops.

        Raises GitFailed if it ends badly.
        """
        return self._rows(self.start(*words), words)

    def _rows(self, running: subprocess.Popen[bytes], words: Sequence[str]) -> Iterator[bytes]:
        with running as git:
            try:
                yield from split_rows(git)
            except GeneratorExit:
                git.kill()
                raise
            if git.wait():
                self.ask(*words)  # says why
                raise GitFailed(f"git {words[0]} ended early")


def split_rows(git: subprocess.Popen[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := git.stdout.read(READ):
        *rows, rest = (rest + chunk).split(b"\0")
        yield from rows


def program() -> str:
    """Where git is. Raises LeashError with how to get it."""
    found = shutil.which("git")
    if not found:
        raise LeashError(MISSING)
    return found


def last_words(errors: bytes) -> str:
    """What git said went wrong: its fatal line, else its last."""
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    return " ".join(line.partition(":")[2].strip() if line.startswith(("fatal:", "error:")) else line for line in fatal[:3])[:600]


@dataclass(frozen=True)
class Bounds:
    """How long a transfer may take and how many bytes it may bring; `stop` says whether it is still wanted."""

    seconds: float
    size: int
    stop: Callable[[], bool] = lambda: False


def transfer(git: Git, words: Sequence[str], bounds: Bounds) -> bytes:
    """Run a git that brings objects into its folder, ended at its bounds. Raises TooSlow, TooBig or GitFailed."""
    import tempfile  # not for reading what is here, which begins faster without it

    with tempfile.TemporaryFile() as errors, git.start(*words, errors=errors.fileno()) as running:
        out: list[bytes] = []
        reader = threading.Thread(target=lambda: out.append(running.stdout.read()), daemon=True)
        reader.start()
        try:
            watch(running, git.folder, bounds)
        finally:
            running.kill()
            reader.join(5)
        if running.wait():
            errors.seek(0)
            raise GitFailed(last_words(errors.read(READ)))
        return b"".join(out)


def watch(running: subprocess.Popen[bytes], folder: Path, bounds: Bounds) -> None:
    """Until git has ended, and once more then: what came in a moment may be too large too."""
    end = time.monotonic() + bounds.seconds
    while running.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            running.wait(0.1)
        check_bounds(folder, bounds, end)


def check_bounds(folder: Path, bounds: Bounds, end: float) -> None:
    if bounds.stop():
        raise LeashError("It was stopped.")
    if time.monotonic() > end:
        raise TooSlow(f"The repository did not come within {bounds.seconds:.0f} s (LEASH_REPO_SECONDS).")
    if folder_size(folder) > bounds.size:
        raise TooBig(f"The repository is larger than {bounds.size / 1e6:.0f} MB (LEASH_REPO_BYTES).")


def folder_size(folder: Path) -> int:
    """The bytes of the files in it; those that vanish meanwhile count nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:
            continue
    return total
