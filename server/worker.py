"""A worker process: long-lived, so that browser and models stay warm. `python -m server.worker [--queue long]` starts one.

Many may run, on one machine or several. One that is killed loses nothing: its runs go on with another. When Redis
goes away in the middle of a job, the process ends after the job and is to be started again.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from agent.budget import Budget, budget_for
from agent.errors import BadInput, BadSetting, LeashError
from agent.events import Event
from agent.journal import Journal, Shelf
from agent.settings import Settings, load_settings
from agent.steer import Control
from server import jobs
from server.desk import Desk, Means
from server.doorbell import LONG, SHORT, RedisDoorbell
from server.notices import Herald, HttpPost, base_of
from server.packs import PackFolder
from server.store import Run, open_store

if TYPE_CHECKING:
    from agent.context import Context
    from agent.records import Page

REDIS_PATIENCE = 30.0
GIVES_WAY = 5  # a long run, with its browser and its children, to a quick search on the same cores
NOT_ASKED = "The models that are set are not on this machine, and this page is private: they were not asked."
log = logging.getLogger("leash.worker")


class RealEngine:
    """agent.engine with its tools, opened once for the process."""

    threads = 2

    def __init__(self, settings: Settings) -> None:
        from agent.tools import open_tools
        from server.packer import RealPacker

        self.tools = open_tools(settings, threads=self.threads)
        self.local_models = self.tools.models.only_local() if self.tools.models else None
        self.reader, self.packer = self.tools.reader, RealPacker(settings, self.tools.door)
        self.post = HttpPost(self.tools.door.proxy("page"), settings.ca_bundle)

    def __call__(self, run: Run, journal: Journal, shelf: Shelf, control: Control) -> Iterator[Event]:
        from agent.engine import research

        models = self.tools.models if run.hosted or not run.private else self.local_models
        tools = replace(self.tools, models=models).with_journal(journal, shelf, model=run.model)
        return research(run.question, budget_of(run), tools, control, context_of(run, shelf))

    def brief(self, page: Page, hosted: bool) -> dict[str, Any]:
        """As server.desk.Briefer says."""
        from agent.brief import brief

        models = self.tools.models if hosted else self.local_models
        made = brief(page, replace(self.tools, models=models))
        kept_back = [] if models or not self.tools.models else [NOT_ASKED]
        return replace(made, note=" ".join(filter(None, [made.note, *kept_back]))).to_json()

    def close(self) -> None:
        self.tools.close()


class LongEngine(RealEngine):
    """For long runs, whose lanes work side by side: what they take of the processor counts, not how soon each one has it."""

    threads = 1


ENGINES = {SHORT: RealEngine, LONG: LongEngine}


def budget_of(run: Run) -> Budget:
    """Its depth, with the limits that its user and this server agreed on when it was asked."""
    return replace(budget_for(run.depth), **run.limits, patience=run.patience)


def context_of(run: Run, shelf: Shelf) -> Context:
    """What the run was given. A page of it is the run's own, so it is on its shelf. Raises LeashError for one that is not."""
    from agent.context import Context

    pages = [shelf.page(item.sha256) for item in run.context if item.kind == "capture"]
    if None in pages:
        raise LeashError("A page that this run was given is no longer kept.")
    return Context(tuple(pages), tuple(item.url for item in run.context if item.kind == "url"), run.web)


class RunWorker(SimpleWorker):
    """Works in its own process, one run at a time, and gives its run back when it is asked to end."""

    max_connection_wait_time = 2

    def __init__(self, crew: jobs.Crew, connection: Redis, queue: str) -> None:
        shared = {"connection": connection, "serializer": JSONSerializer}
        super().__init__([Queue(queue, **shared)], name=crew.name, log_job_description=False, **shared)
        self.crew = crew

    def request_stop(self, signum: int, frame: Any) -> None:
        self.crew.leaving.set()
        super().request_stop(signum, frame)


def main(arguments: list[str] | None = None) -> int:
    """Work until told to end. 0 after that, 1 when Redis went away, 2 when a setting cannot be used."""
    given = parse(arguments)
    write_log()
    try:
        serve(load_settings(), given)
    except BadInput as error:
        log.error("%s", error)  # noqa: TRY400 - the sentence says all
        return 2
    except (LeashError, RedisError) as error:
        log.error("The worker ends: %s", error)  # noqa: TRY400 - the sentence says all
        return 1
    return 0


def serve(settings: Settings, given: argparse.Namespace) -> None:
    if not settings.redis_url:
        raise BadSetting("A worker needs LEASH_REDIS_URL, the Redis that it shares with the web server.")
    if given.queue == LONG:
        os.nice(GIVES_WAY)
    store, engine = open_store(settings), (given.engine or ENGINES[given.queue])(settings)
    crew = jobs.Crew(store, RedisDoorbell(settings.redis_url), engine, unique_name(), given.lease, given.grace)
    jobs.on_duty[:] = [crew]
    connection = Redis.from_url(settings.redis_url)
    wait_for(connection)
    begin(crew, Herald(store, engine.post, base_of(settings)))
    means = Means(engine.reader, engine.packer, PackFolder(settings.data_dir), engine.brief)
    desk = Desk(store, RedisDoorbell(settings.redis_url), means, crew.name)
    if given.queue == SHORT:  # a text is wanted within seconds, and a long run keeps its process busy
        desk.open()
    try:
        RunWorker(crew, connection, given.queue).work(logging_level="WARNING")
    finally:
        crew.leaving.set()
        desk.close()
        engine.close()
        store.close()


def begin(crew: jobs.Crew, herald: Herald) -> None:
    """What every worker does beside its runs."""
    threading.Thread(target=crew.keep_reaping, name="reaper", daemon=True).start()
    threading.Thread(target=herald.keep_telling, args=(crew.leaving,), name="herald", daemon=True).start()


def write_log() -> None:
    """Our own words, and others' from warnings on: what libraries say of requests would put questions into the log."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or record.name.startswith("leash"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("leash").setLevel(logging.INFO)


def wait_for(connection: Redis) -> None:
    """Redis may be starting. Raises what it says in the end."""
    deadline, pause = time.monotonic() + REDIS_PATIENCE, threading.Event()
    while True:
        try:
            connection.ping()
            return
        except RedisError:
            if time.monotonic() > deadline:
                raise
            pause.wait(0.1)


def unique_name() -> str:
    """RQ remembers the name of a dead worker for minutes and refuses it to its successor."""
    return f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m server.worker", description=__doc__.splitlines()[0])
    parser.add_argument("--queue", choices=(SHORT, LONG), default=SHORT, help="which runs it takes: quick ones or those with a plan")
    parser.add_argument("--engine", type=named, help=argparse.SUPPRESS)
    parser.add_argument("--lease", type=float, default=jobs.LEASE, help=argparse.SUPPRESS)
    parser.add_argument("--grace", type=float, default=jobs.STOP_GRACE, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def named(name: str) -> Callable[[Settings], Any]:
    """What `module:name` stands for."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    os._exit(code)  # a thread that still waits for a page or a model may not hold the process
