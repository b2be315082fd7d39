"""Writes one example of docs/examples: the report of a run whose model was a person, and every call with its prompt and reply.

    python -m tests.bench.example ANSWER.json SPOOL FOLDER

ANSWER.json is what `leash ask --json` printed, SPOOL the folder where the endpoint kept `NUMBER.request.json` and
`NUMBER.answer.json`. Makes FOLDER/report.md and FOLDER/calls.md. The fixed part of a prompt is named by its file only.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.records import SUPPORT, Answer, Citation, Claim, Source

PROMPTS = Path(__file__).resolve().parents[2] / "agent" / "prompts"


def report(answer: Answer) -> str:
    """The report as it was given, then all that a reader needs to judge it."""
    parts = [f"# {answer.question}", head(answer), "---", answer.answer.strip(), "---",
             listed("Claims", [claim_lines(n, claim) for n, claim in enumerate(answer.claims, 1)]),
             listed("Sources", [source_line(source) for source in answer.sources]),
             listed("Not found", [f"- {line}" for line in answer.not_found]),
             listed("Disputes", [f"- {one.about}\n\n{quotes(one.citations)}" for one in answer.disputes]),
             listed("Left open", [f"- {line}" for line in answer.left_open]),
             listed("Plan", list(plan_lines(answer))), roles(answer), used(answer)]
    return "\n\n".join(part for part in parts if part) + "\n"


def head(answer: Answer) -> str:
    states = Counter(claim.support for claim in answer.claims)
    told = ", ".join(f"{states[state]} {state}" for state in SUPPORT if states[state])
    return (f"Depth {answer.depth} · written by {answer.model or 'no model'} · {len(answer.sources)} sources · "
            f"{len(answer.claims)} claims: {told or 'none'} · ended: {answer.stopped_by} · {answer.seconds:.0f} s")


def listed(title: str, entries: list[str]) -> str:
    between = "\n\n" if any("\n" in entry for entry in entries) else "\n"
    return f"## {title}\n\n{between.join(entries)}" if entries else ""


def claim_lines(n: int, claim: Claim) -> str:
    said = f"{n}. **{claim.support}**" + (f" ({claim.checked_by})" if claim.checked_by else "") + f": {one_line(claim.text)}"
    said += f" *{one_line(claim.reason)}*" if claim.reason else ""
    said += f" Marks that name no passage: {', '.join(claim.unknown)}." if claim.unknown else ""
    return "\n\n".join(part for part in (said, quotes(claim.citations)) if part)


def quotes(citations: tuple[Citation, ...]) -> str:
    """Each quote word for word, indented as its claim's."""
    blocks = []
    for one in citations:
        lines = [*one.quote.splitlines(), f"— [{one.n}] {one.title}"]
        blocks.append("\n".join(f"   > {line}".rstrip() for line in lines))
    return "\n\n".join(blocks)


def source_line(source: Source) -> str:
    about = ", ".join(part for part in (source.site, source.date, source.rung) if part)
    return f"{source.n}. [{source.title or source.url}]({source.url}) ({about})"


def plan_lines(answer: Answer) -> Iterator[str]:
    if not answer.plan:
        return
    for item in answer.plan.items:
        where = f" Where: {item.where}" if item.where else ""
        yield f"- {item.id}: {item.text} Done when: {item.done_when or '–'}.{where}"
    for one in answer.plan.assumptions:
        yield f"- Taken to be meant: {one}"
    for asked in answer.plan.questions:
        yield f"- Asked: {asked.text} (if nothing is said: {asked.default}; said: {asked.answer or 'nothing'})"


def roles(answer: Answer) -> str:
    rows = [f"| {one.role} | {one.model} | {one.calls} | {one.prompt_tokens} | {one.completion_tokens} |" for one in answer.roles]
    return "\n".join(["## Who did what", "", "| role | model | calls | tokens read | tokens written |", "|---|---|---|---|---|",
                      *rows]) if rows else ""


def used(answer: Answer) -> str:
    rows = [f"| {name} | {number(amount)} | {number(answer.limits.get(name, 0))} |" for name, amount in answer.used.items()]
    return "\n".join(["## What was used", "", "| | used | limit |", "|---|---|---|", *rows]) if rows else ""


def number(amount: float) -> str:
    return f"{amount:,.2f}".rstrip("0").rstrip(".")


def calls(question: str, spool: Path) -> str:
    """Each call in the order in which it came: the part of the prompt that was made for it, and the reply."""
    known, parts = prompt_names(), [f"# Calls: {question}"]
    for path in sorted(spool.glob("*.request.json")):
        messages = json.loads(path.read_text())["body"]["messages"]
        name = next((known[line] for line in first_lines(messages, "system") if line in known), "unknown prompt")
        asked = "\n\n".join(text_of(one) for one in messages if one["role"] != "system")
        parts += [f"## {len(parts) // 3 + 1}. {name}", f"**Asked**\n\n{fenced(asked)}", f"**Reply**\n\n{fenced(reply(path))}"]
    return "\n\n".join(parts) + "\n"


def prompt_names() -> dict[str, str]:
    """From the first line that a model sees of each prompt to the name of its file."""
    files = ((path.name, path.read_text(encoding="utf-8")) for path in PROMPTS.glob("*.md"))
    return {re.sub(r"\A<!--.*?-->\s*", "", text, flags=re.DOTALL).splitlines()[0]: name for name, text in files}


def first_lines(messages: list[dict[str, Any]], role: str) -> list[str]:
    return [text_of(one).strip().split("\n", 1)[0] for one in messages if one["role"] == role]


def reply(path: Path) -> str:
    file = path.with_name(path.name.replace(".request.", ".answer."))
    if not file.exists():
        return "(none: the run no longer waited for it)"
    said = json.loads(file.read_text())
    return text_of(said["message"]) if said.get("status", 200) == 200 else f"(refused with status {said['status']})"


def text_of(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def fenced(text: str) -> str:
    """In a fence longer than any within."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text.strip()}\n{fence}"


def one_line(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("answer", "spool", "folder"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    answer = Answer.from_json(json.loads(given.answer.read_text(encoding="utf-8")))
    given.folder.mkdir(parents=True, exist_ok=True)
    (given.folder / "report.md").write_text(report(answer), encoding="utf-8")
    (given.folder / "calls.md").write_text(calls(answer.question, given.spool), encoding="utf-8")


if __name__ == "__main__":
    main()
