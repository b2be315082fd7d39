"""What was read before, in a run: searched along with the web, and standing in for what cannot be read now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.budget import QUICK
from agent.embed import Embedder
from agent.engine import research
from agent.errors import FetchError, SearchError, StorageError
from agent.events import Answered, Dropped, Failed, Kept, Reading, Searching, Trouble
from agent.journal import Journal, MemoryEntries, MemoryShelf
from agent.look import Inquiry, in_words, too_late
from agent.records import Hit
from agent.run import Run
from agent.search.library import LibrarySearch, MemoryLibrary, best_part, words_of
from agent.search.provider import FROM_LIBRARY, Searcher
from tests.ports import Web, page, tools_of

QUESTION = "When does the old bridge at Marrow open?"
BRIDGE = page("https://tides.example/bridge", "# Bridge\n\nThe old bridge at Marrow opens two hours before high water.", "The old bridge")
CATS = page("https://cats.example/", "# Cats\n\nCats sleep for most of the day.", "Cats")
NO_MODEL = Embedder(Path("/nonexistent"))


class Compass:
    """An embedder's twin: texts that speak of a bridge point one way, all others another."""

    ready = True

    def rough(self, texts):
        return np.array([[1.0, 0.0] if "bridge" in text else [0.0, 1.0] for text in texts])


class Named:
    def __init__(self, name, *urls, fault=None):
        self.name, self.urls, self.fault = name, urls, fault

    def search(self, wording, count):
        if self.fault:
            raise self.fault
        return [Hit(url, url, "", (self.name,)) for url in self.urls]


class Broken:
    def search(self, words, count):
        raise StorageError("leash.db is damaged.")

    def newest(self, url):
        raise StorageError("leash.db is damaged.")


def the(kind, events):
    return [event for event in events if isinstance(event, kind)]


def events_of(web, library, question=QUESTION, **more):
    tools = tools_of(web, shelf=MemoryShelf(MemoryLibrary(library)), **more)
    return list(research(question, QUICK, tools))


# ---------------------------------------------------------------- the provider

def test_it_finds_pages_by_their_words_and_shows_the_part_that_has_most_of_them():
    long = page("https://long.example/", "Nothing here. " * 100 + "\nThe bridge of Marrow opens early.", "Notes")
    hits = LibrarySearch(MemoryLibrary([CATS, long, BRIDGE]), NO_MODEL).search(QUESTION, 10)
    assert [hit.url for hit in hits] == [BRIDGE.url, long.url]
    assert hits[1].snippet.startswith("The bridge of Marrow opens early.")
    assert {hit.providers for hit in hits} == {("library",)}


def test_what_has_the_words_and_not_the_meaning_is_left_out():
    other = page("https://marrow.example/", "Marrow is old and open to all.", "Vegetables")
    assert [hit.url for hit in LibrarySearch(MemoryLibrary([other, BRIDGE]), Compass()).search(QUESTION, 10)] == [BRIDGE.url]


def test_blocked_domains_stay_out_of_it():
    search = LibrarySearch(MemoryLibrary([BRIDGE]), NO_MODEL, blocked=("example",))
    assert search.search(QUESTION, 10) == []


def test_a_library_that_cannot_be_searched_is_a_trouble_and_no_fault():
    with pytest.raises(SearchError, match=r"leash\.db is damaged"):
        LibrarySearch(Broken(), NO_MODEL).search(QUESTION, 10)


def test_words_without_spaces_are_looked_for_by_pairs_of_signs():
    assert words_of("データベース sqlite") == ["デー", "ータ", "タベ", "ベー", "ース", "sqlite"]
    assert best_part("前書き。" * 200 + "\nデータベースの話", ["デー", "ータ"]).startswith("データベース")


# ---------------------------------------------------------------- along with the web

def test_its_results_are_marked_and_follow_and_take_nobodys_place():
    own = Named("library", "https://web/1", *(f"https://own/{n}" for n in range(9)))
    searcher = Searcher([Named("web", "https://web/0", "https://www.web/1/", "https://web/2", "https://web/3")]).along(own)
    hits = searcher.search("q", 3).hits
    assert searcher.names == ("web", "library")
    assert [hit.url for hit in hits[:4]] == ["https://web/0", "https://www.web/1/", "https://web/2", "https://own/0"]
    assert [hit.providers for hit in hits[:4]] == [("web",), ("web", "library"), ("web",), ("library",)]
    assert [hit.rank for hit in hits] == list(range(1, 4 + FROM_LIBRARY))


def test_a_web_that_cannot_be_searched_is_said_even_if_the_library_found_something():
    searcher = Searcher([Named("web", fault=SearchError("No network."))])
    found = searcher.along(Named("library", "https://own/1")).search("q")
    assert (found.answered, found.troubles[0][0]) == (("library",), "web")
    nothing = searcher.along(Named("library")).search("q")
    assert nothing.answered == ()
    assert [name for name, _ in nothing.troubles] == ["web"]


def test_tools_for_a_run_ask_the_library_of_its_shelf():
    tools = tools_of(Web())
    real = tools.__class__(Searcher([Named("web", CATS.url)]), tools.reader, NO_MODEL)
    mine = real.with_journal(Journal(MemoryEntries()), MemoryShelf(MemoryLibrary([BRIDGE])))
    assert [hit.url for hit in mine.searcher.search(QUESTION).hits] == [CATS.url, BRIDGE.url]
    assert real.with_journal(Journal(MemoryEntries()), MemoryShelf()).searcher is real.searcher


def test_with_no_network_a_run_answers_from_what_was_read_before():
    web = Web(failing={BRIDGE.url: "The network is away."})
    shelf = MemoryShelf(MemoryLibrary([BRIDGE]))
    real = tools_of(web).__class__(Searcher([Named("web", fault=SearchError("The network is away."))]), web, NO_MODEL)
    events = list(research(QUESTION, QUICK, real.with_journal(Journal(MemoryEntries()), shelf)))
    assert the(Searching, events)[0].providers == ("web", "library")
    reading = the(Reading, events)[0]
    assert (reading.providers, reading.reason) == (("library",), "in your library")
    citation = events[-1].answer.claims[0].citations[0]
    assert citation.quote == BRIDGE.text[citation.start:citation.end]
    assert events[-1].answer.sources[0].fetched_at == BRIDGE.fetched_at


def test_with_no_network_and_an_empty_library_it_says_that_nothing_could_be_searched():
    web = Web()
    real = tools_of(web).__class__(Searcher([Named("web", fault=SearchError("The network is away."))]), web, NO_MODEL)
    events = list(research(QUESTION, QUICK, real.with_journal(Journal(MemoryEntries()), MemoryShelf(MemoryLibrary()))))
    assert isinstance(events[-1], Failed)
    assert "The network is away." in events[-1].message


def test_a_reason_says_what_the_library_has():
    assert in_words(Hit("u", "t", providers=("web", "library")), "by its rank") == "by its rank; in your library"
    assert in_words(Hit("u", "t", providers=("web",)), "by its rank") == "by its rank"


# ---------------------------------------------------------------- in place of what cannot be read

def test_a_page_is_read_anew_where_it_can_be():
    fresh = page(BRIDGE.url, BRIDGE.text + " Since May it opens at noon.", "The old bridge")
    events = events_of(Web(fresh), [BRIDGE])
    assert [event.sha256 for event in the(Kept, events)] == [fresh.sha256]
    assert the(Trouble, events) == []


def test_a_page_that_cannot_be_read_now_stands_in_with_its_date_and_a_sentence():
    events = events_of(Web(CATS, failing={BRIDGE.url: "The site is down."}), [BRIDGE])
    assert {event.url for event in the(Kept, events)} == {CATS.url, BRIDGE.url}
    said = the(Trouble, events)
    assert [(one.stage, one.subject) for one in said] == [("read", BRIDGE.url)]
    assert said[0].message == "The site is down. So its text stands in as it was read on 22 November 2026."


def test_a_run_that_goes_on_says_so_again_and_reads_nothing_twice():
    entries, shelf = MemoryEntries(), MemoryShelf(MemoryLibrary([BRIDGE]))
    first = Web(failing={BRIDGE.url: "The site is down."})
    list(research(QUESTION, QUICK, tools_of(first, entries=entries, shelf=shelf)))
    shelf.library = MemoryLibrary()  # deleted meanwhile: the run has its own copy
    second = Web(failing={BRIDGE.url: "The site is down."})
    events = list(research(QUESTION, QUICK, tools_of(second, entries=entries, shelf=shelf)))
    assert [one.subject for one in the(Trouble, events)] == [BRIDGE.url]
    assert second.calls == []
    assert isinstance(events[-1], Answered)


def test_what_was_moved_to_a_blocked_domain_does_not_stand_in():
    moved = page("https://tides.example/bridge", BRIDGE.text, "The old bridge")
    object.__setattr__(moved, "final_url", "https://blocked.example/bridge")
    tools = tools_of(Web(failing={moved.url: "The site is down."}), shelf=MemoryShelf(MemoryLibrary([moved])))
    tools = tools.__class__(**{**vars(tools), "blocked": ("blocked.example",)})
    assert [event.reason for event in the(Dropped, list(research(QUESTION, QUICK, tools)))] == ["The site is down."]


def test_a_damaged_library_loses_no_run():
    tools = tools_of(Web(CATS, failing={BRIDGE.url: "The site is down."}), shelf=MemoryShelf(Broken()))
    events = list(research(QUESTION, QUICK, tools))
    assert [event.reason for event in the(Dropped, events)] == ["The site is down."]
    assert isinstance(events[-1], Answered)


def test_a_page_that_is_too_late_stands_in_too_and_its_quotes_can_be_checked():
    run = Run(QUESTION, QUICK, tools_of(Web(BRIDGE), shelf=MemoryShelf(MemoryLibrary([BRIDGE]))))
    inquiry, hit = Inquiry(run, run.plan.items[0]), Hit(BRIDGE.url, "The old bridge")
    future = run.open(BRIDGE.url)
    inquiry.opened[future] = hit
    kept, said, *_ = too_late(inquiry, hit, future)
    assert kept.sha256 == BRIDGE.sha256
    assert said.message == "It did not come in time. So its text stands in as it was read on 22 November 2026."
    assert future in inquiry.came
    assert BRIDGE in run.pages()
    run.close()
    assert [type(event) for event in too_late(inquiry, Hit("https://new.example/", "New"), future)] == [Dropped]


# ---------------------------------------------------------------- repositories

class ByGit:
    """A twin of who reads repositories: one address is one."""

    def __init__(self, page=None, fault=None):
        self.page, self.fault, self.asked = page, fault, []

    def read(self, url, question, seconds, chosen_by="agent"):
        self.asked.append((url, question.strip()))
        if self.fault:
            raise self.fault
        return self.page if self.page and url == self.page.url else None


REPO = page("https://github.com/acme/tides", "# acme/tides\n\n## README.md\n\nThe bridge opens at noon.", "acme/tides", rung="git")


def with_repositories(web, by_git):
    tools = tools_of(web)
    return list(research(QUESTION, QUICK, tools.__class__(**{**vars(tools), "repositories": by_git})))


def test_a_repository_is_read_as_one_with_the_question_in_hand():
    by_git = ByGit(REPO)
    events = with_repositories(Web(CATS, page(REPO.url, "The face of the forge.")), by_git)
    assert {(event.url, event.rung) for event in the(Kept, events)} == {(REPO.url, "git"), (CATS.url, "http")}
    assert (REPO.url, QUESTION) in by_git.asked


def test_where_git_fails_the_page_is_read_as_ever():
    events = with_repositories(Web(page(REPO.url, "The face of the forge.")), ByGit(fault=FetchError("No git here.")))
    assert [(event.url, event.rung) for event in the(Kept, events)] == [(REPO.url, "http")]
    assert the(Dropped, events) == []
