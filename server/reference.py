"""The words that describe Leash to its users, made from the code: docs/settings.md, docs/cli.md, `leash settings`.

Run as `python -m server.reference docs` (that is `make docs`); tests/unit/test_docs.py fails when a page is stale.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import click

from agent.settings import ModelEndpoint, SecretStr, Settings, load_settings, settings_table

SETTINGS_HEAD = """# Settings

Every setting has a default; Leash runs with none of them set. A value comes from the first of these that has it:

1. the environment, under the name below;
2. a file `.env` in the folder that Leash is started in, with lines such as `LEASH_PORT=9000`;
3. a file `leash.toml` in that folder, or in the data folder, with the name in small letters and without `LEASH_`:
   `port = 9000`;
4. the default.

Lists are written with commas between (`LEASH_ALLOW_NETS=10.1.0.0/16,192.168.7.9`), `LEASH_MODELS` as JSON.
`leash settings` lists the values as they are now. This page is made by `make docs`.

"""

CLI_HEAD = """# The command `leash`

After `make run` or `make test` it is `.venv/bin/leash`. This page is made by `make docs` from the commands' own help.
"""


def settings_page() -> str:
    return SETTINGS_HEAD + settings_table()


def cli_page() -> str:
    """The help of `leash` and of each of its commands, as the terminal shows it."""
    from server.cli import cli

    context = click.Context(cli, info_name="leash", max_content_width=100, terminal_width=100)
    parts = [CLI_HEAD, "```\n" + cli.get_help(context) + "\n```\n"]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        inner = click.Context(command, info_name=name, parent=context, max_content_width=100, terminal_width=100)
        parts.append(f"## leash {name}\n\n```\n{command.get_help(inner)}\n```\n")
    return "\n".join(parts)


PAGES = {"settings.md": settings_page, "cli.md": cli_page}


def current_settings() -> str:
    """A line for each setting, as it is now; what may hold a secret is hidden."""
    settings = load_settings()
    width = max(len(name) for name in Settings.model_fields) + len("LEASH_")
    return "\n".join(f"{'LEASH_' + name.upper():{width}}  {shown(getattr(settings, name))}"
                     for name in Settings.model_fields)


def shown(value: Any) -> str:
    """A value as text without its secrets: keys, and what stands before the @ of an address."""
    if isinstance(value, SecretStr):
        return "(set, hidden)" if value.get_secret_value() else "(not set)"
    if isinstance(value, ModelEndpoint):
        key = " with a key" if value.key.get_secret_value() else ""
        return f"{value.model or '(its first model)'} at {shown(value.url)}{key}"
    if isinstance(value, list):
        return ", ".join(shown(part) for part in value) or "(none)"
    text = "(not set)" if value in ("", None) else str(value)
    return re.sub(r"(://)[^/@\s]*@", r"\1…@", text)


if __name__ == "__main__":
    for name, page in PAGES.items():
        Path(sys.argv[1], name).write_text(page(), encoding="utf-8")
