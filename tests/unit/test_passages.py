import random

from agent.passages import SENTENCES, passages, runs, sentences
from tests.ports import page

TEXT = """# Zip files

Intro one. Intro two? See e.g. chapter 3. Dr. Who agrees.

## Options

strict
: When false, old files are clamped. Newer ones too.
  {blank}
  More of it follows here.

Plain again.

```python
import zipfile
```

After the code.

1. First step. It is long.
2. Second step.

| name | meaning |
|---|---|
| a | one |
""".replace("{blank}", "")


def texts() -> list[str]:
    return [TEXT[one.start:one.end] for one in sentences(TEXT)]


def test_sentences_are_whole():
    assert texts()[:4] == ["Intro one.", "Intro two?", "See e.g. chapter 3.", "Dr. Who agrees."]
    assert "After the code." in texts()
    assert "| name | meaning |" in texts()
    assert "First step." in texts()
    assert not any("```" in one or one.startswith("#") for one in texts())


def test_headings_and_terms_lead_to_their_sentences():
    found = {TEXT[one.start:one.end]: one.headings for one in sentences(TEXT)}
    assert found["Intro one."] == ("Zip files",)
    assert found["Newer ones too."] == ("Zip files", "Options", "strict")
    assert found["More of it follows here."] == ("Zip files", "Options", "strict")
    assert found["Plain again."] == ("Zip files", "Options")


def test_no_quote_runs_over_what_is_not_the_pages_own():
    for one in passages(page("https://e.org", TEXT)):
        assert TEXT[one.start:one.end] == one.text
        assert "```" not in one.text
        assert "\n2. " not in one.text


def test_passages_hold_at_most_four_sentences_and_miss_none():
    everything = list(sentences(TEXT))
    covered = set()
    for one in passages(page("https://e.org", TEXT)):
        inside = [s for s in everything if s.start >= one.start and s.end <= one.end]
        assert 1 <= len(inside) <= SENTENCES
        covered.update(inside)
    assert covered == set(everything)


def test_any_text_gives_exact_spans():
    rand = random.Random(7)
    for _ in range(300):
        text = "".join(rand.choice("aB. \n#|`:-1>") for _ in range(rand.randint(0, 200)))
        for one in passages(page("https://e.org", text)):
            assert one.text == text[one.start:one.end]
            assert one.text.strip()


def test_runs_part_at_headings():
    assert all(len({s.headings for s in run}) == 1 for run in runs(list(sentences(TEXT))))
