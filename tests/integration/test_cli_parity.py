"""Parity finds whatever was changed behind a run's back, and says what and where."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.cli.__main__ import main
from shared import replay
from shared.domain.timeframe import MINUTE_MS
from shared.store import database as store
from shared.store import runs
from tests.support.desk import BUSY, ROOT, Desk, walk

# What is done to the record -> words of the difference.
CHANGES = {
    "price of a fill": ("update fills set price = price + 0.01 where run_id = {run} and seq = {fill}", "fills seq"),
    "no tick": (
        "update fills set price = price + 0.001 where run_id = {run} and seq = {fill}",
        "not written by a fold",
    ),
    "fee": ("update fills set fee = fee + 0.00000001 where run_id = {run} and seq = {fill}", "fee is recorded as"),
    "reason of an order": ("update orders set reason = 'reversal' where run_id = {run} and seq = {order}", "reason is"),
    "side of a trade": (
        "update trades set side = 'short' where run_id = {run} and side = 'long'",
        "side is recorded as",
    ),
    "cash": ("update equity set cash = cash + 1 where run_id = {run} and seq = {equity}", "equity seq"),
    "a trade is gone": ("delete from trades where run_id = {run} and seq = {trade}", "folded"),
    "a row too many": (
        "insert into run_notes (run_id, seq, ts_ms, code, value) values ({run}, 100000, 0, 'paused', 0)",
        "folded nothing",
    ),
    "a row at the end": (
        """
        with last as (update runs set seq = seq + 1 where id = {run} returning id, seq)
        insert into run_notes (run_id, seq, ts_ms, code, value) select id, seq, 0, 'paused', 0 from last
        """,
        "folded nothing",
    ),
    "the last row is gone": (
        "delete from run_notes n using runs r where r.id = {run} and n.run_id = r.id and n.seq = r.seq",
        "recorded nothing",
    ),
    "number of rows": ("update runs set seq = seq + 1 where id = {run}", "seq: recorded"),
    "digest": ("update runs set digest = decode(repeat('ab', 32), 'hex') where id = {run}", "digest: recorded abab"),
    "position": ("update runs set position_ms = position_ms + 60000 where id = {run}", "recorded"),
    "a bar": ("update bars set close = high where open_ms = {bar}", "recorded"),
    "a bar is gone": ("delete from bars where open_ms = {bar}", "recorded"),
    "coverage is gone": ("update coverage set from_ms = {bar}", "; not covered: [{first}, {bar})"),
    "the end of coverage is gone": ("update coverage set to_ms = {bar}", "; not covered: [{bar}, {end})"),
}


@pytest.fixture
def desk(database: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nothing-runs-here"))
    monkeypatch.delenv("PAPERFOLD_DATA_DIR", raising=False)
    monkeypatch.setenv("PAPERFOLD__DATABASE__URL", database)
    desk = Desk(database, redis_url, walk(1440))
    yield desk
    desk.close()


def ended(desk: Desk) -> int:
    """A run with hundreds of decisions of every kind, over commands, stopped."""
    desk.history(120)
    desk.runner()
    run = desk.start(start_ms=desk.first_ms + 20 * MINUTE_MS)
    desk.level(run)
    for kind in ("pause", "resume", "close_position"):
        desk.command(run, kind)
        desk.until(lambda: not desk.sql("select from run_commands where effective_ms is null"))
        desk.minutes(2)
        desk.level(run)
    desk.command(run, "stop", close=True)
    desk.until(lambda: not desk.sql("select from run_commands where effective_ms is null"))
    desk.minutes(2)
    desk.until(lambda: desk.run(run).has_ended)
    return run


def test_it_finds_what_was_changed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    run = ended(desk)
    assert main(["parity", str(run)]) == 0
    assert "equal" in capsys.readouterr().out
    last_ms, warmup_ms = desk.run(run).position_ms, desk.run(run).warmup_from_ms
    assert last_ms is not None
    names = {"run": run, "bar": desk.first_ms + 60 * MINUTE_MS, "first": warmup_ms, "end": last_ms + MINUTE_MS}
    for name, table in {"fill": "fills", "order": "orders", "trade": "trades", "equity": "equity"}.items():
        middle = desk.sql(f"select seq from {table} where run_id = {run} order by seq offset 5 limit 1")
        names[name] = int(str(middle[0][0]))
    for what, (change, words) in CHANGES.items():
        with store.begin(desk.engine) as conn:
            changed = conn.begin_nested()
            assert conn.execute(text(change.format(**names))).rowcount > 0, what
            verdict = replay.check(conn, runs.get(conn, run))
            changed.rollback()
        found = words.format(**names) in (verdict.difference or "")
        assert (verdict.equal, found) == (False, True), (what, verdict)


def test_the_command_says_it_and_fails(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    run = ended(desk)
    other = desk.start(BUSY.replace("busy", "other"), start_ms=desk.first_ms + 30 * MINUTE_MS)
    desk.level(other)
    assert main(["parity", "--all"]) == 0
    assert capsys.readouterr().out.count("equal") == 2
    desk.sql(f"update fills set price = price + 0.01 where run_id = {run} and seq = (select min(seq) from fills)")
    assert main(["parity", str(run)]) == 1
    said = capsys.readouterr().out
    assert f"Run {run}: DIFFERENT, {desk.parity(run).decisions} decisions over" in said
    assert "bars. First difference: fills seq" in said
    assert "price is recorded as" in said
    assert main(["parity", str(other)]) == 0
    assert main(["parity", "--all", "--json"]) == 1
    assert capsys.readouterr().out.count('"equal": false') == 1


def test_commands_are_obeyed_once_however_the_record_is_cut(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check and a recovery read slices of two weeks; here every minute is the end of one."""
    run = ended(desk)
    for minutes in (1, 2, 7):
        monkeypatch.setattr(replay, "SLICE_MS", minutes * MINUTE_MS)
        verdict = replay.check_apart(desk.engine, desk.run(run))
        assert verdict.equal, verdict.difference
        row = desk.run(run)
        with store.begin(desk.engine) as conn:
            fold = replay.begun(conn, row, replay.plan_of(conn, row), use_snapshots=False)
        replay.recover(desk.engine, row, fold)
        if not fold.has_ended:
            fold.stop_here()
        assert (fold.position_ms, fold.digest) == (row.position_ms, row.digest)


def test_a_run_that_goes_on_is_checked_up_to_where_it_was(desk: Desk) -> None:
    desk.history(60)
    desk.runner()
    run = desk.start(start_ms=desk.first_ms)
    desk.level(run)
    with store.begin(desk.engine) as conn:
        before = runs.get(conn, run)
    desk.command(run, "pause")
    desk.minutes(5)
    desk.level(run)
    verdict = replay.check_apart(desk.engine, before)
    assert verdict.equal, verdict.difference
    assert verdict.bars == 60
    assert replay.check_apart(desk.engine, desk.run(run)).bars == 65


COMPILED = """
import sys
from shared import compiled, kernel
from services.cli.__main__ import main

compiled.COMPILE_FROM_BARS = 50
code = main(["parity", "--all"])
sys.exit(code if kernel.is_compiled() else 9)
"""


def test_long_runs_are_folded_compiled(desk: Desk) -> None:
    run = ended(desk)
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, f"Run {run}: equal" in done.stdout) == (0, True), done
    desk.sql(f"update trades set fees = fees + 0.00000001 where run_id = {run}")
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, "fees is recorded as" in done.stdout) == (1, True), done
