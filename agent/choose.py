"""Which results an inquiry opens next: by the model, from numbered results; by rank and meaning where there is none.

An address comes from a search, from a link of a page that was read, or from the human. A model only names numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.links import links_of
from agent.look import Inquiry
from agent.plan import short, told_by_human
from agent.rank import choose_hits, in_short, terms
from agent.records import Hit
from agent.write import asked, fenced

SHOWN = 16  # results that the model chooses from,
LINKS = 8  # and links of the pages that were read
TOKENS = 1_000
SCHEMA = {"type": "object", "required": ["open"], "properties": {"open": {"type": "array", "items": {
    "type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}, "why": {"type": "string"}}}}}}


def chosen(inquiry: Inquiry, number: int, most: int) -> list[tuple[Hit, str]]:
    """Up to `most` of what is offered in this round, and why each. Raises ModelError or OverLimit."""
    run, journal = inquiry.run, inquiry.run.tools.journal
    rows = journal.step("offered", [inquiry.item.id, number], lambda: [vars(hit) for hit in offered(inquiry)])
    hits = [Hit(**{**row, "providers": tuple(row["providers"])}) for row in rows]
    if not hits:
        return []
    messages = asked("choose", run.today, blocks(inquiry, hits), most=most)
    said = run.meter.ask("read", f"{inquiry.item.id} choose {number}", lambda _: messages, max_tokens=TOKENS, schema=SCHEMA)
    picked = {row["n"]: short(row.get("why"), 120) for row in reversed(said["open"]) if 1 <= row["n"] <= len(hits)}
    order = dict.fromkeys(row["n"] for row in said["open"] if row["n"] in picked)
    return [(hits[n - 1], picked[n]) for n in order][:most]


def offered(inquiry: Inquiry) -> list[Hit]:
    """The best results not opened yet, and the nearest links of the pages that its notes are from."""
    results = inquiry.unseen(choose_hits(inquiry.offered, inquiry.likeness))[:SHOWN]
    keys = {hit.url for hit in results}
    return [*results, *(hit for hit in near_links(inquiry) if hit.url not in keys)]


def near_links(inquiry: Inquiry, most: int = LINKS) -> list[Hit]:
    """The links that come nearest to the sub-question in meaning, by their words and those around them, of pages that it has read."""
    links = inquiry.unseen(public_links(inquiry))
    if not links or not inquiry.likeness.embedder.ready:
        return []
    rough = inquiry.likeness.embedder.rough([terms(in_short(link)) for link in links]) @ inquiry.likeness.mine_rough
    near = [links[int(place)] for place in rough.argsort()[::-1][:most * 4]]
    likeness = dict(zip(near, inquiry.likeness.of(list(map(in_short, near))), strict=True))
    return sorted(near, key=lambda link: -likeness[link])[:most]


def public_links(inquiry: Inquiry) -> list[Hit]:
    """Of the pages that it has read, without those of a page that the user's browser sent: they may be the user's own keys."""
    return [link for page in inquiry.pages.values() if page.rung != "capture" for link in links_of(page)]


def blocks(inquiry: Inquiry, hits: Sequence[Hit]) -> list[str]:
    run, item = inquiry.run, inquiry.item
    told = told_by_human(run.plan, run.meter.steering.words)
    about = [f"The question of the whole research: {run.question}", f"The sub-question: {item.text}",
             f"Done when: {item.done_when}" if item.done_when else "", f"Where to look: {item.where}" if item.where else "", *told]
    already = [page.title for page in inquiry.pages.values()]
    lines = [f"{n}. {short(hit.title, 120)} · {short(hit.url, 120)} · {short(hit.snippet, 240)}" for n, hit in enumerate(hits, 1)]
    return ["\n".join(filter(None, about)), "Read already: " + ("; ".join(short(title, 80) for title in already) or "nothing"),
            "Results and links:\n" + fenced("\n".join(lines))]
