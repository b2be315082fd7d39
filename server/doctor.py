"""`leash doctor`: every part of Leash and its state, what does not work without it, and how to get it.

It only looks: it makes no folder, starts nothing, and asks nothing of the web. A part is "ok", "missing" (Leash works
without it, in a lesser way that is said) or "problem" (something needed is not there).
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.errors import LeashError
from agent.settings import Settings, load_settings
from server.home import LEAST_BYTES, is_running, read_state

AGAIN = "Run `make run` again."
BROWSER = ("Debian: apt install chromium-headless-shell; macOS: brew install --cask chromium; with no administrator "
           "at hand: .venv/bin/playwright install chromium, and its path in LEASH_BROWSER.")


@dataclass(frozen=True)
class Part:
    """`says` is its state in words; `without` what then does not work; `get` how to get it."""

    name: str
    state: str
    says: str
    without: str = ""
    get: str = ""

    @property
    def line(self) -> str:
        return " ".join(text for text in (self.says, self.without, self.get) if text)


def examine() -> list[Part]:
    """All parts, in the order in which they depend on each other."""
    try:
        settings = load_settings()
    except LeashError as error:
        return [python(), packages(), Part("settings", "problem", str(error), get="docs/settings.md lists them all.")]
    return [python(), packages(), *(check(settings) for check in CHECKS)]


def missing_parts(settings: Settings) -> list[Part]:
    """What `leash up` says after its address: the parts whose lack a person notices."""
    return [part for check in NOTICED if (part := check(settings)).state != "ok"]


def report(parts: Sequence[Part]) -> str:
    """A paragraph for each part, as wide as the terminal."""
    width = max(len(part.name) for part in parts)
    page = textwrap.TextWrapper(shutil.get_terminal_size((120, 24)).columns, subsequent_indent=" " * (width + 11),
                                break_long_words=False, break_on_hyphens=False)
    return "\n".join(page.fill(f"{part.state:8} {part.name:{width}}  {part.line}") for part in parts)


def report_json(parts: Sequence[Part]) -> str:
    needed = not any(part.state == "problem" for part in parts)
    return json.dumps({"ok": needed, "parts": [asdict(part) for part in parts]}, indent=2)


# The parts

def python() -> Part:
    version = ".".join(str(number) for number in sys.version_info[:3])
    return Part("python", "ok", f"{version} at {sys.executable}")


def packages() -> Part:
    """Whether every package that pyproject.toml names for this Python is installed; none is imported for that."""
    try:
        from packaging.requirements import Requirement

        required = importlib.metadata.requires("leash") or []
    except ModuleNotFoundError as error:  # metadata's PackageNotFoundError is one of them
        return Part("packages", "problem", f"Not installed: {error.name}.", get=AGAIN)
    names = [need.name for need in map(Requirement, required) if not need.marker or need.marker.evaluate({"extra": ""})]
    lacking = [name for name in names if not installed(name)]
    if lacking:
        return Part("packages", "problem", f"Not installed: {', '.join(lacking)}.", get=AGAIN)
    return Part("packages", "ok", f"all {len(names)} are installed")


def installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def data_folder(settings: Settings) -> Part:
    folder = settings.data_dir
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        return Part("data", "problem", f"{there} is a file.", "Nothing can be kept.", "Choose another: LEASH_DATA_DIR.")
    if not os.access(there, os.W_OK | os.X_OK):
        return Part("data", "problem", f"{there} cannot be written.", "Nothing can be kept.",
                    "Allow it, or choose another folder: LEASH_DATA_DIR.")
    free = shutil.disk_usage(there).free
    if free < LEAST_BYTES:
        return Part("data", "problem", f"The disk of {folder} has {free / 1e6:.0f} MB left.", "Nothing can be kept.",
                    "Make room, or choose another folder: LEASH_DATA_DIR.")
    return Part("data", "ok", f"{folder}{'' if there == folder else ' (not made yet)'}, {free / 1e9:.1f} GB free")


def database(settings: Settings) -> Part:
    try:
        version, where = database_version(settings)
    except (sqlite3.Error, LeashError) as error:
        return Part("database", "problem", f"It cannot be read: {error}.", "No run can be kept or shown.",
                    "Check LEASH_DATABASE_URL, or move the file away to begin anew.")
    from server.store.migrate import HEAD

    if version in ("", HEAD):
        return Part("database", "ok", f"{where}, " + (f"version {version}" if version else "not made yet"))
    return Part("database", "ok", f"{where}, version {version}; brought to {HEAD} at the next start")


def database_version(settings: Settings) -> tuple[str, str]:
    """Alembic's version ("" before the first start), and where the database is. SQLite is opened for reading only."""
    if settings.database_url:
        from server.store.database import Database
        from server.store.migrate import revision

        return revision(Database(settings.database_url)), settings.database_url.split("@")[-1]
    file = settings.data_dir / "leash.db"
    if not file.exists():
        return "", str(file)
    with sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=2) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return "", str(file)
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return (row[0] if row else ""), str(file)


def redis(settings: Settings) -> Part:
    if settings.redis_url:
        return set_redis(settings.redis_url)
    from server.redisd import answers, find_redis, socket_path

    program = find_redis()
    if program is None:
        return Part("redis", "problem", "No server program was found.", "`leash up` cannot start; `leash ask` can.",
                    "Debian: apt install redis-server; macOS: brew install valkey; or set LEASH_REDIS_URL.")
    now = "running" if answers(socket_path(settings.data_dir)) else "started by `leash up`"
    return Part("redis", "ok", f"{version_of(program)} at {program}, {now}")


def set_redis(url: str) -> Part:
    from redis import Redis, RedisError

    where = url.split("@")[-1]
    try:
        version = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2).info("server")["redis_version"]
    except (RedisError, ValueError, OSError) as error:
        return Part("redis", "problem", f"{where} does not answer: {error}.",
                    "`leash up` cannot work; `leash ask` can.",
                    "Check LEASH_REDIS_URL, or leave it empty for one of Leash's own.")
    return Part("redis", "ok", f"{version} at {where}, set by LEASH_REDIS_URL")


def browser(settings: Settings) -> Part:
    from agent.fetch.browser import find_browser

    path = find_browser(settings)
    if not path:
        told = f"There is no {settings.browser}." if settings.browser else "None was found."
        return Part("browser", "missing", told, "Pages that a script draws cannot be read.", BROWSER)
    return Part("browser", "ok", f"{version_of(path)} at {path}")


def version_of(program: str) -> str:
    """What it says of its own version, on one line; its file's name if it says nothing."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    first = said.strip().splitlines()[0] if said.strip() else ""
    match = re.search(r"^(.*?)\s*v=([\d.]+)", first)  # Redis and Valkey add a build's details
    return f"{match[1]} {match[2]}" if match else first[:60] or Path(program).name


def embedding(_settings: Settings) -> Part:
    from agent.embed import model_file

    file = model_file()
    if file.exists():
        return Part("embedding", "ok", f"all-MiniLM-L6-v2, {file.stat().st_size / 1e6:.0f} MB at {file}")
    return Part("embedding", "missing", "The embedding model is not built.", "Passages are ranked by word alone.",
                f"`{sys.executable} -m agent.embed build` makes it in twenty seconds, without a network.")


def search(settings: Settings) -> Part:
    from agent.search.setup import KEYLESS, chosen

    try:
        names = chosen(settings)
    except LeashError as error:
        return Part("search", "problem", str(error), "Nothing can be searched.", "docs/settings.md lists the settings.")
    if set(names) <= set(KEYLESS):
        return Part("search", "ok", f"{', '.join(names)}. These need no key and are blocked at times; a SearXNG "
                    "(LEASH_SEARXNG_URL) or a key (LEASH_BRAVE_KEY, LEASH_TAVILY_KEY) is more dependable.")
    return Part("search", "ok", ", ".join(names))


def model(settings: Settings) -> Part:
    from agent.models.local import found_locally

    if settings.endpoints:
        names = [f"{one.model or 'its first model'} at {urlsplit(one.url).netloc.rpartition('@')[2]}"
                 for one in settings.endpoints]
        return Part("model", "ok", f"set, not asked: {', then '.join(names)}")
    found = found_locally() if settings.find_models else []
    if found:
        names = [f"{name} at {url}" for url, name in found]
        return Part("model", "ok", f"found on this machine: {', then '.join(names)}")
    return Part("model", "missing", "None is set" + (", and none was found here." if settings.find_models else "."),
                "Answers are made of the pages' own sentences, without a writer.",
                "Start Ollama, or set OPENAI_API_KEY, or LEASH_MODEL_URL and LEASH_MODEL (docs/settings.md).")


def proxy(settings: Settings) -> Part:
    if not settings.proxy:
        return Part("proxy", "ok", "none set: Leash goes to the web directly")
    parts = urlsplit(settings.proxy)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), timeout=2).close()
    except (OSError, ValueError) as error:
        return Part("proxy", "problem", f"{parts.hostname} does not answer: {error}.", "No page can be read.",
                    "Check LEASH_PROXY.")
    return Part("proxy", "ok", f"{parts.scheme}://{parts.netloc.rpartition('@')[2]} answers")


def authorities(settings: Settings) -> Part:
    if settings.ca_bundle is None:
        return Part("authorities", "ok", "those that come with Leash and the system")
    try:
        context = ssl.create_default_context(cafile=settings.ca_bundle)
    except (OSError, ssl.SSLError) as error:
        return Part("authorities", "problem", f"{settings.ca_bundle} holds no certificates: {error}.",
                    "No page can be read over HTTPS.", "Check LEASH_CA_BUNDLE: a PEM file.")
    return Part("authorities", "ok", f"{len(context.get_ca_certs())} from {settings.ca_bundle}")


def running(settings: Settings) -> Part:
    """Whether Leash runs on this data folder; else whether its port is free for it."""
    if is_running(settings.data_dir):
        state = {"pid": "unknown", "address": "starting", **read_state(settings.data_dir)}
        return Part("leash", "ok", f"running: process {state['pid']}, {state['address']}{workers_in(state)}")
    from server.up import open_port

    try:
        open_port(settings.host, settings.port).close()
    except LeashError as error:
        return Part("leash", "problem", f"not running. {error}", "`leash up` cannot start.")
    return Part("leash", "ok", f"not running; port {settings.port} is free for it. `leash up` starts it.")


def workers_in(state: dict[str, Any]) -> str:
    """How many workers there are of each kind, "" while there are none."""
    names = [name.partition("-")[0] for name in state.get("children", {})]
    counts = (names.count("worker"), names.count("long"))
    return f"; workers: {counts[0]} for quick runs, {counts[1]} for long ones" if any(counts) else ""


CHECKS: tuple[Callable[[Settings], Part], ...] = (
    data_folder, database, redis, browser, embedding, search, model, proxy, authorities, running)
NOTICED: tuple[Callable[[Settings], Part], ...] = (model, embedding, search, browser, proxy, authorities)
