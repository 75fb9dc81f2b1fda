"""One WebSocket message is one fact, or an error about that message alone."""

import json

import pytest

from shared.domain.errors import InputError
from shared.exchange.wire import (
    Ignored,
    Kline,
    Refusal,
    Reply,
    Shutdown,
    encode_request,
    read_message,
    stream_name,
    to_ms,
    to_symbol,
)

K = {"t": 60_000, "s": "BTCUSDT", "i": "1m"}
EVENT = {"e": "kline", "E": 61_000, "s": "BTCUSDT", "k": K}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(json.dumps(EVENT), Kline("BTCUSDT", K, 61_000), id="a bare event"),
        pytest.param(
            json.dumps({"stream": "btcusdt@kline_1m", "data": EVENT}), Kline("BTCUSDT", K, 61_000), id="a wrapped event"
        ),
        pytest.param(
            json.dumps({"stream": "BTCUSDT@kline_1m", "data": EVENT}),
            Kline("BTCUSDT", K, 61_000),
            id="upper case",
        ),
        pytest.param(json.dumps(EVENT).encode(), Kline("BTCUSDT", K, 61_000), id="a binary frame with text in it"),
        pytest.param(
            json.dumps(EVENT | {"E": 1_700_000_000_123_456}), Kline("BTCUSDT", K, 1_700_000_000_123), id="microseconds"
        ),
        pytest.param('{"result":null,"id":1}', Reply(1, None), id="an acknowledgement"),
        pytest.param('{"result":["a@kline_1m"],"id":3}', Reply(3, ["a@kline_1m"]), id="a list of subscriptions"),
        pytest.param(
            '{"error":{"code":4,"msg":"Too many subscriptions"},"id":19}',
            Refusal(19, 4, "Too many subscriptions"),
            id="an error as the wire has it",
        ),
        pytest.param('{"code":3,"msg":"Invalid JSON"}', Refusal(None, 3, "Invalid JSON"), id="an error as documented"),
        pytest.param('{"e":"serverShutdown","E":5}', Shutdown(5), id="a shutdown, bare"),
        pytest.param(
            '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":5}}', Shutdown(5), id="a shutdown, wrapped"
        ),
        pytest.param('{"e":"trade","s":"BTCUSDT"}', Ignored("trade"), id="another event"),
        pytest.param('{"u":4,"s":"BTCUSDT","b":"1"}', Ignored("None"), id="an event without a name"),
    ],
)
def test_a_message_says_one_thing(raw, message):
    assert read_message(raw) == message


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("", id="nothing"),
        pytest.param('{"e":"kline","k":{', id="cut JSON"),
        pytest.param(b"\xff\xfe\x00", id="bytes that are no text"),
        pytest.param("[1,2]", id="no object"),
        pytest.param('{"stream":"x","data":7}', id="data that is no object"),
        pytest.param('{"e":"kline","E":1,"s":"A"}', id="a kline without k"),
        pytest.param(json.dumps({"stream": "ethusdt@kline_1m", "data": EVENT}), id="another symbol on the stream"),
        pytest.param(json.dumps(EVENT | {"k": K | {"s": "ETHUSDT"}}), id="two symbols in one event"),
        pytest.param(json.dumps(EVENT | {"E": "soon"}), id="a time that is none"),
        pytest.param("[" * 100_000, id="a nest without end"),
    ],
)
def test_what_cannot_be_read_is_refused(raw):
    with pytest.raises(InputError):
        read_message(raw)


def test_decimals_stay_text():
    message = read_message('{"e":"kline","E":1,"s":"A","k":{"o":0.1234567890123456789}}')
    assert isinstance(message, Kline)
    assert message.payload["o"] == "0.1234567890123456789"


@pytest.mark.parametrize(
    ("stamp", "ms"),
    [(1_700_000_000_123, 1_700_000_000_123), (1_700_000_000_123_999, 1_700_000_000_123), ("60000", 60_000)],
)
def test_stamps_have_13_or_16_digits(stamp, ms):
    assert to_ms(stamp, "here") == ms


@pytest.mark.parametrize("stamp", [True, -1, None, "x", 10**18, 1.5])
def test_other_stamps_are_refused(stamp):
    with pytest.raises(InputError, match="here"):
        to_ms(stamp, "here")


def test_names_are_the_exchanges():
    assert to_symbol("BTC/USDT") == "BTCUSDT"
    assert stream_name("BTC/USDT") == "btcusdt@kline_1m"
    assert json.loads(encode_request("SUBSCRIBE", ["a"], 4)) == {"method": "SUBSCRIBE", "params": ["a"], "id": 4}
    assert json.loads(encode_request("LIST_SUBSCRIPTIONS", None, 5)) == {"method": "LIST_SUBSCRIPTIONS", "id": 5}
