"""The record through the command line: imported under its rule, listed, verified, and folded by a backtest."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.cli.__main__ import main
from shared.domain.bar import Bar
from shared.domain.timeframe import MINUTE_MS
from shared.store import bars as record
from shared.store import database as store
from shared.store import market, schema_version
from tests.support.cli import Said, bar_file
from tests.support.desk import BUSY, FIRST_MS, RULES, walk

DAY = walk(600, skipped=frozenset(range(200, 205)))
Paperfold = Callable[..., Said]


@pytest.fixture
def paperfold(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Paperfold:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nothing-runs-here"))
    monkeypatch.delenv("PAPERFOLD_DATA_DIR", raising=False)
    monkeypatch.delenv("PAPERFOLD__DATABASE__URL", raising=False)
    (secret := tmp_path / "database.url").write_text(database + "\n", encoding="utf-8")
    monkeypatch.setenv("PAPERFOLD__DATABASE__URL_FILE", str(secret))

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        return Said(code, *capsys.readouterr())

    return run


def recorded(engine: Engine) -> tuple[list[Bar], list[tuple[int, int]], int]:
    """Bars, coverage and how many revisions."""
    with store.begin(engine) as conn:
        found = market.find_instrument(conn, "BTC/USDT")
        if found is None:
            return [], [], 0
        end = FIRST_MS + 10_000 * MINUTE_MS
        revisions = record.read_revisions(conn, found.id, 0, end)
        bars = record.read_bars(conn, found.id, 0, end, 10_000)
        return bars, record.coverage_of(conn, found.id), len(revisions)


def test_an_import_adds_what_is_new_and_nothing_else(paperfold: Paperfold, engine: Engine, tmp_path: Path) -> None:
    first, second = bar_file(tmp_path / "BTC-USDT-1.csv", DAY[:300]), bar_file(tmp_path / "BTC-USDT-2.csv", DAY[300:])
    done = paperfold("history", "import", second, first)
    assert (done.code, "595 minutes: 595 new, 0 same, 0 conflicting" in done.out) == (0, True)
    assert "5 minutes stay undecided (2025-01-01 03:20 to 2025-01-01 03:24)" in done.out
    gap = (FIRST_MS + 200 * MINUTE_MS, FIRST_MS + 205 * MINUTE_MS)
    bars, coverage, _ = recorded(engine)
    assert [bar.open_ms for bar in bars] == [bar.open_ms for bar in DAY]
    assert bars[7] == DAY[7]
    assert coverage == [(FIRST_MS, gap[0]), (gap[1], FIRST_MS + 600 * MINUTE_MS)]

    again = paperfold("history", "import", first, "--json").json
    assert {name: again[name] for name in ("new", "same", "conflicting")} == {"new": 0, "same": 300, "conflicting": 0}
    decided = paperfold("history", "import", first, "--gaps-are-absent", "--json").json
    assert decided["holes"] == []
    assert recorded(engine) == (bars, [(FIRST_MS, FIRST_MS + 600 * MINUTE_MS)], 0)


def test_what_is_decided_stays(paperfold: Paperfold, engine: Engine, tmp_path: Path) -> None:
    paperfold("history", "import", bar_file(tmp_path / "BTC-USDT.csv", DAY), "--gaps-are-absent")
    before = recorded(engine)
    late = replace(DAY[199], open_ms=DAY[199].open_ms + MINUTE_MS)
    other = replace(DAY[100], close=DAY[100].high, volume=1.0)
    file = bar_file(tmp_path / "BTC-USDT-other.csv", [*DAY[:100], other, *DAY[101:200], late, *DAY[200:]])
    done = paperfold("history", "import", file)
    assert (done.code, "596 minutes: 0 new, 594 same, 2 conflicting" in done.out) == (0, True)
    assert "2025-01-01 01:40: the record has o " in done.out
    assert "2025-01-01 03:20: the record is absent, the file o " in done.out
    after = recorded(engine)
    assert after == (*before[:2], 2)
    assert paperfold("history", "import", file, "--json").json["conflicting"] == 2
    assert recorded(engine) == after


def test_a_bad_file_leaves_nothing_behind(paperfold: Paperfold, engine: Engine, tmp_path: Path) -> None:
    good = bar_file(tmp_path / "BTC-USDT-1.csv", DAY[:300])
    off_grid = bar_file(tmp_path / "BTC-USDT-2.csv", DAY[300:])
    text = off_grid.read_text(encoding="utf-8")
    off_grid.write_text(text.replace(str(DAY[400].open_ms), str(DAY[400].open_ms + 1)), encoding="utf-8")
    overlapping = bar_file(tmp_path / "BTC-USDT-3.csv", DAY[299:310])
    with store.begin(engine) as conn:
        market.set_clock(conn, FIRST_MS + 299 * MINUTE_MS, rate=0.0001)
    for files, words in [
        ([good, off_grid], "open_time is a whole minute"),
        ([good, overlapping], "files that do not overlap"),
        ([good], "minutes that have closed"),
        ([bar_file(tmp_path / "bars.csv", DAY[:5])], "the files' names do not tell one instrument"),
    ]:
        done = paperfold("history", "import", *files)
        assert (done.code, words in done.err) == (2, True), done
    assert recorded(engine) == ([], [], 0)


def test_a_file_of_another_instrument_is_refused(paperfold: Paperfold, engine: Engine, tmp_path: Path) -> None:
    paperfold("history", "import", bar_file(tmp_path / "BTC-USDT.csv", DAY))
    before = recorded(engine)
    done = paperfold("history", "import", bar_file(tmp_path / "BTC-USDT-x.csv", walk(700, seed=8)))
    assert (done.code, "595 of 595 known minutes differ" in done.err) == (2, True)
    assert recorded(engine) == before


def test_the_record_is_listed_and_verified(paperfold: Paperfold, engine: Engine, tmp_path: Path) -> None:
    assert paperfold("history", "list", "--json").json == []
    paperfold("history", "import", bar_file(tmp_path / "BTC-USDT.csv", DAY), "--gaps-are-absent")
    listed = paperfold("history", "list", "--json").json
    empty = sum(bar.volume == 0 for bar in DAY)
    span = {"from_ms": FIRST_MS, "to_ms": FIRST_MS + 600 * MINUTE_MS}
    assert listed == [
        {
            "instrument": "BTC/USDT",
            "ranges": [{**span, "bars": 595, "absent": 5, "without_trades": empty}],
            "revisions": {"corrected": 0, "late": 0},
        }
    ]
    assert "2025-01-01 09:59" in paperfold("history", "list").out
    assert paperfold("history", "verify").out == "1 instruments, 9 rules: sound\n"
    with store.begin(engine) as conn:
        conn.exec_driver_sql(f"update bars set high = low / 2 where open_ms = {DAY[3].open_ms}")
        conn.exec_driver_sql(f"update coverage set from_ms = {DAY[2].open_ms}")
    broken = paperfold("history", "verify")
    assert broken.code == 1
    assert "0 < low <= open, close <= high < 1e10: broken by 1, first 2025-01-01 00:03" in broken.out
    assert "every bar lies inside coverage: broken by 2, first 2025-01-01 00:00" in broken.out
    assert paperfold("history", "verify", "--instrument", "XRP/USDT").code == 2
    assert "not available yet" in paperfold("history", "fetch", "BTC/USDT", "--from", "2025-01-01").err


def test_a_backtest_reads_covered_minutes_of_the_record(paperfold: Paperfold, engine: Engine, tmp_path: Path) -> None:
    (strategy := tmp_path / "busy.yaml").write_text(BUSY, encoding="utf-8")
    file = bar_file(tmp_path / "BTC-USDT.csv", DAY)
    nothing = paperfold("backtest", strategy, "--instrument", "BTC/USDT", "--json", "-")
    assert (nothing.code, "none are covered" in nothing.err) == (2, True)
    paperfold("history", "import", file)
    window = ["--from", FIRST_MS + 50 * MINUTE_MS, "--json", "-"]
    hole = paperfold("backtest", strategy, "--instrument", "BTC/USDT", *window)
    assert (hole.code, "not covered: 2025-01-01 03:20 to 2025-01-01 03:24" in hole.err) == (2, True)
    early = paperfold("backtest", strategy, "--instrument", "BTC/USDT", "--from", "2024-12-30", "--to", "2025-01-01")
    assert (early.code, "not covered: 2024-12-29 00:00" in early.err) == (2, True)
    newest = paperfold("backtest", strategy, "--instrument", "BTC/USDT", "--json", "-").json
    assert newest["bars"]["first_open_ms"] == FIRST_MS + 205 * MINUTE_MS  # the newest unbroken coverage

    paperfold("history", "import", file, "--gaps-are-absent")
    with store.begin(engine) as conn:
        found = market.find_instrument(conn, "BTC/USDT")
        assert found is not None
        market.put_rules(conn, found.id, RULES)
    of_record = paperfold("backtest", strategy, "--instrument", "btcusdt", *window)
    assert of_record.code == 0, of_record.err
    doc = of_record.json
    assert (doc["instrument"]["source"], doc["bars"]["count"]) == ("exchange-info", 545)
    (out := tmp_path / "doc.json").write_text(json.dumps(doc), encoding="utf-8")
    of_file = paperfold("backtest", strategy, "--bars", file, *window, "--rules", out)
    assert of_file.out == of_record.out
    assert (paperfold("backtest", strategy).code, paperfold("db", "migrate").out) == (
        2,
        f"schema {schema_version.newest()}\n",
    )


def test_roles_are_made(paperfold: Paperfold, engine: Engine, tmp_path: Path) -> None:
    assert "cannot log in" in paperfold("db", "roles").out
    (empty := tmp_path / "empty").write_text("", encoding="utf-8")
    assert paperfold("db", "roles", "--password-file", empty).code == 2
    (secret := tmp_path / "secret").write_text("it's a password\n", encoding="utf-8")
    assert paperfold("db", "roles", "--password-file", secret).code == 0
    with store.begin(engine) as conn:
        login = conn.exec_driver_sql("select rolcanlogin from pg_roles where rolname = 'analyst'").scalar()
    assert login is True
