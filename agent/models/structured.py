"""JSON out of what a model says: found among prose, mended where it is plain what was meant, held against a schema.

Knows nothing of endpoints. Written by hand, each step in time that grows with the text alone: the usual library for
mending takes minutes over 45 kB of hostile text, holding Python's lock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from agent.models.text import letters

MOST_TRIES, MOST_MENDED = 20, 6  # places at which an object may begin; parts of a text that are worth mending
DEEPEST = 100  # brackets within brackets
FENCED = re.compile(r"```[\w-]*[ \t]*\r?\n(.*?)(?:```|\Z)", re.DOTALL)
TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*")|(?P<single>'(?:[^'\\]|\\.)*')|(?P<open>[\[{])|(?P<close>[\]}])|(?P<sign>[,:])|"""
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))|(?P<word>[\w$.+-]+)""",
    re.DOTALL)
WORDS = {"true": "true", "false": "false", "null": "null", "none": "null", "undefined": "null", "nan": "null"}
CLOSER = {"{": "}", "[": "]"}
KINDS: dict[str, tuple[type, ...]] = {"object": (dict,), "array": (list,), "string": (str,), "integer": (int,),
                                      "number": (int, float), "boolean": (bool,), "null": (type(None),)}


class Misfit(ValueError):
    """What is wrong with an answer, in words that its model can act on."""


def instruction(schema: Mapping[str, Any]) -> str:
    return f"Answer with one JSON object and nothing else. It has to fit this JSON schema:\n{json.dumps(schema, ensure_ascii=False)}"


def correction(fault: str) -> str:
    return f"That cannot be used: {fault}. Give the whole answer once more, as one JSON object and nothing else."


def strict(schema: Any) -> Any:
    """The schema as endpoints with strict output want it: every property is required, and there are no others."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    tight = {name: strict(value) for name, value in schema.items()}
    if isinstance(found := schema.get("properties"), Mapping):
        tight |= {"properties": {name: strict(one) for name, one in found.items()}, "required": list(found), "additionalProperties": False}
    return tight


def understood(text: str, schema: Mapping[str, Any]) -> Any:
    """The object that a text holds and the schema allows. Raises Misfit, naming what is wrong with the longest that is one."""
    faults: dict[int, str] = {}
    for part, data in objects(text):
        try:
            return fitted(whole_letters(data), schema, "")
        except (Misfit, RecursionError) as error:
            faults.setdefault(len(part), str(error) if isinstance(error, Misfit) else "it is nested too deeply")
    raise Misfit(worst(text, faults))


def worst(text: str, faults: dict[int, str]) -> str:
    """The fault that is worth naming: that of a small part tells nothing about an answer that cannot be read as a whole."""
    if "{" not in text and not faults:
        return "it holds no JSON object"
    longest = max(faults, default=0)
    return faults[longest] if longest > 0.8 * len(text[text.find("{") :].strip()) else "it is no valid JSON"


def objects(text: str) -> Iterator[tuple[str, Any]]:
    """What in a text can be read as JSON, each with the part that it was read from; as it is, then mended."""
    found = list(dict.fromkeys(parts(text)))
    for part in found:
        yield from loaded(part, part)
    for part in found[:MOST_MENDED]:
        yield from loaded(part, mended(part))


def parts(text: str) -> Iterator[str]:
    """All of it, its fenced parts, and from each brace on; never up to one, where what was cut would pass for whole."""
    yield text.strip()
    yield from (found.strip() for found in FENCED.findall(text)[:MOST_TRIES])
    if "{" in text:
        yield text[text.index("{") :]
        starts = [found.start() for found in re.finditer(r"\{", text)][:MOST_TRIES]
        yield from (first_object(text, start) for start in starts)


def first_object(text: str, start: int) -> str:
    try:
        return text[start : json.JSONDecoder(strict=False).raw_decode(text, start)[1]]
    except (ValueError, RecursionError):
        return text[start:]


def loaded(part: str, mended_part: str) -> Iterator[tuple[str, Any]]:
    try:
        data = json.loads(mended_part, strict=False)
    except (ValueError, RecursionError):
        return
    if isinstance(data, dict | list):
        yield part, data


def mended(text: str) -> str:
    """The first value of a text with what models get wrong put right: commas, quotes, comments, brackets left open.

    "" where that would be a guess: what ends within quotes or after a comma was cut, and what it lacks nobody knows.
    """
    out: list[str] = []
    open_ones: list[str] = []
    for kind, piece in pieces_of(text):
        if kind == "broken" or len(open_ones) > DEEPEST:
            return ""
        if kind == "close":
            close(piece, out, open_ones)
            if not open_ones:
                break
        elif kind != "sign" or piece == ":" or (out and out[-1] not in ",:[{"):
            add(kind, piece, out, open_ones)
    return "" if open_ones and out[-1] == "," else closed(out, open_ones)


def pieces_of(text: str) -> Iterator[tuple[str, str]]:
    at = max(0, min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=len(text)))
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            yield "broken", text[at]
            return
        at = found.end()
        if found.lastgroup != "skip":
            yield found.lastgroup or "", found[0]


def add(kind: str, piece: str, out: list[str], open_ones: list[str]) -> None:
    if kind != "sign" and out and out[-1] not in ",:[{":
        out.append(",")
    if kind == "open":
        open_ones.append(CLOSER[piece])
    names_it = bool(open_ones) and open_ones[-1] == "}" and (not out or out[-1] in "{,") and kind != "open"
    out.append(spelled(kind, piece, names_it))


def spelled(kind: str, piece: str, names_it: bool) -> str:
    if kind == "single":
        return json.dumps(piece[1:-1].replace("\\'", "'"), ensure_ascii=False)
    if kind == "word":
        return json.dumps(piece) if names_it else WORDS.get(piece.lower(), json.dumps(piece))
    return json.dumps(piece) if kind == "number" and names_it else piece


def close(piece: str, out: list[str], open_ones: list[str]) -> None:
    """Closes what `piece` closes, and what was left open within it."""
    while open_ones and piece in open_ones:
        last = open_ones.pop()
        end(out, last)
        if last == piece:
            break


def end(out: list[str], closer: str) -> None:
    if out and out[-1] == ",":
        out.pop()
    out.append("null" + closer if out and out[-1] == ":" else closer)


def closed(out: list[str], open_ones: list[str]) -> str:
    while open_ones:
        end(out, open_ones.pop())
    return "".join(out)


def whole_letters(data: Any) -> Any:
    """Halves of letters put together, and what is no letter left out."""
    if isinstance(data, str):
        return letters(data)
    if isinstance(data, list):
        return [whole_letters(one) for one in data]
    return {whole_letters(name): whole_letters(one) for name, one in data.items()} if isinstance(data, dict) else data


# ---------------------------------------------------------------- the schema: the keywords that our prompts use

def fitted(value: Any, schema: Mapping[str, Any], where: str) -> Any:
    """The value as the schema wants it. What differs in form alone ("3" for 3, one thing for a list) is set right."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    value = shaped(value, kinds, schema)
    if kinds and not any(is_a(value, kind) for kind in kinds):
        raise Misfit(f"{named(where)} is to be {' or '.join(kinds)}, not {word_for(value)}")
    if "enum" in schema:
        value = chosen(value, schema["enum"], where)
    if isinstance(value, dict):
        return fitted_object(value, schema, where)
    return fitted_list(value, schema, where) if isinstance(value, list) else bounded(value, schema, where)


def fitted_object(value: dict[str, Any], schema: Mapping[str, Any], where: str) -> dict[str, Any]:
    known, required = schema.get("properties", {}), schema.get("required", [])
    if missing := [name for name in required if name not in value]:
        raise Misfit(f"{named(where)} lacks {', '.join(map(repr, missing))}")
    more = {} if schema.get("additionalProperties") is False or known else value
    kept = {name: value[name] for name in known if name in value and (value[name] is not None or name in required)}
    return more | {name: fitted(one, known[name], f"{where}.{name}" if where else name) for name, one in kept.items()}


def fitted_list(value: list[Any], schema: Mapping[str, Any], where: str) -> list[Any]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", float("inf"))
    if not least <= len(value) <= most:
        bound = f"at least {least}" if len(value) < least else f"at most {most}"
        raise Misfit(f"{named(where)} is to have {bound} items, not {len(value)}")
    return [fitted(one, schema.get("items", {}), f"{where}[{place}]") for place, one in enumerate(value)]


def bounded(value: Any, schema: Mapping[str, Any], where: str) -> Any:
    size, unit = (len(value), " letters") if isinstance(value, str) else (value, "")
    least, most = (schema.get(name + ("Length" if unit else "imum")) for name in ("min", "max"))
    if isinstance(size, bool) or not isinstance(size, int | float):
        return value
    if (least is not None and size < least) or (most is not None and size > most):
        bound = f"at least {least}" if least is not None and size < least else f"at most {most}"
        raise Misfit(f"{named(where)} is to be {bound}{unit}, not {size}")
    return value


def shaped(value: Any, kinds: list[str], schema: Mapping[str, Any]) -> Any:
    if not kinds or any(is_a(value, kind) for kind in kinds):
        return int(value) if kinds == ["integer"] and isinstance(value, float) else value
    known = schema.get("properties", {})
    if kinds == ["object"] and isinstance(value, list) and len(known) == 1:
        return {next(iter(known)): value}  # the only list, without its name
    if kinds == ["array"] and value is not None:
        return [value]
    if kinds == ["string"] and isinstance(value, int | float):
        return json.dumps(value)
    return from_text(value, kinds) if isinstance(value, str) else value


def from_text(value: str, kinds: list[str]) -> Any:
    """A number or a yes or no that was put within quotes."""
    try:
        data = json.loads(value.strip().lower())
    except (ValueError, RecursionError):
        return value
    return data if any(is_a(data, kind) for kind in kinds) and not isinstance(data, dict | list) else value


def chosen(value: Any, words: list[Any], where: str) -> Any:
    if value in words:
        return value
    alike = [word for word in words if isinstance(word, str) and isinstance(value, str) and bare(word) == bare(value)]
    if not alike:
        raise Misfit(f"{named(where)} is to be one of {', '.join(map(repr, words))}, not {str(value)[:60]!r}")
    return alike[0]


def bare(word: str) -> str:
    return re.sub(r"[\W_]+", " ", word).strip().casefold()


def is_a(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, KINDS.get(kind, (object,)))


def named(where: str) -> str:
    return f"'{where}'" if where else "the answer"


def word_for(value: Any) -> str:
    return next((kind for kind in ("null", "boolean", "integer", "number", "string", "array", "object") if is_a(value, kind)), "that")
