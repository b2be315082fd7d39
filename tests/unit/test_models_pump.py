"""Waiting with an end: what an iterator in a thread of its own gives, and when it is no longer awaited."""

import threading
import time
from collections.abc import Iterator

import pytest

from agent.models.pump import AHEAD, Pump, Slots
from agent.models.records import Abandoned, never
from agent.models.wire import Fault


def test_all_items_come_in_order_none_of_them_lost() -> None:
    assert list(Pump(lambda: (one for one in [1, None, 2] * AHEAD), 5, never)) == [1, None, 2] * AHEAD


def test_what_goes_wrong_in_the_thread_is_raised_to_who_reads() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise KeyError("ours")

    pump = iter(Pump(broken, 5, never))
    assert next(pump) == 1
    with pytest.raises(KeyError, match="ours"):
        next(pump)


def test_an_iterator_that_hangs_is_a_fault_in_time() -> None:
    hold = threading.Event()
    before = time.monotonic()
    with pytest.raises(Fault, match="sent no word for 0.3 s") as raised:
        list(Pump(lambda: (hold.wait(5) for _ in range(1)), 0.3, never))
    assert time.monotonic() - before < 1
    assert raised.value.firm
    hold.set()


def test_items_alone_are_no_sign_of_life_letters_are() -> None:
    def drip() -> Iterator[str]:
        for _ in range(10):
            threading.Event().wait(0.1)
            yield "x"

    with pytest.raises(Fault):
        list(Pump(drip, 0.4, never))
    pump = Pump(drip, 0.4, never)
    assert [pump.heard(8) or item for item in pump] == ["x"] * 10


def test_who_leaves_lets_the_thread_end() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    pump = Pump(endless, 5, never)
    next(iter(pump))
    pump.close()
    assert closed.wait(5)


def test_a_slot_is_awaited_for_a_time_and_given_back_whatever_happens() -> None:
    slots = Slots(1)
    with slots.taken(1, never):
        with pytest.raises(Fault, match="was busy with other questions for 0.2 s") as raised, slots.taken(0.2, never):
            pass
        with pytest.raises(Abandoned), slots.taken(5, lambda: True):
            pass
    assert not raised.value.rest
    with pytest.raises(KeyError), slots.taken(1, never):
        raise KeyError
    with slots.taken(0.1, never):
        pass
