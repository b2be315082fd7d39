"""Every setting: its name, default and one line of help, in one place. The only reader of the environment.

A value comes from, first wins: the program, the environment (LEASH_NAME), a `.env` in the working folder, `leash.toml` in
the working folder or the data folder, the default. Nothing changes after the start. Read here by hand, since the usual
library takes 0.37 s to import, a tenth of a quick search.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.budget import LEAST, MOST
from agent.errors import BadSetting

ROLES = ("plan", "read", "write", "check")
CONTEXT = 32_768  # a window that nearly every model of today has; a larger one is worth setting
HIDING = ("key", "token", "tokens", "models", "proxy", "url")  # ends of names whose values may hold a secret: never shown in a fault


@dataclass(frozen=True)
class SecretStr:
    """A text that shows itself only when asked to."""

    value: str = ""

    def get_secret_value(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return "SecretStr('**********')" if self.value else "SecretStr('')"

    __str__ = __repr__


@dataclass(frozen=True)
class ModelEndpoint:
    """One OpenAI-compatible endpoint: `url` up to and with /v1, the model's name, a key if it asks for one.

    `roles` are those of ROLES that it serves, `context` the tokens that its window holds, `price` dollars for a million
    tokens sent, sent again (cached) and written, `parallel` how many asks it takes at once (0: 1 on this machine, else 8).
    """

    url: str
    model: str = ""
    key: SecretStr = SecretStr()
    roles: tuple[str, ...] = ROLES
    context: int = CONTEXT
    price: tuple[float, float, float] = (0.0, 0.0, 0.0)
    parallel: int = 0


@dataclass(frozen=True)
class Setting:
    """What a setting is when nobody sets it, how a given value becomes one (ValueError says why not), and what it is for."""

    default: Any
    read: Callable[[Any], Any]
    description: str


# ---------------------------------------------------------------- how values are read

def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is wanted")
    return value.strip()


def secret(value: Any) -> SecretStr:
    return value if isinstance(value, SecretStr) else SecretStr(text(value))


def number(kind: type, low: float, high: float = float("inf"), strictly: bool = False) -> Callable[[Any], Any]:
    """Reads an int or a float from `low` (itself not, if `strictly`) to `high`."""
    def read(value: Any) -> Any:
        try:
            found = kind(value)
        except (TypeError, ValueError):
            raise ValueError("a whole number is wanted" if kind is int else "a number is wanted") from None
        if not (low < found if strictly else low <= found) or found > high:
            most = f" and at most {high}" if high < float("inf") else ""
            raise ValueError(f"it must be {'above' if strictly else 'at least'} {low}{most}")
        return found
    return read


def flag(value: Any) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if isinstance(value, bool):
        return value
    if str(value).strip().lower() not in words:
        raise ValueError("true or false is wanted")
    return words[str(value).strip().lower()]


def names(value: Any) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("names with commas between them are wanted")
    return [part.strip() for part in parts if part.strip()]


def host_tokens(value: Any) -> list[tuple[str, SecretStr]]:
    """host=token pairs; a token may hold anything but a comma."""
    if isinstance(value, list | tuple) and all(isinstance(pair, tuple) for pair in value):
        return [(host.lower(), secret(token)) for host, token in value]
    pairs = [part.partition("=") for part in names(value)]
    if not all(host and token for host, _, token in pairs):
        raise ValueError("host=token pairs with commas between them are wanted")
    return [(host.strip().lower(), SecretStr(token.strip())) for host, _, token in pairs]


def networks(value: Any) -> list[str]:
    for net in names(value):
        ipaddress.ip_network(net, strict=False)
    return names(value)


def folder(value: Any) -> Path:
    return Path(value).expanduser().absolute()


def file(value: Any) -> Path | None:
    if value in ("", None):
        return None
    if not Path(value).is_file():
        raise ValueError(f"there is no file {value}")
    return Path(value)


def endpoints(value: Any) -> list[ModelEndpoint]:
    rows = json.loads(value) if isinstance(value, str) else value
    if not isinstance(rows, list):
        raise ValueError("a JSON list is wanted")
    return [row if isinstance(row, ModelEndpoint) else endpoint(row) for row in rows]


def endpoint(row: Any) -> ModelEndpoint:
    if not isinstance(row, dict) or not row.get("url") or set(row) - set(ENDPOINT):
        raise ValueError('each endpoint is {"url": …}, and may say "model", "key", "roles", "context", "price" and "parallel" too')
    return ModelEndpoint(**{name: ENDPOINT[name](value) for name, value in row.items()})


def roles(value: Any) -> tuple[str, ...]:
    if not (found := names(value)) or set(found) - set(ROLES):
        raise ValueError(f"an endpoint's roles are some of {', '.join(ROLES)}")
    return tuple(dict.fromkeys(found))


def price(value: Any) -> tuple[float, float, float]:
    """Three prices; where only two are given, what is sent again costs as much as what is sent."""
    parts = value if isinstance(value, list | tuple) else ()
    if len(parts) not in (2, 3):
        raise ValueError("an endpoint's price is [sent, cached, written], each in dollars for a million tokens")
    sent, *cached, written = [number(float, 0, 10_000)(part) for part in parts]
    return sent, cached[0] if cached else sent, written


ENDPOINT = {"url": text, "model": text, "key": secret, "roles": roles, "context": number(int, 1024, 100_000_000), "price": price,
            "parallel": number(int, 1, 1000)}


def ceilings(value: Any) -> dict[str, float]:
    given = json.loads(value) if isinstance(value, str) else value
    if not isinstance(given, dict):
        raise ValueError('a JSON object such as {"pages": 100} is wanted')
    for name, most in given.items():
        if name not in MOST:
            raise ValueError(f"there is no limit {name}; the limits are {', '.join(MOST)}")
        number(float if name == "money" else int, LEAST[name])(most)
    return {**MOST, **given}


SETTINGS: dict[str, Setting] = {
    "data_dir": Setting(Path("~/.local/share/leash"), folder, "The one folder that holds everything Leash keeps."),
    "host": Setting("127.0.0.1", text, "The address that the web server listens on."),
    "port": Setting(8765, number(int, 0, 65535), "The port of the web server; 0 takes a free one."),
    "token": Setting(SecretStr(), secret, "The secret that opens this Leash; made and kept in the data folder if empty."),
    "allowed_hosts": Setting([], names, "More host names that the server answers to, beside localhost and its own address."),
    "workers": Setting(2, number(int, 1, 64), "Worker processes for short jobs that `leash up` starts."),
    "long_workers": Setting(2, number(int, 1, 64),
        "Worker processes for research and deep research that `leash up` starts: so many runs at once."),
    "most": Setting(MOST, ceilings, 'The highest limits that a run may be given, as JSON: {"pages": 100, "money": 5}; others keep theirs.'),
    "public_url": Setting("", text, "Address under which people reach this Leash, for links in notices; its own if empty."),
    "database_url": Setting("", text, "SQLAlchemy's address of the database; SQLite in the data folder if empty."),
    "redis_url": Setting("", text, "Address of a Redis to use; Leash starts its own if empty."),

    "searxng_url": Setting("", text, "Address of a SearXNG whose search.formats lists json."),
    "search_providers": Setting([], names,
        "Providers to ask, in order (searxng, brave, tavily, ddgs, wikipedia); those that are set up if empty."),
    "brave_key": Setting(SecretStr(), secret, "Key of the Brave search API."),
    "tavily_key": Setting(SecretStr(), secret, "Key of the Tavily search API."),

    "models": Setting([], endpoints,
        'Ordered model endpoints as JSON: [{"url": "https://…/v1", "model": "…", "key": "…"}]. Each may say more: "roles", some of '
        'plan, read, write and check (all if absent); "context", the tokens that its window holds (32768); "price", [sent, cached, '
        'written] in dollars for a million tokens; "parallel", how many asks it takes at once (1 on this machine, else 8).'),
    "model_url": Setting("", text,
        "Address of an OpenAI-compatible endpoint, up to and with /v1 (for the common case of one)."),
    "model": Setting("", text, "Name of the model at LEASH_MODEL_URL; the first one it lists if empty."),
    "model_key": Setting(SecretStr(), secret, "Key of LEASH_MODEL_URL; OPENAI_API_KEY is understood too."),
    "model_context": Setting(CONTEXT, number(int, 1024, 100_000_000), "Tokens that the window of LEASH_MODEL holds."),
    "model_timeout": Setting(20, number(float, 0, strictly=True), "Seconds to wait for a model's first word, and between two."),
    "model_switch": Setting(8, number(float, 0, strictly=True),
        "The same where another endpoint can take over; make it longer for a model that thinks long without a word."),
    "find_models": Setting(True, flag, "Look for a local Ollama, llama.cpp or LM Studio when no endpoint is set."),

    "proxy": Setting("", text, "Upstream proxy for everything that leaves: http://[user:password@]host:port."),
    "ca_bundle": Setting(None, file, "File of the certificate authorities to trust (an inspecting proxy's, say)."),
    "allow_nets": Setting([], networks, "Private networks that this Leash may read, as 10.1.0.0/16,192.168.7.9."),
    "blocked_domains": Setting([], names, "Domains never opened, as example.com,example.org."),
    "page_bytes": Setting(10_000_000, number(int, 0, strictly=True), "Most bytes of one page, after decoding."),
    "pdf_bytes": Setting(40_000_000, number(int, 0, strictly=True), "Most bytes of one PDF, which holds more than text."),
    "page_seconds": Setting(10, number(float, 0, strictly=True), "Most seconds for one page to come."),
    "extract_seconds": Setting(5, number(float, 0, strictly=True), "Most seconds to make text of one page."),
    "extract_memory": Setting(1_000_000_000, number(int, 0, strictly=True),
        "Most bytes of memory of the process that makes text of pages."),
    "git_tokens": Setting([], host_tokens,
        "Tokens for private repositories, each sent to its host alone, as github.com=TOKEN,gitlab.com=TOKEN."),
    "repo_seconds": Setting(300, number(float, 0, strictly=True), "Most seconds for a repository to come."),
    "repo_bytes": Setting(500_000_000, number(int, 0, strictly=True), "Most bytes of a repository as it comes (packed, one commit)."),
    "browser": Setting("", text, "Path of a Chromium or chromium-headless-shell; found by itself if empty."),
}


class Settings:
    """All settings as attributes. `given` goes before every other source; `_env_file=None` leaves the .env aside."""

    model_fields = SETTINGS

    def __init__(self, _env_file: str | None = ".env", **given: Any) -> None:
        """Raises BadSetting with one sentence for each value that cannot be used."""
        faults = []
        for name, (place, value) in chosen({"given": given, **sources(_env_file)}).items():
            try:
                vars(self)[name] = SETTINGS[name].read(value)
            except (ValueError, TypeError) as error:
                faults.append(explain(name, place, value, error))
        if unknown := sorted(set(given) - set(SETTINGS)):
            faults.append(f"There is no setting {', '.join(unknown)}.")
        if faults:
            raise BadSetting(" ".join(faults))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("Settings do not change after the start.")

    @cached_property
    def endpoints(self) -> tuple[ModelEndpoint, ...]:
        """The model endpoints in order, whichever way they were set; empty when none is set."""
        if self.models:
            return tuple(self.models)
        key = self.model_key if self.model_key.value else SecretStr(os.environ.get("OPENAI_API_KEY", ""))
        if self.model_url:
            return (ModelEndpoint(self.model_url, self.model, key, context=self.model_context),)
        if key.value:
            base = os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
            return (ModelEndpoint(base, self.model or "gpt-4.1-mini", key, context=self.model_context),)
        return ()


    def is_local(self, url: str) -> bool:
        """Whether an endpoint is on this machine or in a network that the user trusts, so that what it is told goes to no stranger.

        A name is not looked up: only `localhost` is known to be here.
        """
        host = host_of(url)
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")
        return address.is_loopback or any(address in ipaddress.ip_network(net, strict=False) for net in self.allow_nets)


def host_of(url: str) -> str:
    """In small letters, "" for what has none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def sources(env_file: str | None) -> dict[str, Mapping[str, Any]]:
    """The places that may hold values, by their name, in order; names in small letters, without LEASH_."""
    env = of_leash(os.environ)
    dotenv = of_leash(read_env_file(Path(env_file))) if env_file else {}
    home = Path(env.get("data_dir") or dotenv.get("data_dir") or SETTINGS["data_dir"].default).expanduser()
    tables = {str(path): read_toml(path) for path in (Path("leash.toml"), home / "leash.toml")}
    return {"the environment": env, str(env_file): dotenv, **tables}


def chosen(places: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, Any]]:
    """For every setting where its value comes from, and the value."""
    found = {}
    for name, setting in SETTINGS.items():
        place = next((place for place, values in places.items() if name in values), "the defaults")
        found[name] = (place, places[place][name] if place in places else setting.default)
    return found


def of_leash(values: Mapping[str, str]) -> dict[str, str]:
    short = {name.upper().removeprefix("LEASH_").lower(): value for name, value in values.items() if name.upper().startswith("LEASH_")}
    return {name: value for name, value in short.items() if name in SETTINGS}


def read_env_file(path: Path) -> dict[str, str]:
    """NAME=value lines; blank ones and those after a # are passed over, quotes around a value are not part of it."""
    if not path.is_file():
        return {}
    try:
        lines = [line.strip().removeprefix("export ") for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}. It holds lines such as LEASH_PORT=8765, as UTF-8.") from None
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): unquoted(value.strip()) for name, value in pairs}


def unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    import tomllib  # 2 ms, for a file that few have

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}. It holds lines such as port = 8765.") from None


def load_settings(**given: Any) -> Settings:
    """The settings as they stand now. Raises BadSetting with one sentence for each value that cannot be used."""
    return Settings(**given)


def explain(name: str, place: str, value: Any, error: Exception) -> str:
    """One sentence for a fault; the value is left out where it may be a secret."""
    why = "it is not valid JSON" if isinstance(error, json.JSONDecodeError) else str(error).rstrip(".")
    shown = "" if name.endswith(HIDING) else f" cannot be {str(value)[:100]!r}"
    where = "" if place in ("given", "the environment") else f" (in {place})"
    return f"LEASH_{name.upper()}{where}{shown}: {why}."


def settings_table() -> str:
    """The settings as a Markdown table, for docs/settings.md."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for name, setting in SETTINGS.items():
        rows.append(f"| `LEASH_{name.upper()}` | {default_word(setting.default)} | {setting.description} |")
    return "\n".join(rows) + "\n"


def default_word(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.value
    if isinstance(value, dict):
        value = json.dumps(value)
    return f"`{value}`" if value not in ("", None, []) else ""
