"""Finds secrets in a file's bytes and takes them out: keys of known forms, private keys, passwords in addresses and settings.

Cheap first: a file is searched with expressions only where a fixed word or a long run of letters and digits stands, which is
how 36 MB take 0.2 s. A known form must be whole; a password must look like one, and not like a placeholder, a hash of a lock
file, a UUID, or a name that is looked up elsewhere.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

# The known forms. Most hold a long run of letters and digits, and are looked for only around such runs; those of BY_WORD may
# not, so their first letters are looked for, which takes 25 ms for each in 36 MB.
FORMS = tuple((kind, rule.encode()) for kind, rule in (
    ("AWS key", r"\bA[KS]IA[0-9A-Z]{16}\b"),
    ("GitHub token", r"\bgh[opusr]_[0-9A-Za-z]{36,251}\b|\bgithub_pat_[0-9A-Za-z_]{60,251}\b"),
    ("Slack token", r"\b(?:xox[bpars]|xapp)-[0-9A-Za-z-]{20,250}"),
    ("Slack address", r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9+/]{30,80}"),
    ("OpenAI key", r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}|\bsk-[A-Za-z0-9]{48}\b"),
    ("Stripe key", r"\b(?:[sr]k_(?:live|test)|whsec)_[0-9A-Za-z]{24,120}"),
    ("npm token", r"\bnpm_[0-9A-Za-z]{36}\b"),
    ("PyPI token", r"\bpypi-AgE[0-9A-Za-z_-]{50,250}"),
    ("Hugging Face token", r"\bhf_[0-9A-Za-z]{34,40}\b"),
    ("Twilio key", r"\bSK[0-9a-f]{32}\b"),
    ("DigitalOcean token", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("Telegram token", r"\b\d{8,10}:AA[0-9A-Za-z_-]{33}(?![0-9A-Za-z_-])"),
    ("JSON web token", r"\beyJ[0-9A-Za-z_-]{15,2000}\.eyJ[0-9A-Za-z_-]{15,4000}\.[0-9A-Za-z_-]{20,1000}"),
    ("age key", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
))
BY_WORD = tuple((kind, word.encode(), rule.encode()) for kind, word, rule in (
    ("GitLab token", "glpat-", r"\bglpat-[0-9A-Za-z_-]{20,60}"),
    ("API key", "sk-", r"\bsk-(?:ant-|proj-|svcacct-|or-v1-)[A-Za-z0-9_-]{32,200}"),
    ("Google key", "AIza", r"\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
    ("SendGrid key", "SG.", r"\bSG\.[0-9A-Za-z_-]{20,24}\.[0-9A-Za-z_-]{39,50}"),
))
ANY_FORM = re.compile(rb"A[KS]IA|gh[opusr]_|_pat_|xox|xapp|slack|sk-|k_live|k_test|whsec|npm_|pypi-|hf_|SK|_v1_|:AA|eyJ|AGE-")
RUN, NEAR = b"a" * 20, 120
PRIVATE_KEY = (
    rb"-----BEGIN (?P<kind>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----"
    rb"(?P<secret>(?:\s{0,4}[A-Z][\w-]{1,20}: [^\n]{0,100}\n){0,6}[\sA-Za-z0-9+/=:,\\\"'.()]{16,20000}?)-----END (?P=kind)-----")
IN_ADDRESS = re.compile(rb"://[^\s/@:\"'<>`{}()\[\]\\]{1,80}:(?P<secret>[^\s/@:\"'<>`{}()\[\]\\$%*]{4,120})@[\w.-]+")
# A name with a word for a secret in it, a sign, and a quoted value: one expression for each word, as an expression that
# begins with fixed letters is searched for twenty times faster. They run on the text in small letters.
SIGN = rb"(?::[ \t]{0,4}[\w\[\], |.]{0,20}?=|=>|:=|[:=])"
QUOTED = rb"[\w-]{0,24}[\"']?\]?[ \t]{0,4}" + SIGN + rb"[ \t]{0,4}[\"'](?P<secret>[^\s\"'`<>{}$%\\]{8,200})[\"']"
NAMED = tuple((word, re.compile(rule + QUOTED)) for word, rule in (  # a word that most files lack is looked for first
    (b"", rb"pass(?:wor|w|phrase|_?key)"), (b"secret", rb"secret"), (b"token", rb"token"),
    (b"", rb"key(?:(?<=apikey)|(?<=api[_-]key)|(?<=accesskey)|(?<=access[_-]key))")))
# The value bare, as .env and .ini files have it.
BARE = (
    rb"(?m)^[ \t]{0,12}(?:export[ \t]+|-[ \t]+)?[\w.-]{0,40}?"
    rb"(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|private[_-]?key|credentials?)"
    rb"[\w-]{0,12}[ \t]{0,4}[:=][ \t]{0,4}(?P<secret>[^\s\"'`<>{}$%\\#,;()\[\]]{8,200})[ \t]*\r?$")
RUNS = bytes(0x61 if chr(byte).isalnum() and byte < 128 else 0x20 for byte in range(256))
PLACEHOLDER = (
    rb"(?i)example|sample|dummy|value|forbidden|masked|placeholder|change[-_]?me|your|redacted|insert|replace|xxxx|\*\*\*"
    rb"|test|fake|mock|foo|bar|baz|none|null|true|false|undefined|secret|password|passwd|token|default|hunter2|qwerty|lorem"
    rb"|todo|invalid|insecure|unsafe|https?:|@|process\.|environ|getenv|settings|config")
STAND_IN = (
    rb"(?i)(?:some_?|my_?|your[-_ ]?)?"
    rb"(?:pass(?:word|wd|phrase)?|pwd|pw|secret|token|tiger\S*|user(?:name)?|example|redacted|x+|\*+|\.+)\d?")
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
LIVE_ENTROPY, BARE_ENTROPY = 2.8, 3.0  # bits a character: random letters and digits of that length have more, words less
CONFIG = re.compile(
    r"(?:^|/)(?:\.env[\w.-]*|[\w.-]*\.(?:env|ini|cfg|conf|properties|ya?ml|toml))\Z|(?:^|/)\.(?:npmrc|pypirc|netrc|htpasswd)\Z",
    re.IGNORECASE)


def redacted(path: str, raw: bytes) -> tuple[bytes, Counter[str]]:
    """The bytes with each secret in them replaced by [REDACTED: its kind], and how many of each kind there were."""
    found: list[tuple[int, int, str]] = list(spans(path, raw))
    if not found:
        return raw, Counter()
    return cut(raw, sorted(found))


def cut(raw: bytes, found: list[tuple[int, int, str]]) -> tuple[bytes, Counter[str]]:
    parts, end, counts = [], 0, Counter()
    for start, stop, kind in found:
        if start < end:  # one secret that two rules saw
            continue
        parts += [raw[end:start], f"[REDACTED: {kind}]".encode()]
        end = stop
        counts[kind] += 1
    return b"".join([*parts, raw[end:]]), counts


def spans(path: str, raw: bytes) -> Iterator[tuple[int, int, str]]:
    """Where secrets stand: start, end, kind."""
    if b"PRIVATE KEY" in raw:
        found_keys = compiled(PRIVATE_KEY).finditer(raw)
        yield from ((*found.span("secret"), "private key") for found in found_keys if len(set(found["secret"])) > 8)
    yield from known_forms(raw)
    if b"@" in raw:
        logins = IN_ADDRESS.finditer(raw)
        yield from ((*found.span("secret"), "password") for found in logins if not compiled(STAND_IN).fullmatch(found["secret"]))
    yield from assignments(path, raw)


def known_forms(raw: bytes) -> Iterator[tuple[int, int, str]]:
    for start, end in windows(raw):
        if ANY_FORM.search(raw, start, end):
            yield from ((*found.span(), kind) for kind, rule in FORMS
                        for found in compiled(rule).finditer(raw, start, end) if random(found[0]))
    for kind, word, rule in BY_WORD:
        if word in raw:
            yield from ((*found.span(), kind) for found in compiled(rule).finditer(raw))


@cache
def compiled(rule: bytes) -> re.Pattern[bytes]:
    """Compiled when it is first needed: together they take 10 ms, and most trees need none."""
    return re.compile(rule)


def windows(raw: bytes) -> Iterator[tuple[int, int]]:
    """The stretches around long runs of letters and digits; they may lap over."""
    shape = raw.translate(RUNS)
    at = shape.find(RUN)
    while at >= 0:
        end = shape.find(b" ", at + len(RUN))
        end = len(raw) if end < 0 else end
        run = raw[at:end]
        if not run.isalpha() and not run.isdigit():  # a long name or number; of keys drawn by lot one in 500 is without a digit
            yield max(0, at - NEAR), min(len(raw), end + NEAR)
        at = shape.find(RUN, end)


def assignments(path: str, raw: bytes) -> Iterator[tuple[int, int, str]]:
    low = raw.lower()
    for word, rule in NAMED:
        for found in rule.finditer(low) if word in low else ():
            if random_value(raw[slice(*found.span("secret"))], LIVE_ENTROPY):
                yield (*found.span("secret"), "password")
    if CONFIG.search(path):
        for found in compiled(BARE).finditer(low):
            if random_value(raw[slice(*found.span("secret"))], BARE_ENTROPY):
                yield (*found.span("secret"), "password")


def random(value: bytes) -> bool:
    """Whether it looks drawn by lot: not one sign again and again, nor a row as in an example."""
    return entropy(value) > 3 and not sequence(value)


def random_value(value: bytes, least: float) -> bool:
    return telling(value) and mixed(value) and entropy(value) >= least


def telling(value: bytes) -> bool:
    """Whether it could be a real password: no placeholder, no look-up elsewhere, no UUID, no run of one sign."""
    return not compiled(PLACEHOLDER).search(value) and not UUID.fullmatch(value) and len(set(value)) > 4 and not sequence(value)


def mixed(value: bytes) -> bool:
    """Letters with digits or signs in them: words, names and paths are letters only or hold their dots and slashes."""
    letters, digits = any(65 <= byte < 91 or 97 <= byte < 123 for byte in value), any(48 <= byte < 58 for byte in value)
    return letters and digits and value.count(b"/") < 3 and value.count(b".") < 3 and b"(" not in value


def sequence(value: bytes) -> bool:
    """Whether it counts up, as 0123456789abcdef in an example does."""
    steps = sum(1 for a, b in zip(value, value[1:], strict=False) if b - a == 1)
    return steps > len(value) * 0.8


def entropy(value: bytes) -> float:
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
