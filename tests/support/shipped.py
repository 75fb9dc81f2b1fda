"""The figures of a shipped strategy over real bars: `python -m tests.support.shipped FILE FOLDER` prints its line."""

import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "strategies").glob("*.yaml"))
FILES = (
    ("binance_BTCUSDT_1m_90d_20240615_20240912.parquet", "BTC/USDT"),
    ("binance_ETHUSDT_1m_90d_20240615_20240912.parquet", "ETH/USDT"),
    ("binance_BTCUSDT_1m_gaps_20210201_20210521.parquet", "BTC/USDT"),
)


def checked_line(figures: Iterable[tuple[int, float, float]]) -> str:
    """Ranges of trades, profit and drawdown (ratios)."""
    trades, profits, drawdowns = zip(*figures, strict=True)

    def span(values: Iterable[float]) -> str:
        percents = [100 * value for value in values]
        return f"{min(percents):.1f} to {max(percents):.1f} %"

    return f"{min(trades)} to {max(trades)} trades, profit {span(profits)}, drawdown {span(drawdowns)}"


def main() -> None:
    from shared.compiled import switch_on

    switch_on()
    from services.cli.commands.backtest import Window
    from services.cli.file_run import run_on
    from shared.exchange.fees import rates_at
    from shared.exchange.rules import shipped_rules
    from shared.store.bar_files import read_bars
    from shared.strategy.load import load
    from shared.strategy.planning import plan_for

    path, folder = Path(sys.argv[1]), Path(sys.argv[2])
    figures = []
    for file, instrument in FILES:
        bars = read_bars(folder / file).bars
        plan = plan_for(load(path.read_text(encoding="utf-8"), path.name), instrument=instrument)
        rates = rates_at(bars.open_ms[0])
        window, rules = Window(None, None, None), shipped_rules(instrument)
        done = run_on(plan, bars, window, rules, rates.maker_ppm, rates.taker_ppm, Decimal(10_000), True)
        stats: Any = done.document["stats"]
        figures.append((stats["trade_count"], stats["profit_ratio"], stats["max_drawdown_ratio"]))
    print(checked_line(figures))


if __name__ == "__main__":
    main()
