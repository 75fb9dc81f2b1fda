"""Binance US on the wire: its names of things, and what one WebSocket message says.

Rule: nothing here trusts a message. What cannot be read is an InputError about that message and nothing else; what is
not for us (other events, acknowledgements of others) is told apart and ignored by the caller.
"""

import json
from dataclasses import dataclass
from typing import Any

from shared.domain.errors import InputError
from shared.domain.instrument import parse_instrument

INTERVAL = "1m"  # the only one ever asked for: higher timeframes are built by the fold
LOCAL = ("127.0.0.1", "localhost", "::1")  # hosts that no proxy stands before
# Numbers stay text: a float would lose the digits that exact_float has to count.
_DECODER = json.JSONDecoder(parse_float=str)


@dataclass(frozen=True, slots=True)
class Kline:
    """A kline event, not yet checked: `payload` is its `k` object.

    {"e":"kline","E":1633998301755,"s":"OMGBUSD","k":{"t":1633998240000,"T":1633998299999,"s":"OMGBUSD","i":"1m",
    "f":439572,"L":439585,"o":"13.72120000","c":"13.76640000","h":"13.80760000","l":"13.72120000","v":"536.51000000",
    "n":14,"x":true,"q":"7387.12073500","V":"231.60000000","Q":"3187.75743000","B":"0"}}   (recorded, 2021-10-12)
    """

    symbol: str
    payload: dict[str, Any]
    event_ms: int


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer to a request of ours. SUBSCRIBE of a stream that does not exist is answered with null, too."""

    id: int
    result: list[str] | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error the exchange reported on the stream, flat or wrapped."""

    id: int | None
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Shutdown:
    """serverShutdown: this connection will be closed soon; open another one first."""

    event_ms: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something we did not ask for."""

    kind: str


Message = Kline | Reply | Refusal | Shutdown | Ignored


def to_symbol(instrument: str) -> str:
    """BTC/USDT -> BTCUSDT."""
    return parse_instrument(instrument).replace("/", "")


def stream_name(instrument: str) -> str:
    """BTC/USDT -> btcusdt@kline_1m."""
    return f"{to_symbol(instrument).lower()}@kline_{INTERVAL}"


def decode_json(text: str | bytes, place: str) -> Any:
    """JSON with its decimals as text. Raises InputError."""
    try:
        return _DECODER.decode(text.decode("utf-8") if isinstance(text, bytes) else text)
    except (ValueError, RecursionError):
        raise InputError(place, "a JSON text", text[:120]) from None


def to_ms(stamp: object, place: str) -> int:
    """A time of 13 digits (ms) or 16 (us) as ms; Binance switches between them by option and by product."""
    if isinstance(stamp, str) and stamp.isdecimal():
        stamp = int(stamp)
    if not isinstance(stamp, int) or isinstance(stamp, bool) or not 0 <= stamp < 10**17:
        raise InputError(place, "a time in ms or us", stamp)
    return stamp // 1000 if stamp >= 10**14 else stamp


def read_message(raw: str | bytes) -> Message:
    """What one WebSocket message says, in either envelope: {"stream":..,"data":{..}} or the bare event."""
    message = decode_json(raw, "stream message")
    if not isinstance(message, dict):
        raise InputError("stream message", "an object", str(message)[:120])
    if "error" in message and isinstance(message["error"], dict):
        return _refusal(message["error"], message.get("id"))
    if "code" in message and "msg" in message:
        return _refusal(message, message.get("id"))
    if "result" in message:
        return _reply(message)
    stream = message.get("stream")
    event = message.get("data", message)
    if not isinstance(event, dict):
        raise InputError("stream message", "data is an object", str(event)[:120])
    kind = event.get("e")
    if kind == "kline":
        return _kline(event, stream)
    if kind == "serverShutdown":
        return Shutdown(to_ms(event.get("E", 0), "serverShutdown E"))
    return Ignored(str(kind if kind is not None else stream))


def _kline(event: dict[str, Any], stream: object) -> Kline:
    payload = event.get("k")
    if not isinstance(payload, dict):
        raise InputError("kline event", "k is an object", str(payload)[:120])
    symbol = str(event.get("s", payload.get("s", ""))).upper()
    inner = str(payload.get("s", symbol)).upper()
    if not symbol or inner != symbol:
        raise InputError("kline event", "one symbol", f"{symbol or None} and {inner}")
    if isinstance(stream, str) and stream.lower().split("@")[0] != symbol.lower():
        raise InputError(f"stream {stream}", "events of its own symbol", symbol)
    return Kline(symbol, payload, to_ms(event.get("E", 0), "kline event E"))


def _reply(message: dict[str, Any]) -> Message:
    number, result = message.get("id"), message["result"]
    if not isinstance(number, int) or not (result is None or isinstance(result, list)):
        return Ignored("reply")
    return Reply(number, None if result is None else [str(name) for name in result])


def _refusal(error: dict[str, Any], number: object) -> Refusal:
    code = error.get("code")
    return Refusal(
        number if isinstance(number, int) else None,
        code if isinstance(code, int) else 0,
        str(error.get("msg", ""))[:300],
    )


def encode_request(method: str, params: list[str] | None, number: int) -> str:
    """SUBSCRIBE, UNSUBSCRIBE or LIST_SUBSCRIPTIONS, as the stream wants it."""
    request: dict[str, object] = {"method": method, "id": number}
    if params is not None:
        request["params"] = params
    return json.dumps(request)
