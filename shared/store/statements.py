"""Long statements live in sql/*.sql, one block each under its name: `-- name: claim`, a sentence, the statement."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, TextClause, text

FOLDER = Path(__file__).parent / "sql"
_MARK = "-- name: "


@cache
def load(file: str) -> dict[str, TextClause]:
    """Statements of sql/<file>.sql by name, parameters written `:name`."""
    blocks = (FOLDER / f"{file}.sql").read_text(encoding="utf-8").split(_MARK)[1:]
    named = (block.partition("\n") for block in blocks)
    return {name.strip(): text(body.strip().rstrip(";")) for name, _, body in named}


def run_script(conn: Connection, file: str) -> None:
    """Every statement of sql/<file>.sql in one go."""
    script = (FOLDER / f"{file}.sql").read_text(encoding="utf-8")
    conn.exec_driver_sql(script, execution_options={"no_parameters": True})  # a % is a %
