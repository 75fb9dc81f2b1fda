"""Coverage: ranges of minutes that are decided. Half-open [from_ms, to_ms), whole minutes, sorted, never touching."""

from collections.abc import Iterable

Range = tuple[int, int]


def merge(ranges: Iterable[Range]) -> list[Range]:
    """The same minutes as disjoint ranges, sorted; touching ranges become one."""
    merged: list[Range] = []
    for start, end in sorted(r for r in ranges if r[0] < r[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def missing(ranges: Iterable[Range], wanted: Range) -> list[Range]:
    """Parts of `wanted` that no range covers, sorted."""
    holes: list[Range] = []
    at = wanted[0]
    for start, end in merge(ranges):
        if end <= at:
            continue
        if start >= wanted[1]:
            break
        if start > at:
            holes.append((at, start))
        at = end
    if at < wanted[1]:
        holes.append((at, wanted[1]))
    return holes


def covered_until(ranges: Iterable[Range], from_ms: int) -> int:
    """End of the unbroken coverage that holds `from_ms`; `from_ms` itself when it is not covered."""
    for start, end in merge(ranges):
        if start <= from_ms < end:
            return end
    return from_ms
