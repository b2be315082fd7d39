"""Counts that are kept between packings: right whatever happens to their file, bounded, and without a word of the text."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from agent.tokens import count_all
from server import counts
from server.counts import RECORD, KeptCounts, hashed, kept_counts, sealed

TEXTS = ["hello world", "", "人工智能", "a <|endoftext|> b", "a\ud800b", "hello world"]


def file_of(folder: Path) -> Path:
    (found,) = (folder / "counts").iterdir()
    return found


def counted(folder: Path, texts: list[str], source: str = "/src") -> list[int]:
    with kept_counts(folder, source) as count:
        return count(texts)


def test_counts_are_the_same_the_first_time_again_and_with_new_texts(tmp_path: Path) -> None:
    for texts in (TEXTS, TEXTS, [*TEXTS[::-1], "one more"], []):
        assert counted(tmp_path, texts) == count_all(texts)


def test_the_edition_stands_for_these_counts() -> None:
    """Where another tokenizer counts otherwise, EDITION must be raised with these numbers."""
    assert (counts.EDITION, count_all(TEXTS)) == ("o200k-1", [2, 0, 2, 9, 3, 2])


def test_what_is_kept_is_not_counted_again(tmp_path: Path) -> None:
    counted(tmp_path, ["x"])
    file_of(tmp_path).write_bytes(sealed(RECORD.pack(hashed("x"), 77)))
    assert counted(tmp_path, ["x", "y"]) == [77, 1]
    assert counted(tmp_path, ["x"], source="/another") == [1]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a byte less": lambda raw: raw[:-1],
    "a record less": lambda raw: raw[:-RECORD.size],
    "a byte more": lambda raw: raw + b"x",
    "a record more": lambda raw: raw + raw[-RECORD.size:],
    "another count": lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]),
    "half a record, sealed": lambda raw: sealed(raw[20:]),
    "nothing": lambda raw: b"",
    "zeros": lambda raw: bytes(len(raw)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_changes_no_count_and_is_mended(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    counted(tmp_path, TEXTS)
    sound = file_of(tmp_path).read_bytes()
    file_of(tmp_path).write_bytes(damage(sound))
    assert not KeptCounts(file_of(tmp_path)).known
    assert counted(tmp_path, TEXTS) == count_all(TEXTS)
    assert file_of(tmp_path).read_bytes() == sound


@pytest.mark.parametrize("place", [".", "counts"])
def test_a_folder_that_cannot_be_written_changes_no_count(tmp_path: Path, place: str) -> None:
    (tmp_path / "data").mkdir()
    blocked = tmp_path / "data" / place
    if place == ".":
        blocked.rmdir()
    blocked.write_text("a file in the folder's place")
    assert counted(tmp_path / "data", TEXTS) == count_all(TEXTS)
    assert blocked.read_text() == "a file in the folder's place"


def test_two_at_once_leave_a_sound_file(tmp_path: Path) -> None:
    with kept_counts(tmp_path, "/src") as one, kept_counts(tmp_path, "/src") as other:
        assert one(["first"]) == other(["first"])
        other(["second"])
    assert hashed("first") in KeptCounts(file_of(tmp_path)).known


def test_what_was_counted_before_a_stop_is_kept(tmp_path: Path) -> None:
    with suppress(BrokenPipeError), kept_counts(tmp_path, "/src") as count:
        count(["first"])
        raise BrokenPipeError
    assert list(KeptCounts(file_of(tmp_path)).known) == [hashed("first")]


def test_where_nothing_was_counted_nothing_is_kept(tmp_path: Path) -> None:
    assert counted(tmp_path / "data", []) == []
    assert not (tmp_path / "data").exists()


def test_nothing_but_hashes_is_kept_for_this_user_alone(tmp_path: Path) -> None:
    counted(tmp_path / "data", ["confidential words"], source="/home/me/secret-project")
    file = file_of(tmp_path / "data")
    assert file.stat().st_size == counts.KEY + RECORD.size
    assert "secret" not in file.name
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "data", file.parent)] == [0o700, 0o700]


def test_a_file_lets_go_of_what_was_not_used_for_longest(tmp_path: Path) -> None:
    file = tmp_path / "counts" / "x"
    old = KeptCounts(file)
    old.known = {n.to_bytes(counts.KEY, "big"): n for n in range(counts.LEAST)}
    old.save()
    then = KeptCounts(file)
    then(["new"])
    then.save()
    kept = KeptCounts(file).known
    assert len(kept) == counts.LEAST
    assert next(iter(kept)) == hashed("new")
    assert (counts.LEAST - 1).to_bytes(counts.KEY, "big") not in kept


def test_files_together_are_bounded(tmp_path: Path) -> None:
    counted(tmp_path, ["x"])
    old = [tmp_path / "counts" / f"{n:08x}.o200k-0" for n in range(3)]
    other = tmp_path / "counts" / "theirs.txt"
    for age, file in enumerate([*old, other]):
        file.write_bytes(bytes(counts.MOST_BYTES // 2))
        os.utime(file, (1e9 - age, 1e9 - age))
    counted(tmp_path, ["x"])
    assert [file.exists() for file in (*old, other)] == [True, False, False, True]
