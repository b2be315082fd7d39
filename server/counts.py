"""Counts of tokens, kept from one packing of a repository to the next: ranks are loaded only for texts that are new.

Each repository has a file in the data folder, named by a checksum of where it is (two that have the same share it, which
does no harm). In it stand a hash of each text and its count, no path and no word. What is counted is what is hashed, so no
count is ever stale. A file that is missing, damaged or cannot be written only means that more is counted: nobody is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice, starmap
from pathlib import Path
from struct import Struct
from zlib import crc32

from agent import tokens

EDITION = "o200k-1"  # raise its number when a text counts otherwise: what was counted before is then not found
KEY = 12  # bytes of a hash
RECORD = Struct(f"<{KEY}sI")
LEAST = 20_000  # counts that a repository may keep, however few it has now: those of before are wanted again with another option
MOST_BYTES, BLOCK = 8_000_000, 4096  # of all files together; what a small file takes on a disk


@contextmanager
def kept_counts(data_dir: Path, source: str) -> Iterator[KeptCounts]:
    """A way of counting that knows the texts of this source from before. Where it knows none, the ranks are begun at once."""
    counts = KeptCounts(data_dir / "counts" / f"{crc32(os.fsencode(source)):08x}.{EDITION}")
    try:
        yield counts
    finally:
        if counts.used:
            with suppress(OSError):
                counts.save()


class KeptCounts:
    """Counts as agent.tokens.count_all does, and begins the ranks at once where none is known. Threads may count; save when none does."""

    def __init__(self, file: Path) -> None:
        self.file = file
        raw, self.kept_at = read(file)
        self.known = unsealed(raw) if raw else {}
        if not self.known:
            tokens.begin()
        self.used: dict[bytes, int] = {}

    def __call__(self, texts: Sequence[str]) -> list[int]:
        keys = list(map(hashed, texts))
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self.known}
        if new:
            self.known.update(zip(new, tokens.count_all(list(new.values())), strict=True))
        found = [self.known[key] for key in keys]
        self.used.update(zip(keys, found, strict=True))
        return found

    def expect(self, changed: float) -> None:
        """Begin the ranks if something was changed after the counts were kept, as they will then be needed."""
        if self.known and changed > self.kept_at:
            tokens.begin()

    def save(self) -> None:
        """In place of the file, whole: whoever reads it meanwhile has the old one or this. Raises OSError."""
        latest = {**self.used, **self.known}
        body = b"".join(starmap(RECORD.pack, islice(latest.items(), max(LEAST, len(self.used)))))
        folder = self.file.parent
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        draft = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        try:
            draft.write_bytes(sealed(body))
            draft.replace(self.file)
        finally:
            draft.unlink(missing_ok=True)
        prune(folder)


def hashed(text: str) -> bytes:
    return digest(text.encode("utf-8", "surrogatepass"))


def digest(raw: bytes) -> bytes:
    from hashlib import sha256  # 3 ms, for which the ranks need not wait

    return sha256(raw).digest()[:KEY]


def sealed(body: bytes) -> bytes:
    return digest(body) + body


def unsealed(raw: bytes) -> dict[bytes, int]:
    """The counts of a file, none if it is not as it was written."""
    body = raw[KEY:]
    return dict(RECORD.iter_unpack(body)) if raw == sealed(body) and len(body) % RECORD.size == 0 else {}


def read(file: Path) -> tuple[bytes, float]:
    """A file and when it was written; nothing if it cannot be read."""
    try:
        return file.read_bytes(), file.stat().st_mtime
    except OSError:
        return b"", 0.0


def prune(folder: Path) -> None:
    """Let go of the files that were not used for longest, while all together are too large."""
    total = 0
    stats = [(file, file.stat()) for file in folder.glob(f"{'[0-9a-f]' * 8}.*")]  # ours alone, wherever the folder may be
    for file, found in sorted(stats, key=lambda row: row[1].st_mtime, reverse=True):
        total += max(found.st_size, BLOCK)
        if total > MOST_BYTES:
            file.unlink(missing_ok=True)
