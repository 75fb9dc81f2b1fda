"""Parts of J. Welles Wilder's indicators (New Concepts in Technical Trading Systems, 1978), as TA-Lib computes them."""

from shared.kernel import kernel

SETTLED = 1e-6  # weight below which the choice of the first bar no longer counts


@kernel
def true_range(high: float, low: float, previous_close: float) -> float:
    """High to low, stretched to the close before."""
    return max(high, previous_close) - min(low, previous_close)


@kernel
def smoothed_mean(before: float, value: float, seen: float, period: float) -> float:
    """Wilder's mean of `seen` values, this one included: their sum below `period`, their mean at it, then decaying."""
    if seen < period:
        return before + value
    if seen == period:
        return (before + value) / period
    return (before * (period - 1.0) + value) / period


def bars_to_settle(decay: float, gain: float = 0.0) -> int:
    """Bars n after which a seed of weight (1 + gain x n) x decay^n counts less than SETTLED.

    Multiplied out, not taken from a logarithm: products round alike on every machine. `gain` is for a mean of values
    that themselves decay from their seeds.
    """
    bars, weight = 0, 1.0
    while (1.0 + gain * bars) * weight >= SETTLED:
        bars += 1
        weight *= decay
    return bars
