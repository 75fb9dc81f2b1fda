"""The exponential mean that several indicators chain, as TA-Lib's EMA: seeded with the mean of the first values.

A value that is not ready is passed over and gives one that is not ready, so that a mean of a mean begins by itself
when the one before it does.
"""

from shared.indicators.wilder import SETTLED
from shared.kernel import NAN, VectorF, is_nan, kernel

MEAN = 0  # the sum of the values seen, until there are `length` of them
SEEN = 1  # values taken in
WORDS = 2


@kernel
def exponential_mean(f: VectorF, at: int, value: float, length: float) -> float:
    """Take in one value; the mean, NaN until there are `length` values. Both words start at 0."""
    if is_nan(value):
        return NAN
    seen = f[at + SEEN] + 1.0
    f[at + SEEN] = seen
    mean = f[at + MEAN]
    if seen < length:
        f[at + MEAN] = mean + value
        return NAN
    if seen == length:
        mean = (mean + value) / length
    elif length == 1.0:  # else a signal line of one bar would differ from its line by the rounding
        mean = value
    else:
        mean = (value - mean) * (2.0 / (length + 1.0)) + mean
    f[at + MEAN] = mean
    return mean


def bars_to_settle_chain(*lengths: float, weight: float = 1.0) -> int:
    """Bars after which an error of 1 in each of these means, each fed by the one before, is below SETTLED in the last.

    `weight` is what such an error counts in the output, where the values it is made of count 1 together. Run, not
    derived: the errors of a chain first add up, and then decay as the slowest does.
    """
    errors = [1.0] * len(lengths)
    bars = 0
    while max(errors) * weight >= SETTLED:
        fed = 0.0
        for k, length in enumerate(lengths):
            errors[k] += (fed - errors[k]) * (2.0 / (length + 1.0))
            fed = errors[k]
        bars += 1
    return bars


def contrast(fast: float, slow: float) -> float:
    """What the values count together in a fast mean less a slow one: the sum of their weights without signs.

    The fast mean's weights are the larger up to some bar and the smaller from there, so that the sum is twice the
    largest difference between what is left to the two.
    """
    fast_left, slow_left, largest = 1.0, 1.0, 0.0
    while slow_left - fast_left >= largest:
        largest = slow_left - fast_left
        fast_left *= 1.0 - 2.0 / (fast + 1.0)
        slow_left *= 1.0 - 2.0 / (slow + 1.0)
    return 2.0 * largest
