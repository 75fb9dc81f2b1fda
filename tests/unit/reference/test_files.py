"""What numbers, durations and names in a file mean to the reference."""

from decimal import Decimal

from tests.support.by_hand import FREE, MINUTE, backtest, bars, strategy, told
from tests.support.reference.strategy_file import duration_ms, load


def test_numbers_of_a_file_are_what_a_person_wrote():
    text = (
        "timeframes: {entry: 1m}\nbacktest: {cash: 012, commission: 1e-3, from: 2025-07-1}\nexecution: {x: on, y: true}"
    )
    strategy_ = load(text)
    assert dict(strategy_.backtest) == {"cash": 12, "commission": Decimal("0.001"), "from": "2025-07-1"}
    assert dict(strategy_.execution) == {"x": "on", "y": True}
    assert duration_ms("1.5h") == 5_400_000


def test_names_of_a_higher_timeframe_hold_its_last_closed_bar():
    text = strategy(
        "indicators: [{id: slow, type: SMA, timeframe: 3m, length: 1},"
        " {id: RSI_14, type: RSI, timeframe: entry, length: 3}]",
        FREE,
        logic="entry_long: ['slow == 102 and slow_SMA_1 == slow', 'RSI_14_RSI_3 == RSI_14']",
    )
    # the 3m bar of minutes 0..2 closes at 102 with minute 2; RSI(3) is ready from minute 3 on
    assert told(backtest(text, bars(100, 101, 102, 103, 104, 105)))[0][4] == 4 * MINUTE


def test_lag_is_one_on_the_entry_timeframe_for_levels_and_regimes_only():
    kinds = ["EMA", "RSI", "ATR", "SMA", "ADX", "FVG", "VolumeProfile", "VPFVGSignal"]
    entries = [f"{{id: {k}_{t}, type: {k}, timeframe: {t}}}" for k in kinds for t in ("1m", "1h")]
    text = strategy(f"indicators: [{', '.join(entries)}, {{id: x, type: FVG, lag: 3}}]")
    assert {i.id: i.lag for i in load(text).indicators if i.lag} == {
        "ADX_1m": 1,
        "FVG_1m": 1,
        "VolumeProfile_1m": 1,
        "x": 3,
    }
