"""Recorded Binance US messages and bodies are read without loss. The recordings are not part of this project."""

import gzip
import json

import pytest

from shared.domain.bar import decimal_text
from shared.exchange.normalise import partial_bar, read_exchange_info, read_rows
from shared.exchange.wire import Ignored, Kline, read_message

pytestmark = pytest.mark.real_data


def test_every_recorded_stream_message_is_read(real_data):
    lines = (real_data / "fixtures/binanceus_ws_combined_20211012.jsonl").read_text().splitlines()
    messages = [read_message(json.dumps(json.loads(line)["frame"])) for line in lines]
    klines = [message for message in messages if isinstance(message, Kline)]
    assert len(messages) == 480
    assert len(klines) == 5
    assert {m.kind.partition("@")[2] or m.kind for m in messages if isinstance(m, Ignored)} >= {
        "depthUpdate",
        "aggTrade",
    }
    closed = [bar for bar in map(partial_bar, klines) if bar.is_closed]
    assert [(bar.bar.open_ms, bar.first_id, bar.last_id, bar.bar.trades) for bar in closed] == [
        (1633998240000, 439572, 439585, 14)
    ]
    assert all(bar.is_whole for bar in map(partial_bar, klines))


def test_recorded_messages_of_the_larger_exchange_are_read(real_data):
    with gzip.open(real_data / "fixtures/binance_ws_raw_btcusdt_20240808.jsonl.gz", "rt") as lines:
        kinds = {type(read_message(json.dumps(json.loads(line)["frame"]))) for line in lines}
    assert kinds == {Ignored}


@pytest.mark.parametrize(
    ("name", "count", "empty"),
    [
        ("binanceus_rest_klines_BTCUSDT_20230310.json", 1000, None),
        ("binanceus_rest_klines_BTCUSDC_zero_volume_20230305.json", 500, True),
    ],
)
def test_rows_are_read_to_the_last_digit(real_data, name, count, empty):
    body = json.loads((real_data / "fixtures" / name).read_text())["body"]
    rows = read_rows(body)
    assert rows.refused == ()
    assert len(rows.bars) == len(body)
    for cells, bar in zip(body, rows.bars, strict=True):
        assert [float(cell) for cell in cells[1:6]] == [bar.open, bar.high, bar.low, bar.close, bar.volume]
        assert all(
            decimal_text(value) == decimal_text(float(cell))
            for cell, value in zip(cells[1:5], (bar.open, bar.high, bar.low, bar.close), strict=True)
        )
    if empty:
        assert any(bar.trades == 0 for bar in rows.bars)


def test_every_recorded_listing_has_rules(real_data):
    info = read_exchange_info(
        json.loads((real_data / "fixtures/binanceus_exchangeInfo_full_20211012.json").read_text())
    )
    assert len(info.listings) > 100
    assert info.problems == ()
    now = read_exchange_info(
        json.loads((real_data / "fixtures/binanceus_exchangeInfo_BTCUSDT_20260927.json").read_text())
    )
    assert str(now.listings["BTC/USDT"].rules.lot_step.normalize()) == "0.00001"
    assert {limit.kind: limit.limit for limit in now.limits}["REQUEST_WEIGHT"] == 6000
