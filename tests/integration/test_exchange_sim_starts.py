"""The simulated exchange from start to start: its clock, its bar files, and what it says when it cannot."""

import json
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from websockets.sync.client import connect

from tests.support.sim import free_port, klines, listen, start_sim

DAY = 1_704_412_800_000  # 2024-01-05
MINUTE = 60_000
WEEK = "2024-01-05T00:00:00Z"


# --- the clock ---------------------------------------------------------------------------------------------------


def test_killed_its_time_ran_on(tmp_path):
    with start_sim(rate=600, start=WEEK, state_dir=tmp_path) as sim:
        seen, wall = sim.clock()["exchange_ms"], time.monotonic()
        sim.kill()
    time.sleep(0.5)
    with start_sim(rate=600, start="2024-03-01", state_dir=tmp_path) as sim:
        passed = (time.monotonic() - wall) * 600_000
        assert 0.5 * 600_000 <= sim.clock()["exchange_ms"] - seen <= passed + 60_000


def test_stopped_its_time_stood_still(tmp_path):
    with start_sim(rate=600, start=WEEK, state_dir=tmp_path) as sim:
        assert sim.stop() == 0
    kept = json.loads((tmp_path / "clock.json").read_text())
    assert kept["running"] is False
    time.sleep(1)
    wall = time.monotonic()
    with start_sim(rate=1, state_dir=tmp_path) as sim:
        now = sim.clock()["exchange_ms"]
        assert kept["exchange_ms"] <= now <= kept["exchange_ms"] + (time.monotonic() - wall) * 1000 + 1


def test_generated_bars_are_live_by_default():
    with start_sim() as sim:
        assert abs(sim.clock()["exchange_ms"] - time.time() * 1000) < 5_000


# --- bar files ---------------------------------------------------------------------------------------------------


def write_minutes(path, times, empty=()):
    n = len(times)
    price = [100.0 + at % 7 for at in range(n)]
    volume = [0.0 if at in empty else 1.5 + at % 3 for at in range(n)]
    price = [price[max(i for i in range(at + 1) if i not in empty)] for at in range(n)]
    columns = {"open_time": times, "open": price, "high": price, "low": price, "close": price, "volume": volume}
    pq.write_table(pa.table(columns), path)
    return path


def test_a_file_with_an_outage_and_an_end(tmp_path):
    times = [DAY + at * MINUTE for at in range(300) if not 120 <= at < 150]
    path = write_minutes(tmp_path / "BTCUSDT-1m.parquet", times, empty={115, 116, 117})
    with start_sim(bars=[path], rate=6000, start="2024-01-05T01:50:00") as sim:
        with connect(sim.ws_url + "/ws/btcusdt@kline_1m") as socket:
            closed = [f["k"]["t"] for f in listen(socket, 4) if f["k"]["x"]]
        rows = klines(sim, limit=1000)
        assert sim.clock()["exchange_ms"] > times[-1]
    assert [row[0] for row in rows] == times
    traded = [t for at, t in enumerate(times) if at not in (115, 116, 117)]
    assert closed == [t for t in traded if closed[0] <= t < times[-1]]
    assert len(closed) > 120


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param(
            {"BARS": '["{tmp}/BTCUSDT.csv"]'}, "open_time is a whole minute, was 1 row: row 2", id="a bad file"
        ),
        pytest.param({"BARS": '["{tmp}/none.csv"]'}, "sim.instruments", id="a file without an instrument's name"),
        pytest.param({"BARS": '["{tmp}/ETHUSDT.csv"]'}, "a readable bar file", id="no such file"),
        pytest.param({"RATE": "9000"}, "at most 6000", id="too fast"),
        pytest.param({"START": "tomorrow"}, "sim.start: an ISO time, was tomorrow", id="a start that is no time"),
    ],
)
def test_it_ends_with_a_readable_message(tmp_path, settings, message):
    (tmp_path / "BTCUSDT.csv").write_text(
        f"open_time,open,high,low,close,volume\n{DAY},1,1,1,1,1\n{DAY + 60_007},1,1,1,1,1\n"
    )
    environment = {f"PAPERFOLD__SIM__{name}": value.replace("{tmp}", str(tmp_path)) for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-m", "services.exchange_sim"],
        env=environment | {"PAPERFOLD__SIM__PORT": str(free_port())}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_said():
    with start_sim(rate=60, start=WEEK) as sim:
        done = subprocess.run(
            [sys.executable, "-m", "services.exchange_sim"],
            env={"PAPERFOLD__SIM__PORT": str(sim.port)}, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
    assert done.returncode == 1
    assert str(sim.port) in done.stderr
    assert "Traceback" not in done.stderr
