"""Every setting: its name, default and one line of help, in one place. The only reader of the environment.

A value comes from, first wins: the environment (LEASH_NAME), a `.env` in the working folder, `leash.toml` in the
working folder or the data folder, the default. Nothing changes after the start.
"""

from __future__ import annotations

import ipaddress
import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError, TomlConfigSettingsSource

from agent.errors import BadSetting

Names = Annotated[list[str], NoDecode]


class ModelEndpoint(BaseModel):
    """One OpenAI-compatible endpoint: `url` up to and with /v1, the model's name, a key if it asks for one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    model: str = ""
    key: SecretStr = SecretStr("")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LEASH_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(Path("~/.local/share/leash"), description="The one folder that holds everything Leash keeps.")
    host: str = Field("127.0.0.1", description="The address that the web server listens on.")
    port: int = Field(8765, ge=0, le=65535, description="The port of the web server; 0 takes a free one.")
    token: SecretStr = Field(SecretStr(""), description="The secret that opens this Leash; made and kept in the data folder if empty.")
    allowed_hosts: Names = Field([], description="More host names that the server answers to, beside localhost and its own address.")
    workers: int = Field(2, ge=1, le=64, description="Worker processes for short jobs that `leash up` starts.")
    database_url: str = Field("", description="SQLAlchemy's address of the database; SQLite in the data folder if empty.")
    redis_url: str = Field("", description="Address of a Redis to use; Leash starts its own if empty.")

    searxng_url: str = Field("", description="Address of a SearXNG whose search.formats lists json.")
    search_providers: Names = Field([], description="Providers to ask, in order (searxng, brave, tavily, ddgs, wikipedia); those that are set up if empty.")
    brave_key: SecretStr = Field(SecretStr(""), description="Key of the Brave search API.")
    tavily_key: SecretStr = Field(SecretStr(""), description="Key of the Tavily search API.")

    models: list[ModelEndpoint] = Field([], description='Ordered model endpoints as JSON: [{"url": "https://…/v1", "model": "…", "key": "…"}].')
    model_url: str = Field("", description="Address of an OpenAI-compatible endpoint, up to and with /v1 (for the common case of one).")
    model: str = Field("", description="Name of the model at LEASH_MODEL_URL; the first one it lists if empty.")
    model_key: SecretStr = Field(SecretStr(""), description="Key of LEASH_MODEL_URL; OPENAI_API_KEY is understood too.")
    model_timeout: float = Field(20, gt=0, description="Seconds to wait for a model's first word, and between two.")
    find_models: bool = Field(True, description="Look for a local Ollama, llama.cpp or LM Studio when no endpoint is set.")

    proxy: str = Field("", description="Upstream proxy for everything that leaves: http://[user:password@]host:port.")
    ca_bundle: Path | None = Field(None, description="File of the certificate authorities to trust (an inspecting proxy's, say).")
    allow_nets: Names = Field([], description="Private networks that this Leash may read, as 10.1.0.0/16,192.168.7.9.")
    blocked_domains: Names = Field([], description="Domains never opened, as example.com,example.org.")
    page_bytes: int = Field(10_000_000, gt=0, description="Most bytes of one page, after decoding.")
    page_seconds: float = Field(10, gt=0, description="Most seconds for one page to come.")
    extract_seconds: float = Field(5, gt=0, description="Most seconds to make text of one page.")
    extract_memory: int = Field(1_000_000_000, gt=0, description="Most bytes of memory of the process that makes text of pages.")
    browser: str = Field("", description="Path of a Chromium or chromium-headless-shell; found by itself if empty.")

    @field_validator("allow_nets", "allowed_hosts", "blocked_domains", "search_providers", mode="before")
    @classmethod
    def split(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("allow_nets")
    @classmethod
    def networks(cls, value: list[str]) -> list[str]:
        for net in value:
            ipaddress.ip_network(net, strict=False)
        return value

    @field_validator("data_dir")
    @classmethod
    def home(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("ca_bundle")
    @classmethod
    def exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @classmethod
    def settings_customise_sources(cls, settings_cls: type[BaseSettings], **sources: Any) -> tuple[Any, ...]:
        files = [Path("leash.toml"), Path(os.environ.get("LEASH_DATA_DIR") or cls.model_fields["data_dir"].default).expanduser() / "leash.toml"]
        tables = [TomlConfigSettingsSource(settings_cls, path) for path in files]
        return (sources["init_settings"], sources["env_settings"], sources["dotenv_settings"], *tables)

    @cached_property
    def endpoints(self) -> tuple[ModelEndpoint, ...]:
        """The model endpoints in order, whichever way they were set; empty when none is set."""
        if self.models:
            return tuple(self.models)
        openai_key = os.environ.get("OPENAI_API_KEY", "")
        key = self.model_key if self.model_key.get_secret_value() else SecretStr(openai_key)
        if self.model_url:
            return (ModelEndpoint(url=self.model_url, model=self.model, key=key),)
        if key.get_secret_value():
            base = os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
            return (ModelEndpoint(url=base, model=self.model or "gpt-4.1-mini", key=key),)
        return ()


def load_settings(**given: Any) -> Settings:
    """The settings as they stand now. Raises BadSetting with one sentence for each value that cannot be used."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise BadSetting(" ".join(explain(fault) for fault in error.errors())) from None
    except (SettingsError, ValueError) as error:
        raise BadSetting(f"A setting cannot be read: {error}. LEASH_MODELS is JSON, leash.toml is TOML.") from None


def explain(fault: dict[str, Any]) -> str:
    """One sentence for a fault; the value is left out where it may be a secret."""
    name = "LEASH_" + "_".join(str(part) for part in fault["loc"][:1]).upper()
    given = "" if name.endswith(("KEY", "TOKEN", "MODELS", "PROXY")) else f" cannot be {fault.get('input')!r}"
    return f"{name}{given}: {fault['msg'].removeprefix('Value error, ')}."


def settings_table() -> str:
    """The settings as a Markdown table, for docs/settings.md."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `LEASH_{name.upper()}` | {default_word(field.default)} | {field.description} |")
    return "\n".join(rows) + "\n"


def default_word(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return f"`{value}`" if value not in ("", None, []) else ""
