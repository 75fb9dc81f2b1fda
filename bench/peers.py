"""Contenders as processes: ours, a hand-fused loop, and other people's engines in environments of their own.

`make bench-peers` makes .venv-bench and .venv-bench-nautilus (two, for one wants pandas 2 and the others 3) from
bench/requirements*.txt. What is not there is said, and nothing fails.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


@dataclass(frozen=True, slots=True)
class Peer:
    """One contender: how it is started, how often it runs at most, and why its equity is not exactly ours."""

    name: str
    script: str
    module: str  # without it, the contender is not there
    venv: str = ""  # folder beside the repository's files; "": our own interpreter
    runs: int = 99
    money: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def python(self) -> Path | None:
        """Its interpreter, where it is installed."""
        found = ROOT / self.venv / "bin" / "python" if self.venv else Path(sys.executable)
        if not found.exists():
            return None
        probe = f"import importlib.util as u, sys; sys.exit(u.find_spec({self.module!r}) is None)"
        return found if subprocess.run([found, "-c", probe]).returncode == 0 else None

    def command(self, bars: Path) -> list[str | Path]:
        assert self.python is not None
        script = [HERE / "contenders" / f"{self.script}.py"] if self.venv else ["-m", f"bench.contenders.{self.script}"]
        return [self.python, *script, bars]

    @property
    def missing(self) -> str:
        return f"{self.name}: not here, so nothing is said about it (make bench-peers)"


SHARE_OF_CASH = "95 % of its cash when it fills, fee included; ours of equity when it decides, and down to a lot"
RUST = {"VBT_ENGINE": "rust"}
NUMBA = {"VBT_ENGINE": "numba"}
FUSED = Peer("hand-fused loop", "with_fused", "numba", money="floats, no ticks and lots")
OURS = Peer("paperfold", "with_paperfold", "numba")
VECTORBT = Peer("vectorbt, numba", "with_vectorbt", "vectorbt", ".venv-bench", money=SHARE_OF_CASH, environment=NUMBA)
VECTORBT_RUST = Peer(
    "vectorbt, Rust", "with_vectorbt", "vectorbt_rust", ".venv-bench", money=SHARE_OF_CASH, environment=RUST
)
BACKTESTING = Peer(
    "backtesting.py", "with_backtesting", "backtesting", ".venv-bench", 7, f"whole units of BTC, {SHARE_OF_CASH}"
)
NAUTILUS = Peer(
    "nautilus_trader", "with_nautilus", "nautilus_trader", ".venv-bench-nautilus", 7,
    "entries and exits by signal at the deciding close, the moment of the next open but not its price",
)  # fmt: skip
OTHERS = (VECTORBT, VECTORBT_RUST, BACKTESTING, NAUTILUS)


def installed(more: Mapping[str, str]) -> dict[str, str]:
    """An environment in which Python keeps what it compiled, as where a person runs it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(more)


class Contender:
    """A contender's process, which has loaded the bars and run once."""

    def __init__(
        self,
        peer: Peer,
        bars: Path,
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[object] = (),
        question: object = None,  # its first line, as JSON
    ) -> None:
        self.peer = peer
        self._process = subprocess.Popen(
            [*peer.command(bars), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=installed({**peer.environment, **(environment or {})}),
        )
        if question is not None:
            self._say(json.dumps(question))
        self.first = self._answer()  # compiles, or loads what it compiled

    @property
    def trades(self) -> Sequence[tuple[int, int]]:
        """Entry and exit minute of each closed trade."""
        return [(entry, left) for entry, left in self.first["trades"]]

    def run(self, what: str = "") -> dict[str, Any]:
        """cpu_s, wall_s of one more run."""
        self._say(what)
        return self._answer()

    def close(self) -> float:
        """End it; the most memory that it held, in MB."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        peak_mb = float(self._answer()["peak_mb"])
        self._process.wait(30)
        return peak_mb

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.peer.name} ended with {self._process.wait()}")
        return dict(json.loads(line))
