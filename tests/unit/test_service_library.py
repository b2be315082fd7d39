"""The library in the store: kept in step with runs, found by words and addresses, deleted for good, only read by others."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from agent.errors import NotFound, StorageError, TooLate
from agent.events import Answered
from agent.records import Answer, Citation, Claim, Source
from agent.settings import Settings
from server.store import Ending, open_store
from server.store.library import RunLibrary, open_library
from server.store.migrate import SCRIPTS
from tests.ports import page

BRIDGE = page("https://tides.example/bridge", "The old bridge at Marrow opens two hours before high water.", "The old bridge")
CATS = page("https://www.cats.example/index.html", "Cats were sleeping. They like boxes.", "Cats")
SIGNS = page("https://ja.example/", "データベースのトランザクション", "分離")


def asked(store, *pages, question="Why?", cites=()):
    """A run that is over and kept these pages."""
    run = store.runs.add(question, "quick", False)
    store.pages.save(run.id, list(pages))
    sources = tuple(Source(n, one.url, one.title, "http", one.fetched_at, one.sha256) for n, one in enumerate(cites, 1))
    claims = tuple(Claim(one.text, citations=(Citation(1, one.url, one.title, one.sha256, 0, 3, one.text[:3]),)) for one in cites)
    mine = store.runs.claim(run.id, "worker", 10)
    store.runs.append(mine, [Answered(Answer(question, "quick", "extractive", "", claims, sources))], Ending("done"))
    return run


@pytest.fixture
def store(service):
    return service.store


def urls(found):
    return [one.page.url for one in found]


def found(store, *words, run_id=""):
    return [one.url for one in RunLibrary(store.database, run_id).search(words, 10)]


def test_what_a_run_keeps_is_found_by_any_of_its_words_whatever_their_ending(store):
    asked(store, BRIDGE, CATS, SIGNS)
    assert found(store, "opening", "bridges") == [BRIDGE.url]
    assert set(found(store, "sleep", "bridge")) == {BRIDGE.url, CATS.url}
    assert found(store, "デー") == [SIGNS.url]
    assert found(store, "nothing") == []


@pytest.mark.parametrize("word", ['"', "NEAR(", "a OR b", "title:", "*", "'; drop table page", "\0", "\ud800"])
def test_no_word_is_taken_for_a_query(store, word):
    asked(store, BRIDGE)
    assert found(store, word, "bridge") == [BRIDGE.url]


def test_a_run_never_finds_its_own_pages(store):
    run = asked(store, BRIDGE)
    other = asked(store, CATS)
    assert found(store, "bridge", run_id=run.id) == []
    assert found(store, "bridge", run_id=other.id) == [BRIDGE.url]
    assert RunLibrary(store.database, run.id).newest(BRIDGE.url) is None


def test_a_page_is_found_by_each_of_its_addresses_as_it_was_read_last(store):
    asked(store, CATS)
    newer = page("http://cats.example/", CATS.text + " They purr.", "Cats")
    asked(store, newer)
    library = RunLibrary(store.database)
    assert library.newest("https://cats.example/").text == newer.text
    assert library.newest("https://cats.example/other") is None


def test_what_the_user_captured_is_in_no_library(store):
    asked(store, page("https://bank.example/", "My balance is secret.", "Bank", rung="capture"))
    assert found(store, "balance") == []
    assert store.library.newest("", 10, None) == []
    assert RunLibrary(store.database).newest("https://bank.example/") is None


def test_it_is_listed_last_read_first_with_the_runs_that_read_it(service):
    first = asked(service.store, BRIDGE, CATS, question="First?")
    second = asked(service.store, BRIDGE, question="Second?")
    listed = service.library()
    assert urls(listed) == [BRIDGE.url, CATS.url]
    assert listed[0].runs == ((second.id, "Second?"), (first.id, "First?"))
    assert urls(service.library("bridge opens")) == [BRIDGE.url]
    assert service.library("bridge cats") == service.library("???") == []
    assert urls(service.library(limit=1, before=listed[0].id)) == [CATS.url]
    with pytest.raises(NotFound):
        service.library(before=99)
    assert service.library_size() == 2


def test_a_deleted_runs_pages_leave_the_index_and_the_file(service, settings):
    secret = page("https://one.example/", "The xyzzyplugh is in the cellar.", "One")
    run = asked(service.store, secret, BRIDGE)
    other = asked(service.store, BRIDGE)
    assert found(service.store, "xyzzyplugh") == [secret.url]
    service.forget(run.id)
    assert found(service.store, "xyzzyplugh", "bridge") == [BRIDGE.url]
    assert service.library()[0].runs == ((other.id, "Why?"),)
    assert b"xyzzyplugh" not in (settings.data_dir / "leash.db").read_bytes()


def test_a_page_is_deleted_for_good_from_every_run(service, settings):
    run = asked(service.store, page("https://one.example/", "The xyzzyplugh is in the cellar.", "One"), BRIDGE, cites=[BRIDGE])
    sha256 = service.library("xyzzyplugh")[0].page.sha256
    service.forget_page(sha256)
    assert urls(service.library()) == [BRIDGE.url]
    assert service.store.shelf(run).page(sha256) is None
    assert b"xyzzyplugh" not in (settings.data_dir / "leash.db").read_bytes()
    with pytest.raises(NotFound):
        service.forget_page(sha256)


def test_a_page_that_an_answer_stands_on_stays_until_its_run_is_deleted(service):
    run = asked(service.store, BRIDGE, cites=[BRIDGE])
    asked(service.store, BRIDGE)
    with pytest.raises(TooLate, match="A run stands on this page"):
        service.forget_page(BRIDGE.sha256)
    service.forget(run.id)
    service.forget_page(BRIDGE.sha256)
    assert service.library() == []


def test_a_page_that_a_run_works_with_stays(service):
    run = service.store.runs.add("Why?", "quick", False)
    service.store.pages.save(run.id, [BRIDGE])
    with pytest.raises(TooLate):
        service.forget_page(BRIDGE.sha256)


def test_what_was_kept_before_there_was_a_library_is_indexed(store):
    asked(store, BRIDGE, page("https://bank.example/", "My balance.", "Bank", rung="capture"))
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["database"] = store.database
    with store.database.write() as connection:
        for words in ("DROP TABLE library", "DROP TABLE library_words", "DROP INDEX run_page_by_url", "DROP INDEX run_page_by_final",
                      "ALTER TABLE run_page DROP COLUMN url_key", "ALTER TABLE run_page DROP COLUMN final_key",
                      "UPDATE alembic_version SET version_num = '0007'"):
            connection.execute(text(words))
    command.upgrade(config, "head")
    assert found(store, "bridge", "balance") == [BRIDGE.url]
    assert RunLibrary(store.database).newest(BRIDGE.url) == BRIDGE


def test_leash_ask_reads_it_and_cannot_write(store, settings):
    asked(store, BRIDGE)
    library = open_library(settings)
    assert [one.url for one in library.search(["bridge"], 5)] == [BRIDGE.url]
    with pytest.raises(StorageError, match="read-only"), library.database.write() as connection:
        connection.execute(text("DELETE FROM page"))


def test_a_database_of_another_version_is_left_alone(tmp_path):
    (tmp_path / "leash.db").write_bytes(b"")
    assert open_library(Settings(data_dir=tmp_path)) is None
    assert (tmp_path / "leash.db").read_bytes() == b""
    (tmp_path / "leash.db").write_bytes(b"no database at all, but long enough to be taken for one" * 99)
    assert open_library(Settings(data_dir=tmp_path)) is None


def test_the_store_opens_on_a_database_that_was_opened_before(settings, store):
    again = open_store(settings)
    assert again.library.count() == 0
    again.close()
