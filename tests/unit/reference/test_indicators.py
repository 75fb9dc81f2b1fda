"""The reference's indicators by hand, and against TA-Lib."""

import numpy as np
import pytest
import talib

from tests.support.by_hand import MINUTE, bars
from tests.support.reference import means
from tests.support.reference.gaps import fvg, vpfvg_signal
from tests.support.reference.indicators import DEFAULTS
from tests.support.reference.profile import profile, volume_profile


def frame(*rows):
    table = bars(*rows)
    return table.rename(columns={"open_time": "start"})


def test_a_profile_of_three_bars_by_hand():
    table = frame((100, 104, 100, 103, 4), (101, 102, 101, 102, 6), (102.5, 102.5, 102.5, 102.5, 5))
    p = DEFAULTS["VolumeProfile"] | {"lookback": 3, "price_bins": 4}
    out = volume_profile(table, MINUTE, p, lag=0)
    # edges 100..104; 4 shared by bins 0-3, 6 by bins 0-2, 5 in bin 2: [3, 3, 8, 1]; 70 % of 15 needs one neighbour
    expected = {
        "poc_price": 102.5,
        "vah_price": 102.5,
        "val_price": 101.5,
        "total_volume": 15.0,
        "poc_volume": 8.0,
        "value_area_volume": 11.0,
        "average_volume": 5.0,
        "poc_strength": 8 / 15,
        "value_area_width": 1.0,
        "profile_balance": 1 / 6,
        "nearest_hvn_price": 102.5,
        "nearest_lvn_price": 103.5,
        "is_hvn": True,
        "is_lvn": False,
        "volume_spike": False,
        "price_above_poc": False,
        "price_below_poc": False,
        "price_in_value_area": True,
        "dist_to_val": 1.0,
    }
    assert {name: out[name][2] for name in expected} == expected
    assert out["poc_price"][:2] == [None, None]


def test_a_profile_stands_until_the_next_grid_bar_and_acts_a_bar_late():
    table = frame(*((100 + i,) * 4 + (1,) for i in range(8)))
    p = DEFAULTS["VolumeProfile"] | {"lookback": 2, "price_bins": 1, "update_frequency": 3}
    out = volume_profile(table, MINUTE, p, lag=1)
    assert out["poc_price"] == [None] * 4 + [102.5] * 3 + [105.5]  # made at bars 3 and 6
    assert out["dist_to_poc"][4:] == [1.5, 2.5, 3.5, 1.5]  # the current close and the levels of the bar before


def test_a_profile_of_one_price_and_of_no_trades():
    p = DEFAULTS["VolumeProfile"] | {"lookback": 2}
    one = profile(np.array([7.0, 5.0]), np.array([7.0, 9.0]), np.array([3.0, 0.0]), p)
    assert (one.centre(one.poc), one.centre(one.first), one.centre(one.last), one.hvn, one.lvn) == (
        7.0,
        7.0,
        7.0,
        [],
        [],
    )
    assert profile(np.array([7.0]), np.array([9.0]), np.array([0.0]), p) is None


GAP_BARS = (
    (99, 100, 98, 99),
    (99, 103, 99, 102.5),
    (102, 104, 101, 103),  # a bullish gap 100..101: size 1 >= max(0.25 x ATR 3, 1)
    (103, 103.5, 100.5, 103),  # touches it
    (102, 102, 101.5, 102),  # above it
    (101, 101, 99.9, 100),  # fills it
)


def test_a_gap_signals_is_retested_and_filled():
    out = fvg(frame(*GAP_BARS), DEFAULTS["FVG"] | {"atr_period": 1})
    assert out["FVG_bullish_signal"] == [None, None, True, True, False, False]
    assert out["FVG_bullish_retest"] == [None, None, False, True, False, False]
    assert out["FVG_gap_filled"] == [None, None, False, False, False, True]
    assert out["FVG_nearest_support"] == [None, None, 101, 101, 101, None]
    assert out["FVG_nearest_support_mid"] == [None, None, 100.5, 100.5, 100.5, None]
    assert out["FVG_active_bullish_gaps"] == [None, None, 1, 1, 1, 0]
    assert out["FVG_bearish_signal"][2:] == [False] * 4


def test_a_gap_is_forgotten_after_its_time():
    out = fvg(frame(*GAP_BARS), DEFAULTS["FVG"] | {"atr_period": 1, "max_lookback": 2})
    assert out["FVG_active_bullish_gaps"] == [None, None, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("lvn", "hvn", "pocs", "expected"),
    [
        pytest.param(100.75, None, (1, 1), (True, "reversal", 0.5 + 0.5 * 0.5), id="a low node within reach"),
        pytest.param(None, None, (1, 1), (True, "reversal", 0.5), id="no low node at all"),
        pytest.param(109.0, 101.5, (1, 3), (True, "continuation", 0.75), id="a rising POC and a high node near"),
        pytest.param(109.0, 101.5, (1, 2), (False, "none", None), id="the POC must move by more than half an ATR"),
        pytest.param(109.0, 103.0, (1, 3), (False, "none", None), id="the high node is too far"),
    ],
)
def test_a_long_signal_of_a_gap_and_a_profile(lvn, hvn, pocs, expected):
    table = frame((100, 101, 99, 100), (100, 101, 99, 100), (100, 101, 99, 100))  # ATR 2: reach 0.5, shift above 1
    n = len(table)
    vp = {"poc_price": [*pocs[:1], *pocs], "nearest_lvn_price": [lvn] * n, "nearest_hvn_price": [hvn] * n}
    gaps = {name: [False] * n for name in ("FVG_bullish_signal", "FVG_bearish_signal")} | {
        "FVG_bullish_signal": [True] * n,
        "FVG_nearest_support_mid": [100.5] * n,
        "FVG_nearest_resistance_mid": [None] * n,
    }
    p = DEFAULTS["VPFVGSignal"] | {"atr_period": 1, "lookback_validation": 1}
    out = vpfvg_signal(table, p, vp, gaps)
    assert (out["vf_long"][2], out["signal_type"][2], out["signal_strength"][2]) == expected
    assert out["vf_short"][2] is False
    assert out["vf_long"][0] is None  # before its ATR


@pytest.mark.parametrize("n", [2, 5, 14, 50])
@pytest.mark.parametrize("name", ["SMA", "EMA", "RSI", "ATR", "ADX", "PLUS_DI", "MINUS_DI"])
def test_it_agrees_with_talib_from_its_first_value(market, name, n):
    h, l, c = (market[column].to_numpy() for column in ("high", "low", "close"))
    ours = {
        "SMA": lambda: means.sma(c.tolist(), n),
        "EMA": lambda: means.ema(c.tolist(), n),
        "RSI": lambda: means.rsi(c.tolist(), n),
        "ATR": lambda: means.atr(market, n),
        "ADX": lambda: means.adx(market, n)[0],
        "PLUS_DI": lambda: means.adx(market, n)[1],
        "MINUS_DI": lambda: means.adx(market, n)[2],
    }[name]()
    function = getattr(talib, name)
    theirs = function(c, n) if name in ("SMA", "EMA", "RSI") else function(h, l, c, n)
    assert [value is None for value in ours] == np.isnan(theirs).tolist()
    np.testing.assert_allclose([np.nan if v is None else v for v in ours], theirs, rtol=1e-9, atol=1e-12)


def test_a_flat_market_gives_the_middle_of_the_range():
    assert means.rsi([5.0] * 5, 3) == [None, None, None, 50.0, 50.0]
