"""A deep run whose worker, its child, Redis, web process and browser are killed, one after another. In full: tests/bench/kills.py."""

import random

from tests.bench.siege import BACK_BAR, Siege, world

KINDS = 5  # browser, child, redis, web and worker; where no page needs the browser, a child once more


def test_a_deep_run_outlives_every_process_that_works_on_it(tmp_path):
    with world(0.3) as outside, Siege(tmp_path / "data", outside, random.Random(4)) as held:
        held.lay(KINDS, longest=1.0, each=True)
    assert held.lost() == []
    assert held.repeated() == [], "what was completed is not done again"
    assert {blow.of for blow in held.blows} >= {"worker", "redis", "web"}
    assert max(blow.back for blow in held.blows) <= BACK_BAR
    assert held.calls_again() <= 6, "no more calls of a model than were under way when the worker was killed"
