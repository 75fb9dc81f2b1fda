"""A system in containers that lives through a file of bars, ten minutes a second; what must be true of its runs.

with lived(place, Random(7), {"RUNNER_CAPACITY": "2"}) as (system, said, bars): ...
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random
from time import monotonic, sleep

from shared.domain.timeframe import DAY_MS, MINUTE_MS
from tests.support.containers import ROOT, System, started
from tests.support.disasters import DISASTERS, SOON_S, Happened, held_by, owners, wait_until_fresh
from tests.support.kill_nine import difference, iso
from tests.support.series import Market, frame_of
from tests.support.small_stores import COMPOSE_FILE, kept
from tests.support.waiting import wait_for

RATE = 600  # exchange seconds per second
HISTORY = 12 * DAY_MS // MINUTE_MS
LIVED = 25 * DAY_MS // MINUTE_MS  # minutes of the file that could be lived through: an hour of wall time
GENERATED = Market(seed=31, minutes=HISTORY + LIVED, things=("quiet", "still", "jumps"), swing_ppm=1200)
HOLES = ((-9_000, 61), (-2_000, 1), (101, 1), (214, 3), (450, 20), (900, 1), (1_500, 240), (2_300, 1))  # (at, minutes)
LATER_HOLES = tuple(zip(range(3_000, LIVED, 700), cycle((1, 7, 2, 95)), strict=False))
START_MS = GENERATED.first_ms + HISTORY * MINUTE_MS
STRATEGIES = ("volume-profile-breakout", "macd-momentum", "supertrend-follow", "donchian-breakout", "rsi-pullback")


@dataclass(frozen=True, slots=True)
class Stage:
    """Says what is being done, and how long everything before took."""

    began: float

    def __call__(self, text: object) -> None:
        print(f"{monotonic() - self.began:6.1f} s  {text}", flush=True)


@contextmanager
def lived(place: Path, settings: Mapping[str, str]) -> Iterator[tuple[System, str, Path]]:
    """The system, what stood on the terminal when it was ready, and the file that its exchange has."""
    bars = bar_file(place)
    given = {
        "CLOCK_RATE": str(RATE), "RUNNER_CAPACITY": "2", "COMPOSE_FILE": COMPOSE_FILE, "SIM_BARS_DIR": str(place),
        "SIM_BARS": json.dumps([f"/bars/{bars.name}"]), "PAPERFOLD__SIM__START": iso(START_MS),
    }  # fmt: skip
    with started(place, {**given, **settings}) as (system, said):
        yield system, said, bars


def bar_file(place: Path) -> Path:
    """Twelve days of history, and those that the system lives through; minutes are missing in both."""
    missing = [HISTORY + at + i for at, count in (*HOLES, *LATER_HOLES) for i in range(count)]
    file = place / "generated_BTCUSDT_1m.parquet"
    frame_of(GENERATED).drop(index=[at for at in missing if at < HISTORY + LIVED]).to_parquet(file)
    file.chmod(0o644)
    return file


def start_runs(system: System, strategies: Sequence[str]) -> list[int]:
    """Over HTTP, as of some days before the simulated exchange opened."""
    wait_for(lambda: system.ask("/system")["exchange_now_ms"], SOON_S, system.report)
    past_ms = START_MS - 8 * DAY_MS
    asked = [{"strategy": name, "mode": "paper", "start_at": past_ms} for name in strategies]
    return [int(system.ask("/runs", one)["id"]) for one in asked]


def runs_spread(system: System, runs: list[int], wanted: list[int]) -> None:
    """Until so many runs are held by each runner that holds any."""

    def is_so() -> bool:
        return sorted(len(found) for found in held_by(system).values()) == wanted

    wait_for(is_so, SOON_S, lambda: f"{held_by(system)} {system.report()}")
    wait_until_fresh(system, runs)


def everyone_is_served(system: System, runs: list[int]) -> None:
    """Until each run has a runner, and is fresh."""
    wait_for(lambda: None not in owners(system).values(), SOON_S, system.report)
    wait_until_fresh(system, runs)


def live_through(system: System, chance: Random, say: Stage, runs: list[int], rounds: int) -> list[Happened]:
    """Every disaster so many times, in any order, at random moments; each run's log tells whose it was."""
    happened = []
    with kept(system):
        for disaster in chance.sample(DISASTERS * rounds, len(DISASTERS) * rounds):
            sleep(chance.uniform(0.0, 2.0))
            before = {run: len(events_of(system, run)) for run in runs}
            happened.append(disaster(system, chance))
            say(happened[-1])
            wait_until_fresh(system, runs)
            for run in happened[-1].taken_over:
                events = events_of(system, run)
                assert "taken_over" in events[before[run] :], f"{happened[-1]}: {events}"
    return happened


def events_of(system: System, run: int) -> list[str]:
    """What runners and people did with it, the first thing first."""
    return [entry["event"] for entry in system.ask(f"/runs/{run}/log?limit=500")["items"]][::-1]


# --- in the end ------------------------------------------------------------------------------------------------------


def nothing_differs(system: System, runs: list[int], bars: Path, say: Stage) -> None:
    """Parity holds, and every export is its backtest's document; nobody has failed, and everybody has an owner."""
    parity_holds(system, runs)
    for run in runs:
        say(export_equals_backtest(system, run, bars))
    assert None not in owners(system).values()


def parity_holds(system: System, runs: list[int]) -> None:
    """Folded again from the record, in a container of its own."""
    found = json.loads(system.cli("parity", "--all", "--json"))
    assert {one["run_id"] for one in found} >= set(runs)
    assert all(one["equal"] for one in found), found


def export_equals_backtest(system: System, run: int, bars: Path) -> str:
    """The run's document and what this checkout's backtest writes over the exchange's file: the same bytes."""
    exported, again = (bars.with_name(f"{name}-{run}.json") for name in ("export", "backtest"))
    exported.write_bytes(system.raw(f"/runs/{run}/export"))
    found = json.loads(exported.read_bytes())
    window = found["bars"]
    options = {
        "--bars": bars, "--rules": exported, "--json": again, "--from": iso(window["start_ms"]),
        "--to": iso(window["last_open_ms"]), "--warmup-from": iso(window["warmup_from_ms"]),
    }  # fmt: skip
    command = ["backtest", str(ROOT / "strategies" / f"{found['strategy']['name']}.yaml")]
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", *command, *(str(word) for pair in options.items() for word in pair)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{run}: {done.stdout} {done.stderr}"
    assert exported.read_bytes() == again.read_bytes(), difference(exported.read_bytes(), again.read_bytes())
    counts = f"{window['count']} bars, {len(found['fills'])} fills, {len(found['trades'])} trades"
    return f"run {run} {found['strategy']['name']} equals its backtest: {counts}"
