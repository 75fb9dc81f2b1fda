"""What is on the bus reads back as it was written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus import codec, keys
from shared.bus.codec import Control, Gap, RunEvent, Tick
from shared.domain.bar import Bar, exact_float
from shared.domain.errors import InvariantError

M = 60_000
decimals = st.decimals(Decimal("0.00000001"), Decimal("999999"), places=8)
prices = decimals.map(lambda value: exact_float(f"{value:f}", "test"))


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low, a, b, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
    optional = st.none() | decimals
    return Bar(
        draw(st.integers(0, 10**8)) * M, a, high, low, b, draw(prices), draw(optional),
        draw(st.none() | st.integers(0, 10**9)), draw(optional), draw(optional),
    )  # fmt: skip


@given(bar=bars())
def test_a_bar_is_the_recorded_bar_again(bar: Bar) -> None:
    assert codec.from_fields(codec.entry_id(bar), codec.to_fields(bar)) == bar


def test_a_bar_s_fields_are_plain_decimals() -> None:
    bar = Bar(M, 1e-08, 0.5, 1e-08, 0.25, 0.0, Decimal("0E-8"), 0)
    assert codec.entry_id(bar) == "60000-1"
    assert codec.to_fields(bar) == {
        "open": "0.00000001", "high": "0.5", "low": "0.00000001", "close": "0.25", "volume": "0.0",
        "quote_volume": "0.00000000", "trades": "0",
    }  # fmt: skip


def test_a_gap_stands_at_its_last_minute() -> None:
    gap = Gap(2 * M, 5 * M)
    assert codec.entry_id(gap) == "240000-1"
    assert codec.from_fields(codec.entry_id(gap), codec.to_fields(gap)) == gap


@pytest.mark.parametrize("fields", [{}, {"open": "x"}, {"gap_from_ms": "1"}], ids=["none", "no number", "half a gap"])
def test_an_entry_that_nobody_of_us_wrote(fields: dict[str, str]) -> None:
    with pytest.raises(InvariantError, match="stream entry 60000-1 cannot be read"):
        codec.from_fields("60000-1", fields)


def test_messages_read_back() -> None:
    tick = Tick("BTC/USDT", M, 1.5, 2.0, 1e-08, 1.75, 0.0, M + 17)
    assert codec.tick_of(codec.tick_fields(tick)) == tick
    assert codec.tick_of_text(codec.tick_text(tick)) == tick
    events = [RunEvent(1, 7, None, "warming", "ok"), RunEvent(2, 0, M, "running", "stale")]
    assert codec.runs_of(codec.runs_text(events)) == events
    assert codec.control_of(codec.control_text(Control("command", 5))) == Control("command", 5)


def test_names() -> None:
    assert (keys.bars("BTC/USDT"), keys.ticks("BTC/USDT"), keys.tick("BTC/USDT")) == (
        "bars:BTC/USDT", "ticks:BTC/USDT", "tick:BTC/USDT",
    )  # fmt: skip
    assert keys.instrument_of(keys.bars("BTC/USDT")) == "BTC/USDT"


@pytest.mark.parametrize(("open_ms", "id_"), [(-1, "0-0"), (0, "0-1"), (M, "60000-1")])
def test_a_position_is_an_id(open_ms: int, id_: str) -> None:
    assert codec.after_id(open_ms) == id_
