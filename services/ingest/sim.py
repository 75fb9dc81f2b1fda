"""The simulated market's name: whose bars they are. The real exchange has no such thing, and is never asked."""

import httpx

from shared.domain.errors import InputError, UnavailableError
from shared.settings import Exchange

REAL, SIMULATED = "binance-us", "sim"


async def fingerprint(exchange: Exchange) -> str:
    """What the database's claim is to carry: empty for the real market. Raises UnavailableError, InputError."""
    if exchange.market == REAL:
        return ""
    if exchange.market != SIMULATED:
        raise InputError("PAPERFOLD__EXCHANGE__MARKET", f"{REAL} or {SIMULATED}", exchange.market)
    try:
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
            found = (await http.get(f"{exchange.rest_url}/sim/clock")).raise_for_status().json()
        name, rate = str(found["market"]), float(found["rate"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise UnavailableError(f"simulated exchange: {type(error).__name__} {error}".rstrip()) from error
    if rate != exchange.clock_rate:
        rule = f"the simulated exchange's rate {rate:g}"
        raise InputError("PAPERFOLD__EXCHANGE__CLOCK_RATE", rule, exchange.clock_rate)
    return name
