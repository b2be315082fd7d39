"""Notes as a model gets to see them: the most telling first, each passage once, as many as fit into its window.

Knows what belongs beside them (question, plan, disputes, what is missing, the human's words); not what is asked of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from agent.answer import repeats
from agent.markup import inert
from agent.note import Material, Note
from agent.tokens import count
from agent.write import address, asked, fenced, passage_block, plain

SAFE = 1.1  # other models' tokens against those that are counted here
SHORT = 240  # characters of a passage where its gist is enough
WORDINGS, HOSTS = 2, 8  # how many are named where something was looked for
HOST = re.compile(r"[\w-]+(\.[\w-]+)+")


@dataclass(frozen=True)
class Ask:
    """One prompt and what it is filled with: `before` the passages comes what is always said, `after` what is said last."""

    prompt: str
    material: Material
    notes: Sequence[Note]
    before: Sequence[str]
    after: Sequence[str] = ()
    fills: dict[str, object] = field(default_factory=dict)
    block: Callable[[Note], str] = lambda note: passage_block(note.ident, note.ranked)

    def build(self, room: int) -> list[dict[str, str]]:
        """The messages, with as many notes as `room` tokens hold (one at least); how many were left out is said."""
        blocks = [self.block(note) for note in self.notes]
        left = room / SAFE - count("\n\n".join(message["content"] for message in self.messages([])))
        fit = 0
        while fit < len(blocks) and (left := left - count(blocks[fit]) - 4) >= 0:
            fit += 1
        return self.messages(in_order(self.material, self.notes[:max(fit, 1)]))

    def whole(self, _room: int) -> list[dict[str, str]]:
        """The messages of a prompt that shows no passages."""
        return asked(self.prompt, self.material.today, [*self.before, *self.after], **self.fills)

    def messages(self, notes: Sequence[Note]) -> list[dict[str, str]]:
        out = len(self.notes) - len(notes)
        passages = [self.block(note) for note in notes]
        said = [f"({out} more passages, less near to the question, are not shown for want of room.)"] if out and notes else []
        return asked(self.prompt, self.material.today, [*self.before, "Passages:", *passages, "End of the passages.", *said, *self.after],
                     **self.fills)


def by_worth(notes: Iterable[Note]) -> list[Note]:
    """The best of each sub-question, then the second of each, and so on; what says the same words again is left out."""
    places: Counter[str] = Counter()
    order = []
    for note in sorted(notes, key=lambda note: -note.ranked.score):
        places[note.item] += 1
        order.append((places[note.item], -note.ranked.score, len(order), note))
    kept: dict[str, list[Note]] = {}  # by page, and once by words: what is compared with all others takes seconds
    texts: dict[str, Note] = {}
    for *_, note in sorted(order, key=lambda row: row[:3]):
        same_page = kept.setdefault(note.ranked.page.sha256, [])
        words = " ".join(note.ranked.passage.text.split())
        if words not in texts and not any(repeats(note.ranked, other.ranked) for other in same_page):
            same_page.append(note)
            texts[words] = note
    return list(texts.values())


def in_order(material: Material, notes: Sequence[Note]) -> list[Note]:
    """By sub-question, in the plan's order, and what one page says together: easier to read than by worth."""
    items = {item.id: place for place, item in enumerate(material.plan.items)}
    pages = {sha: place for place, sha in reversed(list(enumerate(note.ranked.page.sha256 for note in notes)))}
    return sorted(notes, key=lambda one: (items.get(one.item, len(items)), pages[one.ranked.page.sha256], one.ranked.passage.start))


def shortened(note: Note) -> str:
    """A passage as one line: enough to know what it is about. Its beginning may not be what it was kept for, so that is said too."""
    page, text = note.ranked.page, " ".join(note.ranked.passage.text.split())
    dated, why = page.date and f"dated {page.date}", note.why and f"kept for: {note.why}"
    where = " · ".join(filter(None, [page.title[:80], address(page.final_url), dated, *note.ranked.passage.headings[-1:], why]))
    return f"[{note.ident}] ({note.item}) {where}: {fenced(text[:SHORT] + ('…' if len(text) > SHORT else '')).replace(chr(10), ' ')}"


def about(material: Material) -> list[str]:
    """What every writer is told before the passages."""
    plan = material.plan
    items = "\n".join(f"{item.id}: {item.text}" for item in plan.items)
    taken = [*plan.assumptions, *(f"{one.text} {one.answer or one.default}" for one in plan.questions)]
    words = "\n".join(f"- {one}" for one in material.words)
    return list(filter(None, [
        f"Question: {material.question}",
        items and f"The sub-questions that were looked into:\n{items}",
        taken and "Taken for granted, or said by the reader: " + " ".join(taken),
        words and f"The reader asked for this while it was worked on; keep to it:\n{words}"]))


def again(material: Material) -> str:
    """What stands last in every prompt: what came before it may be long, and in other languages."""
    return f"The question again, in whose language you write: {material.question}"


def known_missing(material: Material, items: Iterable[str] | None = None) -> str:
    """What is missing by now, of these sub-questions or of all, as one block; "" for nothing."""
    wanted = [item.id for item in material.plan.items if items is None or item.id in set(items)]
    lines = [f"- {one}" for item in wanted for one in material.missing.get(item, ())]
    return "\n".join(["Known to be missing:", *lines]) if lines else ""


def disputed(material: Material, notes: Sequence[Note]) -> str:
    """The contradictions that two or more of these notes take part in, as one block; "" for none.

    Two sub-questions may have noted the same passages, and the same dispute, by idents of their own: it is told once, by those shown.
    """
    known, told, lines = {note.ident: note for note in material.notes}, {}, []
    for what, sides in material.disputes:
        shown = dict.fromkeys(filter(None, (stand_in(known.get(one), notes) for one in sides)))
        if len(shown) > 1 and told.setdefault(frozenset(shown), sides) == sides:
            lines.append(f"- {what}: " + " against ".join(f"[{one}]" for one in shown))
    return "\n".join(["Passages that seem to contradict each other:", *lines]) if lines else ""


def stand_in(note: Note | None, notes: Sequence[Note]) -> str:
    """The ident of the note itself if it is among these, else of one that says the same; "" for none."""
    if note is None:
        return ""
    alike = [other.ident for other in notes if other.ident == note.ident or repeats(note.ranked, other.ranked)]
    return note.ident if note.ident in alike else next(iter(alike), "")


def not_found_lines(material: Material, said: Iterable[str] = ()) -> list[str]:
    """`Not found:` lines: those that a writer said, then for each sub-question what is known to be missing and where it was looked for."""
    lines = list(dict.fromkeys(" ".join(one.split()) for one in said))
    noted = {note.item for note in material.notes}
    for item in material.plan.items:
        looked = material.looked.get(item.id, ())
        lacks = material.missing.get(item.id, ()) or ((item.text,) if looked and item.id not in noted else ())
        if lacks:
            lines.append(" ".join(filter(None, [ended("; ".join(map(bare, lacks))), where_looked(looked)])))
    return [f"Not found: {line}" for line in lines]


def bare(text: str) -> str:
    return plain(inert(" ".join(text.split())).rstrip(" ."))


def ended(sentence: str) -> str:
    return sentence if sentence[-1:] in "?!。？！" else f"{sentence}."


def where_looked(looked: Sequence[str]) -> str:
    """In words: what was searched for, and whose pages were read."""
    hosts = [one for one in looked if HOST.fullmatch(one)]
    wordings = [f"“{bare(one)}”" for one in looked if one not in hosts]
    parts = [wordings and f"Searched for {listed(wordings, WORDINGS)}", hosts and f"Read {listed(hosts, HOSTS)}"]
    return " ".join(f"{part}." for part in parts if part)


def listed(names: Sequence[str], most: int) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
