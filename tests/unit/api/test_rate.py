"""A token bucket per caller."""

from services.api import rate
from services.api.rate import RateLimit


def test_a_burst_is_served_and_then_the_rate():
    limit = RateLimit(rate_per_s=2.0, burst=3.0)
    assert [limit.wait_s("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert limit.wait_s("a", 0.5) == 0.0
    assert limit.wait_s("a", 0.5) > 0.0


def test_a_refused_request_costs_nothing():
    limit = RateLimit(rate_per_s=1.0, burst=1.0)
    limit.wait_s("a", 0.0)
    assert [limit.wait_s("a", 0.0) for _ in range(3)] == [1.0] * 3
    assert limit.wait_s("a", 1.0) == 0.0


def test_callers_do_not_share():
    limit = RateLimit(rate_per_s=1.0, burst=1.0)
    assert (limit.wait_s("a", 0.0), limit.wait_s("b", 0.0)) == (0.0, 0.0)


def test_a_clock_that_goes_back_gives_nothing():
    limit = RateLimit(rate_per_s=1.0, burst=1.0)
    limit.wait_s("a", 10.0)
    assert limit.wait_s("a", 0.0) == 1.0


def test_only_so_many_callers_are_remembered(monkeypatch):
    monkeypatch.setattr(rate, "MOST_CALLERS", 2)
    limit = RateLimit(rate_per_s=1.0, burst=1.0)
    for caller in "abc":
        limit.wait_s(caller, 0.0)
    assert limit.wait_s("c", 0.0) > 0.0  # still known
    assert limit.wait_s("a", 0.0) == 0.0  # forgotten: a full bucket again
