"""Runs indicators over rows of inputs; as a program, with every kernel compiled.

`python -m tests.support.compiled_indicators JOB RESULT CACHE`: both files are pickles of plain tuples. The program is a
process of its own because kernels are compiled or interpreted when they are first imported, once and for all.
"""

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
from array import array
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from shared.kernel import vector_f

ROOT = Path(__file__).resolve().parents[2]
CacheOf = Callable[..., Path]  # settings of numba -> a folder


class Run(NamedTuple):
    """What to run: an indicator over rows of its inputs, or a kernel function over rows of arguments."""

    name: str  # type of an indicator, or module:function
    rows: Sequence[tuple[float, ...]]
    params: tuple[float, ...] = ()


class Result(NamedTuple):
    """Float64 bytes, so that equal means the same bits."""

    outputs: bytes  # bar by bar
    state: bytes  # after the last bar


def run_indicator(sheet: Any, rows: Sequence[tuple[float, ...]], params: tuple[float, ...]) -> Result:
    """Start, then one step per row."""
    size = sheet.size(*params)
    f = vector_f(size + len(sheet.outputs))
    sheet.start(f, 0, *params)
    outputs = array("d")
    for row in rows:
        sheet.step(f, 0, size, *row, *params)
        outputs.extend(f[size:])
    return Result(outputs.tobytes(), array("d", f[:size]).tobytes())


def run_compiled(job: Sequence[Run], folder: Path, cache: Path | None = None, **environment: str) -> list[Result]:
    """Run the job in a child process with compiled kernels; `folder` takes its files, `cache` machine code."""
    folder.mkdir(parents=True, exist_ok=True)
    job_file, result_file = folder / "job.pickle", folder / "result.pickle"
    job_file.write_bytes(pickle.dumps([tuple(run) for run in job]))
    subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.compiled_indicators",
            str(job_file),
            str(result_file),
            str(cache or folder / "cache"),
        ],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_INTEL_SVML": "1"} | environment,
        check=True,
    )
    return [Result(*result) for result in pickle.loads(result_file.read_bytes())]


def cache_in(root: Path, **environment: str) -> Path:
    """Where machine code of these very kernels is kept between runs; that of others is thrown away."""
    digest = hashlib.sha256(f"{sys.version} {version('numba')} {version('llvmlite')}".encode())
    for source in (ROOT / "shared" / "kernel.py", *sorted((ROOT / "shared" / "indicators").glob("*.py"))):
        digest.update(source.read_bytes())
    own = digest.hexdigest()[:16]
    for stale in root.iterdir():
        if stale.name != own:
            shutil.rmtree(stale, ignore_errors=True)
    folder = root / own / "-".join(sorted(environment) or ["plain"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main(job_file: str, result_file: str, cache: str) -> None:
    """Compile, run, write."""
    from importlib import import_module

    from shared.kernel import use_numba

    use_numba(cache)

    from shared.indicators.registry import REGISTRY

    results: list[Result] = []
    for run in (Run(*run) for run in pickle.loads(Path(job_file).read_bytes())):
        if ":" in run.name:
            module, name = run.name.split(":")
            function = getattr(import_module(module), name)
            outputs = array("d", [function(*row) for row in run.rows])
            results.append(Result(outputs.tobytes(), b""))
        else:
            results.append(run_indicator(REGISTRY[run.name], run.rows, run.params))
    Path(result_file).write_bytes(pickle.dumps([tuple(result) for result in results]))


if __name__ == "__main__":
    main(*sys.argv[1:])
