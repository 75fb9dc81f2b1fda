"""A strategy of ours over bars in memory, in the form that this process has chosen."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from bench import bars

HERE = Path(__file__).resolve().parent
STRATEGIES = HERE / "strategies"
SHIPPED = HERE.parent / "strategies"
CROSS = STRATEGIES / "ema-cross-floor.yaml"
MILLION = Decimal(1_000_000)


class Ours:
    """Folded anew as often as asked."""

    def __init__(self, path: Path, columns: bars.Columns) -> None:
        from shared.domain.bar import Bars
        from shared.engine.setup import Setup, costs_of
        from shared.exchange.fees import rates_at
        from shared.exchange.rules import shipped_rules
        from shared.kernel import column_f, column_m
        from shared.strategy.load import load
        from shared.strategy.planning import plan_for

        self.plan = plan_for(load(path.read_text(encoding="utf-8"), path.name))
        first_ms = int(columns.open_ms[0])
        rates = rates_at(first_ms)
        costs = costs_of(self.plan, Decimal(rates.maker_ppm) / MILLION, Decimal(rates.taker_ppm) / MILLION)
        self.setup = Setup(shipped_rules(self.plan.instrument), costs, self.plan.cash, first_ms, first_ms)
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
        """The generated loop over the arrays and nothing else, compiled: rows are written and dropped."""
        fold = self.fresh()
        run, out, count = fold._module.run, fold._out, len(self.bars.open_ms)
        state = (fold._f, fold._m, fold._k, fold._p, out)
        at = 0
        while at < count:
            now = self.bars.open_ms[at]
            if fold._is_late(now):  # behind a hole: run leaves it to its caller
                fold._module.late(*state, now)
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
