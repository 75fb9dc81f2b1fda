"""Fewer points of a long series, such that the eye misses nothing."""

from collections.abc import Sequence

BUCKETS = 2_000  # more than a wide screen has columns


def extremes(values: Sequence[float], buckets: int = BUCKETS) -> list[int]:
    """Indices in order: the first, the last, and the lowest and highest of each of `buckets` parts; all when few."""
    count = len(values)
    if count <= 2 * buckets + 2:
        return list(range(count))
    kept = {0, count - 1}
    for part in range(buckets):
        indices = range(part * count // buckets, (part + 1) * count // buckets)
        kept.add(min(indices, key=values.__getitem__))
        kept.add(max(indices, key=values.__getitem__))
    return sorted(kept)


def evenly(count: int, most: int) -> list[int]:
    """At most `most` indices of `count`, spread evenly, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [i * (count - 1) // (most - 1) for i in range(most)]
