"""Integer money of a run's records: notionals, average prices, and the one rounding that each needs.

Words are ticks, lot steps and quote units (see InstrumentRules); ratios are one division of two exact integers.
"""

from decimal import ROUND_HALF_EVEN, Decimal

from shared.domain.instrument import InstrumentRules


def units_per_tick_step(rules: InstrumentRules) -> int:
    """Quote units of one tick times one lot step; whole, because units are that fine."""
    return int((rules.tick_size * rules.lot_step).scaleb(rules.quote_decimals))


def steps_per_base(rules: InstrumentRules) -> tuple[int, int]:
    """The lot step as a fraction of the base unit: (numerator, denominator), both whole."""
    return int(rules.lot_step.scaleb(rules.quantity_decimals)), 10**rules.quantity_decimals


def average_price(rules: InstrumentRules, notional: int, quantity: int) -> int:
    """notional [units] / quantity [steps] in units, half to even. quantity > 0."""
    step, base = steps_per_base(rules)
    return half_even(notional * base, quantity * step)


def half_even(dividend: int, divisor: int) -> int:
    """The whole number nearest to dividend / divisor, ties to even. divisor > 0."""
    quotient, rest = divmod(dividend, divisor)
    twice = 2 * rest
    return quotient + 1 if twice > divisor or (twice == divisor and quotient % 2 == 1) else quotient


def to_units(rules: InstrumentRules, quote: Decimal) -> int:
    """An amount of quote in units, half to even beyond their decimals, as the engine takes a run's cash."""
    return int(quote.scaleb(rules.quote_decimals).to_integral_value(ROUND_HALF_EVEN))
