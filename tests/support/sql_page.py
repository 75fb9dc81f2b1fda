"""docs/sql.md: its questions, and its tables of columns, which are made from shared/store/sql/view_comments.sql.

`python -m tests.support.sql_page` writes the tables anew.
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "sql.md"
COMMENTS = ROOT / "shared" / "store" / "sql" / "view_comments.sql"
BEGIN, END = "<!-- columns: python -m tests.support.sql_page -->\n", "<!-- end of columns -->\n"
SAME = "the same as a time"  # of a column that stands in the row of the one before

_STATEMENT = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^comment on (view|column) ([a-z_]+)(?:\.([a-z_]+))? is '((?:[^']|'')*)';$", re.MULTILINE)


class Question(NamedTuple):
    """A heading and the statement under it."""

    title: str
    sql: str

    @property
    def variables(self) -> set[str]:
        """psql's variables that it asks for."""
        return set(re.findall(r"(?<![:\w']):'?([a-z]+)\b", self.sql))


class Column(NamedTuple):
    view: str
    name: str
    unit: str
    meaning: str


def questions() -> list[Question]:
    """All of them, in the page's order."""
    part = PAGE.read_text(encoding="utf-8").partition("## Questions\n")[2].partition("\n## ")[0]
    sections = [section.partition("\n") for section in part.split("\n### ")[1:]]
    return [Question(title, statement) for title, _, words in sections for statement in _STATEMENT.findall(words)]


def parted(comment: str) -> tuple[str, str]:
    """`[unit] meaning` as its two halves."""
    found = re.fullmatch(r"(?:\[([^\]]+)\] ?)?(.*)", comment, re.S)
    assert found is not None
    return found[1] or "", found[2]


def columns_on_the_page() -> list[Column]:
    """Rows of the tables of columns."""
    view, rows = "", []
    for line in PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].splitlines():
        if line.startswith("### "):
            view = line.removeprefix("### ")
        elif line.startswith("| ") and not line.startswith("| column |"):
            names, unit, meaning = (cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1])
            first, *same = names.split(", ")
            rows += [Column(view, first, unit, meaning), *(Column(view, name, "", SAME) for name in same)]
    return rows


def tables_of_columns() -> str:
    """The tables, from the comments."""
    lines = []
    for _, view, name, comment in _COMMENT.findall(COMMENTS.read_text(encoding="utf-8")):
        comment = comment.replace("''", "'").replace("|", "\\|")
        if not name:
            lines += [
                "",
                f"### {view}",
                "",
                f"{comment[0].upper()}{comment[1:]}.",
                "",
                "| column | unit | meaning |",
                "|---|---|---|",
            ]
        elif comment == SAME:
            lines[-1] = lines[-1].replace(" |", f", {name} |", 1)
        else:
            unit, meaning = parted(comment)
            lines.append(f"| {name} | {unit} | {meaning} |")
    return "\n".join(lines[1:]) + "\n"


def write() -> None:
    """The page with its tables made anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{tables_of_columns()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    write()
