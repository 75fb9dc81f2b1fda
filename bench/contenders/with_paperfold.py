"""Paperfold, compiled: `python -m bench.contenders.with_paperfold BARS.npz`.

Its runs: the fold, with rows of every decision and their digest, and `step`, the generated loop without either.
"""

import numpy as np

from bench.bars import Columns
from bench.contenders.protocol import serve
from bench.ours import CROSS, Ours
from shared import compiled


def load(path: str) -> Ours:
    found = np.load(path)
    return Ours(CROSS, Columns(*(found[name] for name in Columns._fields)))


def main() -> None:
    compiled.switch_on()
    from shared.engine.version import ENGINE_VERSION

    serve("paperfold", f"engine {ENGINE_VERSION}", load, Ours.trades, fold=Ours.fold, step=Ours.step_alone)


if __name__ == "__main__":
    main()
