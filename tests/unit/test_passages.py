import random

from agent.passages import SENTENCES, is_list_of_names, passages, runs, sentences, trimmed
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


HELD = """Before it:

> Quoted words. And more.
>
> ```c
> int open(void) {
>     return 1;
> }
> ```
>
> After the code.

term
: ```
  git clone x
  ```
  Then this.

- item of a list
  - ```
    deeper
    ```
"""


def test_code_inside_quotations_and_lists_is_code():
    found = {HELD[one.start:one.end]: one.code for one in sentences(HELD)}
    assert found["int open(void) {\n>     return 1;\n> }"]
    assert found["git clone x"]
    assert found["deeper"]
    assert not found["After the code."]
    assert not found["Then this."]
    assert not any("```" in one or one.strip() == ">" for one in found)


def test_long_code_is_parted_between_its_paragraphs():
    paragraphs = [[f"line {n} of {size}" for n in range(size)] for size in (4, 4, 9, 1, 1, 20)]
    text = "```\n" + "\n\n".join("\n".join(lines) for lines in paragraphs) + "\n```\n"
    sizes = [len(text[one.start:one.end].split()) // 4 for one in sentences(text)]
    assert sizes == [4, 4, 9, 2, 6, 6, 8]
    found = [one.text for one in passages(page("https://e.org", f"Before.\n\n{text}\nAfter."))]
    assert any("line 3 of 4\n\nline 0 of 4" in one for one in found), "what is read together is quoted together"
    assert not any("line" in one and ("Before" in one or "After" in one) for one in found)


SHORT = """Alpha is five. It stays so.

For example:

```
alpha()
```

Beta is six.

Note

| name | value |
|---|---|
| a | 1 |
"""


def test_what_only_announces_is_left_out_at_the_end():
    def shortened(begin: str, end: str) -> str:
        start, stop = trimmed(SHORT, SHORT.index(begin), SHORT.index(end) + len(end))
        return SHORT[start:stop]
    assert shortened("Alpha", "example:") == "Alpha is five. It stays so."
    assert shortened("Beta", "Note") == "Beta is six."
    assert shortened("Beta", "| value |") == "Beta is six."
    assert shortened("Beta", "| 1 |").endswith("| a | 1 |")
    assert shortened("For", "example:") == "", "nothing but a lead"


def test_a_table_of_contents_is_a_list_of_names():
    text = "- Core signals\n- Class-based views\n  - Basic view\n\nIt is a view.\n\n```\nimport view\n```\n\n| a |\n|---|\n| c |\n"

    def names(begin: str, end: str) -> bool:
        return is_list_of_names(text, text.index(begin), text.index(end) + len(end))
    assert names("Core", "Basic view")
    assert is_list_of_names("- next |\n- Manual (2.2) »\n", 2, 24)
    assert not names("Core", "a view.")
    assert not names("import", "import view")
    assert not names("| c |", "| c |")
