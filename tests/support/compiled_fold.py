"""Folds strategies over generated markets; as a program, with every kernel compiled.

`python -m tests.support.compiled_fold JOB RESULT CACHE`: both files are pickles of plain tuples. The program is a
process of its own because kernels are compiled or interpreted when they are first imported, once and for all.
"""

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.series import Market

ROOT = Path(__file__).resolve().parents[2]


class Job(NamedTuple):
    """What to fold. `cuts`: bars after which the fold goes on in a new one, from a snapshot."""

    text: str
    market: Market
    cash: str = "10000"
    cuts: tuple[int, ...] = ()
    commands: tuple[tuple[int, str, int, bool], ...] = ()


class Folded(NamedTuple):
    """All that two forms must have in common, or the error that ended both."""

    rows: tuple[int, ...]
    digest: bytes
    f: bytes
    m: bytes
    counts: tuple[tuple[int, int, int], ...]
    error: str = ""


def fold_job(job: Job) -> Folded:
    """Fold it in the form of this process."""
    from shared.domain.bar import Bars
    from shared.domain.command import Command
    from shared.domain.errors import OutOfRangeError
    from tests.support.differential import fold_of
    from tests.support.series import bars_of

    bars = bars_of(job.market)
    commands = [Command(*command) for command in job.commands]
    fold = fold_of(job.text, bars, cash=job.cash)
    rows: list[int] = []
    first = 0
    try:
        for last in (*job.cuts, len(bars.open_ms)):
            ahead = [command for command in commands if command.effective_ms > fold.position_ms]
            rows += fold.fold(Bars(*(column[first:last] for column in bars)), ahead)
            snapshot = fold.snapshot()
            fold = fold_of(job.text, bars, cash=job.cash)
            assert fold.restore(snapshot)
            first = last
    except OutOfRangeError as error:
        return Folded((), b"", b"", b"", (), str(error))
    counts = tuple((one.evaluated, one.held, one.not_ready) for one in fold.rule_counts())
    return Folded(tuple(rows), fold.digest, snapshot.f, snapshot.m, counts)


def fold_compiled(jobs: Sequence[Job], cache: Path, **environment: str) -> list[Folded]:
    """Fold the jobs in a child process with compiled kernels, whose machine code is kept under `cache`."""
    with tempfile.TemporaryDirectory() as folder:
        job_file, result_file = Path(folder) / "job.pickle", Path(folder) / "result.pickle"
        job_file.write_bytes(pickle.dumps([(*job[:1], tuple(job.market), *job[2:]) for job in jobs]))
        subprocess.run(
            [sys.executable, "-m", "tests.support.compiled_fold", str(job_file), str(result_file), str(cache)],
            cwd=ROOT,
            env=os.environ | {"NUMBA_DISABLE_INTEL_SVML": "1"} | environment,
            check=True,
        )
        return [Folded(*folded) for folded in pickle.loads(result_file.read_bytes())]


def compiled_more_than_once() -> dict[str, int]:
    """Kernels of this process with several machine forms."""
    kernels = [
        (f"{name}.{key}", value)
        for name, module in list(sys.modules.items())
        if name.startswith("shared.")
        for key, value in vars(module).items()
    ]
    return {name: len(value.signatures) for name, value in kernels if len(getattr(value, "signatures", ())) > 1}


def main(job_file: str, result_file: str, cache: str) -> None:
    """Compile, fold, write."""
    from shared import compiled

    compiled.switch_on(Path(cache))
    jobs = [Job(text, Market(*market), *rest) for text, market, *rest in pickle.loads(Path(job_file).read_bytes())]
    Path(result_file).write_bytes(pickle.dumps([tuple(fold_job(job)) for job in jobs]))
    twice = compiled_more_than_once()
    assert not twice, twice  # such as once for each literal that a caller passes: seconds more for a new strategy


if __name__ == "__main__":
    main(*sys.argv[1:])
