"""One live step of a strategy with twenty indicators, called from Python: interpreted, as runners do, and compiled.

Each form in a process of its own, for a process has one; interpreted, it is written out, as after thousands of bars.
A step is timed by itself, clock included; the whole of what a runner calls for one bar (the bar's columns, rows taken
out, digest) is timed beside it. The reference of the interpreted form is the loop of fused.py for the same strategy as
plain Python over lists, per bar: what twenty indicators cost in this interpreter when nothing is shared, stored or
counted.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")

from bench import bars, peers
from bench.ours import STRATEGIES, Ours
from bench.table import Row, Series, percentile, say

WARM = 3_000  # bars before the first one that is timed
STEPS = 4_000  # in a round
NAMES = {"twenty": "20 indicators", "twenty-new": "20 of other kinds"}
LIMITS = {"interpreted": 15.0, "compiled": 1.5}
BESIDE = {("interpreted", "twenty")}  # what the reference is a reference of


def measure(count: int) -> list[Row]:
    """Rows of this topic."""
    with tempfile.TemporaryDirectory(prefix="paperfold-bench-") as folder:
        say("compiling")
        processes = {form: _Process(form, Path(folder)) for form in (*LIMITS, "floor")}
        say(f"{count} rounds")
        found: dict[str, list[dict[str, float]]] = {form: [] for form in processes}
        for _ in range(count):
            for form, process in processes.items():
                found[form].append(process.round())
        for process in processes.values():
            process.close()
    figures = {form: {key: Series([one[key] for one in all_]) for key in all_[0]} for form, all_ in found.items()}
    floor = figures["floor"]["twenty"]
    rows = [floor.row("20 indicators, the fused loop as plain Python", "us")]
    for form, limit in LIMITS.items():
        for name, what in NAMES.items():
            p50, p99, fold = (figures[form][f"{name} {kind}"] for kind in ("step p50", "step p99", "fold p50"))
            beside = {"ratio": p50.over(floor), "reference": "that loop"} if (form, name) in BESIDE else {}
            rows += [
                p50.row(f"step, {what}, {form}, p50", "us", budget=f"<= {limit:g} us", met=p50.median <= limit,
                        **beside),
                p99.row(f"step, {what}, {form}, p99", "us"),
                fold.row(f"Fold.fold of one bar, {what}, {form}, p50", "us", note="rows taken out, digest chained"),
            ]  # fmt: skip
    return rows


class _Process:
    """A process that holds folds in one form and times a round when asked."""

    def __init__(self, form: str, folder: Path) -> None:
        environment = {"NUMBA_DISABLE_JIT": "1"} if form == "floor" else {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.step", form, str(folder)], cwd=peers.ROOT, env=peers.installed(environment),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError(f"{form} ended with {self._process.wait()}")

    def round(self) -> dict[str, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("round\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


def serve(form: str, folder: Path) -> None:
    """The process of one form."""
    columns = bars.generated(WARM + STEPS)
    if form == "compiled":
        from shared import compiled

        compiled.switch_on(folder / "cache")
    minutes = list(zip(*(column.tolist() for column in columns), strict=True))
    folds = {} if form == "floor" else {name: Ours(STRATEGIES / f"{name}.yaml", columns) for name in NAMES}

    def once() -> dict[str, float]:
        if form == "floor":
            return {"twenty": _floor(minutes)}
        return {key: value for name, ours in folds.items() for key, value in _round(name, ours, minutes).items()}

    once()  # compiled by then
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(once()), flush=True)


def _round(name: str, ours: Ours, minutes: list[tuple[float, ...]]) -> dict[str, float]:
    from shared.domain.bar import Bars

    clock = time.perf_counter_ns
    fold = ours.fresh()
    fold.write_out()
    step, out = fold._step, fold._out
    state = (fold._f, fold._m, fold._k, fold._p, out)
    steps: list[float] = []
    for minute in minutes:
        started = clock()
        step(*state, *minute)
        steps.append((clock() - started) / 1e3)
        out[0] = 0
    again = ours.fresh()
    again.write_out()
    folds: list[float] = []
    for minute in minutes:
        started = clock()
        again.fold(Bars._make([value] for value in minute))
        folds.append((clock() - started) / 1e3)
    return {
        f"{name} step p50": percentile(steps[WARM:], 0.5),
        f"{name} step p99": percentile(steps[WARM:], 0.99),
        f"{name} fold p50": percentile(folds[WARM:], 0.5),
    }


def _floor(minutes: list[tuple[float, ...]]) -> float:
    """Microseconds a bar of the fused loop, of which numba compiles nothing here."""
    from bench import fused

    columns = [list(column) for column in zip(*minutes, strict=True)]
    table = fused.trades_table()
    started = time.perf_counter_ns()
    fused.twenty(*columns, 10_000_000.0, 0.95, table)
    return (time.perf_counter_ns() - started) / 1e3 / len(minutes)


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
