"""docs/sql.md itself: its tables are the database's, every question is answered, an analyst only reads."""

import pytest

from shared.store import tables
from tests.support import sql_page
from tests.support.sql_answers import QUESTIONS, asked
from tests.support.sql_page import PAGE, SAME, Column
from tests.support.sql_world import World


def test_the_page_asks_at_least_twenty_questions_each_once() -> None:
    assert len(QUESTIONS) == len(sql_page.questions()) >= 20


def test_the_page_s_tables_of_columns_are_the_database_s(world: World) -> None:
    found = world.psql("""
        select c.relname as view, a.attname as name, col_description(c.oid, a.attnum) as comment
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
        where c.relkind = 'v' and c.relnamespace = 'public'::regnamespace
    """)
    wanted = {Column(row["view"], row["name"], *sql_page.parted(row["comment"])) for row in found}
    assert set(sql_page.columns_on_the_page()) == wanted
    assert len([column for column in wanted if column.meaning == SAME]) > 10


def test_the_page_maps_every_table() -> None:
    part = PAGE.read_text(encoding="utf-8").partition("## Tables")[2].partition("## Views")[0]
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| ")][1:]
    named = [name.strip() for cell in cells for name in cell.split(",")]
    assert sorted(named) == sorted(tables.metadata.tables)


@pytest.mark.parametrize("title", QUESTIONS)
def test_every_question_has_an_answer(world: World, title: str) -> None:
    assert asked(world, title), title


def test_an_analyst_is_told_in_utc_and_writes_nothing(world: World) -> None:
    assert world.psql("show timezone") == [{"TimeZone": "UTC"}]
    for statement in ("delete from audit", "create table books (title text)", "select * from api_keys"):
        with pytest.raises(AssertionError, match=r"permission denied|read-only transaction"):
            world.psql(statement)
        with pytest.raises(AssertionError, match="permission denied"):
            world.psql(f"set default_transaction_read_only = off; {statement}")
