"""Asking the questions of docs/sql.md, and comparing their answers."""

from decimal import Decimal
from typing import Any

from tests.support import sql_page
from tests.support.sql_world import World

QUESTIONS = {question.title: question for question in sql_page.questions()}
MS = 60_000
Rows = list[dict[str, str]]


def asked(world: World, title: str, **given: object) -> Rows:
    """The rows of a question, with what it asks for."""
    question = QUESTIONS[title]
    usual = {"run": world.runs["old"], "strategy": "cross", "instrument": "BTC/USDT", "day": "2025-01-01"}
    return world.psql(question.sql, **{name: (usual | given)[name] for name in question.variables})


def by_run(rows: Rows) -> dict[int, dict[str, str]]:
    found = {int(row["run_id"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def close(found: str, wanted: float | None, digits: int) -> bool:
    """A ratio that was rounded to so many digits, and the API's, which is not."""
    return abs(Decimal(found) - Decimal(repr(wanted))) <= Decimal(1).scaleb(-digits) / 2 + Decimal("1e-12")


def folded(world: World) -> list[int]:
    """Runs that have a document."""
    return [world.runs[name] for name in ("old", "new", "blocked", "tiny", "resting", "stopped", "test", "next")]


def documents(world: World) -> dict[int, Any]:
    return {run_id: world.get(f"/runs/{run_id}/export") for run_id in folded(world)}
