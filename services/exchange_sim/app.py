"""The simulated exchange as one server: REST, streams, and for tests the truth itself under /sim."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from aiohttp import web

from services.exchange_sim import faults, generated, rest
from services.exchange_sim.clock import Clock
from services.exchange_sim.generated import Generated
from services.exchange_sim.limits import Limits
from services.exchange_sim.market import Market, Series, pages, symbol_of
from services.exchange_sim.recorded import Recorded
from services.exchange_sim.streams import Streams
from services.exchange_sim.wire import rest_row
from shared import log
from shared.domain.errors import InputError
from shared.domain.instrument import parse_instrument
from shared.domain.timeframe import DAY_MS, MINUTE_MS, floor_ms
from shared.settings import Sim
from shared.store.bar_files import instrument_of

DEFAULT_INSTRUMENTS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
KEEP_CLOCK_S = 5.0
MOST_TRUTH_ROWS = 50_000


def open_market(settings: Sim) -> Market:
    """Series of the bar files that settings name, else generated ones. Raises InputError."""
    if not settings.bars:
        names = [parse_instrument(name) for name in settings.instruments] or list(DEFAULT_INSTRUMENTS)
        made: dict[str, Series] = {symbol_of(name): Generated(name, settings.seed) for name in names}
        return Market(f"sim:generated-{generated.VERSION}-seed-{settings.seed}", settings.seed, made)
    files: dict[str, list[Path]] = {}
    for path, name in _named(settings):
        files.setdefault(name, []).append(path)
    read = {symbol_of(name): Recorded(name, paths) for name, paths in files.items()}
    digest = sha256("".join(sorted(one.digest() for one in read.values())).encode()).hexdigest()
    return Market(f"sim:{digest[:16]}", settings.seed, dict(read))


def _named(settings: Sim) -> list[tuple[Path, str]]:
    if settings.instruments and len(settings.instruments) != len(settings.bars):
        found = f"{len(settings.instruments)} names for {len(settings.bars)} files"
        raise InputError("sim.instruments", "one name per bar file, or none", found)
    if settings.instruments:
        return [(path, parse_instrument(n)) for path, n in zip(settings.bars, settings.instruments, strict=True)]
    named = []
    for path in settings.bars:
        name = instrument_of(path)
        if name is None:
            raise InputError(str(path), "a file name that tells its instrument, or sim.instruments", path.name)
        named.append((path, name))
    return named


def first_start_ms(settings: Sim, market: Market, wall_ms: int) -> int:
    """Exchange time at the first start: as asked for, else now, else a day a third into the files."""
    first = max(series.first_ms for series in market.series.values())
    lasts = [series.last_ms for series in market.series.values() if series.last_ms is not None]
    if settings.start is not None:
        try:
            moment = datetime.fromisoformat(settings.start)
        except ValueError:
            raise InputError("sim.start", "an ISO time", settings.start) from None
        start_ms = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
        if start_ms < first or (lasts and start_ms > max(lasts)):
            ends = f"{_iso(first)} .. {_iso(max(lasts)) if lasts else 'no end'}"
            raise InputError("sim.start", f"a time within the bars, {ends}", settings.start)
        return start_ms
    if not lasts:
        return wall_ms
    third = first + (min(lasts) - first) // 3
    day_ms = floor_ms(third, DAY_MS)
    return day_ms if day_ms > first else floor_ms(max(third, first), MINUTE_MS)


def create_app(
    settings: Sim,
    market: Market,
    clock: Clock,
    rules: Sequence[faults.Rule] = faults.RULES,
    on_failure: Callable[[BaseException], None] | None = None,
) -> web.Application:
    """The server's application; its loops run while it does. `on_failure` hears of a loop that died."""
    limits = Limits()
    streams = Streams(settings, market, clock, tuple(rules))

    async def answer(request: web.Request) -> web.Response:
        now_ms, path, query = clock.now_ms(), request.path, list(request.query.items())
        headers, right = limits.charge(request.remote or "", rest.weight_of(path), now_ms)
        if right is None:
            if rest.is_heavy(query):
                right = await asyncio.to_thread(rest.answer, path, query, now_ms, market)
            else:
                right = rest.answer(path, query, now_ms, market)
        out = faults.answer(rules, now_ms, path, dict(query), right)
        return web.Response(
            status=out.status, text=out.body, content_type=out.content_type, headers=headers | out.headers
        )

    async def sim_clock(_request: web.Request) -> web.Response:
        symbols = {name: {"first_open_ms": s.first_ms, "last_open_ms": s.last_ms} for name, s in market.series.items()}
        body = {"exchange_ms": clock.now_ms(), "rate": clock.rate, "market": market.name, "symbols": symbols}
        return web.json_response(body | {"no_trade_policy": settings.no_trade_policy})

    async def sim_truth(request: web.Request) -> web.Response:
        return await asyncio.to_thread(_truth, market, dict(request.query))

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None and on_failure is not None:
            on_failure(error)

    async def loops(_app: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(streams.publish()), asyncio.create_task(_keep(clock, market))]
        for task in tasks:
            task.add_done_callback(ended)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def say_goodbye(_app: web.Application) -> None:
        await streams.close()

    app = web.Application()
    app.cleanup_ctx.append(loops)
    app.on_shutdown.append(say_goodbye)
    app.router.add_get("/ws", streams.serve)
    app.router.add_get("/ws/{streams:.*}", streams.serve)
    app.router.add_get("/stream", streams.serve)
    app.router.add_get("/sim/clock", sim_clock)
    app.router.add_get("/sim/truth", sim_truth)
    app.router.add_get("/{path:.*}", answer)
    return app


def _truth(market: Market, query: dict[str, str]) -> web.Response:
    """Rows as they will have been, whatever time it is: /sim/truth?symbol=&startTime=&endTime=, REST rows and ids."""
    series = market.series.get(query.get("symbol", ""))
    if series is None:
        return web.json_response({"error": f"symbol: one of {' '.join(market.series)}"}, status=400)
    try:
        start_ms = int(query.get("startTime", series.first_ms))
        end_ms = int(query.get("endTime", start_ms + (MOST_TRUTH_ROWS - 1) * MINUTE_MS))
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)
    rows = []
    for row in pages(series, start_ms, end_ms + 1):
        rows.append(f"{rest_row(row, MINUTE_MS)[:-1]},{row.first_id},{row.last_id}]")
        if len(rows) == MOST_TRUTH_ROWS:
            break
    symbol = json.dumps(query["symbol"])
    return web.Response(text=f'{{"symbol":{symbol},"rows":[{",".join(rows)}]}}', content_type="application/json")


async def _keep(clock: Clock, market: Market) -> None:
    """Keep the clock's anchor fresh, and say once when a file has no more bars."""
    logger = log.get("clock")
    running = {name for name, series in market.series.items() if series.last_ms is not None}
    while True:
        clock.keep()
        for name in sorted(running):
            last_ms = market.series[name].last_ms
            if last_ms is not None and clock.now_ms() > last_ms + MINUTE_MS:
                logger.warning("bars_ended", symbol=name, last_open=_iso(last_ms))
                running.discard(name)
        await asyncio.sleep(KEEP_CLOCK_S)


async def run(settings: Sim) -> None:
    """Serve until SIGTERM or SIGINT; then time stands still. Raises what a loop of the server died of."""
    logger = log.get("app")
    market = open_market(settings)
    state = None
    if settings.state_dir is not None:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        state = settings.state_dir / "clock.json"
    wall_ms = int(datetime.now(UTC).timestamp() * 1000)
    clock = Clock(first_start_ms(settings, market, wall_ms), settings.rate, state, market.name)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    failures: list[BaseException] = []

    def give_up(error: BaseException) -> None:
        failures.append(error)
        stop.set()

    app = create_app(settings, market, clock, on_failure=give_up)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        logger.info(
            "exchange_opened", url=f"http://{settings.host}:{settings.port}", market=market.name, rate=settings.rate,
            exchange_time=_iso(clock.now_ms()), symbols=list(market.series),
        )  # fmt: skip
        await stop.wait()
    finally:
        clock.stop()
        await runner.cleanup()
    logger.info("exchange_closed", exchange_time=_iso(clock.now_ms()))
    if failures:
        raise failures[0]


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
