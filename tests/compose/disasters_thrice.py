"""`make disasters`: everything that may happen to containers, three times each at random moments, to six runs.

Too long for `make test`, which does each once, so pytest does not find it by itself. A runner that is gone is replaced
within 15 s; every export is its backtest, byte for byte. PAPERFOLD_CHAOS_SEED=n takes the same order again.
"""

import os
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from tests.support.composed import (
    STRATEGIES,
    Stage,
    everyone_is_served,
    live_through,
    lived,
    nothing_differs,
    start_runs,
)
from tests.support.disasters import RUNNERS
from tests.support.kill_nine import chaos_seed

ROUNDS = int(os.environ.get("ROUNDS") or 3)
MOST_S = 15.0  # without an owner: a lease of 10 s, a poll of 1 s, and a fold of what has come meanwhile


@pytest.mark.needs("docker")
@pytest.mark.timeout(900 + 600 * ROUNDS)
@pytest.mark.usefixtures("images")
def test_disasters_change_no_byte(place: Path) -> None:
    seed = chaos_seed()
    chance, say = Random(seed), Stage(monotonic())
    say(f"PAPERFOLD_CHAOS_SEED={seed} ROUNDS={ROUNDS}")
    with lived(place, {"RUNNERS": str(RUNNERS)}) as (system, _, bars):
        say("up")
        runs = start_runs(system, ("ema-cross", *STRATEGIES))
        everyone_is_served(system, runs)
        say("six runs")
        happened = live_through(system, chance, say, runs, ROUNDS)
        nothing_differs(system, runs, bars, say)
    took_s = sorted(one.took_s for one in happened if one.took_s is not None)
    say(f"{len(happened)} disasters; {len(took_s)} take-overs in {took_s[0]:.1f} to {took_s[-1]:.1f} s")
    assert took_s[-1] < MOST_S
