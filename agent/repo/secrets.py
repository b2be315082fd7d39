"""Finds secrets in a file's bytes and takes them out: keys of known forms, private keys, passwords in addresses and settings.

Cheap first: all words that a secret begins with are looked for at once, which takes 25 ms in 30 MB, and an expression is tried
only where one stands. A known form must be whole; a password must look like one, and not like a placeholder, a UUID, or a name
that is looked up elsewhere.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from ahocorasick_rs import BytesAhoCorasick, MatchKind

# A known form: its kind, the words that one begins with (the expression starts there), and the whole; the secret in it if not all.
FORMS = tuple((kind, words.encode().split(), (rule if "<secret>" in rule else f"(?P<secret>{rule})").encode()) for kind, words, rule in (
    ("AWS key", "AKIA ASIA", r"\bA[KS]IA[0-9A-Z]{16}\b"),
    ("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[opusr]_[0-9A-Za-z]{36,251}\b"),
    ("GitHub token", "github_pat_", r"\bgithub_pat_[0-9A-Za-z_]{60,251}\b"),
    ("GitLab token", "glpat-", r"\bglpat-[0-9A-Za-z_-]{20,60}"),
    ("Slack token", "xoxb- xoxp- xoxa- xoxr- xoxs- xapp-", r"\b(?:xox[bpars]|xapp)-[0-9A-Za-z-]{20,250}"),
    ("Slack address", "hooks.slack.com/services/", r"hooks\.slack\.com/services/(?P<secret>[A-Za-z0-9+/]{30,80})"),
    ("OpenAI key", "sk-", r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}|\bsk-[A-Za-z0-9]{48}\b"),
    ("API key", "sk-", r"\bsk-(?:ant-|proj-|svcacct-|or-v1-)[A-Za-z0-9_-]{32,200}"),
    ("Stripe key", "sk_live sk_test rk_live rk_test whsec_", r"\b(?:[sr]k_(?:live|test)|whsec)_[0-9A-Za-z]{24,120}"),
    ("Google key", "AIza", r"\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
    ("SendGrid key", "SG.", r"\bSG\.[0-9A-Za-z_-]{20,24}\.[0-9A-Za-z_-]{39,50}"),
    ("npm token", "npm_", r"\bnpm_[0-9A-Za-z]{36}\b"),
    ("PyPI token", "pypi-AgE", r"\bpypi-AgE[0-9A-Za-z_-]{50,250}"),
    ("Hugging Face token", "hf_", r"\bhf_[0-9A-Za-z]{34,40}\b"),
    ("Twilio key", "SK", r"\bSK[0-9a-f]{32}\b"),
    ("DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("Telegram token", ":AA", r"(?<=\d{8}):(?P<secret>AA[0-9A-Za-z_-]{33})(?![0-9A-Za-z_-])"),
    ("JSON web token", "eyJ", r"\beyJ[0-9A-Za-z_-]{15,2000}\.eyJ[0-9A-Za-z_-]{15,4000}\.[0-9A-Za-z_-]{20,1000}"),
    ("age key", "AGE-SECRET-KEY-1", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
    ("private key", "-----BEGIN",
     r"-----BEGIN (?P<kind>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----"
     r"(?P<secret>(?:\s{0,4}[A-Z][\w-]{1,20}: [^\n]{0,100}\n){0,6}[\sA-Za-z0-9+/=:,\\\"'.()]{16,20000}?)-----END (?P=kind)-----"),
))
BEGINNINGS = tuple(dict.fromkeys(word for _, words, _ in FORMS for word in words))
BY_BEGINNING = tuple(tuple((kind, rule) for kind, words, rule in FORMS if word in words) for word in BEGINNINGS)
IN_ADDRESS = re.compile(rb"://[^\s/@:\"'<>`{}()\[\]\\]{1,80}:(?P<secret>[^\s/@:\"'<>`{}()\[\]\\$%*]{4,120})@[\w.-]+")
# A name with a word for a secret in it, a sign, and a quoted value, all in small letters.
NAMES = (b"passw", b"passphrase", b"passkey", b"pass_key", b"secret", b"token",
         b"apikey", b"api_key", b"api-key", b"accesskey", b"access_key", b"access-key")
SIGN = rb"(?::[ \t]{0,4}[\w\[\], |.]{0,20}?=|=>|:=|[:=])"
AFTER_NAME = re.compile(rb"[\w-]{0,30}[\"']?\]?[ \t]{0,4}" + SIGN + rb"[ \t]{0,4}[\"'](?P<secret>[^\s\"'`<>{}$%\\]{8,200})[\"']")
# The value bare, as .env and .ini files have it.
BARE = (
    rb"(?m)^[ \t]{0,12}(?:export[ \t]+|-[ \t]+)?[\w.-]{0,40}?"
    rb"(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|private[_-]?key|credentials?)"
    rb"[\w-]{0,12}[ \t]{0,4}[:=][ \t]{0,4}(?P<secret>[^\s\"'`<>{}$%\\#,;()\[\]]{8,200})[ \t]*\r?$")
# In a file named .env, a name that says so has a password for its value, though it be of letters alone: long ones, as words are short.
ENV = re.compile(r"(?:^|/)\.env(?!.*\b(?:example|sample|template|dist|defaults?|test|ci)\b)[\w.-]*\Z", re.IGNORECASE)
ENV_VALUE = (
    rb"(?m)^[ \t]*(?:export[ \t]+)?[\w.-]{0,60}(?:password|secret|token)[ \t]*=[ \t]*"
    rb"(?P<quote>[\"']?)(?P<secret>[a-z]{12,200})(?P=quote)[ \t]*\r?$")
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
    for which, start, _ in finder(BEGINNINGS).find_matches_as_indexes(raw):
        for kind, rule in BY_BEGINNING[which]:
            if (found := compiled(rule).match(raw, start)) and random(found["secret"]):
                yield (*found.span("secret"), kind)
    if b"@" in raw:
        logins = IN_ADDRESS.finditer(raw)
        yield from ((*found.span("secret"), "password") for found in logins if not compiled(STAND_IN).fullmatch(found["secret"]))
    yield from assignments(path, raw)


@cache
def finder(words: tuple[bytes, ...]) -> BytesAhoCorasick:
    """Of the leftmost word: the one way of matching for which the library compares sixteen bytes at a time."""
    return BytesAhoCorasick(words, matchkind=MatchKind.LeftmostFirst)


@cache
def compiled(rule: bytes) -> re.Pattern[bytes]:
    """Compiled when it is first needed: together they take 10 ms, and most trees need none."""
    return re.compile(rule)


def assignments(path: str, raw: bytes) -> Iterator[tuple[int, int, str]]:
    low = raw.lower()
    named = (AFTER_NAME.match(low, end) for _, _, end in finder(NAMES).find_matches_as_indexes(low))
    yield from passwords(raw, filter(None, named), LIVE_ENTROPY)
    if CONFIG.search(path):
        yield from passwords(raw, compiled(BARE).finditer(low), BARE_ENTROPY)
    if ENV.search(path):
        values = compiled(ENV_VALUE).finditer(low)
        yield from ((*found.span("secret"), "password") for found in values if telling(raw[slice(*found.span("secret"))]))


def passwords(raw: bytes, values: Iterable[re.Match[bytes]], least: float) -> Iterator[tuple[int, int, str]]:
    for found in values:
        if random_value(raw[slice(*found.span("secret"))], least):
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
