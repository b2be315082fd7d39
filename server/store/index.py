"""The words of the library's pages: FTS5 in SQLite, a tsvector in PostgreSQL, kept in step by who keeps and forgets pages.

Knows the two dialects, and neither runs nor what a page looks like. Its functions are for a transaction that is open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection, Select, column, delete, func, insert, literal_column, select, table, text

from agent.search.library import SIGN
from server.store.tables import library

WORDS = table("library_words", column("rowid"), column("title"), column("text"))  # in SQLite alone: made by its migration
LONGEST = 200_000  # characters of a page that are indexed in PostgreSQL, whose tsvector ends at 1 MB
MOST_WORDS = 40  # of a query
INDEXED = text("UPDATE library SET words = setweight(to_tsvector('english', :title), 'A') || to_tsvector('english', :text) WHERE id = :id")


def put_in(connection: Connection, sha256: str, title: str, words: str) -> None:
    """Index a page, unless it is there already. Title and words are `spaced`."""
    if connection.execute(select(library.c.id).where(library.c.sha256 == sha256)).first():
        return
    place = connection.execute(insert(library).values(sha256=sha256).returning(library.c.id)).scalar_one()
    if connection.dialect.name == "sqlite":
        connection.execute(insert(WORDS).values(rowid=place, title=title, text=words))
    else:
        connection.execute(INDEXED, {"title": title, "text": words[:LONGEST], "id": place})


def take_out(connection: Connection, sha256s: Sequence[str]) -> None:
    """Take pages out, and their words out of the file too: FTS5 would else keep those until it next tidies up."""
    places = list(connection.scalars(select(library.c.id).where(library.c.sha256.in_(sha256s))))
    if places and connection.dialect.name == "sqlite":
        connection.execute(delete(WORDS).where(WORDS.c.rowid.in_(places)))
        connection.execute(text("INSERT INTO library_words(library_words) VALUES ('optimize')"))
    connection.execute(delete(library).where(library.c.id.in_(places)))


def with_all(connection: Connection, words: Sequence[str]) -> Select:
    """A query for the ids of pages that have all of these words."""
    if connection.dialect.name == "sqlite":
        return select(WORDS.c.rowid).where(matches(" ".join(map(quoted, words[:MOST_WORDS]))))
    asked = func.to_tsquery("english", lexemes(words, " & "))
    return select(library.c.id).where(library.c.words.op("@@")(asked))


def with_any(connection: Connection, words: Sequence[str], most: int, besides: Select) -> Select:
    """A query for (id, score) of the pages that have any of these words and are none of `besides`, the lowest score best."""
    if connection.dialect.name == "sqlite":
        score = func.bm25(literal_column("library_words"), 4.0, 1.0).label("score")
        found = select(WORDS.c.rowid.label("id"), score).where(matches(" OR ".join(map(quoted, words[:MOST_WORDS]))))
        return found.where(WORDS.c.rowid.not_in(besides)).order_by("score").limit(most)
    asked = func.to_tsquery("english", lexemes(words, " | "))
    score = (-func.ts_rank_cd(library.c.words, asked, 1)).label("score")
    found = select(library.c.id, score).where(library.c.words.op("@@")(asked), library.c.id.not_in(besides))
    return found.order_by("score").limit(most)


def matches(query: str) -> object:
    return literal_column("library_words").op("MATCH")(query)


def quoted(word: str) -> str:
    """A word for FTS5; the signs of one that is written without spaces, in a row."""
    return '"' + spaced(word).strip().replace('"', '""') + '"'


def lexemes(words: Sequence[str], between: str) -> str:
    """The same for to_tsquery, of which only letters and digits are let through."""
    found = (" <-> ".join(re.findall(r"[^\W_]+", spaced(word))) for word in words[:MOST_WORDS])
    return between.join(f"({one})" for one in found if one)


def spaced(words: str) -> str:
    """As it is indexed: signs of scripts without spaces stand alone; nothing is in it that a database's text may not hold."""
    words = words.replace("\0", " ").encode("utf-8", "replace").decode()
    return SIGN.sub(lambda sign: f" {sign[0]} ", words) if SIGN.search(words) else words
