"""The exchange's clock over kills, stops, rates and wall clocks that jump."""

import json

import pytest

from services.exchange_sim.clock import Clock
from shared.domain.errors import InputError


class Wall:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall():
    return Wall()


def test_it_runs_at_its_rate(wall):
    clock = Clock(5_000, 600, wall=wall)
    wall.now += 1.5
    assert clock.now_ms() == 5_000 + 900_000
    assert clock.wall_s(60_000) == 0.1


def test_killed_it_goes_on_as_if_it_had_run(wall, tmp_path):
    Clock(5_000, 10, tmp_path / "clock.json", "m", wall)
    wall.now += 60
    assert Clock(77, 10, tmp_path / "clock.json", "m", wall).now_ms() == 5_000 + 600_000


def test_stopped_its_time_stands_still(wall, tmp_path):
    clock = Clock(5_000, 10, tmp_path / "clock.json", "m", wall)
    wall.now += 1
    clock.stop()
    wall.now += 60
    assert clock.now_ms() == 15_000
    later = Clock(77, 10, tmp_path / "clock.json", "m", wall)
    assert later.now_ms() == 15_000
    wall.now += 1
    assert later.now_ms() == 25_000


def test_another_rate_counts_from_the_restart(wall, tmp_path):
    Clock(0, 10, tmp_path / "clock.json", "m", wall)
    wall.now += 2
    clock = Clock(0, 1000, tmp_path / "clock.json", "m", wall)
    wall.now += 1
    assert clock.now_ms() == 20_000 + 1_000_000


def test_it_never_goes_back(wall, tmp_path):
    clock = Clock(0, 10, tmp_path / "clock.json", "m", wall)
    wall.now += 10
    clock.keep()
    wall.now += 1
    assert clock.now_ms() == 110_000
    wall.now -= 500
    assert clock.now_ms() == 110_000
    assert Clock(0, 10, tmp_path / "clock.json", "m", wall).now_ms() == 100_000  # what was kept, and no wall time since


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "a clock anchor", id="half a file"),
        pytest.param("[]", "a clock anchor", id="another document"),
        pytest.param(
            json.dumps({"market": "other", "exchange_ms": 1, "wall_s": 1, "rate": 1, "running": True}),
            "the clock of market m; name another state_dir or remove it, was other",
            id="another market",
        ),
    ],
)
def test_it_refuses_a_file_that_is_not_its_own(wall, tmp_path, text, message):
    (tmp_path / "clock.json").write_text(text)
    with pytest.raises(InputError, match=message):
        Clock(0, 1, tmp_path / "clock.json", "m", wall)
