"""Rows as the exchange writes them: decimal text with 8 decimals, REST arrays and kline frames."""

from collections.abc import Iterable

from services.exchange_sim.market import SCALE, Row


def text8(units: int) -> str:
    """Units of 1e-8 as text: 1 -> 0.00000001."""
    whole, rest = divmod(units, SCALE)
    return f"{whole}.{rest:08d}"


def rest_row(row: Row, length_ms: int) -> str:
    """A row of /api/v3/klines."""
    return (
        f'[{row.open_ms},"{text8(row.open)}","{text8(row.high)}","{text8(row.low)}","{text8(row.close)}",'
        f'"{text8(row.volume)}",{row.open_ms + length_ms - 1},"{text8(row.quote_volume)}",{row.trades},'
        f'"{text8(row.taker_base)}","{text8(row.taker_quote)}","0"]'
    )


def rest_rows(rows: Iterable[Row], length_ms: int) -> str:
    """The body of /api/v3/klines."""
    return f"[{','.join(rest_row(row, length_ms) for row in rows)}]"


def kline_frame(symbol: str, row: Row, is_closed: bool, at_ms: int) -> str:
    """A raw frame of <symbol>@kline_1m, sent at `at_ms`."""
    first, last = (row.first_id, row.last_id) if row.trades else (-1, -1)
    return (
        f'{{"e":"kline","E":{at_ms},"s":"{symbol}","k":{{"t":{row.open_ms},"T":{row.open_ms + 59_999},"s":"{symbol}",'
        f'"i":"1m","f":{first},"L":{last},"o":"{text8(row.open)}","c":"{text8(row.close)}","h":"{text8(row.high)}",'
        f'"l":"{text8(row.low)}","v":"{text8(row.volume)}","n":{row.trades},"x":{"true" if is_closed else "false"},'
        f'"q":"{text8(row.quote_volume)}","V":"{text8(row.taker_base)}","Q":"{text8(row.taker_quote)}","B":"0"}}}}'
    )


def combined(stream: str, frame: str) -> str:
    """The same frame as a combined connection gets it."""
    return f'{{"stream":"{stream}","data":{frame}}}'
