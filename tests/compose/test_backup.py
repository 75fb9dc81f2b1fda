"""A system in containers is backed up while it trades, and restored into a new one, where it goes on as it was."""

import json
import secrets
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from shared.domain.timeframe import DAY_MS, MINUTE_MS
from tests.support.containers import ROOT, System, docker, environ, started
from tests.support.desk import BUSY
from tests.support.disasters import wait_until_fresh
from tests.support.kill_nine import iso
from tests.support.ports import own_ports
from tests.support.series import Market, frame_of
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.needs("docker"), pytest.mark.timeout(900), pytest.mark.usefixtures("images")]

RATE = 600  # exchange seconds per second
HISTORY = 12 * DAY_MS // MINUTE_MS
GENERATED = Market(seed=37, minutes=HISTORY + 60 * 60, things=("quiet", "still", "jumps"), swing_ppm=1200)
START_MS = GENERATED.first_ms + HISTORY * MINUTE_MS
STRATEGIES = ("ema-cross", "volume-profile-breakout", "grid-ladder", "vwap-reversion")
SOON_S = 90.0


def bar_file(place: Path) -> Path:
    file = place / "generated_BTCUSDT_1m.parquet"
    frame_of(GENERATED).to_parquet(file)
    file.chmod(0o644)
    return file


def settings(bars: Path, start_ms: int) -> dict[str, str]:
    return {
        "CLOCK_RATE": str(RATE), "RUNNER_CAPACITY": "6", "SIM_BARS_DIR": str(bars.parent),
        "SIM_BARS": json.dumps([f"/bars/{bars.name}"]), "PAPERFOLD__SIM__START": iso(start_ms), **own_ports(),
    }  # fmt: skip


def command(system: System, verb: str, file: Path) -> "subprocess.CompletedProcess[str]":
    """`make backup` or `make restore`, by its program."""
    words = [sys.executable, "-m", "deploy.compose.backup", "--env", str(system.file), verb, str(file)]
    return subprocess.run(
        words, cwd=ROOT, env=environ(**system.settings), capture_output=True, text=True, timeout=300, check=False
    )


@contextmanager
def empty(place: Path, given: dict[str, str]) -> Iterator[System]:
    """A system that has not been started, removed on the way out."""
    system = System(place / f".env.test-{secrets.token_hex(4)}", given)
    try:
        yield system
    finally:
        if system.file.exists():
            system.remove()


def start_runs(system: System) -> list[int]:
    wait_for(lambda: system.ask("/system")["exchange_now_ms"], SOON_S, system.report)
    system.ask("/strategies", {"text": BUSY})
    past = {"mode": "paper", "start_at": START_MS - 4 * DAY_MS}
    return [int(system.ask("/runs", {"strategy": name, **past})["id"]) for name in (*STRATEGIES, "busy")]


def exports(system: System, runs: list[int]) -> dict[int, Any]:
    return {run: system.ask(f"/runs/{run}/export") for run in runs}


def equals_up_to_there(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Everything that had been decided stands in the later document, value for value, in the same places."""
    for part in ("engine_version", "strategy", "instrument", "costs"):
        assert after[part] == before[part], part
    for part in ("orders", "fills", "trades", "equity"):
        assert after[part][: len(before[part])] == before[part], part
    assert after["bars"]["last_open_ms"] > before["bars"]["last_open_ms"]
    assert after["bars"]["warmup_from_ms"] == before["bars"]["warmup_from_ms"]


def parity_holds(system: System, runs: list[int]) -> None:
    found = json.loads(system.cli("parity", "--all", "--json"))
    assert {one["run_id"] for one in found} == set(runs)
    assert all(one["equal"] for one in found), found


def sql(system: System, statement: str) -> str:
    [postgres] = system.containers("postgres")
    return docker("exec", postgres, "psql", "-U", "paperfold", "-qtAc", statement).strip()


def last_told_ms(system: System) -> int:
    """The newest minute in the stream."""
    [redis] = system.containers("redis")
    found = docker("exec", redis, "redis-cli", "xrevrange", "bars:BTC/USDT", "+", "-", "count", "1").split()
    return int(found[0].partition("-")[0]) if found else 0


def backtested(document: bytes, bars: Path, place: Path) -> bytes:
    """What `paperfold backtest --json` writes over the same window."""
    doc = json.loads(document)
    rules, out = place / "rules.json", place / "backtest.json"
    rules.write_bytes(document)
    name, window = doc["strategy"]["name"], doc["bars"]
    shipped, busy = ROOT / "strategies" / f"{name}.yaml", place / "busy.yaml"
    busy.write_text(BUSY, encoding="utf-8")
    words = ["backtest", str(shipped if shipped.exists() else busy), "--bars", str(bars), "--rules", str(rules)]
    words += ["--from", iso(window["start_ms"]), "--to", iso(window["last_open_ms"])]
    words += ["--warmup-from", iso(window["warmup_from_ms"]), "--json", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{name}: {done.stdout} {done.stderr}"
    return out.read_bytes()


def test_a_backup_of_a_trading_system_goes_on_in_a_new_one(place: Path) -> None:
    began = monotonic()

    def say(text: str) -> None:
        print(f"{monotonic() - began:6.1f} s  {text}", flush=True)

    bars, file = bar_file(place), place / "trading.backup"
    given = settings(bars, START_MS)
    with started(place, given) as (first, _):
        runs = start_runs(first)
        wait_until_fresh(first, runs)
        say("they trade")
        before = exports(first, runs)
        assert command(first, "backup", file).returncode == 0
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        wait_until_fresh(first, runs)
        after = exports(first, runs)
        again = command(first, "backup", file)
        assert (again.returncode, "never written over" in again.stderr) == (1, True), again
        trading = {name: first.containers(name) for name in ("runner", "ingest", "api", "postgres", "redis")}
        not_empty = command(first, "restore", file)
        assert (not_empty.returncode, "is not empty" in not_empty.stderr) == (1, True), not_empty
        assert {name: first.containers(name) for name in trading} == trading, "a refusal stops nobody"
        assert all(trading.values())
    say("backed up, and gone")

    del given["PAPERFOLD__SIM__START"]  # the restored system's own file says where its exchange goes on
    with empty(place, given | own_ports()) as second:
        done = command(second, "restore", file)
        assert done.returncode == 0, done
        assert last_told_ms(second) == 0
        assert sql(second, "select count(*) from market_clock") == "0", "whose time has stood still"
        say("restored: " + done.stdout.strip().splitlines()[-2])
        second.compose("up", "-d", "--no-build", "api")
        wait_for(lambda: second.ask("/runs?limit=1"), SOON_S, second.report)
        for run in runs:
            document = second.raw(f"/runs/{run}/export")
            there = json.loads(document)
            equals_up_to_there(before[run], there)
            equals_up_to_there(there, after[run])
            assert document == backtested(document, bars, place), f"run {run}"
        assert sum(len(doc["trades"]) for doc in before.values()) > 50
        say("its documents are the backtests', byte for byte")
        second.make("up")
        goes_on(second, runs, before)
        say("it goes on")

        told_ms = last_told_ms(second)
        put_back_without_emptying_redis(second, file)
        assert last_told_ms(second) >= told_ms > int(sql(second, "select max(to_ms) from coverage"))
        for service in ("runner", "ingest", "api", "dashboard"):  # runners come before anybody mends the stream
            second.compose("up", "-d", "--no-build", "--no-deps", service)
        goes_on(second, runs, before)
        say("it goes on from a stream that knew too much")


def goes_on(system: System, runs: list[int], before: dict[int, Any]) -> None:
    """Every run folds what is new, behind what it had; the record gives its rows."""
    wait_until_fresh(system, runs)
    for run, document in exports(system, runs).items():
        equals_up_to_there(before[run], document)
    parity_holds(system, runs)


def put_back_without_emptying_redis(system: System, file: Path) -> None:
    """The database of the backup's moment beside the stream of a later one, as docs/operations.md says not to."""
    system.compose("stop", "ingest", "runner", "api", "dashboard")
    [postgres] = system.containers("postgres")
    made = (
        "owner paperfold template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"
    )
    for statement in ("drop database paperfold", f"create database paperfold {made}"):
        docker("exec", postgres, "psql", "-U", "postgres", "-c", statement)
    restore = [
        "pg_restore",
        "-U",
        "paperfold",
        "-d",
        "paperfold",
        "--single-transaction",
        "--no-owner",
        "--no-privileges",
    ]
    with file.open("rb") as dump:
        done = subprocess.run(
            ["docker", "exec", "-i", postgres, *restore], stdin=dump, capture_output=True, check=False
        )
    assert done.returncode == 0, done.stderr
    sql(system, "delete from market_clock")
