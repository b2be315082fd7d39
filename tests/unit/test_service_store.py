"""The store: claims and fences, migrations, and what it says when the disk or the file is bad."""

import subprocess
import sys
import time

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import event

from agent.errors import BadSetting, StorageError
from agent.events import Searched
from agent.journal import Fenced, Journal, MemoryShelf
from agent.settings import Settings
from server.store import Database, Ending, open_store
from server.store.migrate import HEAD, SCRIPTS, revision
from server.store.tables import metadata
from tests.crew import ROOT, page

JPEG = b"\xff\xd8\xff\xe0 what the page looked like \xff\xd9"


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def store(settings):
    opened = open_store(settings)
    yield opened
    opened.close()


def set_lease(store, run, until):
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE run SET lease_until = ?, rung_at = 0 WHERE id = ?", (until, run.id))


def test_one_worker_has_a_run_until_its_lease_runs_out(store):
    run = store.runs.add("Why?", "quick", True)
    first = store.runs.claim(run.id, "first", 10)
    assert (first.status, first.fence) == ("running", 1)
    assert store.runs.claim(run.id, "second", 10) is None
    set_lease(store, run, time.time() - 1)
    second = store.runs.claim(run.id, "second", 10)
    assert (second.fence, second.started_at) == (2, first.started_at)


def test_a_clock_that_was_set_back_does_not_hold_a_run_for_ever(store):
    run = store.runs.add("Why?", "quick", True)
    store.runs.claim(run.id, "first", 10)
    set_lease(store, run, time.time() + 3600)
    assert [waiting.id for waiting in store.runs.unattended(5)] == [run.id]
    assert store.runs.claim(run.id, "second", 10).fence == 2


def test_a_worker_that_lost_its_run_writes_nothing_more(store):
    run = store.runs.add("Why?", "quick", True)
    lost = store.runs.claim(run.id, "first", 0)
    journal, shelf = Journal(store.entries(lost)), store.shelf(lost)
    mine = store.runs.claim(run.id, "second", 10)
    for write in (
        lambda: store.runs.append(lost, [Searched("x", 1)]),
        lambda: store.runs.append(lost, [], Ending("done")),
        lambda: store.runs.beat(lost, 10),
        lambda: store.runs.release(lost),
        lambda: journal.step("search", "x", lambda: 1),
        lambda: shelf.keep(page("Text.")),
    ):
        with pytest.raises(Fenced):
            write()
    assert store.runs.events(run.id) == []
    assert store.entries(mine).kept == {}
    assert store.shelf(mine).page(page("Text.").sha256) is None
    assert store.runs.get(run.id).status == "running"


def test_a_deleted_run_fences_its_worker(store):
    mine = store.runs.claim(store.runs.add("Why?", "quick", True).id, "w", 10)
    store.runs.forget(mine.id)
    with pytest.raises(Fenced):
        store.runs.beat(mine, 10)


def test_the_journal_outlives_its_worker(store):
    run = store.runs.add("Why?", "quick", True)
    first = Journal(store.entries(store.runs.claim(run.id, "a", 0)))
    assert first.step("search", {"q": "ß"}, lambda: {"found": [1]}) == {"found": [1]}
    again = Journal(store.entries(store.runs.claim(run.id, "b", 10)))
    assert again.step("search", {"q": "ß"}, lambda: "done again") == {"found": [1]}
    assert again.step("search", {"q": "ss"}, lambda: "another") == "another"


def test_each_run_keeps_how_a_page_came_to_it(store):
    runs = [store.runs.claim(store.runs.add("Why?", "quick", True).id, "w", 10) for _ in range(2)]
    pages = [page("Same text.", b"<p>"), page("Same text.")]
    object.__setattr__(pages[1], "url", "https://b.example/")
    for run, kept in zip(runs, pages, strict=True):
        store.shelf(run).keep(kept)
        store.shelf(run).keep(kept)
    assert [store.shelf(run).page(pages[0].sha256).url for run in runs] == ["https://a.example/", "https://b.example/"]


def test_a_picture_is_its_runs_own_and_goes_with_it(store):
    seen, plain = (store.runs.claim(store.runs.add("Why?", "quick", True).id, "w", 10) for _ in range(2))
    kept = page("Same text.", b"<p>", JPEG)
    store.shelf(seen).keep(kept)
    store.shelf(plain).keep(page("Same text.", b"<p>"))
    assert (store.shelf(seen).page(kept.sha256), store.shelf(plain).page(kept.sha256).picture) == (kept, None)
    assert (store.pages.pictured(seen.id), store.pages.pictured(plain.id)) == ({kept.sha256}, set())
    assert store.pages.picture(kept.sha256) == JPEG
    assert "picture" not in store.pages.get(kept.sha256).meta()
    store.runs.forget(seen.id)
    assert store.pages.get(kept.sha256).text == "Same text."
    assert store.pages.picture(kept.sha256) is None


def test_nothing_of_a_forgotten_picture_is_left_on_the_disk(store, settings):
    run = store.runs.claim(store.runs.add("Why?", "quick", True).id, "w", 10)
    store.shelf(run).keep(page("Text.", picture=JPEG))
    assert JPEG in on_disk(settings)
    store.runs.forget(run.id)
    assert JPEG not in on_disk(settings)


def test_a_shelf_in_memory_keeps_the_picture_too():
    shelf, kept = MemoryShelf(), page("Text.", picture=JPEG)
    shelf.keep(kept)
    assert shelf.page(kept.sha256).picture == JPEG


def on_disk(settings):
    return b"".join(path.read_bytes() for path in settings.data_dir.glob("leash.db*"))


def test_only_one_of_two_reapers_gets_a_run(store):
    run = store.runs.add("Why?", "quick", True)
    assert store.runs.unattended(5) == []
    set_lease(store, run, 0)
    assert [found.id for found in store.runs.unattended(5)] == [run.id]
    assert store.runs.unattended(5) == []


def test_migrations_and_tables_say_the_same(store):
    assert max(path.name for path in (SCRIPTS / "versions").glob("0*.py")).startswith(HEAD)
    with store.database.read() as connection:
        unlike = compare_metadata(MigrationContext.configure(connection), metadata)
    assert [one for one in unlike if not is_of_fts(one)] == []


def is_of_fts(difference):
    """FTS5 makes tables of its own, which no metadata knows."""
    return difference[0] == "remove_table" and difference[1].name.startswith("library_words")


def test_a_database_of_before_is_brought_up_with_all_that_it_holds(settings):
    settings.data_dir.mkdir()
    database = Database(f"sqlite:///{settings.data_dir / 'leash.db'}")
    config = Config(attributes={"database": database})
    config.set_main_option("script_location", str(SCRIPTS))
    command.upgrade(config, "0004")
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO run (id, question, depth, model, status, created_at, stop_requested) "
                                   "VALUES ('before', 'Why?', 'quick', 1, 'done', 1, 0)")
    database.close()
    store = open_store(settings)
    assert revision(store.database) == HEAD
    assert store.runs.get("before").question == "Why?"
    assert (store.devices.all(), store.captures.newest()) == ([], [])
    store.close()


OPEN = "import sys; from agent.settings import Settings; from server.store import open_store; import time; "


def python(code, *arguments, **given):
    return subprocess.Popen([sys.executable, "-c", OPEN + code, *arguments], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **given)


def test_processes_may_open_a_new_store_at_once(settings):
    opening = [python("print(open_store(Settings(data_dir=sys.argv[1])).runs.newest(1, None))", str(settings.data_dir))
               for _ in range(2)]
    assert [process.communicate(timeout=60)[0].strip() for process in opening] == ["[]"] * 2


def test_a_current_store_opens_at_once_and_without_alembic(store, settings):
    code = "t = time.perf_counter(); open_store(Settings(data_dir=sys.argv[1])); t = time.perf_counter() - t; " \
           "print(t, 'alembic' in sys.modules)"
    seconds, alembic = python(code, str(settings.data_dir)).communicate(timeout=60)[0].split()
    assert alembic == "False"
    assert float(seconds) < 0.25  # 0.01 alone; the machine may be busy


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot be made: Not a directory\. Set LEASH_DATA_DIR"):
        open_store(Settings(data_dir=tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    ("pragma", "says"),
    [("query_only = ON", "is read-only"), ("max_page_count = 1", "is full. Make room")],
)
def test_a_database_that_cannot_be_written_is_one_sentence(store, pragma, says):
    event.listen(store.database.engine, "checkout", lambda raw, *_: raw.execute(f"PRAGMA {pragma}"))
    with pytest.raises(StorageError, match=says):
        store.runs.add("Why? " + "x" * 100_000, "quick", True)


def test_a_file_that_is_no_database_is_one_sentence(settings):
    settings.data_dir.mkdir()
    (settings.data_dir / "leash.db").write_text("not a database, " * 100)
    with pytest.raises(StorageError, match="is not a database of Leash"):
        open_store(settings)


def test_a_folder_of_a_newer_leash_is_one_sentence(store, settings):
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError, match="Update Leash"):
        open_store(settings)


@pytest.mark.parametrize(
    ("url", "says"),
    [("nonsense", "not an address"), ("mysql://x/y", "not known"), ("postgresql+nodriver://x/y", "LEASH_DATABASE_URL")],
)
def test_an_address_that_is_none_is_one_sentence(tmp_path, url, says):
    with pytest.raises(BadSetting, match=says):
        open_store(Settings(data_dir=tmp_path, database_url=url))


def test_the_store_is_for_this_user_alone(store, settings):
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700
