"""A system with a past for people who ask in SQL: two days of bars with holes, runs of every kind that the API started,
a real runner that folds most of them and has no room for one, commands, revisions; and psql as `analyst`.
"""

import csv
import io
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from services.cli.client_programs import connection, find
from shared.domain.bar import Bar
from shared.domain.coverage import Range
from shared.domain.timeframe import MINUTE_MS
from shared.store import bars, database, market, roles
from tests.support.api import FAST
from tests.support.cli import TOKEN, api_process
from tests.support.desk import BUSY, RULES, Desk, walk

PASSWORD = "analyst's password"
PAST = 2700  # minutes of history: Wednesday and most of Thursday
ABSENT = frozenset({150, 151, 1500, 2000, 2001, 2002})
CROSS = FAST.replace("name: fast-cross", "name: cross").replace("1m", "5m")
SLOWER = CROSS.replace("length: 3", "length: 5").replace("length: 8", "length: 13")
BLOCKED = """
name: blocked
symbol: BTC/USDT
timeframes: { entry: 15m }
indicators: [{ id: mean, type: SMA, timeframe: entry, length: 3 }]
logic:
  entry_long: ["close > mean", "close < 0"]
  exit_long: ["bars_held > 2"]
"""
TINY = BLOCKED.replace("blocked", "tiny").replace(', "close < 0"', "") + (
    "risk_management: { position_size: { base_size: 0.00001 } }\n"
)
RESTING = CROSS.replace("name: cross", "name: resting") + (
    "execution: { order_type: limit, limit_offset_bps: 10, expire_bars: 2 }\n"
)
ETHER = BLOCKED.replace("blocked", "ether").replace("BTC/USDT", "ETH/USDT")


class LiveDesk(Desk):
    """As ingest records: history by REST, minutes from the stream, each with the wall clock of its arrival."""

    def _write(self, conn: Connection, found: Sequence[Bar], covered: Range, publish: bool) -> None:
        now_ms = int(time.time() * 1000)  # in the same transaction: a runner must not be done before it
        bars.record(conn, self.instrument_id, found, covered, "ws" if publish else "rest", now_ms)


@dataclass
class World:
    """The system, its runs by what they show, and ways to ask it."""

    desk: LiveDesk
    api: httpx.Client
    runs: dict[str, int] = field(default_factory=dict)

    def psql(self, statement: str, **variables: object) -> list[dict[str, str]]:
        """Rows that psql shows an analyst who has logged in."""
        url = make_url(self.desk.database_url).set(username=roles.ANALYST, password=PASSWORD)
        dsn, environment = connection(url.render_as_string(hide_password=False))
        given = [f"--variable={name}={value}" for name, value in variables.items()]
        done = subprocess.run(
            [find("psql"), "--no-psqlrc", "--csv", "--quiet", "--variable=ON_ERROR_STOP=1", *given, f"--dbname={dsn}"],
            input=statement, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def get(self, path: str) -> Any:
        """What the API answers."""
        answer = self.api.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **body: object) -> Any:
        answer = self.api.post(f"/api/v1{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def start(self, what: str, text: str, **asked: object) -> int:
        """A run of a strategy's text."""
        name = self.post("/strategies", text=text)["name"]
        self.runs[what] = self.post("/runs", strategy=name, **asked)["id"]
        return self.runs[what]

    def live(self) -> list[int]:
        """Runs that trade BTC/USDT as minutes close."""
        return [self.runs[name] for name in ("old", "new", "blocked", "tiny", "resting")]


def grow(world: World) -> None:
    """Everything that happens in this world."""
    desk = world.desk
    desk.history(PAST)
    since = {"start_at": "2025-01-01T03:00:00Z"}
    world.start("old", CROSS, **since)
    world.start("new", SLOWER, **since)
    world.start("blocked", BLOCKED, **since)
    world.start("tiny", TINY, **since)
    world.start("resting", RESTING, **since)
    world.start("ether", ETHER)
    world.start("stopped", BUSY)
    world.start("test", CROSS, mode="backtest", **{"from": "2025-01-01T02:00:00Z", "to": "2025-01-01T20:00:00Z"})
    desk.runner(capacity=7, PAPERFOLD__RUNNER__SNAPSHOT_BARS="5")
    desk.minutes(5)
    desk.level(*world.live(), world.runs["stopped"], timeout_s=60.0)
    for command in ("pause", "resume", "stop"):
        world.post(f"/runs/{world.runs['stopped']}/{command}")
        desk.until(lambda: not desk.sql("select from run_commands where effective_ms is null"))
        desk.minutes(3)
    desk.until(lambda: desk.run(world.runs["stopped"]).has_ended)
    world.start("next", BUSY)
    desk.until(lambda: desk.run(world.runs["next"]).runner_id is not None)
    world.start("waiting", BUSY)
    desk.minutes(16)
    desk.level(*world.live(), world.runs["next"])
    desk.until(lambda: desk.run(world.runs["test"]).has_ended, 60.0)


def revise(desk: Desk) -> None:
    """What the exchange says later: another volume of a minute, and one that had been absent."""
    now_ms, known = int(time.time() * 1000), {(bar.open_ms - desk.first_ms) // MINUTE_MS: bar for bar in desk.day}
    other = replace(known[100], volume=known[100].volume + 1)
    late = replace(known[149], open_ms=known[149].open_ms + MINUTE_MS)
    with database.begin(desk.engine) as conn:
        for bar in (other, late):
            bars.record(conn, desk.instrument_id, [bar], (bar.open_ms, bar.open_ms + MINUTE_MS), "rest", now_ms)


def list_ether(desk: Desk) -> None:
    """A second instrument, whose first hours and some later minutes are not fetched yet; a third, without any."""
    with database.begin(desk.engine) as conn:
        market.put_instrument(conn, "SOL/USDT", "SOLUSDT", "BREAK")
        ether = market.put_instrument(conn, "ETH/USDT", "ETHUSDT", "TRADING")
        market.put_rules(conn, ether, replace(RULES, instrument="ETH/USDT"))
        for first, last in ((2640, 2660), (2670, 2690)):
            found = [bar for bar in desk.day if first <= (bar.open_ms - desk.first_ms) // MINUTE_MS < last]
            covered = desk.first_ms + first * MINUTE_MS, desk.first_ms + last * MINUTE_MS
            bars.record(conn, ether, found, covered, "import", 0)


@contextmanager
def world_of(database_url: str, redis_url: str) -> Iterator[World]:
    """The system, until it is no longer needed."""
    desk = LiveDesk(database_url, redis_url, walk(2800, skipped=ABSENT))
    try:
        with database.begin(desk.engine) as conn:
            roles.create_roles(conn, PASSWORD)
        list_ether(desk)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with (
            api_process(desk) as url,
            httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client,
        ):
            world = World(desk, client)
            grow(world)
            revise(desk)
            yield world
    finally:
        desk.sql("alter role analyst nologin")
        desk.close()
