"""Plain text and Markdown, which are text already: only their title and date are looked for. Changes no letter of them."""

from __future__ import annotations

import re

from agent.extract.source import Found, Source, day, first_line

FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
FIELD = re.compile(r"^([A-Za-z_]+)\s*:\s*(.*?)\s*$", re.MULTILINE)
HEADING = re.compile(r"^#\s+(.+?)\s*#*\s*$|^(\S[^\n]*)\n=+\s*$", re.MULTILINE)
FENCED = re.compile(r"^(`{3,}|~{3,}).*?(?:^\1|\Z)", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*`]+")


def read_text(source: Source) -> Found:
    """The text as it stands, wrapped lines and all."""
    text = cleaned(source.text)
    return Found("text", text, title=first_line(text))


def read_markdown(source: Source) -> Found:
    """The text without its front matter; title, author, date and language from there, or the first heading."""
    whole = cleaned(source.text)
    front = FRONT.match(whole)
    said = {name.lower(): value.strip("\"'") for name, value in FIELD.findall(front[1])} if front else {}
    text = whole[front.end():].lstrip("\n") if front else whole
    return Found("markdown", text, title=said.get("title") or heading(text), author=said.get("author", ""),
                 date=day(said.get("updated") or said.get("date") or ""), language=said.get("lang", said.get("language", "")))


def heading(text: str) -> str:
    found = HEADING.search(FENCED.sub("", text[:100_000]))
    return INLINE.sub(r"\1", found[1] or found[2]) if found else first_line(text)


def cleaned(text: str) -> str:
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").replace("\f", "\n").lstrip("\n")
