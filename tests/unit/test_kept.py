"""A glance at a kept text: what the store would say, or nothing, and no trace left."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.settings import Settings
from server.kept import Reading, glance
from server.store import Store, open_store

MADE = Reading("https://example.org/?q=ü", "# Text\n\nhalf \ud800 a pair\n", 1.5, 2.5, 3.5, title="Text", kind="article", tokens=9,
               etag='"x"', notes=("One.",), links=(("a", "https://example.org/a"),), headings=((1, "Text"),),
               marks=((8, 2, True), (27, 9, True)), receipt={"left_out": {"menu": 3}}, offers={"feed": "/f"}, pages=(0, 12))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "a folder? #1%20")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with closing(open_store(settings)) as opened:
        opened.texts.save("k", MADE)
        yield opened


def changed(settings: Settings, words: str, *values: object) -> None:
    with closing(sqlite3.connect(settings.data_dir / "leash.db")) as connection, connection:
        connection.execute(words, values)


def test_it_is_what_the_store_says(settings: Settings, store: Store) -> None:
    assert glance(settings, "k") == store.texts.get("k") == MADE
    store.texts.confirm("k", 7.0, 8.0)
    assert glance(settings, "k") == replace(MADE, checked_at=7.0, expires_at=8.0)
    assert glance(settings, "other") is None


def test_it_is_there_when_the_store_is_closed(settings: Settings) -> None:
    with closing(open_store(settings)) as store:
        store.texts.save("k", MADE)
    assert glance(settings, "k") == MADE
    assert sorted(path.name for path in settings.data_dir.glob("leash.db*")) == ["leash.db"]


def test_another_database_is_not_looked_into(settings: Settings, store: Store) -> None:
    assert glance(Settings(_env_file=None, data_dir=settings.data_dir, database_url="postgresql://db/leash"), "k") is None


def test_where_nothing_is_kept_nothing_is_made(settings: Settings) -> None:
    assert glance(settings, "k") is None
    assert not settings.data_dir.exists()
    settings.data_dir.mkdir()
    assert glance(settings, "k") is None
    assert list(settings.data_dir.iterdir()) == []


@pytest.mark.parametrize(("words", "value"), [
    ("UPDATE reading SET text = ?", b"no zlib"), ("UPDATE reading SET meta = ?", "{"), ("UPDATE reading SET meta = ?", '{"later": 1}'),
    ("UPDATE reading SET meta = ?", "[]"), ("UPDATE reading SET meta = ?", '{"marks": [1]}'),
])
def test_a_damaged_row_or_that_of_another_version_is_none(settings: Settings, store: Store, words: str, value: object) -> None:
    changed(settings, words, value)
    assert glance(settings, "k") is None


def test_a_file_that_is_no_database_or_has_no_texts_is_none(settings: Settings) -> None:
    settings.data_dir.mkdir()
    file = settings.data_dir / "leash.db"
    file.write_bytes(b"words " * 1000)
    assert glance(settings, "k") is None
    file.unlink()
    changed(settings, "CREATE TABLE other (x)")
    assert glance(settings, "k") is None
