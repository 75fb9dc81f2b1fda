"""REST answers: (path, query, exchange time) -> Answer. No sockets, no clock; app.py adds both."""

import json
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.exchange_sim.faults import Answer
from services.exchange_sim.listing import exchange_info
from services.exchange_sim.market import SCALE, Market, Row, Series, pages
from services.exchange_sim.path import before
from services.exchange_sim.wire import rest_rows
from shared.domain.timeframe import MINUTE_MS, TIMEFRAMES, ceil_ms, floor_ms

Query = Sequence[tuple[str, str]]

SYMBOL_RANGE = "^[A-Z0-9-_.]{1,20}$"
NUMBER_RANGE = "^[0-9]{1,20}$"
SYMBOLS_RANGE = r'^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$'
MOST_ROWS = 1000


class RefusedError(Exception):
    """A request that the exchange answers with {code, msg}."""

    def __init__(self, code: int, message: str) -> None:
        self.body = json.dumps({"code": code, "msg": message}, separators=(",", ":"))
        super().__init__(message)


class Endpoint(NamedTuple):
    weight: int
    parameters: tuple[str, ...]
    body: Callable[[dict[str, str], int, Market], str]


def weight_of(path: str) -> int:
    """Request weight; an unknown path costs 1."""
    return ENDPOINTS[path].weight if path in ENDPOINTS else 1


def is_heavy(query: Query) -> bool:
    """A request that should not hold up the streams: longer intervals read many minutes."""
    return any(name == "interval" and value != "1m" for name, value in query)


def answer(path: str, query: Query, now_ms: int, market: Market) -> Answer:
    """What the exchange answers to a GET."""
    endpoint = ENDPOINTS.get(path)
    if endpoint is None:
        return Answer(404, "<html><body><h2>404 Not found</h2></body></html>", content_type="text/html")
    try:
        return Answer(200, endpoint.body(_read(query, endpoint.parameters), now_ms, market))
    except RefusedError as refused:
        return Answer(400, refused.body)


# --- endpoints ---------------------------------------------------------------------------------------------------


def ping(_query: dict[str, str], _now_ms: int, _market: Market) -> str:
    return "{}"


def time(_query: dict[str, str], now_ms: int, _market: Market) -> str:
    return f'{{"serverTime":{now_ms}}}'


def system_status(_query: dict[str, str], _now_ms: int, _market: Market) -> str:
    return '{"status":0,"msg":"normal"}'


def info(query: dict[str, str], now_ms: int, market: Market) -> str:
    if ("symbol" in query and len(query) > 1) or {"permissions", "symbols"} <= query.keys():
        raise RefusedError(-1128, "Combination of optional parameters invalid.")
    names = list(market.series)
    if "symbol" in query:
        names = [_in_range("symbol", query["symbol"], SYMBOL_RANGE)]
    elif "symbols" in query:
        names = json.loads(_in_range("symbols", query["symbols"], SYMBOLS_RANGE))
    elif query.get("symbolStatus", "TRADING") != "TRADING":
        names = []
    if ("symbols" in query and not names) or not set(names) <= market.series.keys():
        raise RefusedError(-1121, "Invalid symbol.")
    return exchange_info(now_ms, [market.series[name] for name in names])


def klines(query: dict[str, str], now_ms: int, market: Market) -> str:
    name = _in_range("symbol", _given("symbol", query), SYMBOL_RANGE)
    interval = _given("interval", query)
    start_ms = _number("startTime", query)
    end_ms = _number("endTime", query)
    limit = _number("limit", query)
    if limit == 0:
        raise RefusedError(-1130, "Data sent for parameter 'limit' is not valid.")
    if name not in market.series:
        raise RefusedError(-1121, "Invalid symbol.")
    if interval not in TIMEFRAMES:  # the venue has 3d, 1w and 1M too; they are not simulated
        raise RefusedError(-1120, "Invalid interval.")
    step = TIMEFRAMES[interval]
    most = min(MOST_ROWS, 500 if limit is None else limit)
    to_ms = min(now_ms if end_ms is None else end_ms, now_ms) + 1
    return rest_rows(rows(market, name, step, start_ms, to_ms, most, now_ms), step)


def rows(
    market: Market, name: str, step: int, start_ms: int | None, to_ms: int, limit: int, now_ms: int
) -> Sequence[Row]:
    """Rows that opened in [start, to), as known at `now_ms`: the oldest `limit` from a start, else the newest."""
    series = market.series[name]
    if step > MINUTE_MS:
        return _longer(market, name, step, start_ms, to_ms, limit, now_ms)
    if start_ms is None:
        found = list(series.newest(series.first_ms, to_ms, limit))
    else:
        found = list(series.oldest(start_ms, to_ms, limit))
    if found and found[-1].open_ms + MINUTE_MS > now_ms:
        forming = _forming(market, series, name, found.pop(), now_ms)
        found += [forming] if forming is not None else []
    return found


def _forming(market: Market, series: Series, name: str, row: Row, now_ms: int) -> Row | None:
    """The current minute: its trades so far; before the first, flat at the last close, as empty minutes are."""
    tick = round(float(series.listing.tick) * SCALE)
    so_far = before(row, f"{market.seed}:{name}", tick, now_ms + 1)
    if so_far is not None:
        return so_far
    for last in series.newest(series.first_ms, row.open_ms, 1):
        price = last.close
        return Row(row.open_ms, price, price, price, price, 0, 0, 0, 0, 0, row.first_id)
    return None


def _longer(
    market: Market, name: str, step: int, start_ms: int | None, to_ms: int, limit: int, now_ms: int
) -> list[Row]:
    """The same of a longer interval, joined from minutes. An interval without any minute has no row."""
    series = market.series[name]
    newest_ms = floor_ms(to_ms - 1, step)
    first_ms = newest_ms - (limit - 1) * step if start_ms is None else ceil_ms(start_ms, step)
    first_ms = max(first_ms, floor_ms(series.first_ms, step))
    end_ms = min(newest_ms + step, floor_ms(now_ms, MINUTE_MS))
    joined: list[Row] = []
    minutes = list(rows(market, name, MINUTE_MS, end_ms, now_ms + 1, 1, now_ms)) if newest_ms + step > now_ms else []
    for minute in [*pages(series, first_ms, min(end_ms, first_ms + limit * step)), *minutes]:
        open_ms = floor_ms(minute.open_ms, step)
        if joined and joined[-1].open_ms == open_ms:
            joined[-1] = _join(joined[-1], minute)
        elif len(joined) < limit:
            joined.append(minute._replace(open_ms=open_ms))
    return joined


def _join(row: Row, minute: Row) -> Row:
    return Row(
        row.open_ms, row.open, max(row.high, minute.high), min(row.low, minute.low), minute.close,
        row.volume + minute.volume, row.quote_volume + minute.quote_volume, row.trades + minute.trades,
        row.taker_base + minute.taker_base, row.taker_quote + minute.taker_quote, row.first_id,
    )  # fmt: skip


# --- parameters --------------------------------------------------------------------------------------------------


def _read(query: Query, known: tuple[str, ...]) -> dict[str, str]:
    values = dict(query)
    if len(values) < len(query):
        raise RefusedError(-1101, "Duplicate values for a parameter detected.")
    if values and not known:
        raise RefusedError(-1101, f"Too many parameters; expected '0' and received '{len(values)}'.")
    read = sum(name in known for name in values)
    if read < len(values):
        text = f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{len(values)}'."
        raise RefusedError(-1104, text)
    return values


def _given(name: str, query: dict[str, str]) -> str:
    if not query.get(name):
        raise RefusedError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return query[name]


def _in_range(name: str, value: str, legal: str) -> str:
    if re.fullmatch(legal, value) is None:
        raise RefusedError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")
    return value


def _number(name: str, query: dict[str, str]) -> int | None:
    if name not in query:
        return None
    if query[name] == "":
        raise RefusedError(-1105, f"Parameter '{name}' was empty.")
    return int(_in_range(name, query[name], NUMBER_RANGE))


ENDPOINTS: dict[str, Endpoint] = {
    "/api/v3/ping": Endpoint(1, (), ping),
    "/api/v3/time": Endpoint(1, (), time),
    "/api/v3/exchangeInfo": Endpoint(20, ("symbol", "symbols", "permissions", "symbolStatus"), info),
    "/api/v3/klines": Endpoint(2, ("symbol", "interval", "startTime", "endTime", "limit"), klines),
    "/sapi/v1/system/status": Endpoint(1, (), system_status),
}
