"""What cases worked out by hand are written with: few minutes of round prices, files of few lines.

They hold the reference; the engine is asked as well, and must say the same, row by row.
"""

from typing import Any

import pandas as pd

from shared.domain.command import Command
from tests.support.differential import compared
from tests.support.reference.backtest import run

MINUTE = 60_000
RULES = {
    "tick_size": "0.01",
    "lot_step": "0.00001",
    "min_quantity": "0.00001",
    "min_notional": "1.00",
    "maker_rate": "0",
    "taker_rate": "0.0002",
}
NO_COSTS = "slippage_bps: 0, half_spread_bps: 0, commission_maker: 0, commission_taker: 0"
FREE = f"execution: {{{NO_COSTS}}}"


def bars(*rows: Any, missing: Any = ()) -> pd.DataFrame:
    """One row per minute: a price for a flat bar, or (open, high, low, close[, volume])."""
    full = [(row,) * 4 + (1.0,) if isinstance(row, int | float) else (*row, 1.0)[:5] for row in rows]
    table = pd.DataFrame(full, columns=["open", "high", "low", "close", "volume"]).astype(float)
    table.insert(0, "open_time", [i * MINUTE for i in range(len(full))])
    return table.drop(index=list(missing))


def flat(price: float, volume: float) -> tuple[float, float, float, float, float]:
    """A bar of one price."""
    return (price, price, price, price, volume)


def strategy(*lines: str, entry: str = "1m", logic: str = "entry_long: ['close == 100']") -> str:
    """A file whose only entry is a bar that closes at 100, unless told otherwise."""
    return "\n".join((f"timeframes: {{entry: {entry}}}", f"logic: {{{logic}}}", *lines))


def backtest(text: str, table: pd.DataFrame, **options: Any) -> dict[str, Any]:
    """What the reference says, once the engine has said the same."""
    asked = [(at, id_, kind, dict(args or {})) for at, id_, kind, args in options.pop("commands", ())]
    commands = [Command(id_, kind, at, args.get("close_position", False)) for at, id_, kind, args in asked]
    assert compared(f"symbol: BTC/USDT\n{text}", table, commands, **options).conclusive
    return reference_alone(text, table, commands=asked, **options)


def reference_alone(text: str, table: pd.DataFrame, **options: Any) -> dict[str, Any]:
    """Of files that only the reference takes."""
    return run(text, table, RULES, **options)


def told(result: dict[str, Any]) -> list[tuple[str, str, str, str, int]]:
    """Reason, side, quantity, price and time of every fill."""
    return [(fill["reason"], fill["side"], fill["quantity"], fill["price"], fill["ts_ms"]) for fill in result["fills"]]


def notes(result: dict[str, Any]) -> list[tuple[int, str, int]]:
    return [(note["ts_ms"], note["note"], note["value"]) for note in result["notes"]]


def reasons(result: dict[str, Any]) -> list[str]:
    """Of every fill."""
    return [fill["reason"] for fill in result["fills"]]


def orders(result: dict[str, Any], type_: str = "", side: str = "") -> list[tuple[str, int, str, str | None, str]]:
    """Event, time, quantity, price and reason of every row of an order, of one type or side if it is given."""
    return [
        (row["event"], row["ts_ms"], row["quantity"], row["price"], row["reason"])
        for row in result["orders"]
        if type_ in ("", row["type"]) and side in ("", row["side"])
    ]
