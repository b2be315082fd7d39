"""`leash text`: a page as text in the terminal, and many pages at once with --jsonl. Does its work in this process."""

from __future__ import annotations

import json
import sys

import click

DONE, FAULT, BAD_INPUT = 0, 1, 2


@click.command("text")
@click.argument("url", required=False)
@click.option("--jsonl", is_flag=True, help='Read lines {"id","url","html"} and write lines {"id","text"} in the same order.')
def command(url: str | None, jsonl: bool) -> None:
    """Print the page at URL as Markdown, with its title, address, date and size on top.

    With --jsonl no address is opened: the pages come on standard input.
    """
    sys.exit(bulk() if jsonl else DONE)


def bulk() -> int:
    """Every line of standard input, answered as soon as its turn comes."""
    from agent.settings import load_settings
    from server.bulk import texts

    lines = (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
    for row in texts(lines, load_settings()):
        sys.stdout.write(json.dumps(row) + "\n")  # ASCII: halves of surrogate pairs in an id come back as they were
        sys.stdout.flush()
    return DONE
