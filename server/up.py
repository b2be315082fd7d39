"""`leash up`: everything on one machine, as children of this process. Ends them all when it ends.

Redis (unless one is set), the web process, and the workers. It opens the port itself and hands the open socket to the
web process. It knows how to start the parts and where they meet; what they do is their own matter.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.errors import BadInput, StorageError
from agent.settings import Settings
from server.home import check_folder, end_leftovers, only_one, state_file, write_state
from server.redisd import answers, find_redis, redis_command, redis_url, socket_path
from server.supervise import Child, Supervisor, last_line

READY_SECONDS = 60.0  # measured 1.5–3 s; a machine that swaps may take long, a web process that fails is said before
STOP_SECONDS = 3.6  # gunicorn gives open streams 3 s


@dataclass
class Shared:
    """What this process and its children must agree on."""

    settings: Settings
    port: int
    environment: dict[str, str]

    @property
    def address(self) -> str:
        return address_of(self.settings.host, self.port)


def up(settings: Settings, say: Callable[[str], None]) -> int:
    """Runs until Ctrl-C or SIGTERM; the exit code. Raises BadInput or StorageError when it cannot start."""
    check_folder(settings.data_dir)
    with only_one(settings.data_dir), open_port(settings.host, settings.port) as door:
        if end_leftovers(settings.data_dir, STOP_SECONDS):
            say("Ended what a killed `leash up` had left behind.")
        shared = Shared(settings, door.getsockname()[1], {})
        supervisor = Supervisor(say)
        try:
            return run(supervisor, shared, door, say)
        finally:
            stop_all(supervisor)
            state_file(settings.data_dir).unlink(missing_ok=True)


def run(supervisor: Supervisor, shared: Shared, door: socket.socket, say: Callable[[str], None]) -> int:
    supervisor.changed = lambda: write_state(shared.settings.data_dir, shared.address, supervisor.pids())
    shared.environment = child_environment(shared)
    if not shared.settings.redis_url:
        start_redis(supervisor, shared)
    supervisor.add(web_child(shared, door))
    lines = greeting(shared)
    if not wait_for_web(supervisor, shared):
        return 0
    for child in worker_children(shared):  # not sooner: on two cores they would hold up the web process
        supervisor.add(child)
    say("\n".join(lines))
    supervisor.watch()
    say("Stopping …")
    return 0


def open_port(host: str, port: int) -> socket.socket:
    """The listening socket. Raises BadInput with what to do."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=256)
    except socket.gaierror:
        raise BadInput(f"LEASH_HOST is {host!r}: no address of this machine; 127.0.0.1 always works.") from None
    except OSError as error:
        raise BadInput(port_fault(error, host, port)) from None


def port_fault(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program. Take another: leash up --port {port + 1}, or 0 for any."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"LEASH_HOST is {host!r}: no address of this machine; 127.0.0.1 always works."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} may be opened by the administrator only. Take one above 1023: leash up --port 8765."
    return f"Port {port} of {host} cannot be opened: {error.strerror}. Take another: leash up --port {port + 1}."


def address_of(host: str, port: int) -> str:
    """The address to open in a browser on this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


# The children

def child_environment(shared: Shared) -> dict[str, str]:
    """Ours, with the Redis and the port that were chosen, and this Leash's code as what they import."""
    settings = shared.settings
    code = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))  # noqa: TID251
    given = {"LEASH_DATA_DIR": str(settings.data_dir), "LEASH_HOST": settings.host, "LEASH_PORT": str(shared.port),
             "LEASH_REDIS_URL": settings.redis_url or redis_url(settings.data_dir),
             "PYTHONUNBUFFERED": "1", "PYTHONPATH": code}
    return {**os.environ, **given}  # noqa: TID251 - passed on whole; no setting is read here


def log_of(settings: Settings, name: str) -> Path:
    return settings.data_dir / "logs" / f"{name}.log"


def start_redis(supervisor: Supervisor, shared: Shared) -> None:
    program, settings = find_redis(), shared.settings
    if program is None:
        raise BadInput("No Redis was found, and Leash cannot queue work without one: install it (Debian: apt install "
                       "redis-server; macOS: brew install valkey), or name one with LEASH_REDIS_URL.")
    command = redis_command(program, settings.data_dir)
    supervisor.add(Child("redis", command, {**shared.environment, "LC_ALL": "C"}, log_of(settings, "redis")))
    path = socket_path(settings.data_dir)
    deadline = time.monotonic() + 10
    while not answers(path) and not supervisor.stopping:
        supervisor.watch(seconds=0.02)
        if supervisor.children[0].hopeless or time.monotonic() > deadline:
            log = log_of(settings, "redis")
            raise StorageError(f"Redis does not start. Its last words: {last_line(log)} Its log, {log}, says more.")


def web_child(shared: Shared, door: socket.socket) -> Child:
    command = [sys.executable, "-P", "-m", "server.webserver", str(door.fileno())]
    return Child("web", command, shared.environment, log_of(shared.settings, "web"), fds=(door.fileno(),))


def worker_children(shared: Shared) -> list[Child]:
    """Those for quick runs first: they are waited for."""
    short = [worker_child(shared, f"worker-{number}", "short") for number in range(1, shared.settings.workers + 1)]
    return short + [worker_child(shared, f"long-{number}", "long") for number in range(1, shared.settings.long_workers + 1)]


def worker_child(shared: Shared, name: str, queue: str) -> Child:
    """Killed at once when we are: a run goes on from its journal, so nothing is lost and nothing lingers."""
    command = [sys.executable, "-P", "-m", "server.worker", "--queue", queue]
    return Child(name, command, shared.environment, log_of(shared.settings, name), orphan_signal=signal.SIGKILL)


def stop_all(supervisor: Supervisor) -> None:
    """The web process and the workers first: they say good-bye to Redis, which goes last."""
    redis = [child for child in supervisor.children if child.name == "redis"]
    supervisor.stop([child for child in supervisor.children if child.name != "redis"], STOP_SECONDS)
    supervisor.stop(redis, 1.0)


class Health:
    """Asks the web process for /health once, and tells without waiting whether it has answered."""

    def __init__(self, supervisor: Supervisor, shared: Shared) -> None:
        self.supervisor, self.shared, self.line, self.reply = supervisor, shared, None, b""

    def ask(self) -> None:
        host = address_of(self.shared.settings.host, 0).split("//")[1].rsplit(":", 1)[0]
        self.line = socket.create_connection((host.strip("[]"), self.shared.port), timeout=5)
        self.line.sendall(f"GET /health HTTP/1.0\r\nHost: {host}:{self.shared.port}\r\n\r\n".encode())
        self.line.setblocking(False)
        self.supervisor.selector.register(self.line, 1)

    def close(self) -> None:
        if self.line is not None:
            self.supervisor.selector.unregister(self.line)
            self.line.close()
            self.line = None

    def answered(self) -> bool:
        if self.line is None:
            self.ask()
        try:
            self.reply = self.line.recv(4096)
        except BlockingIOError:
            return False
        except OSError:  # the web process died under the question
            self.reply = b""
        self.close()
        return self.reply.startswith(b"HTTP/")


def wait_for_web(supervisor: Supervisor, shared: Shared) -> bool:
    """True once it answers, False if an end was asked for. Raises BadInput when it does not come up at all."""
    health = Health(supervisor, shared)

    def done() -> bool:
        for child in supervisor.children:
            if child.hopeless:
                raise BadInput(f"Leash cannot start without {child.name}. `leash doctor` may tell what is missing.")
        return health.answered()

    if supervisor.watch(done, READY_SECONDS):
        return True
    health.close()
    if not supervisor.stopping:
        log = log_of(shared.settings, "web")
        raise BadInput(f"The web process did not answer within {READY_SECONDS:.0f} seconds. Its last words: "
                       f"{last_line(log)} The log is {log}.")
    return False


def greeting(shared: Shared) -> list[str]:
    """The address, and a line for each part that is missing. Takes a second: made while the web process starts."""
    from server.doctor import missing_parts

    settings = shared.settings
    ready = [f"Leash is ready: {address_with_token(settings, shared.address)}",
             f"What it keeps lies in {settings.data_dir}. Ctrl-C ends it."]
    return ready + [f"  {part.name}: {part.line}" for part in missing_parts(settings)]


def address_with_token(settings: Settings, address: str) -> str:
    from server.auth import token_for

    return f"{address}?token={token_for(settings)}"
