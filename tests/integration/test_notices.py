"""Notices: who is told of what, how often it is tried, and that only the door lets them out."""

import json
import threading

import pytest

from agent.errors import LeashError
from agent.fetch.egress import Egress
from agent.settings import Settings
from server.jobs import Crew
from server.notices import Herald, HttpPost, base_of
from server.service import open_service
from server.store.notices import PAUSES
from tests.crew import ScriptedEngine, wait_until

HOOK = "https://hook.example/x"


class Letters:
    """The twin of the post: keeps what is sent, and fails as often as it is told to."""

    def __init__(self):
        self.sent, self.failing = [], 0

    def __call__(self, address, notice):
        self.sent.append((address, notice["status"], notice["waiting_for"]))
        self.last = notice
        if self.failing:
            self.failing -= 1
            raise LeashError("Nobody is at home.")


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", public_url="https://leash.example/base")


@pytest.fixture
def service(settings):
    opened = open_service(settings)
    yield opened
    opened.store.close()


@pytest.fixture
def letters():
    return Letters()


@pytest.fixture
def herald(service, letters, settings):
    return Herald(service.store, letters, base_of(settings))


@pytest.fixture
def crew(service, settings):
    return Crew(service.store, service.doorbell, ScriptedEngine(settings), "w")


def make_due(service):
    with service.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE run SET notice_at = 1 WHERE notice_at IS NOT NULL")


def test_the_user_is_told_when_a_run_waits_and_when_it_is_over(service, crew, herald, letters):
    run = service.ask("plan Costs\nstep a", "deep", notify=HOOK)
    herald.tell_all()
    assert letters.sent == []
    crew.work(run.id)
    herald.tell_all()
    service.wish(run.id, "approve")
    crew.work(run.id)
    herald.tell_all()
    herald.tell_all()
    assert letters.sent == [(HOOK, "waiting", "plan"), (HOOK, "done", "")]
    assert letters.last["link"] == f"https://leash.example/base/runs/{run.id}"
    assert (letters.last["id"], letters.last["question"]) == (run.id, run.question)
    assert letters.last["link"] in letters.last["text"]


@pytest.mark.parametrize(("script", "status"), [("refuse No.", "failed"), ("break", "failed"), ("step a", "done")])
def test_every_end_is_told(service, crew, herald, letters, script, status):
    run = service.ask(script, notify=HOOK)
    crew.work(run.id)
    herald.tell_all()
    assert letters.sent == [(HOOK, status, "")]


def test_a_run_that_is_stopped_while_it_waits_is_told_of_too(service, herald, letters):
    service.stop(service.ask("step a", notify=HOOK).id)
    herald.tell_all()
    assert letters.sent == [(HOOK, "stopped", "")]


def test_who_asked_for_none_gets_none(service, crew, herald, letters):
    crew.work(service.ask("step a").id)
    herald.tell_all()
    assert letters.sent == []


def test_a_notice_is_tried_three_times(service, crew, herald, letters):
    letters.failing = 9
    crew.work(service.ask("step a", notify=HOOK).id)
    for _ in range(len(PAUSES) + 3):
        herald.tell_all()
        herald.tell_all()  # not before its time
        make_due(service)
    assert len(letters.sent) == 3


def test_a_second_try_may_arrive(service, crew, herald, letters):
    letters.failing = 1
    crew.work(service.ask("step a", notify=HOOK).id)
    for _ in range(3):
        herald.tell_all()
        make_due(service)
    assert len(letters.sent) == 2


def test_a_notice_of_what_came_meanwhile_is_not_lost(service, crew, letters, settings):
    run = service.ask("plan Costs\nstep a", "deep", notify=HOOK)
    crew.work(run.id)

    def slow(address, notice):
        if notice["status"] == "waiting":
            service.wish(run.id, "approve")
            crew.work(run.id)
        letters(address, notice)

    Herald(service.store, slow, base_of(settings)).tell_all()
    assert [status for _, status, _ in letters.sent] == ["waiting", "done"]


def test_two_workers_send_it_once(service, crew, letters, settings):
    crew.work(service.ask("step a", notify=HOOK).id)
    at_once = threading.Barrier(4)

    def work():
        at_once.wait(10)
        Herald(service.store, letters, base_of(settings)).tell_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(letters.sent) == 1


def test_a_kill_between_try_and_arrival_tries_again(service, crew, herald, letters):
    crew.work(service.ask("step a", notify=HOOK).id)
    assert service.store.notices.take().attempt == 1  # and the worker dies
    make_due(service)
    herald.tell_all()
    assert len(letters.sent) == 1


def test_the_real_post_goes_through_the_door(canary, tmp_path):
    heard = canary(reply=b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    open_door = Egress(Settings(data_dir=tmp_path, allow_nets="127.0.0.1/32")).start()
    shut_door = Egress(Settings(data_dir=tmp_path)).start()
    notice = {"id": "x", "question": "Warum? 🌀"}
    HttpPost(open_door.proxy("page"), None)(f"{heard.url}hook?a=b", notice)
    wait_until(lambda: heard.heard)
    assert heard.heard[0].startswith(b"POST /hook?a=b HTTP/1.1\r\n")
    with pytest.raises(LeashError):
        HttpPost(shut_door.proxy("page"), None)(f"{heard.url}hook", notice)
    assert len(heard.heard) == 1, "a private address is not told"
    for door in (open_door, shut_door):
        door.close()


@pytest.mark.parametrize("reply", [
    b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", b"nonsense",
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"])
def test_what_is_no_welcome_is_a_failed_try(canary, tmp_path, reply):
    heard = canary(reply=reply)
    door = Egress(Settings(data_dir=tmp_path, allow_nets="127.0.0.1/32")).start()
    with pytest.raises(LeashError):
        HttpPost(door.proxy("page"), None)(heard.url, json.loads("{}"))
    door.close()


def test_without_an_address_of_its_own_the_link_is_the_servers(tmp_path):
    assert base_of(Settings(data_dir=tmp_path, port=9000)) == "http://127.0.0.1:9000/"
