"""The engine over a million bars: its step, its fold with rows and digest, a hand-fused loop, and vectorbt.

All compiled, CPU time of one thread, every contender once a round.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")

from bench import bars, peers
from bench.table import Row, Series, cpu_s, rounds, say

HERE = Path(__file__).resolve().parent
BREAKOUT = HERE.parent / "strategies" / "volume-profile-breakout.yaml"


class Ours:
    """A strategy over the bars, folded anew as often as asked; compiled in this process."""

    def __init__(self, path: Path, columns: bars.Columns) -> None:
        from shared.domain.bar import Bars
        from shared.engine.setup import Setup, costs_of
        from shared.exchange.fees import rates_at
        from shared.exchange.rules import shipped_rules
        from shared.kernel import column_f, column_m
        from shared.strategy.load import load
        from shared.strategy.planning import plan_for

        self.plan = plan_for(load(path.read_text(encoding="utf-8"), path.name))
        rates = rates_at(bars.FIRST_MS)
        million = 1_000_000
        from decimal import Decimal

        costs = costs_of(self.plan, Decimal(rates.maker_ppm) / million, Decimal(rates.taker_ppm) / million)
        self.setup = Setup(
            shipped_rules(self.plan.instrument), costs, self.plan.cash, bars.FIRST_MS, bars.FIRST_MS
        )  # fmt: skip
        self.bars = Bars(column_m(columns.open_ms), *(column_f(column) for column in columns[1:]))
        self.fresh()

    def fresh(self) -> Any:
        from shared.engine.fold import Fold

        return Fold(self.plan, self.setup)

    def fold(self) -> Any:
        """Everything: rows taken out, digest chained. Returns the fold and its rows."""
        fold = self.fresh()
        return fold, fold.fold(self.bars)

    def step_alone(self) -> int:
        """The generated loop over the arrays and nothing else: rows are written and dropped."""
        fold = self.fresh()
        run, out, count = fold._module.run, fold._out, len(self.bars.open_ms)
        state = (fold._f, fold._m, fold._k, fold._p, out)
        at = 0
        while at < count:
            at = run(*state, *self.bars, at, count)
            out[0] = 0
        return int(at)

    def trades(self) -> tuple[list[tuple[int, int]], float]:
        """Entry and exit minute of every trade, and equity at the end."""
        from shared.domain.decision import Trade
        from shared.engine.fold import decisions

        fold, rows = self.fold()
        minute = 60_000
        found = [d for d in decisions(rows) if isinstance(d, Trade)]
        equity = fold.equity / 10**self.setup.rules.quote_decimals
        return [(d.entry_ms // minute * minute, d.exit_ms // minute * minute) for d in found], equity


def same(name: str, ours: Ours, loop: Callable[[Any], Any], note: str = "") -> str:
    """Ours against a fused loop: equal minutes of entry and exit, equity within a millionth. Raises when not."""
    from bench.fused import trades_table

    table = trades_table()
    count, equity, _ = loop(table)
    theirs = [(int(a), int(b)) for a, b in table[:count]]
    mine, my_equity = ours.trades()
    for at, (a, b) in enumerate(zip(mine, theirs, strict=False)):
        if a != b:
            raise AssertionError(f"{name}: trade {at} is {a} here and {b} in the fused loop")
    if len(mine) != len(theirs):
        raise AssertionError(f"{name}: {len(mine)} trades here and {len(theirs)} in the fused loop")
    if abs(my_equity / equity - 1.0) > 1e-4:
        raise AssertionError(f"{name}: equity {my_equity} here and {equity} in the fused loop")
    return f"{count} trades on equal minutes, final {my_equity:,.0f} and {equity:,.0f}"


def measure(count: int) -> list[Row]:
    """Rows of this topic."""
    with tempfile.TemporaryDirectory(prefix="paperfold-bench-") as folder:
        from shared import compiled

        compiled.switch_on(Path(folder) / "cache")
        say("a million bars")
        columns = bars.generated()
        return _measure(count, columns, Path(folder))


def _measure(count: int, columns: bars.Columns, folder: Path) -> list[Row]:
    from bench import fused

    t, o, h, l, c, v = columns
    cash, table = 10_000_000.0, fused.trades_table()
    say("compiling")
    cross, twenty = (
        Ours(HERE / "strategies/ema-cross-floor.yaml", columns),
        Ours(HERE / "strategies/twenty.yaml", columns),
    )
    breakout = Ours(BREAKOUT, columns)

    def floor(into: Any = table) -> Any:
        return fused.ema_cross(t, o, l, c, cash, 0.95, 0.001, into)

    def floor_twenty(into: Any = table) -> Any:
        return fused.twenty(t, o, h, l, c, v, cash, 0.95, into)

    agreed = same("EMA cross", cross, floor)
    agreed_twenty = same("twenty indicators", twenty, floor_twenty)
    say(f"EMA cross: {agreed}")
    say(f"twenty: {agreed_twenty}")
    rows_of = {name: len(ours.fold()[1]) // 14 for name, ours in (("cross", cross), ("breakout", breakout))}

    calls: dict[str, Callable[[], float]] = {
        "floor": lambda: min(cpu_s(floor) for _ in range(3)),
        "cross step": lambda: cpu_s(cross.step_alone),
        "cross fold": lambda: cpu_s(cross.fold),
        "floor twenty": lambda: min(cpu_s(floor_twenty) for _ in range(3)),
        "twenty step": lambda: cpu_s(twenty.step_alone),
        "twenty fold": lambda: cpu_s(twenty.fold),
        "breakout step": lambda: cpu_s(breakout.step_alone),
        "breakout fold": lambda: cpu_s(breakout.fold),
    }
    python = peers.interpreter()
    peer, note = None, peers.MISSING
    if python is None:
        say(peers.MISSING)
    else:
        import numpy as np

        np.savez(folder / "bars.npz", **columns._asdict())
        say("vectorbt")
        peer = peers.Vectorbt(python, folder / "bars.npz")
        calls["vectorbt"] = lambda: float(peer.run()["cpu_s"])
    for name, call in calls.items():
        if name != "vectorbt":
            call()
    say(f"{count} rounds")
    found = rounds(count, calls)
    if peer is not None:
        first = peer.first
        results = f"{first['trades']} trades, final {first['final']:,.0f}"
        note = f"vectorbt {first['version']}: {results}; its first run {first['wall_s']:.1f} s"
        peer.close()
    return _rows(found, agreed, agreed_twenty, rows_of, note)


def _rows(found: dict[str, Series], agreed: str, agreed_twenty: str, rows_of: dict[str, int], peer: str) -> list[Row]:
    floor, step, fold = found["floor"], found["cross step"], found["cross fold"]
    rows = [
        floor.row("EMA cross, hand-fused loop", "ms", 1e3, note=agreed),
        step.row("EMA cross, our step over arrays", "ms", 1e3, ratio=step.over(floor), reference="fused loop"),
        fold.row(
            "EMA cross, our fold (rows, digest)", "ms", 1e3, ratio=fold.over(floor), reference="fused loop",
            budget="<= 20x", met=fold.over(floor) <= 20.0, note=f"{rows_of['cross']:,} rows",
        ),
    ]  # fmt: skip
    if "vectorbt" in found:
        vectorbt = found["vectorbt"]
        times = vectorbt.over(fold)
        rows.append(
            vectorbt.row(
                "EMA cross, vectorbt", "ms", 1e3, ratio=times, reference="our fold", budget=">= 5x", met=times >= 5.0,
                note=peer,
            )
        )  # fmt: skip
    else:
        rows.append(Row("EMA cross, vectorbt", 0.0, "ms", note=peer))
    floor, step, fold = found["floor twenty"], found["twenty step"], found["twenty fold"]
    rows += [
        floor.row("20 indicators on 1m, hand-fused loop", "ms", 1e3, note=agreed_twenty),
        step.row("20 indicators, our step over arrays", "ms", 1e3, ratio=step.over(floor), reference="its fused loop"),
        fold.row(
            "20 indicators, our fold", "ms", 1e3, ratio=fold.over(floor), reference="its fused loop", budget="<= 60x",
            met=fold.over(floor) <= 60.0, note="an equity row a minute",
        ),
    ]  # fmt: skip
    step, fold = found["breakout step"], found["breakout fold"]
    rows += [
        step.row("volume-profile-breakout, our step over arrays", "s"),
        fold.row(
            "volume-profile-breakout, our fold", "s", budget="<= 1 s", met=fold.median <= 1.0,
            note=f"{rows_of['breakout']:,} rows",
        ),
    ]  # fmt: skip
    return rows
