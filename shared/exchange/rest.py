"""Binance US over HTTP: four public questions, all of them GET. No key, nothing signed, nothing that trades.

Every answer is good (read and checked) or an error: UnavailableError when asking again may help, InputError when the
question itself was wrong (an unknown symbol).
"""

import asyncio
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from shared.domain.errors import InputError, UnavailableError
from shared.exchange.absence import Moment
from shared.exchange.clock import Measurement
from shared.exchange.finality import WALL_FLOOR_MS, Answer
from shared.exchange.limits import WeightBudget
from shared.exchange.normalise import ExchangeInfo, read_exchange_info, read_rows
from shared.exchange.wire import INTERVAL, LOCAL, decode_json, to_ms, to_symbol

PAGE = 1_000  # most rows of one klines answer
WEIGHTS = {"ping": 1, "time": 1, "exchangeInfo": 20, "klines": 2}  # since 2026-08-31
LIVE_SHARE, BACKFILL_SHARE = 0.9, 0.5  # of the weight limit: history leaves room for what is due now
_WRONG_QUESTION = {-1100, -1101, -1102, -1104, -1105, -1120, -1121, -1128, -1130}  # codes that repeating cannot mend


class Clock(Protocol):
    """What this client needs to know about time."""

    rate: float

    def wall_ms(self) -> float: ...
    def now_ms(self) -> int: ...
    def moment(self) -> Moment: ...


class RestClient:
    """One HTTP client for one process; all requests count against one budget."""

    def __init__(
        self, base_url: str, clock: Clock, timeout_s: float = 10.0, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.base_url = base_url
        self.budget = WeightBudget()
        self._clock = clock
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=8, keepalive_expiry=30),
            headers={"Accept": "application/json", "User-Agent": "paperfold"},
            trust_env=urlsplit(base_url).hostname not in LOCAL,  # a proxy is for the way out
            transport=transport,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def ping(self) -> None:
        """Raises UnavailableError when the exchange does not answer."""
        await self._get("ping", {}, LIVE_SHARE)

    async def time(self) -> Measurement:
        """The exchange's clock, with the moments of ours between which it was read."""
        await self._wait(WEIGHTS["time"], 1.0)
        sent = self._clock.wall_ms()
        body = await self._get("time", {}, 1.0, waits=False)
        received = self._clock.wall_ms()
        try:
            server_ms = to_ms(body["serverTime"] if isinstance(body, dict) else None, "serverTime")
        except (InputError, KeyError) as error:
            raise UnavailableError(f"exchange: time answered {str(body)[:80]}") from error
        return Measurement(server_ms, sent, received)

    async def exchange_info(self) -> ExchangeInfo:
        """Rules of all symbols and the rate limits, which are taken over."""
        body = await self._get("exchangeInfo", {}, LIVE_SHARE)
        try:
            info = read_exchange_info(body)
        except InputError as error:
            raise UnavailableError(f"exchange: {error}") from error
        self.budget.learn(info.limits)
        return info

    async def klines(
        self, instrument: str, from_ms: int, limit: int = PAGE, share: float = LIVE_SHARE, end_ms: int | None = None
    ) -> Answer:
        """Rows from `from_ms` on, oldest first, unfinished ones included."""
        params: dict[str, str | int] = {
            "symbol": to_symbol(instrument),
            "interval": INTERVAL,
            "startTime": from_ms,
            "limit": max(1, min(limit, PAGE)),
        }
        if end_ms is not None:
            params["endTime"] = end_ms
        await self._wait(WEIGHTS["klines"], share)
        at = self._clock.moment()  # of the question, after the waiting: what was true when the exchange looked
        body = await self._get("klines", params, share, waits=False)
        if not isinstance(body, list):
            raise UnavailableError(f"exchange: klines answered {str(body)[:80]}")
        rows = read_rows(body)
        bars = tuple(bar for bar in rows.bars if bar.open_ms >= from_ms)
        return Answer(from_ms, bars, at, tuple(ms for ms in rows.refused_ms if ms >= from_ms), rows.refused)

    async def _wait(self, weight: int, share: float) -> None:
        while (until := self.budget.wait_until_ms(weight, now := self._clock.now_ms(), share)) > now:
            await asyncio.sleep(min(30.0, max((until - now) / self._clock.rate, WALL_FLOOR_MS) / 1000))

    async def _get(self, endpoint: str, params: dict[str, str | int], share: float, waits: bool = True) -> Any:
        weight = WEIGHTS[endpoint]
        if waits:
            await self._wait(weight, share)
        self.budget.spend(weight, self._clock.now_ms())
        try:
            response = await self._http.get(f"/api/v3/{endpoint}", params=params)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise UnavailableError(f"exchange: {endpoint}: {type(error).__name__} {error}".rstrip()) from error
        now = self._clock.now_ms()
        self.budget.note_headers(response.headers, now)
        if response.status_code in (418, 429):
            self.budget.note_refusal(response.headers.get("retry-after"), response.text[:500], now)
        if response.status_code != 200:
            raise _error(endpoint, response)
        try:
            return decode_json(response.content, endpoint)
        except InputError as error:
            raise UnavailableError(f"exchange: {endpoint}: an answer that is cut or not JSON") from error


def _error(endpoint: str, response: httpx.Response) -> InputError | UnavailableError:
    """What a refusal means for the one who asked."""
    status = response.status_code
    if status == 451:
        return UnavailableError(
            f"exchange: {response.url.host} does not serve this country (HTTP 451); "
            "PAPERFOLD__EXCHANGE__REST_URL names the exchange's address"
        )
    code, text = _code(response)
    if 400 <= status < 500 and code in _WRONG_QUESTION:
        return InputError(f"exchange {endpoint}", text, dict(response.url.params).get("symbol"))
    if status == 403 and code is None:
        return UnavailableError(f"exchange: {endpoint}: refused by the exchange's firewall (HTTP 403)")
    return UnavailableError(f"exchange: {endpoint}: HTTP {status}" + (f" {code} {text}" if code is not None else ""))


def _code(response: httpx.Response) -> tuple[int | None, str]:
    """code and msg of the exchange's error body; an HTML page has none."""
    try:
        body = decode_json(response.content, "error")
    except InputError:
        return None, ""
    if not isinstance(body, dict) or not isinstance(body.get("code"), int):
        return None, ""
    return body["code"], str(body.get("msg", ""))[:300]
