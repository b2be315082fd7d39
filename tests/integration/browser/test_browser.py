"""The browser rung: what pages hide is brought out; what they try is refused; each ends in its time."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.errors import BadStatus, FetchError, Refused, TooSlow, Unreadable
from agent.fetch.browser import Browser
from tests.conftest import FrozenWeb
from tests.integration.browser.conftest import HERON, HostileSite, text
from tests.integration.conftest import Canary

# ------------------------------------------------------------------ pages that hide their text


def kept_by_packages(frozen_web: FrozenWeb, page: str) -> str:
    """The words of a page of the script sites as its package has them."""
    raw = next((frozen_web.ca.parent / "packages").glob(page)).read_text("utf-8")
    return text(raw[raw.index("<body"):])


@pytest.mark.parametrize("page", [
    "index.html", "tutorial/index.html", "reference/vcl.html", "users-guide/increasing-your-hitrate.html",
    "installation/install_debian.html", "phk/gzip.html", "whats-new/index.html",
])
def test_a_page_that_a_script_draws_is_whole(frozen: Browser, frozen_web: FrozenWeb, page: str) -> None:
    shown = frozen.show(f"https://varnish.frozen.test/{page}")
    assert kept_by_packages(frozen_web, f"varnish-doc/usr/share/doc/varnish/html/{page}") in text(shown.html)
    assert "Loading…" not in text(shown.html)
    assert (shown.status, shown.cut) == (200, "")
    assert shown.title.endswith("documentation")


def test_the_part_behind_the_button_is_there(frozen: Browser, frozen_web: FrozenWeb) -> None:
    first = frozen.show("https://history.frozen.test/detailed.en.html", expand=False)
    whole = frozen.show("https://history.frozen.test/detailed.en.html")
    assert (first.pressed, whole.pressed) == ((), ("Show more",))
    kept = kept_by_packages(frozen_web, "debian-history/usr/share/doc/debian-history/docs/detailed.en.html")
    assert kept not in text(first.html)
    assert kept in text(whole.html)


def test_http_pages_and_pictures(frozen: Browser) -> None:
    shown = frozen.show("http://frozen.test/", screenshot=True)
    assert "varnish.frozen.test" in shown.html
    assert shown.screenshot is not None
    assert shown.screenshot.startswith(b"\xff\xd8\xff")


def test_a_warm_page_is_quick(frozen: Browser) -> None:
    frozen.show("http://frozen.test/")
    spent = sorted(frozen.show("http://frozen.test/").seconds for _ in range(5))
    assert spent[1] < 0.4


def test_an_unknown_authority_is_not_trusted(make: Callable[..., Browser], frozen_web: FrozenWeb) -> None:
    plain = make(proxy=frozen_web.proxy)
    with pytest.raises(FetchError, match="certificate"):
        plain.show("https://varnish.frozen.test/")


# ------------------------------------------------------------------ what may be pressed


def test_a_consent_banner_is_refused_rather_than_accepted(browser: Browser, site: HostileSite) -> None:
    shown = browser.show(site.url("consent.html"))
    assert shown.pressed == ("Nur notwendige Cookies",)
    assert "Gewählt: das Nötige" in text(shown.html)


def test_folds_are_opened(browser: Browser, site: HostileSite) -> None:
    shown = browser.show(site.url("folds.html"))
    assert "It nests in colonies" in text(shown.html)
    assert "Frogs, too." in text(shown.html)
    assert "Where does it nest?" in shown.pressed


def test_presses_and_scrolls_have_limits(browser: Browser, site: HostileSite) -> None:
    more = browser.show(site.url("more.html"))
    assert text(more.html).count("Result number") == len(more.pressed) == 8
    scroll = browser.show(site.url("scroll.html"))
    assert "Sighting 20" in text(scroll.html)
    assert scroll.pressed == ("scrolled down",)


@pytest.mark.parametrize(("name", "why"), [
    ("more.html", "behind a button, “Load 5 more results”"), ("endless.html", "it was scrolled down it grew, so Leash stopped after"),
])
def test_that_a_page_goes_on_past_the_limits_is_told(browser: Browser, site: HostileSite, name: str, why: str) -> None:
    assert why in browser.show(site.url(name)).goes_on


@pytest.mark.parametrize("name", ["folds.html", "plain.html", "consent.html", "scroll.html"])
def test_of_a_page_that_ends_nothing_is_told(browser: Browser, site: HostileSite, name: str) -> None:
    assert browser.show(site.url(name)).goes_on == ""


def test_nothing_that_buys_sends_signs_in_or_leads_away_is_pressed(browser: Browser, site: HostileSite) -> None:
    shown = browser.show(site.url("never.html"))
    assert "Nothing was pressed." in text(shown.html)
    assert shown.pressed == ()


def test_a_press_that_leads_away_is_taken_back(browser: Browser, site: HostileSite) -> None:
    shown = browser.show(site.url("away.html"))
    assert shown.final_url == site.url("away.html")
    assert "led to another page" in shown.cut
    assert HERON in shown.html


def test_shadow_roots_and_frames_are_in_the_copy(browser: Browser, site: HostileSite) -> None:
    shown = text(browser.show(site.url("shadow.html")).html)
    assert "The grey heron is called Ardea cinerea in Latin." in shown
    assert "Words of the inner frame." in shown


# ------------------------------------------------------------------ pages that misbehave


@pytest.mark.parametrize(("page", "cut"), [
    ("loop", "without end"), ("late_loop", "without end"), ("alloc", "memory"), ("patient_alloc", "memory"),
    ("dialogs", "without end|in its time"), ("popups", ""), ("leave", ""), ("pushing", ""), ("to_file", ""),
    ("to_canary", "does not open"),
    ("restless", "in its time"), ("worker", ""), ("download", ""),
])
def test_a_page_that_misbehaves_ends_in_its_time_and_its_text_is_kept(
        browser: Browser, site: HostileSite, tcp: Canary, page: str, cut: str) -> None:
    start = time.monotonic()
    seconds = {"dialogs": 8.0, "alloc": 6.0, "patient_alloc": 6.0}.get(page, 2.5)  # busy machines take long for what comes before the cut
    shown = browser.show(site.url(f"{page}.html"), seconds=seconds)
    assert time.monotonic() - start < seconds + 1.5
    assert HERON in shown.html
    assert re.search(cut, shown.cut) if cut else shown.cut == ""
    assert tcp.heard == []


def test_text_after_a_loop_is_read(browser: Browser, site: HostileSite) -> None:
    assert "The words after the loop." in browser.show(site.url("loop.html"), seconds=3).html


def test_each_page_has_a_profile_of_its_own(browser: Browser, site: HostileSite) -> None:
    for _ in range(2):
        assert "Found: []" in text(browser.show(site.url("isolated.html")).html)


def test_pictures_sound_and_fonts_are_not_fetched(browser: Browser, site: HostileSite) -> None:
    assert HERON in browser.show(site.url("media.html")).html
    assert [asked for asked in site.asked if asked.startswith("/media/")] == []


def test_no_page_installs_a_service_worker(browser: Browser, site: HostileSite) -> None:
    browser.show(site.url("worker.html"))
    assert "/worker.js" not in site.asked


def test_pages_that_send_their_reader_on_for_ever_end(browser: Browser, site: HostileSite) -> None:
    start = time.monotonic()
    with pytest.raises(TooSlow, match="from address to address"):
        browser.show(site.url("onward"), seconds=3)
    assert time.monotonic() - start < 4.5


def test_nothing_reaches_what_the_door_refuses(
        browser: Browser, site: HostileSite, tcp: Canary, udp: socket.socket) -> None:
    shown = browser.show(site.url("escape.html"), seconds=3)
    assert HERON in shown.html
    assert "/hop" in site.asked  # the page did try
    assert tcp.heard == []
    with pytest.raises(BlockingIOError):
        udp.recv(2000)


def test_one_bad_page_does_not_harm_the_others(browser: Browser, site: HostileSite) -> None:
    pages = ["alloc.html", "plain.html", "loop.html", "plain.html", "plain.html", "plain.html"]
    with ThreadPoolExecutor(6) as threads:
        shown = list(threads.map(lambda page: browser.show(site.url(page), seconds=4), pages))
    assert [bool(one.cut) for one in shown] == [True, False, True, False, False, False]
    assert all(HERON in one.html for one in shown)


@pytest.mark.parametrize(("url", "kind"), [
    ("file:///etc/passwd", Refused), ("ftp://example.com/", Refused), ("view-source:http://example.com/", Refused),
    ("javascript:alert(1)", Refused), ("about:blank", Refused), ("http://127.0.0.1/", Refused),
    ("https://127.0.0.1/", Refused), ("http://[::ffff:7f00:1]/", Refused),
])
def test_other_addresses_are_refused(browser: Browser, url: str, kind: type[FetchError]) -> None:
    with pytest.raises(kind):
        browser.show(url)


def test_statuses_and_files_are_said(browser: Browser, site: HostileSite) -> None:
    with pytest.raises(BadStatus) as fault:
        browser.show(site.url("empty"))
    assert (fault.value.status, fault.value.retry_after) == (503, 7)
    with pytest.raises(Unreadable, match="file to download"):
        browser.show(site.url("file.bin"))
    with pytest.raises(Refused):
        browser.show(site.url("hop"))
