"""What a planned run writes, from its notes alone: a page (one call), or a report of sections.

A report is outlined, its sections are written at once and given out in order, then it is read once as a whole: what it
says twice goes, and a summary comes first. A call that fails costs its own part and no other: a section is then its best
passages word for word, a whole that could not be read over stays as it is. Texts carry marks like [p203] (agent/write.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Any

from agent.errors import ModelError
from agent.markup import MISSING, edited, idents_in, inert, missing, pieces, settled
from agent.meter import Asks, OverLimit
from agent.models import Switched, Wrote
from agent.note import Material, Note
from agent.packing import Ask, about, again, by_worth, disputed, known_missing, not_found_lines, shortened
from agent.shape import pick
from agent.whole import SCHEMA, applied, numbered, statements, still_missing, summary_of
from agent.write import plain, quoted

PAGE_TOKENS, OUTLINE_TOKENS, SECTION_TOKENS, WHOLE_TOKENS = 4_000, 3_000, 3_000, 4_000
SHOWN = 2  # passages shown to a writer for each that may be cited: it must be able to choose
OUTLINED = 3  # passages that an outline is made from, for each that may be cited
LEAST, MOST = 2, 6  # sections
A_SECTION = 5  # passages that a section is worth having for
FEW = LEAST * A_SECTION  # passages: fewer are a page
SHOWN_LEAST = 6  # passages shown to the writer of a section, where there are so many of its sub-questions
FORMS = ("prose", "table", "timeline", "steps")
NO_MARKS = "What the model wrote names no passage, so nothing in it could be checked."

OUTLINE = {
    "type": "object", "additionalProperties": False, "required": ["sections"],
    "properties": {"sections": {"type": "array", "items": {
        "type": "object", "additionalProperties": False, "required": ["title", "answers", "form", "passages"],
        "properties": {"title": {"type": "string"}, "answers": {"type": "string"}, "form": {"type": "string"},
                       "passages": {"type": "array", "items": {"type": "string"}}}}}}}


@dataclass(frozen=True)
class Anew(Switched):
    """No failure: the same model's text is given out again, whole, because it has been put together or mended."""


@dataclass(frozen=True)
class Written:
    """What write_page and write_report return: the text, settled, and in plain sentences what went wrong on the way."""

    markdown: str
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A section before it is written."""

    title: str
    answers: str
    form: str
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Parts:
    """A report's parts: a title for each body, and what the writers say is missing."""

    summary: str
    titles: Sequence[str]
    bodies: Sequence[str]
    missing: Sequence[str]


@dataclass
class Told:
    """What stands of the text by now, which a switch makes void and must be given out again.

    `model` is whose name it is given out under, one for the whole (who wrote which part the run counts itself); "" while
    nothing was given out.
    """

    text: str = ""
    model: str = ""


# ---------------------------------------------------------------- a page

def write_page(material: Material, asks: Asks, most_quotes: int) -> Iterator[Wrote | Switched]:
    """One streamed call. Returns Written; raises ModelError or OverLimit if nothing that can be checked was written."""
    notes = by_worth(material.notes)[:SHOWN * most_quotes]
    before = [*about(material), known_missing(material), disputed(material, notes)]
    ask = Ask("page", material, notes, list(filter(None, before)), [again(material)], {"most": most_quotes})
    told = Told()
    for piece in asks.stream("write", "page", ask.build, max_tokens=PAGE_TOKENS):
        told.text = "" if isinstance(piece, Switched) else told.text + piece.text
        told.model = piece.to if isinstance(piece, Switched) else piece.model
        yield piece
    text, lines = without_missing(settled(told.text))
    if pieces(text) and not cites(text, material.notes):
        raise ModelError(NO_MARKS)
    text, trouble = within(text, most_quotes)
    final = joined(text, not_found_lines(material, lines))
    yield from mended(told, final)
    return Written(final, trouble)


def mended(told: Told, final: str) -> Iterator[Wrote | Switched]:
    """The rest of the final text if it goes on from what was given out; else the whole of it."""
    if not final.startswith(told.text):
        yield Anew(told.model, told.model, "The text is put together.")
        told.text = ""
    yield Wrote(told.model, final[len(told.text):])


# ---------------------------------------------------------------- a report

def write_report(material: Material, asks: Asks, most_quotes: int) -> Iterator[Wrote | Switched]:
    """Outline, sections, the whole. Returns Written; raises what the first section failed with if every one failed."""
    notes = by_worth(material.notes)[:OUTLINED * most_quotes]
    if len(notes) < FEW:
        return (yield from write_page(material, asks, most_quotes))
    troubles: list[str] = []
    sections = outlined(material, notes, asks, troubles)
    told = Told()
    bodies = yield from written(material, sections, asks, (most_quotes, told, troubles))
    lines = [line for body in bodies for line in missing(body)]
    kept = [(section.title, body) for section, body in zip(sections, bodies, strict=True) if pieces(without_missing(body)[0])]
    titles, bodies = [title for title, _ in kept], [without_missing(body)[0] for _, body in kept]
    last = read_over(material, asks, Parts("", titles, bodies, lines), troubles)
    headed = [f"## {title}\n\n{body}" for title, body in zip(titles, last.bodies, strict=True) if pieces(body)]
    text, trouble = within("\n\n".join(filter(None, [last.summary, *headed])), most_quotes)
    final = joined(text, not_found_lines(material, last.missing))
    yield from mended(told, final)
    return Written(final, (*troubles, *trouble))


def outlined(material: Material, notes: Sequence[Note], asks: Asks, troubles: list[str]) -> list[Section]:
    """The sections, by the model; by the plan's sub-questions where it gives none that can be used."""
    most = max(LEAST, min(MOST, len(notes) // A_SECTION))
    before = [*about(material), known_missing(material), disputed(material, notes)]
    ask = Ask("outline", material, notes, list(filter(None, before)), [again(material)],
              {"least": LEAST, "most": most}, shortened)
    try:
        data = asks.ask("write", "outline", ask.build, max_tokens=OUTLINE_TOKENS, schema=OUTLINE)
    except (ModelError, OverLimit) as error:
        troubles.append(f"The report follows the plan, because no outline could be made. {error}")
        data = None
    return complete(sections_of(data, notes)[:MOST] or by_plan(material, notes), material, notes)


def sections_of(data: Any, notes: Sequence[Note]) -> list[Section]:
    """The model's sections that name passages there are."""
    known, found, taken = {note.ident: note for note in notes}, [], []
    rows = pick(data, "sections")
    for row in rows if isinstance(rows, list) else ():
        idents = pick(row, "passages") if isinstance(pick(row, "passages"), list) else []
        own = list(dict.fromkeys(found_in for one in idents for found_in in re.findall(r"p\d+", str(one))))
        mine = tuple(known[ident] for ident in own if ident in known and taken.count(ident) < 2)
        title = heading(pick(row, "title"))
        if mine and title:
            taken += [note.ident for note in mine]
            form = pick(row, "form")
            found.append(Section(title, heading(pick(row, "answers"), 300), form if form in FORMS else "prose", mine))
    return found


def heading(text: Any, most: int = 120) -> str:
    """A model's words as one harmless line."""
    line = " ".join(inert(text).split()) if isinstance(text, str) else ""
    return re.sub(r"\[[^\[\]]*\]", "", line).lstrip("#0123456789.) ").strip()[:most]


def by_plan(material: Material, notes: Sequence[Note]) -> list[Section]:
    items = {note.item: [other for other in notes if other.item == note.item] for note in notes}
    order = [item for item in material.plan.items if item.id in items][:MOST]
    return [Section(heading(item.text), "", "prose", tuple(items[item.id])) for item in order] or [
        Section(heading(material.question), "", "prose", tuple(notes))]


def complete(sections: list[Section], material: Material, notes: Sequence[Note]) -> list[Section]:
    """A thin section gets more passages of its sub-questions; a sub-question that no section took up becomes one, or joins the last."""
    taken = {note.ident for section in sections for note in section.notes}
    full = []
    for section in sections:
        items = {note.item for note in section.notes}
        more = [note for note in notes if note.ident not in taken and note.item in items][:max(0, SHOWN_LEAST - len(section.notes))]
        taken |= {note.ident for note in more}
        full.append(replace(section, notes=(*section.notes, *more)))
    covered = {note.item for section in sections for note in section.notes}
    for item in material.plan.items:
        lost = tuple(note for note in notes if note.item == item.id)[:SHOWN_LEAST] if item.id not in covered else ()
        if lost and len(full) < MOST:
            full.append(Section(heading(item.text), "", "prose", lost))
        elif lost:
            full[-1] = replace(full[-1], notes=(*full[-1].notes, *lost))
    return full


# ---------------------------------------------------------------- sections

def written(material: Material, sections: list[Section], asks: Asks, rest: tuple[int, Told, list[str]]) -> Iterator[Wrote | Switched]:
    """The bodies of all sections, written at once, given out in order as they come."""
    most_quotes, told, troubles = rest
    share = max(3, round(most_quotes / len(sections)))
    pool = ThreadPoolExecutor(len(sections), thread_name_prefix="section")
    try:
        coming = [start(pool, asks, n, ask_for(material, sections, n, share)) for n in range(len(sections))]
        bodies, failed = [], []
        for section, (queue, future) in zip(sections, coming, strict=True):
            body, error = yield from given_out(section, (queue, future), told)
            bodies.append(body or quotes_of(section.notes[:share]))
            if error:
                failed.append(error)
                troubles.append(f"The section “{section.title}” is made of quotes. {error}")
                yield from redrawn(told, f"## {section.title}\n\n{bodies[-1]}\n\n", str(error))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if len(failed) == len(sections):
        raise failed[0]
    return bodies


def ask_for(material: Material, sections: list[Section], n: int, share: int) -> Ask:
    """The prompt of one section: it sees the whole outline, and its own passages in full."""
    mine = sections[n]
    lines = [f"{place}. {one.title}{' – ' + one.answers if one.answers else ''}{' (this is yours)' if one is mine else ''}"
             for place, one in enumerate(sections, 1)]
    items = {note.item for note in mine.notes}
    yours = f"Your section: {mine.title}\nWhat it tells: {mine.answers or mine.title}\nForm: {mine.form}"
    before = [*about(material), "The outline:\n" + "\n".join(lines), yours, known_missing(material, items), disputed(material, mine.notes)]
    after = [f"{again(material)}\nWrite the section “{mine.title}”."]
    return Ask("section", material, mine.notes[:SHOWN * share], list(filter(None, before)), after, {"most": share})


def start(pool: ThreadPoolExecutor, asks: Asks, n: int, ask: Ask) -> tuple[SimpleQueue, Future]:
    """Begins to write section n: its pieces come into the queue, None last; the future knows how it ended."""
    queue: SimpleQueue = SimpleQueue()

    def work() -> None:
        try:
            for piece in asks.stream("write", f"section {n + 1}", ask.build, max_tokens=SECTION_TOKENS):
                queue.put(piece)
        finally:
            queue.put(None)

    return queue, pool.submit(work)


def given_out(section: Section, coming: tuple[SimpleQueue, Future], told: Told) -> Iterator[Wrote | Switched]:
    """One section as it comes. Returns its body and None, or what is no use of it, "", and why."""
    queue, future = coming
    head, text, before = f"## {section.title}\n\n", "", told.text
    lead = head if told.model else before + head
    for piece in iter(queue.get, None):
        if isinstance(piece, Switched):
            yield piece
            told.model, text, lead = piece.to, "", before + head
        else:
            told.model = told.model or piece.model
            yield Wrote(told.model, lead + piece.text)
            text, lead = text + piece.text, ""
    try:
        future.result()
    except (ModelError, OverLimit) as error:
        return "", error
    body = body_of(text)
    if not body or (pieces(without_missing(body)[0]) and not cites(body, section.notes)):
        return "", ModelError(NO_MARKS)
    told.text = before + head + text + "\n\n"
    yield Wrote(told.model, "\n\n")
    return body, None


def redrawn(told: Told, text: str, reason: str) -> Iterator[Wrote | Switched]:
    """What stands of the report, with this in place of what failed."""
    told.text += text
    if told.model:
        yield Switched(told.model, told.model, reason)
        yield Wrote(told.model, told.text)


def body_of(text: str) -> str:
    """A section's text, settled: without a heading of its own at the top, those within it below the section's own."""
    text = settled(text).strip()
    top = re.match(r"(#{1,6} |\*\*)[^*\n]+(?:\*\*)?[^\S\n]*\n\s*", text)
    if top and len(re.findall(rf"^{re.escape(top[1])}[^*\n]+(?:\*\*)?[^\S\n]*$", text, flags=re.MULTILINE)) == 1:
        text = text[top.end():]  # one of several parts keeps its own
    return re.sub(r"^#{1,6} ", "### ", text, flags=re.MULTILINE).strip()


def quotes_of(notes: Sequence[Note]) -> str:
    """Passages word for word, each of their sentences with its mark."""
    return "\n\n".join(f"{marked_quote(note)}" for note in notes)


def marked_quote(note: Note) -> str:
    page = note.ranked.page
    quote = f"> {quoted(note.ranked.passage.text)}"
    for piece in reversed(pieces(quote)):
        quote = f"{quote[:piece.end]} [{note.ident}]{quote[piece.end:]}"
    return "\n\n".join([f"**{plain(' · '.join(filter(None, [page.title, page.site])))}**", quote])


# ---------------------------------------------------------------- the whole

def read_over(material: Material, asks: Asks, parts: Parts, troubles: list[str]) -> Parts:
    """With a summary, and without what is said twice; without a summary, and as it is, if that fails."""
    rows = statements(parts.bodies)
    if not rows:
        return parts
    lacking = "\n".join(["The writers did not find:", *(f"M{number}: {line}" for number, line in enumerate(parts.missing, 1))])
    blocks = [*about(material), known_missing(material), *numbered(parts.titles, rows), parts.missing and lacking]
    ask = Ask("whole", material, (), list(filter(None, blocks)), [again(material)])
    try:
        data = asks.ask("write", "whole", ask.whole, max_tokens=WHOLE_TOKENS, schema=SCHEMA)
    except (ModelError, OverLimit) as error:
        troubles.append(f"The report has no summary and was not read over. {error}")
        return parts
    summary = summary_of(data, rows)
    if not summary:
        troubles.append("The report has no summary: the model gave none that names what it is drawn from.")
    return Parts(summary, parts.titles, applied(parts.bodies, data, rows), still_missing(data, parts.missing, rows))


def cites(markdown: str, notes: Sequence[Note]) -> bool:
    return bool({note.ident for note in notes} & set(idents_in(markdown)))


def without_missing(markdown: str) -> tuple[str, tuple[str, ...]]:
    """The text without its "Not found" lines, and what they say."""
    return re.sub(r"\n{3,}", "\n\n", MISSING.sub("", markdown)).strip(), missing(markdown)


def joined(text: str, lines: Sequence[str]) -> str:
    return "\n\n".join(filter(None, [text, *lines]))


def within(markdown: str, most: int) -> tuple[str, tuple[str, ...]]:
    """With at most so many passages cited: first marks go that a sentence has beside others, then the last sentences."""
    while len(idents_in(markdown)) > most and (spare := spare_ident(markdown)):
        markdown = re.sub(rf"\[{spare}\](?=\[)|\s?\[{spare}\](?!\[)", "", markdown)
    allowed = set(idents_in(markdown)[:most])
    over = [place for place, piece in enumerate(pieces(markdown)) if set(idents_in(markdown[piece.start:piece.end])) - allowed]
    if not over:
        return markdown, ()
    told = f"{len(over)} statements were left out, because the answer may carry {most} quotes at most."
    return edited(markdown, dict.fromkeys(over)), (told,)


def spare_ident(markdown: str) -> str:
    """An id, the last there is, that every sentence naming it names beside another one; "" for none."""
    groups = [idents_in(markdown[piece.start:piece.end]) for piece in pieces(markdown)]
    alone = {group[0] for group in groups if len(group) == 1}
    return next((ident for group in reversed(groups) for ident in reversed(group) if ident not in alone), "")
