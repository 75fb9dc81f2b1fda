"""The SQL in docs/operations.md is what PostgreSQL takes, and the caches that it empties are caches."""

import re
from pathlib import Path

from sqlalchemy import Engine, text

from shared.store import database as db
from tests.support.store import engine_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def run(engine: Engine, block: str) -> None:
    with db.begin(engine) as conn:
        for statement in filter(str.strip, block.split(";")):
            conn.execute(text(statement))


def test_every_statement_runs(database: str) -> None:
    assert len(BLOCKS) == 2
    with engine_of(database) as engine:
        for block in BLOCKS:
            run(engine, block)


def test_what_may_be_emptied_is_called_a_cache_where_tables_are_listed() -> None:
    sql = (Path(__file__).resolve().parents[2] / "docs" / "sql.md").read_text(encoding="utf-8")
    (names,) = re.findall(r"truncate ([\w, ]+);", PAGE)
    for name in names.split(", "):
        assert re.search(rf"^\| {name} \|.*\| a cache \|$", sql, re.MULTILINE), name
