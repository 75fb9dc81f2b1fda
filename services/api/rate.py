"""Rate limit: a token bucket per caller. Wall time is passed in."""

from collections import OrderedDict
from dataclasses import dataclass, field

MOST_CALLERS = 10_000


@dataclass(slots=True)
class RateLimit:
    """At most `rate_per_s` requests a second in the long run, `burst` at once. Forgets callers not seen lately."""

    rate_per_s: float
    burst: float
    _buckets: "OrderedDict[str, tuple[float, float]]" = field(default_factory=OrderedDict)  # caller: (left, at_s)

    def wait_s(self, caller: str, now_s: float) -> float:
        """Take one request from the caller's bucket; seconds until it may ask again, 0 when it may now."""
        left, at_s = self._buckets.pop(caller, (self.burst, now_s))
        left = min(self.burst, left + max(0.0, now_s - at_s) * self.rate_per_s)
        taken = left >= 1.0
        self._buckets[caller] = (left - 1.0 if taken else left, now_s)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if taken else (1.0 - left) / self.rate_per_s
