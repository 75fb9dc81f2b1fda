"""A whole process, start to exit: `paperfold backtest` over a million bars, beside a vectorbt script.

Wall time, in turn. Warm: machine code of the strategy is on the disk. Cold: an empty cache folder, as after an update.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import bars, peers
from bench.table import Row, Series, rounds, say

HERE = Path(__file__).resolve().parent
COLD_ROUNDS = 2


def timed(command: Sequence[str | Path], cache: Path) -> float:
    """Seconds from start to exit."""
    started = time.perf_counter()
    subprocess.run(command, env=os.environ | {"XDG_CACHE_HOME": str(cache)}, cwd=HERE.parent, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    return time.perf_counter() - started


def measure(count: int) -> list[Row]:
    """Rows of this topic."""
    with tempfile.TemporaryDirectory(prefix="paperfold-bench-") as folder:
        return _measure(count, Path(folder))


def _measure(count: int, folder: Path) -> list[Row]:
    say("a million bars")
    columns = bars.generated()
    bars.write_parquet(columns, folder / "bars.parquet")
    bars.write_arrays(columns, folder / "bars.npz")

    def backtest(strategy: Path, cache: Path) -> float:
        command = [sys.executable, "-m", "services.cli", "backtest", strategy, "--bars", folder / "bars.parquet",
                   "--json", folder / "out.json"]  # fmt: skip
        return timed(command, cache)

    cross, breakout = HERE / "strategies/ema-cross-floor.yaml", HERE.parent / "strategies/volume-profile-breakout.yaml"
    say("cold")
    cold = {name: Series([backtest(path, folder / f"cold-{name}-{i}") for i in range(COLD_ROUNDS)])
            for name, path in (("cross", cross), ("breakout", breakout))}  # fmt: skip
    warm = folder / "warm"
    calls = {
        "start": lambda: timed([sys.executable, "-m", "services.cli", "--help"], warm),
        "cross": lambda: backtest(cross, warm),
        "breakout": lambda: backtest(breakout, warm),
    }
    python = peers.interpreter()
    if python is None:
        say(peers.MISSING)
    else:
        calls["vectorbt"] = lambda: timed([python, HERE / "vectorbt_peer.py", folder / "bars.npz", "--once"], warm)
    say("warming")
    for call in calls.values():
        call()
    say(f"{count} rounds")
    found = rounds(count, calls)
    rows = [
        found["start"].row("python -m services.cli --help", "s", note="an interpreter and click"),
        cold["cross"].row("EMA cross, cold", "s", note="compiles everything"),
        cold["breakout"].row("volume-profile-breakout, cold", "s", note="compiles everything"),
        found["breakout"].row("volume-profile-breakout, warm", "s"),
    ]
    if python is None:
        rows.append(found["cross"].row("EMA cross, warm", "s", note=peers.MISSING))
    else:
        ratio = found["cross"].over(found["vectorbt"])
        rows += [
            found["vectorbt"].row("EMA cross, vectorbt script, warm", "s"),
            found["cross"].row("EMA cross, warm", "s", ratio=ratio, reference="vectorbt's", budget="<= 0.25x",
                               met=ratio <= 0.25),
        ]  # fmt: skip
    return rows
