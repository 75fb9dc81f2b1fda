"""What quantstats and backtesting.py say of a run; run by the interpreter that has them (make bench-peers).

Reads JSON from stdin: `cash`; `equity` and `closes` at the end of consecutive UTC days, each with what there was before
the first; `trades` [[entry day, exit day, stake, net]]. Writes {"quantstats": {...}, "backtesting": {...}} to stdout.
"""

import json
import sys
import warnings

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")  # other people's
import quantstats.stats as qs  # noqa: E402
from backtesting._stats import compute_stats  # noqa: E402

YEAR = 365


def of_quantstats(equity: pd.Series, closes: pd.Series) -> dict[str, float]:
    returns, market = equity.pct_change().dropna(), closes.pct_change().dropna()
    line = qs.greeks(returns, market, periods=YEAR, prepare_returns=False)
    return {
        "sharpe": qs.sharpe(returns, periods=YEAR),
        "sortino": qs.sortino(returns, periods=YEAR),
        "omega": qs.omega(returns, periods=YEAR),
        "volatility": qs.volatility(returns, periods=YEAR, prepare_returns=False),
        "skew": qs.skew(returns, prepare_returns=False),
        "kurtosis": qs.kurtosis(returns, prepare_returns=False),
        "cagr": qs.cagr(returns, periods=YEAR),
        "calmar": qs.calmar(returns, prepare_returns=False, periods=YEAR),
        "max_drawdown": qs.max_drawdown(returns),
        "ulcer_index": qs.ulcer_index(returns),
        "historical_cvar": qs.conditional_value_at_risk(returns, prepare_returns=False, method="historical"),
        "normal_var": qs.value_at_risk(returns, prepare_returns=False),
        "alpha": line["alpha"],
        "beta": line["beta"],
        "best": qs.best(returns, prepare_returns=False),
        "worst": qs.worst(returns, prepare_returns=False),
    }


def of_backtesting(equity: pd.Series, closes: pd.Series, trades: list[list[float]]) -> dict[str, float]:
    rows = pd.DataFrame(trades, columns=["EntryBar", "ExitBar", "Stake", "PnL"]).astype(
        {"EntryBar": int, "ExitBar": int}
    )
    rows["ReturnPct"] = rows.PnL / rows.Stake
    rows["Duration"] = pd.to_timedelta(rows.ExitBar - rows.EntryBar, unit="D")
    bars = pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close"), closes))
    stats = compute_stats(rows, equity.to_numpy(), bars, None)
    plain = {name: value for name, value in stats.items() if not name.startswith("_")}
    days = {name: value / pd.Timedelta(days=1) for name, value in plain.items() if isinstance(value, pd.Timedelta)}
    numbers = {name: float(value) for name, value in plain.items() if isinstance(value, int | float | np.number)}
    return numbers | days


def main() -> None:
    given = json.load(sys.stdin)
    index = pd.date_range("2024-12-31", periods=len(given["equity"]), freq="D")
    equity, closes = (pd.Series(given[name], index=index, dtype=float) for name in ("equity", "closes"))
    found = {
        "quantstats": {name: float(value) for name, value in of_quantstats(equity, closes).items()},
        "backtesting": of_backtesting(equity, closes, given["trades"]),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
