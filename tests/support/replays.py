"""Golden replays: what each recorded run decided, kept as text that a person can compare.

`tests/replay/NAME/` holds `replay.yaml` (a strategy, a market, commands), `decisions.jsonl` (what the fold returned),
`golden.json` (engine version, digest, state) and, of a shipped strategy, `wiring.py`. `python -m tests.support.replays`
writes all but `replay.yaml` anew: `make replay-accept`. A golden that changes under the same ENGINE_VERSION is refused.
`tests/replay/bits.json` does the same for every indicator and every case of the engine's tests (bits.py), as hashes.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.engine.fold import decisions
from shared.engine.version import ENGINE_VERSION
from tests.support.bits import all_bits, changed
from tests.support.differential import fold_of, strategy
from tests.support.series import Market, bars_of

FOLDER = Path(__file__).resolve().parents[1] / "replay"
BITS = FOLDER / "bits.json"
KEPT = ("digest", "state")  # of a golden, by one ENGINE_VERSION


class Golden(NamedTuple):
    """The files of a replay, as text."""

    decisions: str
    summary: str
    wiring: str | None


def names() -> list[str]:
    return sorted(path.parent.name for path in FOLDER.glob("*/replay.yaml"))


def fold_replay(name: str) -> Golden:
    """Fold a replay anew."""
    folder = FOLDER / name
    recipe: dict[str, Any] = yaml.safe_load((folder / "replay.yaml").read_text(encoding="utf-8"))
    own = folder / "strategy.yaml"
    text = own.read_text(encoding="utf-8") if own.exists() else strategy(recipe["strategy"])
    market = Market(**{key: tuple(v) if isinstance(v, list) else v for key, v in recipe["market"].items()})
    bars = bars_of(market)
    commands = [
        Command(i, one["kind"], bars.open_ms[one["bar"]], one.get("close_position", False))
        for i, one in enumerate(recipe.get("commands", ()), start=1)
    ]
    fold = fold_of(text, bars, variant=recipe.get("variant"))
    rows = decisions(fold.fold(bars, commands))
    snapshot = fold.snapshot()
    summary = {
        "engine_version": ENGINE_VERSION,
        "bars": len(bars.open_ms),
        "decisions": len(rows),
        "status": fold.status,
        "digest": fold.digest.hex(),
        "state": hashlib.sha256(snapshot.f + snapshot.m).hexdigest(),
    }
    lines = "".join(f"{line}\n" for line in (_line(row) for row in rows))
    return Golden(lines, json.dumps(summary, indent=2) + "\n", None if own.exists() else fold.text)


def _line(row: Decision) -> str:
    return json.dumps([type(row).__name__, *row], separators=(",", ":"))


def files_of(name: str, golden: Golden) -> Iterator[tuple[Path, str]]:
    folder = FOLDER / name
    yield folder / "decisions.jsonl", golden.decisions
    yield folder / "golden.json", golden.summary
    if golden.wiring is not None:
        yield folder / "wiring.py", golden.wiring


def kept_bits() -> tuple[str, dict[str, str]]:
    """The engine version that bits.json is of, and the hashes."""
    if not BITS.exists():
        return "", {}
    kept = json.loads(BITS.read_text(encoding="utf-8"))
    return kept["engine_version"], kept["bits"]


def accept() -> int:
    """Write every golden anew; refuses decisions that change without a new ENGINE_VERSION, and states: a snapshot of
    this version, laid out otherwise, would be taken for one of this code.
    """
    refused = []
    for name in names():
        golden = fold_replay(name)
        kept = FOLDER / name / "golden.json"
        before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        after = json.loads(golden.summary)
        if before.get("engine_version") == ENGINE_VERSION and any(before.get(it) != after[it] for it in KEPT):
            refused.append(name)
            continue
        for path, text in files_of(name, golden):
            path.write_text(text, encoding="utf-8")
    version, before_bits = kept_bits()
    bits = all_bits()
    refused += changed(before_bits, bits) if version == ENGINE_VERSION else []
    if not refused:
        BITS.write_text(json.dumps({"engine_version": ENGINE_VERSION, "bits": bits}, indent=1) + "\n", encoding="utf-8")
    if refused:
        print(
            f"decisions or states changed under ENGINE_VERSION {ENGINE_VERSION}: {', '.join(refused)}. Raise it first."
        )
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(accept())
