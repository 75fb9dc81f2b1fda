"""Numbers of which the middle is wanted: 8 bytes each, brought into order when somebody asks."""

from array import array
from bisect import insort
from dataclasses import dataclass, field

FEW = 64  # so many find their places one by one; more are sorted with the rest


@dataclass(slots=True)
class Sample:
    """Accumulates numbers in any order. `step` once per number; what it answers does not depend on when it is asked."""

    _ordered: "array[float]" = field(default_factory=lambda: array("d"))
    _fresh: "array[float]" = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self._ordered) + len(self._fresh)

    def step(self, value: float) -> None:
        self._fresh.append(value)

    def settle(self) -> None:
        """Put all of them in order now, so that nobody waits for it later."""
        self._settled()

    def median(self) -> float:
        """The middle one, or the mean of the two. Of at least one."""
        values = self._settled()
        half = len(values) // 2
        return values[half] if len(values) % 2 == 1 else (values[half - 1] + values[half]) / 2

    def _settled(self) -> "array[float]":
        if len(self._fresh) > FEW:
            self._ordered = array("d", sorted([*self._ordered, *self._fresh]))
        else:
            for value in self._fresh:
                insort(self._ordered, value)
        del self._fresh[:]
        return self._ordered
