"""A repository's text within a budget of tokens: what matters first is kept, the rest is said by name or by folder.

The whole text counts: summary, tree and what was left out too. A tree that would take too much of it is folded. Files are
counted one after another in the order of what matters, until there is no room for another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from agent.repo.forms import FORMS, Ending, File, Json
from agent.repo.names import Entry, shown
from agent.repo.order import count_references, ranked, tier
from agent.repo.pack import Plan, Written, summary, texts_of, tree_of
from agent.repo.reading import Text
from agent.repo.treelines import folded

NO_ROOM = "no room in the budget"
TREE_SHARE, END_SHARE, LEAST_END = 0.15, 0.1, 160
LEAST_PART = 200  # tokens for which the beginning of a README is still worth having
HOPELESS = 3  # a file whose estimate is so many times the room is not even read


def packed_to_fit(plan: Plan) -> Iterator[str]:
    """The pieces, at most as many tokens as were asked for."""
    form = FORMS[plan.wishes.form]()
    budget = plan.wishes.tokens or 0
    head = "".join(form.head(summary(plan)))
    tree = fitting_tree(plan, form, int(budget * TREE_SHARE))
    reserve = max(int(budget * END_SHARE), LEAST_END)
    yield head + tree
    room = Room(budget - reserve - plan.count(head) - plan.count(tree))
    written = Written(plan)
    for entry, text in in_order(plan, room):
        file = written.file(entry, text) if fits(plan, form, entry, text, room) else None
        if file:
            yield form.file(file, written.files == 1)
    yield fitting_end(plan, form, written, reserve + room.left)


class Room:
    """How many tokens are left for files."""

    def __init__(self, left: int) -> None:
        self.left = left


def in_order(plan: Plan, room: Room) -> Iterator[tuple[Entry, Text]]:
    """Files from what matters most; those for which there is no hope are left out unread."""
    tree, limit = plan.opened.tree, plan.wishes.file_bytes
    references: Counter[str] = count_references(zip(plan.chosen, tree.read(plan.chosen, limit), strict=True), plan.chosen)
    waiting = ranked(plan.chosen, references)
    while waiting:
        hopeful = [entry for entry in waiting[:64] if tier(entry.path) == 0 or plan.density.tokens(entry) <= room.left * HOPELESS]
        for entry in waiting[:64]:
            if entry not in hopeful:
                plan.leave(entry, NO_ROOM)
        yield from texts_of(plan, hopeful)
        waiting = waiting[64:]


def fits(plan: Plan, form: object, entry: Entry, text: Text, room: Room) -> bool:
    """Whether there is room for this file, which is then taken. Files with a reason of their own need none."""
    if text.reason:
        return True
    cost = plan.count(form.file(File(entry.path, text.text, text.tokens, True, text.secrets, text.note), False)) + 2
    if cost > room.left:
        plan.leave(entry, NO_ROOM)
        return False
    room.left -= cost
    return True


def fitting_tree(plan: Plan, form: object, most: int) -> str:
    """The tree, folded as deep as there is room for."""
    tokens = plan.tokens
    whole = "".join(form.tree(tree_of(plan, form, tokens, False))) if len(plan.entries) * 4 <= most else ""
    if whole and plan.count(whole) <= most:
        return whole
    if isinstance(form, Json):
        return "".join(form.tree([]))
    for depth in (3, 2, 1, 0):
        lines = folded(plan.entries, tokens, depth)
        if len(lines) * 4 <= most and plan.count(text := "".join(form.tree(lines))) <= most:
            return text
    return "".join(form.tree(cut_lines(plan, folded(plan.entries, tokens, 0), most)))


def cut_lines(plan: Plan, lines: Sequence[str], most: int) -> list[str]:
    """As many lines as there is room for, then how many more there are."""
    kept, room = [], most - 30
    for line in lines:
        room -= plan.count(line) + 1
        if room < 0:
            break
        kept.append(line)
    more = len(lines) - len(kept)
    return [*kept, f"… and {more:,} more\n"] if more else kept


def fitting_end(plan: Plan, form: object, written: Written, most: int) -> str:
    """What was left out: by name if there is room, else by folder, else by reason."""
    ending = written.ending()
    for fold in (lambda rows: rows, by_folder, lambda rows: []):
        left = {reason: fold(rows) for reason, rows in ending.left_out.items()}
        if sum(map(len, left.values())) * 6 > most:
            continue
        folded_away = {reason: len(rows) for reason, rows in ending.left_out.items() if left[reason] is not rows}
        text = "".join(form.end(replace(ending, left_out=left, counts=folded_away)))
        if plan.count(text) <= most:
            return text
    return "".join(form.end(Ending(ending.rows, ending.facts)))


def by_folder(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    counts = Counter(name.split("/")[0] + "/" if "/" in name else name for name, _ in rows)
    return [(shown(name), f"{number:,} file{'s' * (number > 1)}" if name.endswith("/") else "") for name, number in sorted(counts.items())]
