"""Names in Redis, all of them. Instruments are spelled BTC/USDT."""

RUNS = "runs"  # pub/sub: what was committed
CONTROL = "control"  # pub/sub: something changed in PostgreSQL

_BARS = "bars:"
_TICKS = "ticks:"


def bars(instrument: str) -> str:
    """Stream of closed bars and gaps; ids are minutes (decision 0002)."""
    return _BARS + instrument


def ticks(instrument: str) -> str:
    """Channel of the forming bar."""
    return _TICKS + instrument


def tick(instrument: str) -> str:
    """Hash with the forming bar as last published."""
    return f"tick:{instrument}"


def instrument_of(key: str) -> str:
    """The instrument in a stream's or channel's name."""
    return key.partition(":")[2]
