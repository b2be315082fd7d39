"""How a repository's text is written down: Markdown, XML with tags, or JSON. Each is written in pieces, front to back.

Nothing in a file can end its own frame: a fence is longer than any in it, XML keeps it in CDATA, JSON escapes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.repo.kinds import kind_of
from agent.repo.names import shown

FENCE = re.compile(r"`{3,}")
CONTROLS = bytes(byte for byte in range(32) if byte not in (9, 10, 13))
NOT_XML = r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]"


@dataclass(frozen=True)
class Summary:
    """What stands at the top. `rows` are its lines by name, `facts` the same for programs."""

    name: str
    rows: Mapping[str, str]
    facts: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """One file as it is written down. `tokens` are exact if `exact`."""

    path: str
    text: str
    tokens: int
    exact: bool = True
    secrets: tuple[tuple[str, int], ...] = ()
    note: str = ""

    @property
    def remarks(self) -> str:
        """What is said beside its name."""
        taken = sum(count for _, count in self.secrets)
        parts = [f"{'' if self.exact else '~'}{self.tokens:,} tokens", self.note,
                 f"{taken} {'secret' if taken == 1 else 'secrets'} redacted" if taken else ""]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Ending:
    """What stands at the end: counts by name, and what was left out: reason → lines of (name, remark).

    `counts` says how many files a reason stands for where there was no room for a line each.
    """

    rows: Mapping[str, str]
    facts: Mapping[str, Any]
    left_out: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)
    cut: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    def count(self, reason: str) -> int:
        return self.counts.get(reason, len(self.left_out[reason]))


class Markdown:
    """For people and models alike."""

    name = "markdown"

    def head(self, summary: Summary) -> Iterator[str]:
        yield f"# {plain(summary.name)}\n\n"
        yield "".join(f"- {name}: {value}\n" for name, value in summary.rows.items())
        yield "".join(f"- Note: {note}\n" for note in summary.notes)

    def tree(self, lines: Iterable[str]) -> Iterator[str]:
        yield "\n## Tree\n\n"
        yield from blocks("````text\n", lines, "````\n")
        yield "\n## Files\n"

    def file(self, file: File, first: bool) -> str:
        fence = "`" * max(3, 1 + max(map(len, FENCE.findall(file.text)), default=0)) if "```" in file.text else "```"
        end = "" if file.text.endswith("\n") or not file.text else "\n"
        return f"\n### {span(shown(file.path))} ({file.remarks})\n\n{fence}{kind_of(file.path)[1]}\n{file.text}{end}{fence}\n"

    def end(self, ending: Ending) -> Iterator[str]:
        yield "\n## Left out\n\n" if ending.left_out else "\n## Left out\n\nNothing.\n"
        for reason, rows in ending.left_out.items():
            yield f"- {reason}: {ending.count(reason):,}\n"
            yield from joined(f"  - {span(name)}{' ' if remark else ''}{remark}\n" for name, remark in rows)
        yield f"- {ending.cut}\n" if ending.cut else ""
        yield "\n## Totals\n\n" + "".join(f"- {name}: {value}\n" for name, value in ending.rows.items())


class Xml:
    """Tags around each part; well-formed, with each file's text in CDATA."""

    name = "xml"

    def head(self, summary: Summary) -> Iterator[str]:
        yield f"<repository name={attribute(summary.name)}>\n<summary>\n"
        yield "".join(f"<{tag(name)}>{escape(value)}</{tag(name)}>\n" for name, value in summary.rows.items())
        yield "".join(f"<note>{escape(note)}</note>\n" for note in summary.notes)
        yield "</summary>\n"

    def tree(self, lines: Iterable[str]) -> Iterator[str]:
        yield from blocks("<tree><![CDATA[\n", map(cdata, lines), "]]></tree>\n<files>\n")

    def file(self, file: File, first: bool) -> str:
        exact = "" if file.exact else ' estimated="true"'
        taken = sum(count for _, count in file.secrets)
        extra = f' redacted="{taken}"' if taken else ""
        note = f" note={attribute(file.note)}" if file.note else ""
        start = f'<file path={attribute(file.path)} tokens="{file.tokens}"{exact}{extra}{note}><![CDATA[\n'
        return f"{start}{cdata(file.text)}]]></file>\n"

    def end(self, ending: Ending) -> Iterator[str]:
        yield "</files>\n<left_out>\n"
        for reason, rows in ending.left_out.items():
            yield f"<group reason={attribute(reason)} count=\"{ending.count(reason)}\">\n"
            yield from joined(f"<path>{escape(name)}{' ' if remark else ''}{escape(remark)}</path>\n" for name, remark in rows)
            yield "</group>\n"
        yield f"<note>{escape(ending.cut)}</note>\n" if ending.cut else ""
        yield "</left_out>\n<totals>\n" + "".join(f"<{tag(name)}>{escape(value)}</{tag(name)}>\n" for name, value in ending.rows.items())
        yield "</totals>\n</repository>\n"


class Json:
    """One object, in an order that can be read as it comes: summary, tree, files, left_out, totals."""

    name = "json"

    def head(self, summary: Summary) -> Iterator[str]:
        facts = {"name": shown(summary.name), **summary.facts, "notes": list(summary.notes)}
        yield dumped(facts)[:-1]

    def tree(self, lines: Iterable[Any]) -> Iterator[str]:
        yield ', "tree": ['
        yield from joined(("" if n == 0 else ",\n") + dumped(line) for n, line in enumerate(lines))
        yield '], "files": ['

    def file(self, file: File, first: bool) -> str:
        facts = {"path": shown(file.path), "tokens": file.tokens, "exact": file.exact, "language": kind_of(file.path)[0]}
        if file.secrets:
            facts["secrets"] = dict(file.secrets)
        if file.note:
            facts["note"] = file.note
        return ("\n" if first else ",\n") + dumped({**facts, "text": file.text})

    def end(self, ending: Ending) -> Iterator[str]:
        yield '], "left_out": ['
        rows = ({"path": name, "reason": reason, **({"about": remark} if remark else {})}
                for reason, group in ending.left_out.items() for name, remark in group)
        yield from joined(("" if n == 0 else ",\n") + dumped(row) for n, row in enumerate(rows))
        counts = {"reasons": ending.counts} if ending.counts else {}
        yield f'], "totals": {dumped({**ending.facts, **counts, **({"note": ending.cut} if ending.cut else {})})}}}\n'


FORMS = {form.name: form for form in (Markdown, Xml, Json)}


def dumped(what: Any) -> str:
    return json.dumps(what, ensure_ascii=False)


def joined(lines: Iterable[str], size: int = 500) -> Iterator[str]:
    """Many short pieces as fewer long ones."""
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) >= size:
            yield "".join(held)
            held.clear()
    yield "".join(held)


def blocks(start: str, lines: Iterable[str], end: str) -> Iterator[str]:
    yield start
    yield from joined(lines)
    yield end


def plain(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", shown(text)) if re.search(r"[`*\[\]<>#\\]", text) else shown(text)


def span(text: str) -> str:
    """A code span that its own text cannot end."""
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (1 + max(map(len, re.findall("`+", text))))
    return f"{fence} {text} {fence}"


def tag(name: str) -> str:
    return name.lower().replace(" ", "_")


def escape(text: str) -> str:
    return lawful(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(text: str) -> str:
    return '"' + escape(shown(text)).replace('"', "&quot;") + '"'


def cdata(text: str) -> str:
    """Text for a CDATA section: its end mark is split over two sections."""
    text = lawful(text)
    return text.replace("]]>", "]]]]><![CDATA[>") if "]]>" in text else text


def lawful(text: str) -> str:
    """Without the characters that XML has no way to hold."""
    if text.isascii() and len(raw := text.encode()) == len(raw.translate(None, CONTROLS)):
        return text
    return re.sub(NOT_XML, "\ufffd", text)
