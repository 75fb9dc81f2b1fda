"""One value per UTC day: the last of each, days without one repeating the day before."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shared.domain.timeframe import DAY_MS

Number = TypeVar("Number", int, float)


@dataclass(slots=True)
class Days(Generic[Number]):
    """Accumulates values in time order. Start with the value that holds before the first; `step` once per value."""

    start_ms: int
    last: Number
    finished: list[Number] = field(default_factory=list)  # of each UTC day before the newest, from the start's on
    day: int = field(init=False)  # the newest, since the epoch

    def __post_init__(self) -> None:
        self.day = self.start_ms // DAY_MS

    def step(self, ts_ms: int, value: Number) -> None:
        day = ts_ms // DAY_MS
        if day > self.day:
            self.finished.extend([self.last] * (day - self.day))
            self.day = day
        self.last = value

    def until(self, end_ms: int) -> list[Number]:
        """Of each UTC day from the start's to that of the last moment before `end_ms`, none left out."""
        still = max((end_ms - 1) // DAY_MS, self.day) - self.day + 1
        return self.finished + [self.last] * still
