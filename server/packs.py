"""Repositories as text through the doors: the worker writes a file in the data folder, the web process hands it out as it grows.

The file of a finished text is kept for as long as its commit is the repository's, within bounds. Both halves are here,
since they meet in the file; neither knows Flask, git, or how a repository becomes text: `Packer` is the port to that.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from agent.errors import LeashError, StorageError, TooSlow
from agent.repo.target import SHA, target_of
from agent.tokens import count
from server.kept import Reading, hashed, key_of
from server.options import Options
from server.reading import error_of
from server.readings import OLD, Readings, is_passing
from server.store.texts import Ask, Texts

if TYPE_CHECKING:
    from server.doorbell import Ear

FRESH, FOR_GOOD = 600.0, 30 * 86_400.0  # seconds until the remote is asked again; a commit's own text never changes
DAYS, MOST_BYTES = 7.0, 1_000_000_000  # of the kept files together
CHUNK = 1 << 18
LOOK = 0.1  # seconds between two looks at a file that grows
SAMPLE = 4_000_000  # bytes of the text by which its tokens are estimated
STOPPED = "\n\n[Leash stopped here: {reason}]\n"
GONE = "\n\n[Leash stopped here: the worker ended in the middle. Ask again.]\n"


@dataclass(frozen=True)
class Packed:
    """A repository that is open for reading: what it is called, which commit, and its text in pieces."""

    name: str
    commit: str
    pieces: Iterable[str]


class Packer(Protocol):
    """Who reads repositories (server/packer.py has the real one). Raises the FetchError tree and BadInput."""

    def __call__(self, url: str, options: Options, stop: Callable[[], bool]) -> AbstractContextManager[Packed]: ...


def shape_of(options: Options) -> dict[str, Any]:
    """What makes the text of a repository another one."""
    form = options.format if options.format in ("json", "xml") else "markdown"
    return {"repo": form, "include": list(options.include), "exclude": list(options.exclude), "tokens": options.tokens,
            **{name: getattr(options, name) for name in ("outline", "all", "ref", "file_bytes", "token_estimate")}}


class PackFolder:
    """The folder of the files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "packs"

    def final(self, key: str) -> Path:
        return self.folder / f"{key.removesuffix('-anew')}.txt"

    def part(self, key: str) -> Path:
        return self.folder / f"{key}.part"

    def begin(self, key: str) -> BinaryIO:
        """A new file for a text, in place of what a killed worker left. Raises StorageError."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.part(key).unlink(missing_ok=True)
            return self.part(key).open("xb", buffering=0)
        except OSError as error:
            raise unkept(error) from None

    def remove(self, key: str) -> None:
        self.final(key).unlink(missing_ok=True)

    def prune(self) -> None:
        """Let go of the oldest files while they are too many, and of what nobody finished."""
        now = time.time()
        found = sorted((file.stat().st_mtime, file.stat().st_size, file) for file in self.folder.glob("*.*"))
        total = sum(size for _, size, _ in found)
        for modified, size, file in found:
            if total <= MOST_BYTES and now - modified < DAYS * 86_400 and (file.suffix != ".part" or now - modified < 3600):
                continue
            file.unlink(missing_ok=True)
            total -= size


def unkept(error: OSError) -> StorageError:
    return StorageError(f"The text of the repository cannot be kept: {error.strerror}. Make room in the data folder, or mend it.")


# ---------------------------------------------------------------- the worker's half

def write_pack(packer: Packer, texts: Texts, shelf: PackFolder, ask: Ask, stop: Callable[[], bool], tell: Callable[[], None]) -> None:
    """Write the text of a repository into its file; one whose commit is the kept one's is only confirmed."""
    options = Options.from_json(ask.options)
    key, now = key_of(ask.url, shape_of(options)), time.time()
    kept = texts.get(key) if options.cache else None
    with packer(ask.url, options, stop) as packed:
        if kept and kept.etag == packed.commit and shelf.final(key).exists():
            texts.confirm(key, now, now + fresh_seconds(ask.url, options.ref))
            return
        tokens = fill(shelf, ask.key, packed.pieces, stop, tell)
    shelf.part(ask.key).replace(shelf.final(key))
    until = now + fresh_seconds(ask.url, options.ref)
    texts.save(key, Reading(ask.url, "", now, now, until, title=packed.name, kind="repository", rung="git",
                            format=shape_of(options)["repo"], etag=packed.commit, tokens=tokens, exact=False))
    shelf.prune()


def fill(shelf: PackFolder, key: str, pieces: Iterable[str], stop: Callable[[], bool], tell: Callable[[], None]) -> int:
    """Write the pieces, each at once; about how many tokens they are. What is not finished is not kept."""
    size, sample = 0, bytearray()
    with ExitStack() as undo, shelf.begin(key) as file:
        undo.callback(shelf.part(key).unlink, missing_ok=True)
        for piece in pieces:
            if stop():
                raise LeashError("Nobody waits for this text any more.")
            data = piece.encode("utf-8", "replace")
            put(file, data)
            size, first = size + len(data), size == 0
            sample += data[:max(0, SAMPLE - len(sample))]
            if first:
                tell()
        undo.pop_all()
    return round(count(sample.decode("utf-8", "replace")) * size / max(1, len(sample)))


def put(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[file.write(view):]
    except OSError as error:
        raise unkept(error) from None


def fresh_seconds(url: str, ref: str = "") -> float:
    """A commit named in full stays what it is; a branch moves."""
    target = target_of(url)
    return FOR_GOOD if SHA.fullmatch(ref or (target.ref if target else "")) else FRESH


# ---------------------------------------------------------------- the web process's half

class Stream:
    """A text that is being written, or is there. Iterate for its bytes; `close` lets go of it.

    `made` is what is known of it, None while it is being written.
    """

    def __init__(self, file: BinaryIO, made: Reading | None, rest: Iterator[bytes]) -> None:
        self.file, self.made, self.rest = file, made, rest

    def __iter__(self) -> Iterator[bytes]:
        return self.rest

    def close(self) -> None:
        self.rest.close()
        self.file.close()


class Packs:
    """The web process's door to repositories. May be used by many threads."""

    def __init__(self, readings: Readings, folder: Path, seconds: float) -> None:
        self.readings, self.texts, self.shelf, self.patience = readings, readings.texts, PackFolder(folder), seconds + 30.0
        self.watchers: Counter[str] = Counter()
        self.lock = threading.Lock()

    def open(self, url: str, options: Options, leave_it: bool = False) -> Stream:
        """The text of a repository, from its first bytes on. Raises BadInput, the FetchError tree, Busy.

        When nobody reads on, the work stops, unless `leave_it`.
        """
        key = key_of(url, shape_of(options))
        kept = self.kept(key) if options.cache else None
        if kept and kept.made.is_fresh(time.time()):
            return kept
        try:
            return self.written(key, url, options, leave_it)
        except LeashError as error:
            if kept is None or not is_passing(error):
                raise
            note = STOPPED.replace("stopped here", "adds").format(reason=OLD.format(reason=error)).encode()
            return Stream(kept.file, kept.made, chain(kept.rest, note))

    def forget(self, url: str) -> int:
        """Delete every text of this address."""
        for key in self.texts.keys_of(url):
            self.shelf.remove(key)
        return self.texts.forget(url)

    def kept(self, key: str) -> Stream | None:
        made = self.texts.get(key)
        if made is None:
            return None
        try:
            file = self.shelf.final(key).open("rb")
        except OSError:
            return None
        return Stream(file, made, whole(file))

    def written(self, key: str, url: str, options: Options, leave_it: bool) -> Stream:
        """The file that a worker writes, once it has begun."""
        name = key if options.cache else f"{key}-anew"
        wanted = Ask(name, "repo", url, options.to_json(), time.time())
        with ExitStack() as stack:
            stack.enter_context(self.readings.seat())
            ear = stack.enter_context(self.readings.doorbell.listen(name))
            self.enter(name)
            stack.callback(self.leave, name, leave_it)
            self.texts.ask(wanted, self.patience)
            file = self.first_bytes(name, ear)
            if file is None:
                found = self.kept(key)
                if found is None:
                    raise StorageError("The text was deleted as it came. Ask again.")
                return found
            rest = self.follow(file, name, ear, stack.pop_all())
            next(rest)  # from now on, whatever the stack holds is let go of with the generator
            return Stream(file, None, rest)

    def first_bytes(self, name: str, ear: Ear) -> BinaryIO | None:
        """The file once it holds something; None where the kept one was confirmed, or finished in the meantime."""
        until, call_at = time.monotonic() + self.patience, 0.0
        while time.monotonic() < until:
            with suppress(OSError):
                if self.shelf.part(name).stat().st_size:
                    return self.shelf.part(name).open("rb")
            ask = self.texts.asked(name)
            if ask is None or ask.over:
                if ask and ask.problem:
                    raise error_of(ask.problem)
                return None
            if time.monotonic() >= call_at and ask.lease_until < time.time():
                call_at = self.readings.call(name)
            ear.wait(LOOK * 5)
        raise TooSlow(f"The repository was not there within {self.patience:.0f} seconds, so Leash stopped waiting.")

    def follow(self, file: BinaryIO, name: str, ear: Ear, held: ExitStack) -> Iterator[bytes]:
        """What the file holds, and what is added to it until the ask is over."""
        with held:
            yield b""
            over = False
            while True:
                while data := file.read(CHUNK):
                    yield data
                if over:
                    return
                ask = self.texts.asked(name)
                over = ask is None or ask.over
                if ask and ask.problem:
                    yield STOPPED.format(reason=error_of(ask.problem)).encode()
                    return
                if not over and self.is_replaced(file, name):
                    yield GONE.encode()
                    return
                if not over:
                    ear.wait(LOOK)

    def is_replaced(self, file: BinaryIO, name: str) -> bool:
        """Whether another worker has begun the file anew."""
        with suppress(OSError):
            return os.fstat(file.fileno()).st_ino != self.shelf.part(name).stat().st_ino
        return False

    def enter(self, name: str) -> None:
        with self.lock:
            self.watchers[name] += 1

    def leave(self, name: str, leave_it: bool) -> None:
        with self.lock:
            self.watchers[name] -= 1
            last = self.watchers[name] <= 0
            if last:
                del self.watchers[name]
        if last and not leave_it:
            with suppress(StorageError):
                self.texts.drop(name)


def whole(file: BinaryIO) -> Iterator[bytes]:
    while data := file.read(CHUNK):
        yield data


def chain(first: Iterator[bytes], last: bytes) -> Iterator[bytes]:
    yield from first
    yield last


def head_of(stream: Stream, most: int) -> tuple[str, bool]:
    """The beginning of a text, at most so many bytes, and whether that is all of it."""
    data = bytearray()
    for piece in stream:
        data += piece
        if len(data) > most:
            return data[:most].decode("utf-8", "ignore"), False
    return data.decode("utf-8", "replace"), True


def mark_of(made: Reading, options: Options) -> str:
    """The entity tag of a kept text."""
    return hashed(f"{made.etag} {shape_of(options)}")[:32]
