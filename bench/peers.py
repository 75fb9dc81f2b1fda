"""Other people's engines, in environments of their own. One that is not there is said, and nothing fails.

`make bench-peers` makes .venv-bench from bench/requirements.txt; PAPERFOLD_BENCH_PEERS names another interpreter.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MISSING = "vectorbt: not here, so nothing is said about it (make bench-peers)"


def interpreter() -> Path | None:
    """The Python that has the peers."""
    named = os.environ.get("PAPERFOLD_BENCH_PEERS")
    found = Path(named) if named else HERE.parent / ".venv-bench" / "bin" / "python"
    if not found.exists():
        return None
    probe = subprocess.run([found, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('vectorbt') is None)"])
    return found if probe.returncode == 0 else None


class Vectorbt:
    """A vectorbt process that has loaded the bars and runs once when asked."""

    def __init__(self, python: Path, bars: Path) -> None:
        self._process = subprocess.Popen(
            [python, HERE / "vectorbt_peer.py", bars], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.first = self._answer()  # compiles, or loads what it compiled

    def run(self) -> dict[str, Any]:
        """cpu_s, wall_s, trades, final."""
        assert self._process.stdin is not None
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"vectorbt ended with {self._process.wait()}")
        return dict(json.loads(line))
