"""Lines whose loss the suite must notice, each with what stands there instead."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """`old` stands in `path` exactly once."""

    name: str
    path: str
    old: str
    new: str


def _of(module: str, *lines: tuple[str, str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(f"{module}.{name}", f"shared/engine/{module}.py", old, new) for name, old, new in lines)


MUTANTS: tuple[Mutant, ...] = (
    *_of(
        "broker",
        ("gap_at_the_trigger", "fill_stop(m, k, out, ts, m[BAR_O])", "fill_stop(m, k, out, ts, m[STOP])"),
        ("stop_at_the_open_strict", "side * (m[STOP] - m[BAR_O]) >= 0", "side * (m[STOP] - m[BAR_O]) > 0"),
        ("long_stop_not_touched", "m[BAR_L] <= m[STOP]", "m[BAR_L] < m[STOP]"),
        ("short_stop_by_the_low", "m[BAR_H] >= m[STOP]", "m[BAR_L] >= m[STOP]"),
        ("quiet_minute_triggers", "    if m[NO_TRADE] == 0:\n        ts =", "    if True:\n        ts ="),
        ("entered_inside_is_safe", "if m[FILLED] > before and is_stopped(m):", "if False:"),
        ("entry_before_close",
         ("    if m[CLOSE_ORDER] > 0:\n        fill_close(m, k, out, ts)\n"
         "    if m[WAIT_ORDER] > 0 and m[WAIT_RESTS] == 0:\n        fill_waiting(m, k, out, ts)\n"),
         ("    if m[WAIT_ORDER] > 0 and m[WAIT_RESTS] == 0:\n        fill_waiting(m, k, out, ts)\n"
         "    if m[CLOSE_ORDER] > 0:\n        fill_close(m, k, out, ts)\n")),
        ("profit_before_stop", "if is_stopped(m):\n                fill_stop",
         "if m[TARGET] == 0 and is_stopped(m):\n                fill_stop"),
    ),
    *_of(
        "closes",
        ("limit_by_touch", "side * (reached - m[TARGET]) > 0", "side * (reached - m[TARGET]) >= 0"),
        ("rung_at_its_price_in_a_gap", "price = reached if at_open == 1 else m[at + RUNG_PRICE]",
         "price = m[at + RUNG_PRICE]"),
        ("target_as_taker", "MAKER, BY_TARGET", "TAKER, BY_TARGET"),
        ("rest_of_entry_lives", "    cancel_rest(m, out, ts, BY_POSITION_REDUCED)\n", ""),
    ),
    *_of(
        "entries",
        ("limit_entry_by_touch", "m[BAR_H]) - price) < 0", "m[BAR_H]) - price) <= 0"),
        ("limit_entry_above", "return moved(close, -side if k[ENTRY_TYPE] == LIMIT_TYPE else side,",
         "return moved(close, side,"),
        ("expires_a_close_late", "m[WAIT_CLOSES] == k[EXPIRE]", "m[WAIT_CLOSES] > k[EXPIRE]"),
        ("one_lot_too_many", "> m[CASH]:\n        most = most - 1", "> m[CASH] + lot:\n        most = most - 1"),
        ("fills_without_lots", "m[WAIT_BEGUN] == 1) and m[LOTS] > 0", "m[WAIT_BEGUN] == 1)"),
    ),
    *_of(
        "levels",
        ("stop_on_the_winning_side", "stop = moved(price, -side, ratio)", "stop = moved(price, side, ratio)"),
        ("value_area_edge_too_far", "2 * away >= nearest and away <= farthest", "2 * away >= nearest"),
    ),
    *_of(
        "exits",
        ("ladder_of_the_whole", "            left = left - share\n", ""),
        ("target_survives_the_stop", "    if m[TARGET_ORDER] > 0 and m[TARGET_ORDER] != spent:", "    if False:"),
    ),
    *_of(
        "trailing",
        ("trailing_loosens", "behind > 0 and side * (behind - stop) > 0", "behind > 0"),
        ("active_at_once", "gain >= mul_div_ceil(risk, k[ACTIVATE], PPM)", "gain >= 0"),
    ),
    *_of(
        "sizing",
        ("risk_of_the_price", "product(abs(price - stop), k[UNIT])", "product(price, k[UNIT])"),
        ("strength_forgotten", "power = PPM if k[HAS_STRENGTH] == 0 or is_nan(strength) else to_ppm(strength)",
         "power = PPM"),
        ("uncertain_is_ranging", "    return uncertain_ppm", "    return ranging_ppm"),
        ("no_cap", "quantity = min(quantity, mul_div_floor(equity, k[MAX_POSITION], PPM) // lot_value)",
         "quantity = max(quantity, 0)"),
    ),
    *_of(
        "portfolio",
        ("maker_pays_taker", "k[TAKER_PPM] if liquidity == TAKER else k[MAKER_PPM]", "k[TAKER_PPM]"),
        ("fee_given_back", "bounded(bounded(m[CASH] - side * notional) - fee)",
         "bounded(bounded(m[CASH] - side * notional) + fee)"),
        ("fees_of_the_trade_before", "        m[FEES] = 0\n", ""),
        ("worst_of_the_last_bar", "m[WORST] = min(m[WORST], low)", "m[WORST] = low"),
        ("entered_inside_lives_the_bar", "m[INSIDE] = 1 if ts != m[BAR_OPEN_MS] else 0", "m[INSIDE] = 0"),
        ("loss_is_no_draw", "has_gained = gross > m[FEES]", "has_gained = gross >= m[FEES]"),
        ("short_is_worth_more", "bounded(m[CASH] - notional_of(k, price, -m[POSITION]))",
         "bounded(m[CASH] + notional_of(k, price, -m[POSITION]))"),
    ),
    *_of(
        "protection",
        ("peak_of_the_day_before", "m[PEAK] = max(m[PEAK], level)", "m[PEAK] = level"),
        ("drawdown_strict", "m[PEAK] - level >= mul_div_ceil", "m[PEAK] - level > mul_div_ceil"),
        ("peak_stays_after_the_pause", "            m[PEAK] = level\n", ""),
        ("window_never_forgets", "m[WINDOW_SUM] = m[WINDOW_SUM] - m[slot]", "m[WINDOW_SUM] = m[WINDOW_SUM]"),
        ("resting_entry_survives", "    cancel_entry(m, out, ts, reason)\n    submit_close", "    submit_close"),
        ("day_of_the_first_bar", "m[DAY_EQUITY] = before", "m[DAY_EQUITY] = m[EQUITY]"),
        ("losses_not_forgotten", "            m[LOSSES] = 0\n", ""),
    ),
    *_of(
        "frames",
        ("high_of_the_last_minute", "f[at + H] = max(f[at + H], h)", "f[at + H] = h"),
        ("volume_of_the_last_minute", "f[at + V] = f[at + V] + v", "f[at + V] = v"),
        ("closes_a_minute_early", "t + MINUTE == start + length", "t + 2 * MINUTE == start + length"),
        ("partial_first_frame", "1 if start >= k[WARMUP_FROM_MS] else 0", "1"),
        ("lag_off_by_one", "f[at] = (f[at] + 1.0) % lag", "f[at] = (f[at] + 2.0) % lag"),
    ),
)  # fmt: skip
