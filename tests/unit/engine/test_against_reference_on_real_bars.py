"""Every shipped strategy over real bars: the engine holds against the reference on every row.

In `make test` all of them over the days of the covid crash and over 90 days of BTC and of ETH, a few over declared
gaps: three minutes of one core; `PAPERFOLD_LONG=1` runs all over all, five. The folder says what each file is.
"""

import os
from pathlib import Path

import pandas as pd
import pytest

from shared.domain.errors import InputError
from shared.performance.document import Json
from shared.store.bar_files import read_bars
from tests.support.differential import assert_equal, of, shipped, strategy
from tests.unit.engine.cases import HALF, text

LONG = os.environ.get("PAPERFOLD_LONG", "") not in ("", "0")
COVID = "BTCUSDT_1m_covid_20200301_20200320"
BTC, ETH = (f"{symbol}_1m_90d_20240615_20240912" for symbol in ("BTCUSDT", "ETHUSDT"))
GAPS = "BTCUSDT_1m_gaps_20210201_20210521"
MISALIGNED = "BTCUSDT_1m_misaligned_20171215_20180215"

SOME = ("ema-cross", "grid-ladder", "donchian-breakout")
CASES = [
    (name, variant, file)
    for file in (COVID, BTC, ETH, GAPS)
    for name, variant in shipped()
    if LONG or file != GAPS or name in SOME
]

pytestmark = pytest.mark.real_data


def path_of(folder: Path, file: str) -> Path:
    return folder / f"binance_{file}.parquet"


@pytest.mark.parametrize(("name", "variant", "file"), CASES)
def test_a_shipped_strategy_is_the_same_over_real_bars(
    name: str, variant: str | None, file: str, real_data: Path
) -> None:
    assert of(assert_equal(strategy(name), pd.read_parquet(path_of(real_data, file)), variant=variant), "fill")


BOTH_WAYS = 'logic: {entry_long: ["close > open"], entry_short: ["close < open"]}'
TIGHT = {
    "stop": f"{HALF}, stop_loss: {{base_percent: 0.001}}, time_exit: {{bars: 10}}",
    "trailing": f"{HALF}, stop_loss: {{base_percent: 0.01, trailing: {{percent: 0.005}}}}",
}


@pytest.mark.parametrize("reason", TIGHT)
def test_stops_that_the_covid_crash_gapped_through_fill_at_the_open(reason: str, real_data: Path) -> None:
    """At the open, which was beyond the stop, and never at the better stop."""
    frame = pd.read_parquet(path_of(real_data, COVID))
    opens = dict(zip(frame.open_time.tolist(), frame.open.tolist(), strict=True))
    rows = assert_equal(text(BOTH_WAYS, "", TIGHT[reason], entry="1m"), frame)
    gapped = {"sell": 0, "buy": 0}
    for fill, level in stops_of(rows):
        if fill["reason"] == reason and fill["ts_ms"] in opens:
            reference, worse = float(str(fill["reference_price"])), -1 if fill["side"] == "sell" else 1
            assert reference == opens[fill["ts_ms"]]
            assert worse * (reference - float(str(level))) >= 0
            gapped[str(fill["side"])] += reference != float(str(level))
    assert min(gapped.values()) >= 2, gapped


def stops_of(rows: list[Json]) -> list[tuple[Json, object]]:
    """Fills of stops with the last level of each."""
    level = {row["order_seq"]: row["price"] for row in of(rows, "order") if row["event"] in ("submitted", "amended")}
    return [(fill, level[fill["order_seq"]]) for fill in of(rows, "fill") if fill["reason"] in ("stop", "trailing")]


def test_bars_off_the_minute_are_refused(real_data: Path) -> None:
    with pytest.raises(InputError, match=r"whole minutes|minute"):
        read_bars(path_of(real_data, MISALIGNED))
