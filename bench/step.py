"""One live step of the twenty-indicator strategy, called from Python: interpreted, as runners do, and compiled.

Each form in a process of its own, for a process has one. A step is timed by itself, clock included; the whole of what
a runner calls for one bar (the bar's columns, rows taken out, digest) is timed beside it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")

from bench import bars
from bench.table import Row, Series, percentile, say

HERE = Path(__file__).resolve().parent
WARM = 3_000  # bars before the first one that is timed
STEPS = 4_000  # in a round


def measure(count: int) -> list[Row]:
    """Rows of this topic."""
    with tempfile.TemporaryDirectory(prefix="paperfold-bench-") as folder:
        forms = {form: _Form(form, Path(folder)) for form in ("interpreted", "compiled")}
        say(f"{count} rounds")
        found: dict[str, list[dict[str, float]]] = {form: [] for form in forms}
        for _ in range(count):
            for name, form in forms.items():
                found[name].append(form.round())
        for form in forms.values():
            form.close()
    rows = []
    for name, limit in (("interpreted", 15.0), ("compiled", 1.5)):
        figures = {key: Series([one[key] for one in found[name]]) for key in found[name][0]}
        p50 = figures["step p50"]
        rows += [
            p50.row(f"step, {name}, p50", "us", budget=f"<= {limit:g} us", met=p50.median <= limit),
            figures["step p99"].row(f"step, {name}, p99", "us"),
            figures["fold p50"].row(f"Fold.fold of one bar, {name}, p50", "us", note="rows taken out, digest chained"),
        ]
    return rows


class _Form:
    """A process that holds a fold in one form and times a round when asked."""

    def __init__(self, form: str, folder: Path) -> None:
        command = [sys.executable, "-m", "bench.step", form, str(folder)]
        self._process = subprocess.Popen(
            command, cwd=HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
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
    from bench.ours import Ours

    ours = Ours(HERE / "strategies/twenty.yaml", columns)
    minutes = list(zip(*(column.tolist() for column in columns), strict=True))
    _round(ours, minutes)  # compiled by then
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(_round(ours, minutes)), flush=True)


def _round(ours: object, minutes: list[tuple[float, ...]]) -> dict[str, float]:
    from shared.domain.bar import Bars

    clock = time.perf_counter_ns
    fold = ours.fresh()  # type: ignore[attr-defined]
    step, out = fold._module.step, fold._out
    state = (fold._f, fold._m, fold._k, fold._p, out)
    steps: list[float] = []
    for minute in minutes:
        started = clock()
        step(*state, *minute)
        steps.append((clock() - started) / 1e3)
        out[0] = 0
    again = ours.fresh()  # type: ignore[attr-defined]
    folds: list[float] = []
    for minute in minutes:
        started = clock()
        again.fold(Bars._make([value] for value in minute))
        folds.append((clock() - started) / 1e3)
    return {
        "step p50": percentile(steps[WARM:], 0.5),
        "step p99": percentile(steps[WARM:], 0.99),
        "fold p50": percentile(folds[WARM:], 0.5),
    }


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
