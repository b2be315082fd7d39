"""`leash`: the commands, their options and their words. Does nothing itself, and imports nothing heavy until it must.

`leash --help` answers in a blink because each command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from agent.errors import BadInput, LeashError, StorageError

ELSEWHERE = {"ask": "server.ask:command", "repo": "server.repo:command", "text": "server.text_cli:command"}


class Commands(click.Group):
    """A group that also has the commands of ELSEWHERE, imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, name = ELSEWHERE[cmd_name].split(":")
        return getattr(import_module(module), name)


@click.group(cls=Commands)
@click.version_option(package_name="leash", prog_name="leash")
def cli() -> None:
    """Leash: ask the web, and check the answer.

    Settings come from the environment (LEASH_…), a .env file or leash.toml; `leash settings` lists them.
    """


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the web server; 0 takes a free one.")
@click.option("--data-dir", metavar="PATH", help="The one folder that holds everything Leash keeps.")
def up(port: int | None, data_dir: str | None) -> None:
    """Start everything on this machine and print the address.

    Starts Redis (unless LEASH_REDIS_URL names one), the web server and the workers, keeps them alive, and ends them
    all on Ctrl-C.
    """
    # as if set in the environment: the children, and leash.toml in that folder, must come to the same settings
    if port is not None:
        os.environ["LEASH_PORT"] = str(port)
    if data_dir is not None:
        os.environ["LEASH_DATA_DIR"] = data_dir
    from agent.settings import load_settings
    from server.up import up as run

    sys.exit(run(load_settings(), click.echo))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def doctor(as_json: bool) -> None:
    """Show every part of Leash and its state.

    Each part is ok, missing (Leash works without it, in a lesser way that is said) or a problem (something needed is
    not there). Exit code 0 if everything needed is there, else 1.
    """
    from server.doctor import examine, report, report_json

    parts = examine()
    click.echo(report_json(parts) if as_json else report(parts))
    sys.exit(1 if any(part.state == "problem" for part in parts) else 0)


@cli.command()
def token() -> None:
    """Print the address of this Leash with its token.

    Open it once in a browser, which then keeps the token in a cookie.
    """
    from agent.settings import load_settings
    from server.home import is_running, read_state
    from server.up import address_of, address_with_token

    settings = load_settings()
    state = read_state(settings.data_dir) if is_running(settings.data_dir) else {}
    click.echo(address_with_token(settings, state.get("address") or address_of(settings.host, settings.port)))
    if not state:
        click.echo("Leash is not running with this data folder now: start it with `leash up`.", err=True)


@cli.command()
def settings() -> None:
    """List every setting with its value now; secrets are hidden."""
    from server.reference import current_settings

    click.echo(current_settings())


def main() -> None:
    """The command's entry. An expected fault is one sentence; exit code 2 if the user can mend it, else 1."""
    try:
        cli()
    except LeashError as error:
        click.echo(str(error), err=True)
        sys.exit(2 if isinstance(error, BadInput | StorageError) else 1)


if __name__ == "__main__":
    main()
