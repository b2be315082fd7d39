"""A page's text as it is kept: the record, its row in the database, and a glance at one that is there.

The store writes and reads these rows, by SQLAlchemy. Importing that takes a quarter of a second, which is twice what a kept
page takes without it: so `leash text` first has a glance, by SQLite alone. This module knows the row and no other table.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.settings import Settings

EDITION = 4  # raise it when the same page becomes another text: what was kept before is then read anew, and not confirmed
LEVEL = 3  # of zlib: a page in under a millisecond
COLUMNS = ("url", "fetched_at", "checked_at", "expires_at", "etag", "last_modified")


@dataclass(frozen=True)
class Reading:
    """A page as text. `text` is Markdown; moments are seconds since 1970; `marks` are where it may be cut.

    A mark is (offset in `text`, tokens up to there, whether a block ends there). `notes` are sentences for the user.
    """

    url: str
    text: str
    fetched_at: float
    checked_at: float
    expires_at: float
    final_url: str = ""
    canonical: str = ""
    title: str = ""
    author: str = ""
    date: str = ""
    site: str = ""
    language: str = ""
    kind: str = ""
    format: str = "html"
    rung: str = "http"
    wall: str = ""
    tokens: int = 0
    exact: bool = True
    sha256: str = ""
    etag: str = ""
    last_modified: str = ""
    notes: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    headings: tuple[tuple[int, str], ...] = ()
    marks: tuple[tuple[int, int, bool], ...] = ()
    receipt: dict[str, Any] = field(default_factory=dict)
    offers: dict[str, str] = field(default_factory=dict)
    pages: tuple[int, ...] = ()

    def is_fresh(self, now: float) -> bool:
        return now < self.expires_at


def key_of(url: str, shape: dict[str, Any]) -> str:
    """The name of a text: the same for the same address and what shapes its text."""
    return hashed(json.dumps([EDITION, url, shape], sort_keys=True))


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def glance(settings: Settings, key: str) -> Reading | None:
    """The kept text, read only; None if there is none, or none that can be had so: the store then says more."""
    if settings.database_url:
        return None
    where = f"{(settings.data_dir / 'leash.db').as_uri()}?mode=rw"  # which makes none
    with suppress(sqlite3.Error, ValueError, TypeError), closing(sqlite3.connect(where, uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute("SELECT * FROM reading WHERE key = ?", (key,)).fetchone()
        return unpack({**row, "meta": json.loads(row["meta"])}) if row else None
    return None


def pack(made: Reading) -> dict[str, Any]:
    text = zlib.compress(made.text.encode("utf-8", "surrogatepass"), LEVEL)
    meta = {name.name: getattr(made, name.name) for name in fields(Reading) if name.name not in (*COLUMNS, "text")}
    own = {name: getattr(made, name) for name in COLUMNS}
    size = len(text) + len(json.dumps(meta))
    keys = {"url_key": hashed(made.url), "final_key": hashed(made.final_url or made.url)}
    return {**own, **keys, "meta": meta, "text": text, "size": size}


def unpack(row: Mapping[str, Any]) -> Reading | None:
    """None for a row that is damaged: the page is then read anew."""
    try:
        text = zlib.decompress(row["text"]).decode("utf-8", "surrogatepass")
    except (zlib.error, UnicodeDecodeError):
        return None
    return replace(light(row), text=text)


def light(row: Mapping[str, Any]) -> Reading:
    return of_meta({**row["meta"], **{name: row[name] for name in COLUMNS}})


def of_meta(meta: dict[str, Any], text: str = "") -> Reading:
    """The reading whose fields these are, as JSON gave them back."""
    listed = {name: tuple(tuple(item) for item in meta.get(name, ())) for name in ("links", "headings", "marks")}
    plain = {name: tuple(meta.get(name, ())) for name in ("notes", "pages")}
    return Reading(**{**meta, **listed, **plain, "text": text})
