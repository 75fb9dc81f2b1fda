"""What exchangeInfo says: rate limits, and each symbol's filters with the numbers of its listing."""

import json

from services.exchange_sim.market import Listing, Series, symbol_of

WEIGHT_LIMIT = 6000  # per exchange minute and address

RATE_LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": WEIGHT_LIMIT},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
]

# Ticks and steps as the venue had them where known; the rest are made up in its manner.
LISTINGS = {
    "BTC": Listing("0.01000000", "0.00001000"),
    "ETH": Listing("0.01000000", "0.00010000"),
    "SOL": Listing("0.01000000", "0.00100000", max_quantity="90000.00000000"),
}

ORDER_TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]


def listing_for(instrument: str, price: float, price_decimals: int = 0) -> Listing:
    """The table's listing, or one in its manner for a price of that size; the tick as fine as the data needs."""
    known = LISTINGS.get(instrument.split("/")[0])
    decimals = 2 if known is not None else tick_decimals(price)
    step = known.step if known is not None else _power(min(8, max(0, 5 - tick_decimals(price) + 2)))
    tick = _power(max(decimals, price_decimals))
    return (known or Listing(tick, step, max_quantity="90000000.00000000"))._replace(tick=tick)


def tick_decimals(price: float) -> int:
    """Decimals of a tick that is about a hundred-thousandth of the price."""
    decimals = 0
    while price * 10**decimals < 30_000 and decimals < 8:
        decimals += 1
    return decimals


def exchange_info(server_ms: int, series: list[Series]) -> str:
    """The body of /api/v3/exchangeInfo."""
    body = {
        "timezone": "UTC",
        "serverTime": server_ms,
        "rateLimits": RATE_LIMITS,
        "exchangeFilters": [],
        "symbols": [_symbol(one) for one in series],
    }
    return json.dumps(body, separators=(",", ":"))


def _power(decimals: int) -> str:
    """10 ** -decimals with 8 decimals."""
    return f"{10.0**-decimals:.8f}"


def _symbol(series: Series) -> dict[str, object]:
    base, quote = series.instrument.split("/")
    return {
        "symbol": symbol_of(series.instrument),
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ORDER_TYPES,
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(series.listing),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"],
    }


def _filters(of: Listing) -> list[dict[str, object]]:
    by_side = {"bidMultiplierUp": "5", "bidMultiplierDown": "0.2", "askMultiplierUp": "5", "askMultiplierDown": "0.2"}
    trailing = {f"{end}Trailing{way}Delta": n for way in ("Above", "Below") for end, n in (("min", 10), ("max", 2000))}
    return [
        {"filterType": "PRICE_FILTER", "minPrice": of.tick, "maxPrice": of.max_price, "tickSize": of.tick},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "5", "multiplierDown": "0.2", "avgPriceMins": 5},
        {"filterType": "LOT_SIZE", "minQty": of.step, "maxQty": of.max_quantity, "stepSize": of.step},
        {"filterType": "MIN_NOTIONAL", "minNotional": of.min_notional, "applyToMarket": True, "avgPriceMins": 5},
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "10.92994037", "stepSize": "0.00000000"},
        {"filterType": "TRAILING_DELTA", **trailing},
        {"filterType": "PERCENT_PRICE_BY_SIDE", **by_side, "avgPriceMins": 5},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
    ]
