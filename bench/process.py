"""Whole processes, start to exit: `paperfold backtest` over a million bars, beside scripts with vectorbt.

Wall time, in turn, and in the notes CPU time, which neighbours disturb less. What lies on the disk decides: nothing (a
first start, an update); the library (`paperfold warm`, or any strategy before), with a strategy that was never seen; or
everything. `--compiled` says which form is meant, and two rows let the command choose.
"""

import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from bench import bars, peers
from bench.ours import CROSS, SHIPPED, STRATEGIES
from bench.table import Row, Series, rounds, say

COLD_ROUNDS = 2
NEVER_SEEN = 3  # each compiles anew: as many strategies
CLI = [sys.executable, "-m", "services.cli"]


_cpu: list[float] = []  # seconds of CPU of every process that was timed, in order


def timed(command: Sequence[str | Path], cache: Path, **environment: str) -> float:
    """Seconds from start to exit."""
    own = peers.installed({"XDG_CACHE_HOME": str(cache), **environment})
    started, before = time.perf_counter(), getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, env=own, cwd=peers.ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took, after = time.perf_counter() - started, getrusage(RUSAGE_CHILDREN)
    _cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return took


def cpu(last: int, step: int = 1, note: str = "") -> str:
    """Median CPU seconds of the last processes, of every `step`th."""
    return f"CPU {statistics.median(_cpu[-last::step]):.2f} s{note and '; '}{note}"


class Backtests:
    """`paperfold backtest` over one file, writing one document."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unseen = itertools.count(1)

    def __call__(self, strategy: Path, cache: Path, *options: str) -> float:
        files = ["--bars", self.folder / "bars.parquet", "--json", self.folder / "out.json"]
        return timed([*CLI, "backtest", strategy, *files, *options], cache)

    def never_seen(self, cache: Path) -> float:
        """Twenty indicators on 15m in an order of rules that no process before had, so that its wiring is new."""
        text = (STRATEGIES / "twenty-new.yaml").read_text(encoding="utf-8").replace("entry: 1m", "entry: 15m")
        more = "".join(f"    - close > {0.01 * i:g} * vwap\n" for i in range(next(self.unseen)))
        path = self.folder / "never-seen.yaml"
        path.write_text(text.replace("  exit_long:\n", f"{more}  exit_long:\n"), encoding="utf-8")
        return self(path, cache, "--compiled")


def measure(count: int) -> list[Row]:
    """Rows of this topic."""
    with tempfile.TemporaryDirectory(prefix="paperfold-bench-") as folder:
        return _measure(count, Path(folder))


def _measure(count: int, folder: Path) -> list[Row]:
    say("a million bars")
    columns = bars.generated()
    bars.write_parquet(columns, folder / "bars.parquet")
    bars.write_arrays(columns, folder / "bars.npz")
    backtest, warm = Backtests(folder), folder / "warm"

    def cold(run: Callable[[Path], float], name: str) -> Series:
        say(f"nothing on the disk: {name}")
        return Series([run(folder / f"cold-{name}-{i}") for i in range(COLD_ROUNDS)])

    rows = [
        cold(lambda cache: backtest(CROSS, cache, "--compiled"), "EMA cross").row(
            "EMA cross, compiled, nothing on the disk", "s", note=cpu(COLD_ROUNDS, note="compiles all that it calls")
        ),
        cold(lambda cache: backtest(CROSS, cache), "EMA cross as it chooses").row(
            "EMA cross, nothing on the disk, as the command chooses", "s", note=cpu(COLD_ROUNDS, note="interpreted")
        ),
        cold(backtest.never_seen, "twenty").row(
            "20 indicators on 15m, compiled, nothing on the disk", "s",
            note=cpu(COLD_ROUNDS, note="compiles all that it calls"),
        ),
    ]  # fmt: skip
    say("paperfold warm")
    took = timed([*CLI, "warm", CROSS], warm)
    rows.append(Row("paperfold warm", took, "s", note=cpu(1, note="library and a strategy, once, on all cores")))
    never = Series([backtest.never_seen(warm) for _ in range(NEVER_SEEN)])
    rows.append(
        never.row(
            "20 indicators on 15m, never seen, library on the disk", "s", budget="<= 4 s", met=never.median <= 4.0,
            note=cpu(NEVER_SEEN, note="its own functions compiled, a million bars folded, document written"),
        )
    )  # fmt: skip
    calls: dict[str, Callable[[], float]] = {
        "start": lambda: timed([*CLI, "--help"], warm),
        "cross": lambda: backtest(CROSS, warm),
        "interpreted": lambda: backtest(CROSS, warm, "--interpreted"),
        "breakout": lambda: backtest(SHIPPED / "volume-profile-breakout.yaml", warm, "--compiled"),
        "twenty": lambda: backtest(STRATEGIES / "twenty.yaml", warm, "--compiled"),
    }
    for peer in (peers.VECTORBT, peers.VECTORBT_RUST):
        if peer.python is None:
            say(peer.missing)
            rows.append(Row(peer.name, 0.0, "s", note=peer.missing))
            continue
        command = [*peer.command(folder / "bars.npz"), "--once"]
        calls[peer.name] = lambda command=command, peer=peer: timed(command, warm, **peer.environment)
    say("warming")
    for call in calls.values():
        call()
    say(f"{count} rounds")
    found = rounds(count, calls)
    names = list(calls)
    notes = {name: cpu(count * len(names) - at, len(names)) for at, name in enumerate(names)}
    return rows + _warm_rows(found, notes)


def _warm_rows(found: dict[str, Series], notes: dict[str, str]) -> list[Row]:
    cross = found["cross"]
    rows = [
        found["start"].row("python -m services.cli --help", "s", note="an interpreter and click"),
        cross.row("EMA cross, warm, as the command chooses", "s", budget="<= 1.5 s", met=cross.median <= 1.5,
                  note=f"{notes['cross']}; compiled"),
        found["interpreted"].row("EMA cross, interpreted", "s", note=notes["interpreted"]),
        found["breakout"].row("volume-profile-breakout, warm", "s", note=notes["breakout"]),
        found["twenty"].row("20 indicators on every minute, warm", "s",
                            note=f"{notes['twenty']}; a million equity points, 50 MB written"),
    ]  # fmt: skip
    for name in (name for name in found if name.startswith("vectorbt")):
        ratio = cross.over(found[name])
        rows.append(
            found[name].row(
                f"EMA cross, script with {name}, warm", "s", ratio=ratio, reference="ours to it", budget="<= 0.25x",
                met=ratio <= 0.25, note=notes[name],
            )
        )  # fmt: skip
    return rows
