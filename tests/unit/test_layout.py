import random

from agent.layout import header_over, quotation
from agent.passages import passages
from agent.records import Citation, Passage
from server.render import Mark, answer_html
from tests.ports import page

TABLE = """Sizes:

| name | size \\| bits |
|---|---|
| int | 4 |
| *long* | 8 |

> Quoted.
>
> ```c
> int f(void) {
>     return `1`;
> }
> ```

- one thing
- another
"""


PIECES = ["a", "B.", " ", "\n", "\n\n", "| ", "|---|\n", "```\n", "> ", "- ", "<b>", "[1]", "#"]


def laid_out(text: str, begin: str, end: str) -> str:
    start, stop = text.index(begin), text.index(end) + len(end)
    return quotation(text, Passage("x", start, stop, text[start:stop]), "[1]")


def html_of(markdown: str) -> str:
    return str(answer_html(markdown, [Mark("q1", Citation(1, "https://e.org", "T", "x", 0, 1, "q"))]))


def test_rows_stand_under_their_tables_header():
    markdown = laid_out(TABLE, "| *long* |", "| 8 |")
    assert markdown.split("\n>\n") == ["> | name | size \\| bits |\n> |---|---|\n> | \\*long\\* | 8 |", "> [1]"]
    html = html_of(markdown)
    assert "<th>size | bits</th>" in html
    assert "<td>*long*</td>" in html


def test_a_header_in_the_quote_itself_is_shown_once():
    assert laid_out(TABLE, "Sizes", "| 4 |").count("name") == 1
    assert laid_out(TABLE, "| name", "| 4 |").count("name") == 1


def test_a_header_further_up_is_known_and_one_in_the_quote_is_no_other():
    def over(begin: str, end: str) -> str:
        start, stop = TABLE.index(begin), TABLE.index(end) + len(end)
        return header_over(TABLE, Passage("x", start, stop, TABLE[start:stop]))
    assert over("| *long* |", "| 8 |") == "| name | size \\| bits |"
    assert over("| name", "| 4 |") == ""
    assert over("Sizes", "| 4 |") == ""
    assert over("int f", "}") == ""


def test_code_keeps_its_lines_in_a_fence_that_it_cannot_close():
    assert laid_out(TABLE, "int f", "}") == "> ```\n> int f(void) {\n>     return `1`;\n> }\n> ```\n>\n> [1]"
    text = "````\nsome ``` ticks\n````\n"
    assert laid_out(text, "some", "ticks") == "> ````\n> some ``` ticks\n> ````\n>\n> [1]"


def test_the_first_item_has_its_mark_too():
    assert laid_out(TABLE, "one thing", "another") == "> - one thing  \n> - another [1]"


def test_any_text_is_laid_out_with_its_mark_and_nothing_acts():
    rand = random.Random(11)
    for _ in range(400):
        text = "".join(rand.choice(PIECES) for _ in range(40))
        for one in passages(page("https://e.org", text)):
            html = html_of(quotation(text, one, "[1]"))
            assert html.count('class="cite"') == 1, (text, one.text)
            assert "<b>" not in html
