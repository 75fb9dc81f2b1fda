"""The soak's judgement of memory: it notices a leak, and forgives a container's start."""

import pytest

from tests.chaos.soak_memory import Sample, row_of, sample_of, table

MB = 1_000_000


def samples(*anon_mb: float) -> list[Sample]:
    """One every second."""
    return [Sample(float(at), value, value + 10, 512.0) for at, value in enumerate(anon_mb)]


@pytest.mark.parametrize(
    ("anon_mb", "is_flat"),
    [
        pytest.param([60.0] * 30, True, id="flat"),
        pytest.param([20.0 + 4 * min(at, 10) for at in range(30)], True, id="a start"),
        pytest.param([60.0 + at for at in range(30)], True, id="10 MB a third, within the slack"),
        pytest.param([60.0 + 3 * at for at in range(30)], False, id="a leak"),
        pytest.param([60.0] * 25 + [90.0] * 5, False, id="a step near the end"),
        pytest.param([90.0] * 15 + [60.0] * 15, True, id="less than before"),
        pytest.param([60.0] * 12, None, id="gone before the last third"),
    ],
)
def test_the_last_third_may_need_no_more_than_the_middle_one(anon_mb: list[float], is_flat: bool | None) -> None:
    row = row_of("runner-1", 1, samples(*anon_mb), 0.0, 30.0)
    assert row.is_flat is is_flat
    assert (row.first, row.most, row.held) == (anon_mb[0], max(anon_mb), max(anon_mb) + 10)


def test_a_kill_hides_no_leak_of_the_others() -> None:
    gone = [Sample(float(at), 60.0, 60.0, 512.0) for at in range(30) if not 14 <= at < 18]
    assert row_of("api-1", 2, gone, 0.0, 30.0).is_flat is True


# What the engine says, by the version of the kernel's accounts.
ANSWERS = {
    "old": {"total_rss": 60 * MB, "total_inactive_file": 7 * MB, "cache": 30 * MB},
    "new": {"anon": 60 * MB, "inactive_file": 7 * MB, "file": 30 * MB},
}


@pytest.mark.parametrize("version", ANSWERS)
def test_a_sample_is_what_processes_hold(version: str) -> None:
    stats = {"memory_stats": {"usage": 97 * MB, "limit": 512 * MB, "stats": ANSWERS[version]}}
    assert sample_of(1.5, stats) == Sample(1.5, 60.0, 90.0, 512.0)


def test_a_container_that_does_not_run_has_no_sample() -> None:
    assert sample_of(1.5, {"memory_stats": {}}) is None


def test_the_table_has_a_line_for_each() -> None:
    shown = table([row_of("runner-1", 1, samples(*[60.0 + 3 * at for at in range(30)]), 0.0, 30.0)])
    assert shown.splitlines()[2] == "| runner-1 | 1 | 60.0 | 87.0 | 117.0 | 147.0 | 147.0 | 157.0 | 512.0 | NO |"
