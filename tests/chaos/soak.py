"""`make soak`: twenty runs on five runners live through a day, or HOURS=168, while a container dies every 20 seconds.

In the end each export equals the backtest of its window, parity holds, and the memory of every container is flat. Too
long for `make test`, so pytest does not find it by itself. The seed is printed; PAPERFOLD_CHAOS_SEED=n kills the same
containers again, at the same moments. Whoever is killed comes back after up to five seconds, as its engine would do it.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest

from shared.domain.timeframe import DAY_MS, MINUTE_MS
from tests.chaos.soak_memory import Watch, table
from tests.chaos.soak_visitor import Visitor
from tests.support.containers import ROOT, System, build_images, docker, started
from tests.support.desk import BUSY
from tests.support.kill_nine import chaos_seed, iso
from tests.support.ports import own_ports
from tests.support.series import Market, frame_of
from tests.support.waiting import wait_for

HOURS = int(os.environ.get("HOURS") or 24)
RATE = 600  # exchange seconds per second
KILL_EVERY_S = 20.0
AWAY_S = 5.0  # at most
RUNNERS, CAPACITY, RUNS = 5, 5, 20  # with one runner away there is still a place for every run
BACK_S = 90.0  # bound of what is measured and printed: until all runs are level again
MORTAL = ("postgres", "redis", "ingest", "runner", "api", "dashboard")  # the exchange is nobody's to lose
PAIRS = {"BTC/USDT": ("60000", 41), "ETH/USDT": ("3000", 42)}  # first price, seed

HISTORY = 12 * DAY_MS // MINUTE_MS
LIVED = HOURS * 60 + 4 * DAY_MS // MINUTE_MS  # starting and finishing take their time, too: ten minutes a second
HOLES = ((-9_000, 61), (-2_000, 1), (401, 1), (714, 3), (950, 20), (1_500, 240), (2_300, 1), (5_000, 700))  # (at, many)


@dataclass(frozen=True, slots=True)
class Stage:
    """Says what is being done, and how long everything before took."""

    began: float

    def __call__(self, text: str) -> None:
        print(f"{monotonic() - self.began:7.1f} s  {text}", flush=True)


@pytest.mark.needs("docker")
@pytest.mark.timeout(HOURS * 3600 // RATE + 1_800)
def test_a_day_under_kills_changes_no_byte_and_takes_no_memory(place: Path) -> None:
    seed = chaos_seed()
    chance, say = Random(seed), Stage(monotonic())
    say(f"PAPERFOLD_CHAOS_SEED={seed} HOURS={HOURS}")
    place.chmod(0o755)
    files = {pair: bar_file(place, pair) for pair in PAIRS}
    build_images(Path(tempfile.gettempdir()) / f"paperfold-test-images-{os.getuid()}.lock")
    settings = {
        "CLOCK_RATE": str(RATE), "RUNNER_CAPACITY": str(CAPACITY), "RUNNERS": str(RUNNERS), "SIM_BARS_DIR": str(place),
        "SIM_BARS": json.dumps([f"/bars/{file.name}" for file in files.values()]),
        "PAPERFOLD__SIM__START": iso(first_ms()), **own_ports(),
    }  # fmt: skip
    with started(place, settings) as (system, _):
        say("up")
        runs = start_runs(system, place)
        assert len(runs) == RUNS
        wait_until_level(system, runs)
        say(f"{len(runs)} runs are level")
        with Watch(system.project) as watch, Visitor(system, runs) as visitor:
            kills = live_through(system, chance, say)
            wait_until_level(system, runs)
            say(f"{kills} kills later they are level again; a visitor has seen {visitor.seen} answers")
        assert visitor.seen > 0.5 * HOURS * 3600 / RATE, "a visitor got few answers"
        print(table(watch.rows), flush=True)
        nothing_differs(system, runs, files, say)
        nobody_was_ended_by_a_limit(system)
    growing = [row.container for row in watch.rows if row.is_flat is False]
    assert not growing, f"not flat: {growing}"
    assert len(watch.rows) == 6 + RUNNERS, "every container was looked at"


def first_ms() -> int:
    """Exchange time at the start."""
    return Market(0, 0).first_ms + HISTORY * MINUTE_MS


def bar_file(place: Path, pair: str) -> Path:
    """Twelve days of history, and what is lived through; minutes are missing in both."""
    price, seed = PAIRS[pair]
    market = Market(seed, HISTORY + LIVED, ("quiet", "still", "jumps"), price=price, swing_ppm=1200)
    missing = [HISTORY + at + i for at, count in HOLES for i in range(count)]
    file = place / f"generated_{pair.replace('/', '')}_1m.parquet"
    frame_of(market).drop(index=missing).to_parquet(file)
    file.chmod(0o644)
    return file


def start_runs(system: System, place: Path) -> list[int]:
    """Every shipped strategy on every pair, and one on each that trades every few minutes."""
    wait_for(lambda: system.ask("/system")["exchange_now_ms"], BACK_S, system.report)
    busy = strategy_file("busy", place)
    busy.write_text(BUSY, encoding="utf-8")
    system.ask("/strategies", {"text": BUSY})
    names = [*sorted(file.stem for file in (ROOT / "strategies").glob("*.yaml")), busy.stem]
    asked = {"mode": "paper", "start_at": first_ms() - DAY_MS}
    return [
        int(system.ask("/runs", {"strategy": name, "instrument": pair, **asked})["id"])
        for pair in PAIRS
        for name in names
    ]


def strategy_file(name: str, place: Path) -> Path:
    shipped = ROOT / "strategies" / f"{name}.yaml"
    return shipped if shipped.exists() else place / f"{name}.yaml"


def wait_until_level(system: System, runs: list[int]) -> None:
    """Until each run has folded a minute that is newer than now."""
    asked_ms = system.ask("/system")["exchange_now_ms"]

    def is_level() -> bool:
        found = system.ask("/runs?mode=paper&limit=100")["items"]
        assert {run["id"] for run in found} == set(runs)
        for run in found:
            assert run["failure"] is None, f"{run} {system.report()}"
        return all((run["last_bar_ms"] or 0) >= asked_ms for run in found)

    wait_for(is_level, 2 * BACK_S, lambda: f"runs do not go on: {system.report()}", every_s=0.5)


def live_through(system: System, chance: Random, say: Stage) -> int:
    """HOURS of exchange time, with a kill every KILL_EVERY_S of wall time. How many there were."""
    began_ms, began, kills = int(system.ask("/system")["exchange_now_ms"]), monotonic(), 0
    names = {
        f"{service}-{at}": container for service in MORTAL for at, container in enumerate(system.containers(service), 1)
    }
    assert len(names) == 5 + RUNNERS
    while True:
        sleep(max(0.0, began + (kills + 1) * KILL_EVERY_S - monotonic()))
        if int(system.ask("/system")["exchange_now_ms"]) >= began_ms + HOURS * 60 * MINUTE_MS:
            return kills
        kills += 1
        name, away_s = chance.choice(sorted(names)), chance.uniform(0.0, AWAY_S)
        docker("kill", names[name])
        sleep(away_s)
        docker("start", names[name])
        say(f"{name} killed, away for {away_s:.1f} s")


def nothing_differs(system: System, runs: list[int], files: dict[str, Path], say: Stage) -> None:
    """Each run folded again from the record, and from the file that the exchange had."""
    found = json.loads(system.compose("run", "--rm", "-T", "cli", "parity", "--all", "--json", timeout_s=900.0))
    assert {one["run_id"] for one in found} == set(runs)
    different = [one for one in found if not one["equal"]]
    assert not different, different
    say(f"parity: {len(found)} runs, {sum(one['decisions'] for one in found):,} decisions, equal")
    with ThreadPoolExecutor(2) as some:
        differences = list(some.map(lambda run: difference(system, run, files, say), runs))
    assert not any(differences), [one for one in differences if one]


def difference(system: System, run: int, files: dict[str, Path], say: Stage) -> str:
    """Between a run's export and the backtest of the same window; empty when there is none."""
    doc = system.ask(f"/runs/{run}/export")
    bars = files[doc["instrument"]["name"]]
    file = bars.with_name(f"export-{run}.json")
    file.write_text(json.dumps(doc), encoding="utf-8")
    strategy = strategy_file(doc["strategy"]["name"], bars.parent)
    command = [
        sys.executable,
        "-m",
        "services.cli",
        "parity",
        str(file),
        "--strategy",
        str(strategy),
        "--bars",
        str(bars),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    file.unlink()
    words = (
        f"run {run} {doc['strategy']['name']} {doc['instrument']['name']}: {doc['bars']['count']} bars, "
        + ", ".join(f"{len(doc[part])} {part}" for part in ("orders", "fills", "trades"))
    )
    say(f"{words}: {'equals its backtest' if done.returncode == 0 else 'DIFFERS'}")
    return "" if done.returncode == 0 else f"{words}: {done.stdout} {done.stderr}"


def nobody_was_ended_by_a_limit(system: System) -> None:
    for service in (*MORTAL, "exchange_sim"):
        for container in system.containers(service):
            [state] = json.loads(docker("inspect", container))
            assert not state["State"]["OOMKilled"], service
            assert state["RestartCount"] == 0, f"{service} ended by itself: {system.report()}"
