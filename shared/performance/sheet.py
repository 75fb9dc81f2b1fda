"""The sheet a report is written on: values under their names, and beside them sample sizes and reasons.

This is the presentation edge: units become decimal text here, and nowhere earlier.
"""

from dataclasses import dataclass, field

from shared.domain.instrument import InstrumentRules
from shared.performance.money import half_even
from shared.performance.ratios import Reason, Value

Statistics = dict[str, object]


@dataclass(slots=True)
class Sheet:
    rules: InstrumentRules
    values: Statistics = field(default_factory=dict)
    n: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)

    def put(self, name: str, value: object) -> None:
        self.values[name] = value

    def money(self, name: str, units: int) -> None:
        self.values[name] = self.rules.quote_text(units)

    def mean(self, name: str, units: int, parts: int, n: int, otherwise: Reason) -> None:
        """units / parts as money, to the unit, half to even, taken over n; none over nothing."""
        self.n[name] = n
        if n == 0:
            self.values[name] = None
            self.reasons[name] = otherwise
        else:
            self.money(name, half_even(units, parts))

    def ratio(self, name: str, value: Value, n: int) -> None:
        self.n[name] = n
        if isinstance(value, str):
            self.values[name] = None
            self.reasons[name] = value
        else:
            self.values[name] = value

    def time(self, name: str, value: float | Reason) -> None:
        if isinstance(value, str):
            self.values[name] = None
            self.reasons[name] = value
        else:
            self.values[name] = value

    def statistics(self) -> Statistics:
        return {**self.values, "n": self.n, "reasons": self.reasons}
