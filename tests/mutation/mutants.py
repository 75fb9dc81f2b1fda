"""Lines whose loss the suite must notice, each with what stands there instead."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """`old` stands in `path` exactly once."""

    name: str
    path: str
    old: str
    new: str


def _of(module: str, *lines: tuple[str, str, str], package: str = "engine") -> tuple[Mutant, ...]:
    return tuple(Mutant(f"{module}.{name}", f"shared/{package}/{module}.py", old, new) for name, old, new in lines)


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
    *_of(
        "fold",
        ("chain_begins_anew", "self._chain = Chain(m[size:])", "self._chain = Chain()"),
        ("any_nan", "*(x if x == x else NAN for x in self._f)", "*self._f"),
        ("second_stop_acts_alone", "return self._m[w.STOPPING] == 0 and (not", "return (not"),
        ("commands_before_late_closes",
         "        self._guard(self._module.late, now)\n        rows += self._take()\n", ""),
        ("commands_as_they_came",
         "waiting = sorted(commands, key=lambda command: command.id)", "waiting = list(commands)"),
        ("rows_do_not_fit", "most = (42 + 6 *", "most = (20 + 2 *"),
        ("starts_are_written_in", "VARYING = frozenset((w.START_MS, w.WARMUP_FROM_MS))", "VARYING = frozenset(())"),
    ),
    *_of(
        "setup",
        ("no_half_spread", "costs.slippage_ppm + costs.half_spread_ppm", "costs.slippage_ppm"),
        ("minimum_rounded_down", "to_integral_value(ROUND_CEILING)", "to_integral_value()"),
        ("root_ties_to_odd", "low % 2 == 1", "low % 2 == 0"),
    ),
    *_of(
        "digest",
        ("rest_forgotten", "data = self._rest + rows", "data = rows"),
        ("without_the_rest", "sha256(self.state)", "sha256(self._chain)"),
    ),
    *_of(
        "wiring",
        ("trails_by_this_bar", "    lines.append(\"trade_bar(m, k, out, t, o, h, l, c, v)\")\n    entry =",
         "    lines.insert(0, \"trade_bar(m, k, out, t, o, h, l, c, v)\")\n    entry ="),
        ("entry_frame_alone_is_late",
         "    lines += closes(f\"end_of(m, {entry.words}, {entry.length})\", \"    \", others)\n", ""),
    ),
    *_of(
        "expansion",
        ("stored_twice_is_known", "return self.stored[name] == 1 and name", "return name"),
        ("perhaps_is_always", "kept, self._before = self._before, None\n        made = self._expr(node)",
         "kept = self._before\n        made = self._expr(node)"),
        ("before_a_call", "if self._before is None or self._has_called or not inner.is_pure or",
         "if self._before is None or not inner.is_pure or"),
        ("stores_ahead", "or self._has_called or not inner.is_pure or inner.ways", "or self._has_called or inner.ways"),
        ("kept_before_a_call", "if again and (self._before is None or self._has_called):",
         "if again and self._before is None:"),
        ("argument_is_stored_over", "isinstance(arg, ast.Constant | ast.Name) and name not in inner.stored",
         "isinstance(arg, ast.Constant | ast.Name)"),
        ("names_clash", "given[name] = name_of(self._writer.fresh(name))", "given[name] = name_of(name)"),
        package="interpreted",
    ),
    *_of(
        "constants",
        ("varying_words_are_known", " or place.value in self._varying:", ":"),
        ("ties_of_min", "ast.Lt() if function is min", "ast.LtE() if function is min"),
        package="interpreted",
    ),
    *_of(
        "writer",
        ("zeros_are_one", "tuple(p), repr(p), varying)", "tuple(p), \"\", varying)"),
        ("arguments_are_one", "(name, type(value), repr(value))", "(name, value)"),
        package="interpreted",
    ),
    *_of(
        "trees",
        ("goes_on_after_a_return", "way if ends(way) else [*way, *rest]", "way"),
        ("words_that_are_stored", "if len(vectors) != 1 or not is_pure(body):", "if len(vectors) != 1:"),
        package="interpreted",
    ),
)  # fmt: skip
