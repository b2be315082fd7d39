"""A repository as one stream of text: a summary, the tree with tokens a file, each file, what was left out.

The first words come before any file is read. In a small tree every number is exact from the start; in a large one the tree
carries estimates (~), each file its exact count as it comes, and the end the exact sum: nobody waits for the last file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent.errors import BadInput, LeashError
from agent.repo.about import Density, languages, licence
from agent.repo.counting import Item, read_all
from agent.repo.forms import FORMS, Ending, File, Json, Summary
from agent.repo.leftout import about_link, by_name, lacking
from agent.repo.marks import Marks
from agent.repo.names import MISSING, Entry, shown
from agent.repo.opened import Opened
from agent.repo.reading import How, Text
from agent.repo.tree import Commit
from agent.repo.treelines import json_lines, tree_lines
from agent.repo.wishes import Wishes
from agent.tokens import Counting, count_all

SMALL = 1_500_000  # bytes of text that are read before the tree is shown, which takes about 0.1 s
BATCH_BYTES, BATCH_FILES = 150_000, 100
OUTSIDE = "outside what was asked for (--include, --exclude)"


@dataclass
class Plan:
    """What is to be read, what is left out and why, and the numbers that stand at the top."""

    opened: Opened
    wishes: Wishes
    how: How
    count_all: Counting

    def __post_init__(self) -> None:
        self.entries: Sequence[Entry] = self.opened.tree.entries()
        self.left: dict[str, list[tuple[str, str]]] = {}
        self.chosen: list[Entry] = []
        self.outside = 0
        self.marks = Marks(self.opened.tree, () if self.wishes.everything else self.entries)
        self.exact: dict[str, int] | None = None
        for entry in self.entries:
            self._place(entry)

    def _place(self, entry: Entry) -> None:
        if not self.wishes.matches(entry.path):
            self.outside += 1
        elif reason := self.marks.reason(entry.path, by_name(entry, self.wishes.file_bytes, self.wishes.everything)):
            self.leave(entry, reason)
        elif entry.size == MISSING:
            self.leave(entry, lacking(entry, self.wishes.file_bytes))
        else:
            self.chosen.append(entry)

    def leave(self, entry: Entry, reason: str) -> None:
        self.left.setdefault(reason, []).append((shown(entry.path), self._about(entry)))

    def _about(self, entry: Entry) -> str:
        if entry.kind == "link":
            return about_link(next(iter(self.opened.tree.read([entry], 4096)), None) or b"?")
        if entry.kind == "module":
            return self.modules.get(entry.path, "") + (f" at {entry.oid}" if entry.oid else "")
        return f"{entry.size:,} bytes" if entry.size > 0 else ""

    @cached_property
    def modules(self) -> dict[str, str]:
        from agent.repo.modules import module_addresses

        return module_addresses(self.opened.tree, self.entries)

    @cached_property
    def density(self) -> Density:
        return Density(self.opened.tree, self.chosen, self.wishes.file_bytes, self.count_all)

    def count(self, text: str) -> int:
        return self.count_all([text])[0]

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.chosen)

    @property
    def small(self) -> bool:
        return not self.wishes.estimate and self.wishes.tokens is None and self.size <= SMALL

    @cached_property
    def tokens(self) -> dict[str, int]:
        """By path, as far as they are known before the text: all exact, or all estimated."""
        return {entry.path: self.density.tokens(entry) for entry in self.chosen} if self.exact is None else self.exact


def pack(opened: Opened, wishes: Wishes, count_all: Counting = count_all) -> Iterator[str]:
    """The text of an opened repository, in pieces, as they are ready. Close it to stop.

    Raises BadInput where the part that was asked for is not there, before the first piece.
    """
    how = How(wishes.everything, wishes.outline, not wishes.estimate, opened.lines)
    plan = Plan(opened, wishes, how, count_all)
    check(plan)
    yield from packed(plan) if wishes.tokens is None else packed_to_fit(plan)


def packed_to_fit(plan: Plan) -> Iterator[str]:
    from agent.repo import fit

    return fit.packed_to_fit(plan)


def check(plan: Plan) -> None:
    name, path = plan.opened.name, plan.opened.path
    if not plan.entries and path:
        where = f" at {plan.opened.commit[:12]}" if plan.opened.commit else ""
        raise BadInput(f"{shown(name)} has no file or folder {shown(path)}{where}.")
    if not plan.entries:
        raise BadInput(f"{shown(name)} is empty: there is no file in it.")
    if plan.outside == len(plan.entries):
        raise BadInput(f"No file of {shown(name)} is let in by what --include and --exclude say.")


def packed(plan: Plan) -> Iterator[str]:
    form = FORMS[plan.wishes.form]()
    texts = texts_of(plan, plan.chosen)
    if plan.small:
        texts = iter(ready := list(texts))
        plan.exact = {entry.path: text.tokens for entry, text in ready if not text.reason}
    yield from form.head(summary(plan))
    yield from form.tree(tree_of(plan, form, plan.tokens, exact=plan.exact is not None))
    written = Written(plan)
    for entry, text in texts:
        if file := written.file(entry, text):
            yield form.file(file, written.files == 1)
    yield from form.end(written.ending())


def tree_of(plan: Plan, form: object, tokens: dict[str, int], exact: bool) -> Iterable:
    if isinstance(form, Json):
        return json_lines(plan.entries, tokens, exact)
    return tree_lines(plan.entries, tokens, exact)


def texts_of(plan: Plan, entries: Sequence[Entry]) -> Iterator[tuple[Entry, Text]]:
    """Each file with its text, in order; files that cannot be read have that as their reason."""
    lost: set[str] = set()
    texts = read_all(batches(plan, entries, lost), plan.how, plan.count_all)
    for entry, text in zip(entries, texts, strict=True):
        if plan.wishes.stop():
            raise LeashError("It was stopped.")
        yield entry, Text("", reason=lacking(entry, plan.wishes.file_bytes)) if entry.path in lost else text


def batches(plan: Plan, entries: Sequence[Entry], lost: set[str]) -> Iterator[list[Item]]:
    held: list[Item] = []
    size = 0
    for entry, raw in zip(entries, plan.opened.tree.read(entries, plan.wishes.file_bytes), strict=True):
        if raw is None:
            lost.add(entry.path)
        held.append((entry.path, raw or b""))
        size += len(raw or b"")
        if size >= BATCH_BYTES or len(held) >= BATCH_FILES:
            yield held
            held, size = [], 0
    if held:
        yield held


class Written:
    """What has been written so far: counts for the end, and files left out on the way."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.files = self.tokens = 0
        self.secrets: Counter[str] = Counter()

    def file(self, entry: Entry, text: Text) -> File | None:
        """A file to write; None if it turned out to be one to leave out."""
        if text.reason:
            self._plan.leave(entry, text.reason)
            return None
        exact = text.tokens >= 0
        tokens = text.tokens if exact else self._plan.density.tokens(entry)
        self.files += 1
        self.tokens += tokens
        self.secrets.update(dict(text.secrets))
        return File(entry.path, text.text, tokens, exact, text.secrets, text.note)

    def ending(self, cut: str = "") -> Ending:
        plan = self._plan
        left = sum(map(len, plan.left.values()))
        exact = not plan.wishes.estimate
        rows = {"Tokens": f"{'' if exact else '~'}{self.tokens:,} (o200k, {'exact' if exact else 'estimated'}, of the files' text)",
                "Files": f"{self.files:,} in the text, {left:,} left out" + (f", {plan.outside:,} {OUTSIDE}" if plan.outside else ""),
                "Secrets redacted": ", ".join(f"{count} {kind}" for kind, count in self.secrets.most_common()) or "none"}
        facts = {"tokens": self.tokens, "exact": exact, "files": self.files, "left_out": left, "outside": plan.outside,
                 "secrets": dict(self.secrets)}
        return Ending(rows, facts, dict(sorted(plan.left.items())), cut)


def summary(plan: Plan) -> Summary:
    """What is known before any file is read but the licence and a sample."""
    opened = plan.opened
    spoken = languages(plan.chosen)
    known = licence(opened.tree, opened.tree.top() if opened.path and isinstance(opened.tree, Commit) else plan.entries)
    about = sum(plan.tokens.values())
    later = "" if plan.wishes.estimate else "; exact at each file and at the end"
    commit = f"{opened.commit} of {opened.date[:10]}" if opened.commit else "none"
    rows = {"Source": opened.url, "Part": part(opened), "Reference": opened.ref, "Commit": commit,
            "Files": f"{len(plan.entries):,}, of which {len(plan.chosen):,} to read",
            "Tokens": f"~{about:,} (o200k, estimated{later})" if plan.exact is None else f"{about:,} (o200k, exact, of the files' text)",
            "Languages": ", ".join(f"{name} {share:.0%}" for name, share in spoken[:6] if share >= 0.005),
            "Licence": known or ("" if opened.path else "no licence file")}
    facts = {"source": opened.url, "path": opened.path, "ref": opened.ref, "commit": opened.commit, "date": opened.date,
             "files": len(plan.entries), "tokens_estimated": about,
             "languages": {name: round(share, 4) for name, share in spoken}, "licence": known}
    return Summary(opened.name, {name: value for name, value in rows.items() if value}, facts, opened.notes)


def part(opened: Opened) -> str:
    lines = f", lines {opened.lines[0]} to {opened.lines[-1]}" if opened.lines else ""
    return f"only {shown(opened.path)}{lines}" if opened.path else ""
