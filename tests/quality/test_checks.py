"""Pinned rates of agent.facts: how often it objects to sentences that their quotes bear, and how many falsified ones it catches.

The sentences and quotes are made up for this file, in the ways in which writers of answers say things anew. A rate is pinned
where it was measured; it is never loosened without a line in docs/LOG.md that says why.
"""

import random
import re

import pytest

from agent.facts import objections

PAIRS = [  # a sentence, the quote that bears it, the title of its page
    ("Harbour's queue keeps a failed job for 14 days by default.",
     "keep_failed: how long failed jobs are kept. Default: two weeks.", "Harbour queue"),
    ("Meadow 4.2 (March 2019) raised the ceiling to 128 columns.",
     "Meadow 4.2, 2019-03-11. The ceiling on columns is now 128; it was 64.", "Notes"),
    ("About 3,400 volunteers took part in 2021.", "In 2021, 3,412 volunteers from eleven countries took part.", "Annual report"),
    ("Requests are given up after half an hour (1800 seconds).", "The proxy gives up on a request after 1,800 s.", "Tern proxy"),
    ("The Lisbon office was closed in May 2018 for lack of funds.",
     "After long debates, the office in Lisbon closed its doors on 4 May 2018; funds had run out.", "History"),
    ("The cache holds 512 MB at most, a quarter of the memory that Heron asks for.",
     "Heron asks for 2 GB of memory. Its cache holds up to 512 MB.", "Heron"),
    ("The module cannot be loaded while a transaction is open.",
     "Loading the module is not possible as long as a transaction is open.", "Modules"),
    ("Prices rose by 12 percent between 2019 and 2022.", "Between 2019 and 2022 prices went up 12 %.", "Prices"),
    ("Kite uses port 8222 for plain and 8223 for encrypted links.", "Ports: 8222 (plain), 8223 (TLS).", "Kite"),
    ("Set `retry_limit` to 0 and the worker never tries again.", "With retry_limit = 0 a job is not tried again by the worker.", "Workers"),
    ("The first bridge was 1.2 km long and took six years to build.",
     "Built from 1871 to 1877, the first bridge spanned 1200 metres.", "Bridges"),
    ("Version 2.8.1 dropped support for Solaris.", "2.8.1: Solaris is no longer supported.", "Changes"),
    ("The archive is read by Quill and by Vellum.", "Both Quill and Vellum read the archive.", "Archive"),
    ("Dr. Amara Osei led the group from 2003 to 2011.", "From 2003 on the group was headed by Amara Osei, who left in 2011.", "People"),
    ("Some 2.5 million files were scanned, of which 0.4 % were infected.",
     "2,498,113 files were scanned; 0.4 percent of them were infected.", "Scan"),
    ("A reply comes within two days, usually within 12 hours.", "You get a reply within 48 hours, mostly within twelve.", "Contact"),
    ("Its index is not rebuilt when a row is deleted.", "Deleting a row does not cause the index to be rebuilt.", "Index"),
    ("Osprey's default timeout is 90 seconds; that of Plover is two minutes.", "Osprey: timeout 90s. Plover: timeout 120s.", "Timeouts"),
    ("The standard was adopted on 13 February 2007 in Geneva.", "Adopted in Geneva, 2007-02-13.", "Standard"),
]
OTHER_TONGUES = [
    ("Der Speicher ist auf 64 MB begrenzt.", "Memory is limited to 64 MB.", "Limits"),
    ("La limite est de 1 600 colonnes.", "The limit is 1,600 columns.", "Limits"),
    ("El plazo es de tres semanas.", "The term is 21 days.", "Terms"),
    ("Die Sitzung dauert eine Stunde und beginnt um 14:30.", "La séance dure une heure et commence à 14:30.", "Sitzung"),
    ("Население города — 3,4 млн человек.", "The city has a population of 3.4 million.", "City"),
]
SAID_ALIKE = [
    "The results of these actions are not recorded in the log file.",
    "The number of requests handled at one time will remain the same.",
    "Hooks that do not have the executable bit set are ignored by the program.",
    "The server must be restarted after the address of the mirror was changed.",
    "Jobs that were cancelled are never started again by the scheduler.",
    "The archive was designed as a testing tool for the harbour team.",
    "Startup time is reduced by reading the content of the first screen.",
    "A lock cannot be shared between two processes on one machine.",
]
STRANGERS = ["Helsinki", "Mercurial", "Nikita", "Cassandra", "Tallinn"]


def other_number(sentence, chance):
    found = [one for one in re.finditer(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w:])", sentence) if len(one[0]) < 8]
    if not found:
        return None
    one = chance.choice(found)
    digits = list(one[0])
    digits[0] = str(1 + (int(digits[0]) + chance.randint(2, 7)) % 9)
    return None if "".join(digits) == one[0] else sentence[:one.start()] + "".join(digits) + sentence[one.end():]


def other_name(sentence, chance):
    found = [one for one in re.finditer(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b", sentence) if one[0] not in ("February", "March", "May")]
    one = chance.choice(found) if found else None
    return one and sentence[:one.start()] + chance.choice(STRANGERS) + sentence[one.end():]


def other_unit(sentence, _):
    for a, b in (("days", "weeks"), ("seconds", "minutes"), ("MB", "GB"), ("years", "months"), ("minutes", "hours"), ("hour", "day"),
                 ("km", "miles"), ("hours", "seconds")):
        if re.search(rf"\b{a}\b", sentence):
            return re.sub(rf"\b{a}\b", b, sentence)
    return None


def turned_round(sentence, _):
    without = re.sub(r"\b(is|are|do|does|can|must|was|will)\s?not\b|\bare never\b", lambda found: found[1] or "are", sentence)
    return without if without != sentence else re.sub(r"\b(is|are|was|will|must)\b", r"\1 not", sentence, count=1)


def rate(mutate, pairs):
    """The share of mutants that are objected to for what was changed, and how many there were."""
    chance, caught = random.Random(7), []
    for sentence, quote, title in pairs:
        for mutant in {mutate(sentence, chance) for _ in range(4)} - {None, sentence}:
            caught.append(bool(set(objections(mutant, [quote], [title])) - set(objections(sentence, [quote], [title]))))
    return sum(caught) / len(caught), len(caught)


def test_it_does_not_cry_wolf():
    alarms = [(sentence, found) for sentence, quote, title in [*PAIRS, *OTHER_TONGUES] if (found := objections(sentence, [quote], [title]))]
    assert alarms == []


@pytest.mark.parametrize(("mutate", "floor"), [(other_number, 0.97), (other_name, 0.97), (other_unit, 0.97)])
def test_falsified_sentences_are_caught(mutate, floor):
    share, count = rate(mutate, PAIRS if mutate is other_name else [*PAIRS, *OTHER_TONGUES])
    print(f"\n{mutate.__name__}: {share:.2f} of {count} (floor {floor})")
    assert count >= 7
    assert share >= floor


def test_negations_turned_round_are_caught():
    share, count = rate(turned_round, [(one, one, "A page") for one in SAID_ALIKE])
    print(f"\nnegations: {share:.2f} of {count}")
    assert count == len(SAID_ALIKE)
    assert share >= 0.85
