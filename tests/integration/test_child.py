"""Children: what they bring back, and that nothing they do holds up or harms the parent."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import psutil
import pytest

from agent.errors import BadStatus, TooBig, Unreadable
from agent.extract.child import Children
from agent.records import Passage

WORK = "tests.integration.chores:one_of"
MEMORY = 1_000_000_000


@pytest.fixture
def hire():
    with ExitStack() as stack:
        def make(work=WORK, count=1, seconds=20.0, memory=MEMORY):
            children = Children(work, count, seconds, memory)
            stack.callback(children.close)
            return children

        yield make


def gone(pid: int) -> bool:
    """Whether the process ends within ten seconds."""
    with suppress(psutil.NoSuchProcess):
        with suppress(psutil.TimeoutExpired):
            psutil.Process(pid).wait(10)
        return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def test_work_is_done_by_the_same_child_again_and_again(hire):
    children = hire()
    assert children.run("double", "ab" * 2_000_000) == "ab" * 4_000_000
    assert children.run("passage") == Passage("0" * 64, 1, 2, "x", ("A",))
    assert children.run("process_id") == children.run("process_id") != os.getpid()


def test_making_children_takes_no_time(hire):
    start = time.perf_counter()
    hire(count=4)
    assert time.perf_counter() - start < 0.05


def test_a_child_imports_its_work_and_little_else(hire):
    loaded = set(hire("tests.integration.chores:modules").run())
    assert "tests.integration.chores" in loaded
    assert not loaded & {"asyncio", "ssl", "httpcore2", "pydantic", "agent.settings", "trafilatura"}


def test_a_child_sees_nothing_of_the_environment(hire, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    assert "canary" not in str(hire("tests.integration.chores:environment").run())


def test_what_takes_too_long_is_killed_and_replaced(hire, tmp_path):
    children = hire()
    start = time.monotonic()
    with pytest.raises(Unreadable, match=r"longer than 0\.4 s"):
        children.run("for_ever", str(tmp_path / "pid"), seconds=0.4)
    assert time.monotonic() - start < 5
    assert gone(int((tmp_path / "pid").read_text()))
    assert children.run("double", 2) == 4


def test_even_what_listens_to_nobody_is_killed(hire):
    children = hire(seconds=0.4)
    with pytest.raises(Unreadable, match="longer than"):
        children.run("deaf_for_ever")
    assert children.run("double", 2, seconds=20) == 4


def test_what_wants_too_much_memory_gets_none(hire):
    children = hire()
    with pytest.raises(Unreadable, match="LEASH_EXTRACT_MEMORY"):
        children.run("greedy")
    assert children.run("double", 2) == 4


def test_what_a_child_prints_does_not_reach_the_line(hire, capfd):
    children = hire()
    assert children.run("talkative") == ""
    assert children.run("double", 2) == 4
    assert capfd.readouterr() == ("", "")


def test_errors_of_our_own_come_back_as_themselves(hire):
    children = hire()
    with pytest.raises(TooBig, match="larger than it may be") as fault:
        children.run("too_big")
    assert fault.value.retry_after == 3
    with pytest.raises(BadStatus) as status:
        children.run("bad_status")
    assert status.value.status == 418


def test_other_errors_are_unreadable_and_named(hire):
    children = hire()
    pid = children.run("process_id")
    with pytest.raises(Unreadable, match="ZeroDivisionError: nobody divides"):
        children.run("clumsy")
    assert children.run("process_id") == pid


def test_a_child_that_dies_is_said_and_replaced(hire):
    children = hire()
    with pytest.raises(Unreadable, match="ended the process"):
        children.run("die")
    assert children.run("double", 2) == 4


def test_a_child_that_died_while_idle_costs_no_page(hire):
    children = hire()
    child = psutil.Process(children.run("process_id"))
    child.kill()
    child.wait(10)
    assert children.run("double", 2) == 4


def test_a_child_that_was_taken_over_cannot_run_code_here(hire, capfd):
    children = hire()
    with pytest.raises(Unreadable):
        children.run("trap")
    assert "taken over" not in capfd.readouterr().out
    assert children.run("double", 2) == 4


@pytest.mark.parametrize("work", ["tests.integration.no_such_module:x", "tests.integration.chores:no_such_work"])
def test_work_that_is_not_there_is_said_at_each_call(hire, work):
    children = hire(work)
    for _ in range(2):
        with pytest.raises(Unreadable, match="could not start: .*no_such"):
            children.run()


def test_many_threads_share_a_few_children(hire):
    children = hire(count=2)
    with ThreadPoolExecutor(8) as lanes:
        assert list(lanes.map(lambda n: children.run("double", n), range(200))) == [n * 2 for n in range(200)]
        assert len(set(lanes.map(lambda _: children.run("process_id"), range(20)))) <= 2


def test_closing_ends_them_all_also_at_work(hire, tmp_path):
    children = hire(count=2)
    idle = children.run("process_id")
    faults = []

    def call():
        try:
            children.run("for_ever", str(tmp_path / "pid"))
        except Unreadable as fault:
            faults.append(fault)

    thread = threading.Thread(target=call)
    thread.start()
    busy = written(tmp_path / "pid")
    children.close()
    thread.join(10)
    assert len(faults) == 1
    assert gone(idle)
    assert gone(busy)
    with pytest.raises(RuntimeError):
        children.run("double", 2)


def written(path) -> int:
    """The number in a file that another process is about to write."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with suppress(OSError, ValueError):
            return int(path.read_text())
    raise AssertionError(f"nobody wrote {path}")


def test_children_die_with_their_parent(tmp_path):
    program = f"""
import os, threading
from agent.extract.child import Children
children = Children({WORK!r}, 2, 60, {MEMORY})
print(children.run("process_id"), flush=True)
children.run("for_ever", {str(tmp_path / "pid")!r})
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        idle = int(parent.stdout.readline())
        busy = written(tmp_path / "pid")
        parent.kill()
    assert gone(idle)
    assert gone(busy)
