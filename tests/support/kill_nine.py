"""Two systems as a person starts them, on one file of bars, both strategies started as of the same minute.

One is left alone; in the other, processes are killed by a seeded schedule, and its supervisor starts them again. The
file ends, so both end at the same last bar: then their exports are the same bytes, parity holds, and `backtest` gives
those bytes too. The seed is printed; PAPERFOLD_CHAOS_SEED=n runs its schedule again.
"""

import json
import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.cli.up import status
from shared.domain.timeframe import MINUTE_MS
from tests.support.live_system import ROOT, LiveSystem, started
from tests.support.waiting import wait_for

STRATEGIES = ("ema-cross", "volume-profile-breakout")
VICTIMS = ("runner", "ingest", "valkey", "postgres")  # ten kills, each at least twice
ALSO = ("exchange_sim", "api", "dashboard")  # once each; the first goes on as if it had run
DONE_S = 90.0  # from the file's end to the last bar's commit


@dataclass(frozen=True, slots=True)
class Profile:
    """A file of bars, from where and how fast it is lived, and how often something is killed."""

    bars: Path
    first_ms: int  # exchange time at the start, and the start of both runs
    last_ms: int  # open_ms of the file's last bar
    rate: float
    kills: int

    @property
    def wall_s(self) -> float:
        return (self.last_ms + MINUTE_MS - self.first_ms) / 1000 / self.rate


@dataclass(frozen=True, slots=True)
class Kill:
    """Whom to kill, and when."""

    after_s: float
    name: str


def schedule(seed: int, kills: int, wall_s: float) -> list[Kill]:
    """Moments of wall time, none of them chosen; every victim at least twice."""
    chance = random.Random(seed)
    names = [VICTIMS[i % len(VICTIMS)] for i in range(kills)] + list(ALSO)
    chance.shuffle(names)
    moments = sorted(chance.uniform(0.02, 0.95) * wall_s for _ in names)
    return [Kill(at, name) for at, name in zip(moments, names, strict=True)]


def chaos_seed() -> int:
    return int(os.environ.get("PAPERFOLD_CHAOS_SEED", 0)) or random.SystemRandom().randrange(1, 2**31)


def chaos_rounds() -> int:
    """How many times everything that may happen does happen."""
    return int(os.environ.get("PAPERFOLD_CHAOS_ROUNDS", 1))


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def start_runs(system: LiveSystem, start_ms: int) -> dict[str, int]:
    """Run ids by strategy."""

    def exchange_now() -> Any:
        return system.ask_patiently("/system")["exchange_now_ms"]

    wait_for(exchange_now, 60.0, lambda: f"no exchange time: {system.report()}")
    started = {name: system.command("start", name, "--start-at", iso(start_ms), "--json") for name in STRATEGIES}
    return {name: int(json.loads(answer)["run_id"]) for name, answer in started.items()}


def wait_until_done(system: LiveSystem, profile: Profile, ids: dict[str, int], timeout_s: float) -> None:
    """Until every run has committed the file's last bar."""

    def done() -> bool:
        found = [system.ask_patiently(f"/runs/{run_id}") for run_id in ids.values()]
        for run in found:
            assert run["failure"] is None, f"{run} {system.report()}"
        return all(run["last_bar_ms"] == profile.last_ms for run in found)

    wait_for(done, timeout_s, lambda: f"the last bar is not folded: {system.report()}", every_s=0.5)


def live_through(system: LiveSystem, profile: Profile, kills: Sequence[Kill]) -> dict[str, int]:
    """Start both runs, kill by the schedule, and wait for the end of the file."""
    began = time.monotonic()
    ids = start_runs(system, profile.first_ms)
    for kill in kills:
        time.sleep(max(0.0, began + kill.after_s - time.monotonic()))
        pid = system.kill(kill.name)
        print(f"{time.monotonic() - began:7.2f} s  kill -9 {kill.name} {pid} (planned {kill.after_s:.2f})", flush=True)
    left_s = profile.wall_s - (time.monotonic() - began)
    wait_until_done(system, profile, ids, max(0.0, left_s) + DONE_S)
    return ids


def exported(system: LiveSystem, run_id: int) -> bytes:
    """`paperfold export`, as bytes."""
    out = system.data / f"export-{run_id}.json"
    system.command("export", str(run_id), "--json", str(out))
    return out.read_bytes()


def backtested(system: LiveSystem, place: Path, name: str, profile: Profile, rules: bytes) -> bytes:
    """`paperfold backtest --json` over the same window."""
    rules_file, out = place / f"{name}-rules.json", place / f"{name}-backtest.json"
    rules_file.write_bytes(rules)
    window = ("--from", iso(profile.first_ms), "--rules", str(rules_file))
    system.command("backtest", str(ROOT / "strategies" / f"{name}.yaml"), "--bars", str(profile.bars), *window,
                   "--json", str(out))  # fmt: skip
    return out.read_bytes()


def kills_change_no_byte(place: Path, profile: Profile) -> None:
    """The claim, for one profile; `place` is a folder that any user may pass through."""
    seed = chaos_seed()
    print(f"PAPERFOLD_CHAOS_SEED={seed}", flush=True)
    kills = schedule(seed, profile.kills, profile.wall_s)
    assert all(sum(kill.name == name for kill in kills) >= 2 for name in VICTIMS)
    start = iso(profile.first_ms)
    with (
        started(place / "left-alone", profile.bars, start, profile.rate) as quiet,
        started(place / "killed", profile.bars, start, profile.rate) as hunted,
        ThreadPoolExecutor(2) as both,
    ):
        left_alone = both.submit(live_through, quiet, profile, ())
        killed = both.submit(live_through, hunted, profile, kills)
        quiet_ids, hunted_ids = left_alone.result(), killed.result()
        starts = {entry["name"]: entry["starts"] for entry in hunted.description["processes"]}
        assert all(starts[kill.name] > 1 for kill in kills), starts
        found = status.read(quiet.data)
        assert found is not None
        assert all(entry["starts"] == 1 for entry in found["processes"]), "one was left alone"
        for name in STRATEGIES:
            first, second = exported(quiet, quiet_ids[name]), exported(hunted, hunted_ids[name])
            assert first == second, difference(first, second)
            again = backtested(quiet, place, name, profile, first)
            assert first == again, difference(first, again)
            quiet.command("parity", str(quiet_ids[name]))
            hunted.command("parity", str(hunted_ids[name]))
            doc = json.loads(first)
            assert doc["bars"]["last_open_ms"] == profile.last_ms
            print(name, doc["bars"]["count"], "bars", len(doc["fills"]), "fills", len(doc["trades"]), "trades")
            if name == "ema-cross":
                assert doc["trades"], "it has traded"


def difference(one: bytes, other: bytes) -> str:
    """The first place in which two documents differ."""
    a, b = json.loads(one), json.loads(other)
    for key in a.keys() | b.keys():
        x, y = a.get(key), b.get(key)
        if x == y:
            continue
        if isinstance(x, list) and isinstance(y, list):
            at = next((i for i, (p, q) in enumerate(zip(x, y, strict=False)) if p != q), min(len(x), len(y)))
            return f"{key}[{at}] of {len(x)} and {len(y)}: {x[at : at + 1]} and {y[at : at + 1]}"
        return f"{key}: {x} and {y}"
    return "the same values in other bytes"
