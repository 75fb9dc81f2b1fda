"""A thousand sets of parameters of the EMA cross over 100,000 minutes on all cores, beside vectorbt doing the same.

Wall time, twice: from the question to the last answer in a process that has loaded everything (ours starts its workers
then, vectorbt forks), and of whole processes, start to exit. Machine code is on the disk. Before times count: every set
has as many closed trades there as here, and some of ours equal the single backtest digest by digest.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")

from bench import bars, peers
from bench.ours import CROSS, Ours
from bench.peers import Contender, installed
from bench.table import Row, Series, rounds, say

BARS = 100_000
PAIRS = [(fast, slow) for fast in range(5, 45) for slow in range(50, 75)]
ENGINES = (peers.VECTORBT, peers.VECTORBT_RUST)
MOST_ROUNDS = 5
CHECKED = 100  # every so many sets, one is folded alone


def measure(count: int) -> list[Row]:
    """Rows of this topic."""
    with tempfile.TemporaryDirectory(prefix="paperfold-bench-") as folder:
        return _measure(min(count, MOST_ROUNDS), Path(folder))


def _measure(count: int, folder: Path) -> list[Row]:
    cores = os.cpu_count() or 1
    columns = bars.Columns(*(column[:BARS] for column in bars.generated()))
    bars.write_arrays(columns, folder / "bars.npz")
    ours = Swept(columns, folder / "cache")
    say(f"{len(PAIRS):,} sets, {cores} processes")
    mine = ours.sweep()
    ours.check(mine)
    calls = {"paperfold": ours.wall_s, "paperfold, whole": lambda: _whole_s(ours.command(folder / "bars.npz"))}
    others = {}
    for peer in ENGINES:
        if peer.python is None:
            say(peer.missing)
            continue
        say(peer.name)
        sweeper = replace(peer, script="sweep_vectorbt")
        other = others[peer.name] = Contender(sweeper, folder / "bars.npz", arguments=[BARS, cores], question=PAIRS)
        _same(peer.name, [one.found.trades for one in mine], other.first["found"])
        calls[peer.name] = lambda other=other: float(other.run()["wall_s"])
        command = [*sweeper.command(folder / "bars.npz"), str(BARS), str(cores), "--once"]
        calls[f"{peer.name}, whole"] = lambda command=command, peer=peer: _whole_s(command, peer.environment)
    say(f"{count} rounds")
    found = rounds(count, calls)
    return _rows(found, ours, {name: (other.first, other.close()) for name, other in others.items()})


class Swept:
    """Our sweep: services/cli/sweep.py with the shortest of measures."""

    def __init__(self, columns: bars.Columns, root: Path) -> None:
        from services.cli.commands.backtest import Window
        from services.cli.sweep import Job
        from shared.domain.bar import Bars
        from shared.exchange.rules import shipped_rules

        self.columns, self.root = columns, root
        text = CROSS.read_text(encoding="utf-8")
        given = Bars(*(array(column.dtype.char.replace("l", "q"), column.tobytes()) for column in columns))
        self.job = Job(text, given, Window(None, None, None), shipped_rules("BTC/USDT"), 0, 0)
        self.sets = [{"fast.length": str(fast), "slow.length": str(slow)} for fast, slow in PAIRS]
        self.cpu_s = 0.0

    def sweep(self) -> list[Any]:
        from services.cli.sweep import brief, sweep

        return list(sweep(self.job, self.sets, brief, is_compiled=True, root=self.root))

    def command(self, file: Path) -> list[str | Path]:
        """A process that does the same once."""
        return [sys.executable, "-m", "bench.sweep", file, self.root]

    def wall_s(self) -> float:
        started, before = time.perf_counter(), getrusage(RUSAGE_CHILDREN)
        self.sweep()
        after = getrusage(RUSAGE_CHILDREN)
        self.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return time.perf_counter() - started

    def check(self, swept: list[Any]) -> None:
        """Some sets against the fold alone, in this process."""
        from shared import compiled

        compiled.switch_on(self.root)
        from shared.engine.fold import Fold
        from shared.strategy.load import load
        from shared.strategy.planning import plan_for

        ours = Ours(CROSS, self.columns)
        for one in swept[::CHECKED]:
            plan = plan_for(load(self.job.strategy, "alone"), overrides=one.settings)
            fold = Fold(plan, ours.setup)
            fold.fold(ours.bars)
            if fold.digest.hex() != one.found.digest:
                raise AssertionError(f"{one.settings}: {one.found.digest} swept, {fold.digest.hex()} alone")


def _whole_s(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> float:
    """Seconds from a process's start to its exit, the pairs given on its input."""
    started = time.perf_counter()
    subprocess.run(
        command, input=json.dumps(PAIRS), text=True, check=True, cwd=peers.ROOT, env=installed(environment or {}),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - started


def _same(name: str, mine: list[int], theirs: list[Any]) -> None:
    apart = [(pair, a, b) for pair, a, (b, _) in zip(PAIRS, mine, theirs, strict=True) if a != b]
    if apart:
        lines = [f"  lengths {pair}: {a} trades here, {b} there" for pair, a, b in apart[:20]]
        raise AssertionError("\n".join([f"{name}: {len(apart)} of {len(PAIRS)} sets differ", *lines]))
    say(f"{name}: as many trades in every set, {sum(mine):,} in all")


def _rows(found: dict[str, Series], ours: Swept, others: dict[str, tuple[dict[str, Any], float]]) -> list[Row]:
    mine, whole = found["paperfold"], found["paperfold, whole"]
    each = f"{BARS * len(PAIRS) / mine.median / 1e6:,.0f} million set-bars/s, CPU {ours.cpu_s:.1f} s"
    rows = [mine.row("a thousand sets, paperfold", "s", note=f"{each}; digests of some equal the single backtest's")]
    for name, (first, peak_mb) in others.items():
        rows.append(
            found[name].row(
                f"a thousand sets, {name}", "s", ratio=found[name].over(mine), reference="ours",
                note=f"{first['version']}, CPU {first['cpu_s']:.1f} s; as many trades in every set; "
                f"{max(peak_mb, first['child_mb']):.0f} MB a process at most",
            )
        )  # fmt: skip
    rows.append(whole.row("the same as a whole process, paperfold", "s"))
    for name in others:
        theirs = found[f"{name}, whole"]
        rows.append(theirs.row(f"the same, {name}", "s", ratio=theirs.over(whole), reference="ours"))
    return rows + [Row(peer.name, 0.0, "s", note=peer.missing) for peer in ENGINES if peer.name not in others]


if __name__ == "__main__":  # as a script of a person: BARS.npz, folder of machine code
    import numpy as np

    FOUND = np.load(sys.argv[1])
    Swept(bars.Columns(*(FOUND[name] for name in bars.Columns._fields)), Path(sys.argv[2])).sweep()
