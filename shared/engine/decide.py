"""An entry-timeframe close: exits of the open side, then, if flat or going flat, entries (strategy-format 3 and 4)."""

from shared.engine.closes import submit_close
from shared.engine.codes import (
    BY_EXIT,
    BY_REPLACED,
    BY_TIME_EXIT,
    NO_EQUITY,
    NO_STOP_DISTANCE,
    NOT_READY,
    NOTE_BOTH,
    NOTE_SAME,
    REJECTED,
    UNDER_MIN_NOTIONAL,
    UNDER_MIN_QUANTITY,
)
from shared.engine.entries import age_entry, cancel_entry, open_entry, order_price, own_price
from shared.engine.levels import initial_stop, level_units
from shared.engine.portfolio import notional_of
from shared.engine.rows import equity_row, note_row, order_row
from shared.engine.sizing import entry_quantity, regime_ppm
from shared.engine.words import (
    ALLOW_SHORT,
    ATR,
    BAR_C,
    BARS_HELD,
    CASH,
    CLOSE_ORDER,
    COOLING,
    DAY_UNTIL,
    ENDING,
    ENTRY_TYPE,
    EQUITY,
    LOSSES_UNTIL,
    MIN_NOTIONAL,
    MIN_QUANTITY,
    PAUSED,
    POSITION,
    PRICE,
    RISK,
    ROWED,
    SIZING,
    START_MS,
    STATUS,
    STOP_KIND,
    STOP_PPM,
    STOP_RANGING,
    STOP_TRENDING,
    STOP_UNCERTAIN,
    SUSPENDED_UNTIL,
    TARGET_KIND,
    TIME_EXIT,
    VOLATILITY,
    VP_STOP,
    VP_TARGET,
    WAIT_ADJUST,
    WAIT_ORDER,
    WAIT_SIDE,
    WAIT_STOP,
    WAIT_STOP_VP,
    WAIT_TARGET,
    WAIT_TARGET_VP,
)
from shared.kernel import VectorM, kernel


@kernel
def reject(m: VectorM, k: VectorM, out: VectorM, ts: int, side: int, quantity: int, price: int, reason: int) -> None:
    """An entry that comes to nothing at its decision."""
    order_row(m, out, 0, ts, REJECTED, side, k[ENTRY_TYPE], quantity, own_price(k, price), reason)


@kernel
def lacks_level(m: VectorM, k: VectorM) -> bool:
    """Is an ATR or expression that the stop or target needs not ready, with nothing to stand in?"""
    stop = k[STOP_KIND] == ATR or (k[STOP_KIND] == PRICE and k[STOP_PPM] < 0)
    return (stop and m[WAIT_STOP] < 0) or (k[TARGET_KIND] == PRICE and m[WAIT_TARGET] < 0)


@kernel
def submit_entry(
    m: VectorM, k: VectorM, out: VectorM, ts: int, side: int, atr: int, trend: float, ranging: float, strength: float
) -> None:
    """Size an entry at this close and let it wait or rest, or reject it for the first reason that applies."""
    price = order_price(k, side, m[BAR_C])
    if m[EQUITY] <= 0:
        reject(m, k, out, ts, side, 0, price, NO_EQUITY)
    elif lacks_level(m, k) or (k[SIZING] == VOLATILITY and atr <= 0):
        reject(m, k, out, ts, side, 0, price, NOT_READY)
    else:
        stop = initial_stop(m, k, side, price)
        if k[SIZING] == RISK and (stop <= 0 or stop == price):
            reject(m, k, out, ts, side, 0, price, NO_STOP_DISTANCE)
        else:
            quantity = entry_quantity(k, m[EQUITY], price, stop, atr, trend, ranging, strength)
            if quantity < max(1, k[MIN_QUANTITY]):
                reject(m, k, out, ts, side, quantity, price, UNDER_MIN_QUANTITY)
            elif notional_of(k, price, quantity) < k[MIN_NOTIONAL]:
                reject(m, k, out, ts, side, quantity, price, UNDER_MIN_NOTIONAL)
            else:
                open_entry(m, k, out, ts, side, quantity, price)


@kernel
def remember_levels(
    m: VectorM, k: VectorM, side: int, stop_trend: float, stop_ranging: float, stop_level: float, stop_val: float,
    stop_vah: float, target_level: float, target_val: float, target_vah: float,
) -> None:  # fmt: skip
    """What this close knows of the entry's stop and target, kept for its fill."""
    m[WAIT_ADJUST] = regime_ppm(stop_trend, stop_ranging, k[STOP_TRENDING], k[STOP_RANGING], k[STOP_UNCERTAIN])
    m[WAIT_STOP] = level_units(stop_level)
    m[WAIT_TARGET] = level_units(target_level)
    if side > 0:
        m[WAIT_STOP_VP] = level_units(stop_val) if k[VP_STOP] == 1 else -1
        m[WAIT_TARGET_VP] = level_units(target_vah) if k[VP_TARGET] == 1 else -1
    else:
        m[WAIT_STOP_VP] = level_units(stop_vah) if k[VP_STOP] == 1 else -1
        m[WAIT_TARGET_VP] = level_units(target_val) if k[VP_TARGET] == 1 else -1


@kernel
def count_close(m: VectorM) -> None:
    """One more entry close with the position open; before rules, which may ask for it."""
    if m[POSITION] != 0:
        m[BARS_HELD] = m[BARS_HELD] + 1


@kernel
def equity_close(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """The equity row of an entry close that decides."""
    if ts >= k[START_MS]:
        equity_row(m, out, ts, m[EQUITY], m[CASH], m[POSITION])
        m[ROWED] = 1


@kernel
def may_decide(m: VectorM, ts: int) -> bool:
    """May this close decide an entry: flat or going flat, not paused, not ending, not suspended by protection?"""
    free = m[POSITION] == 0 or m[CLOSE_ORDER] > 0
    suspended = ts < m[SUSPENDED_UNTIL] or ts < m[DAY_UNTIL] or ts < m[LOSSES_UNTIL]
    return free and m[PAUSED] == 0 and m[ENDING] == 0 and not suspended


@kernel
def decide(
    m: VectorM, k: VectorM, out: VectorM, ts: int,
    entry_long: float, exit_long: float, entry_short: float, exit_short: float,
    size_trend: float, size_ranging: float, strength: float, size_atr: float,
    stop_trend: float, stop_ranging: float, stop_level: float, stop_val: float, stop_vah: float,
    target_level: float, target_val: float, target_vah: float,
) -> None:  # fmt: skip
    """Turn the outcome of the rules at an entry close into orders. `ts`: the frame's close_ms."""
    if ts < k[START_MS] or m[STATUS] != 0:
        return
    if m[WAIT_ORDER] > 0:
        age_entry(m, k, out, ts)
    if m[POSITION] != 0:
        if (exit_long if m[POSITION] > 0 else exit_short) == 1.0:
            submit_close(m, out, ts, BY_EXIT)
        elif m[BARS_HELD] == k[TIME_EXIT]:
            submit_close(m, out, ts, BY_TIME_EXIT)
    if m[WAIT_ORDER] > 0 and (exit_long if m[WAIT_SIDE] > 0 else exit_short) == 1.0:
        cancel_entry(m, out, ts, BY_EXIT)
    long = entry_long == 1.0
    short = entry_short == 1.0 and k[ALLOW_SHORT] == 1
    if m[COOLING] > 0:
        m[COOLING] = m[COOLING] - 1
    elif (long or short) and may_decide(m, ts):
        if long and short:
            note_row(m, out, ts, NOTE_BOTH, 0)
        elif (long and m[POSITION] > 0) or (short and m[POSITION] < 0):
            note_row(m, out, ts, NOTE_SAME, 0)
        else:
            side = 1 if long else -1
            cancel_entry(m, out, ts, BY_REPLACED)
            remember_levels(
                m, k, side, stop_trend, stop_ranging, stop_level, stop_val, stop_vah,
                target_level, target_val, target_vah,
            )  # fmt: skip
            submit_entry(m, k, out, ts, side, level_units(size_atr), size_trend, size_ranging, strength)
