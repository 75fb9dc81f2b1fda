"""From a final bar to its committed fill, at rate 1: real stores with fsync, a real runner, a fill in nearly every bar.

The clock runs from just before the recorded bar is published until the runner's commit returned. The floor is the least
that any such system does, on the same servers between the same bars: XADD here, XREAD in another process, one row
inserted and committed there. Both are paced, since waking an idle process is part of the way. A commit of more than
STALL_MS is taken for a stall of the disk: counted, and left out of one of the two p99.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import stores
from bench.table import Row, percentile, say

HERE = Path(__file__).resolve().parent
PACE_S = 0.12  # between bars
BLOCK = 40  # bars, then as many of the floor
STALL_MS = 10.0
# A fill at every open: in one bar, out the next.
EVERY_MINUTE = """
name: every-minute
symbol: BTC/USDT
timeframes: { entry: 1m }
indicators: [{ id: mean, type: SMA, timeframe: entry, length: 3 }]
logic: { entry_long: ["close > 0 * mean"], exit_long: ["close > 0 * mean"] }
risk_management:
  position_size: { base_size: 0.3 }
  stop_loss: { base_percent: 0.05 }
"""


def measure(count: int) -> list[Row]:
    """Rows of this topic; `count` blocks."""
    with stores.running() as found:
        return _one_run(found, count)


def _one_run(found: stores.Stores, blocks: int) -> list[Row]:
    from tests.support.desk import Desk, walk

    desk = Desk(found.database_url, found.redis_url, walk(200 + blocks * BLOCK))
    desk.sql("create table bench_floor (id bigserial primary key, open_ms bigint not null, price numeric not null)")
    desk.sql("create index on bench_floor (open_ms)")
    commits, floors = found.folder / "commits", found.folder / "floors"
    consumer = subprocess.Popen(
        [sys.executable, "-m", "bench.latency", found.database_url, found.redis_url, floors], cwd=HERE.parent
    )
    try:
        desk.runner(**_watched(commits))
        desk.minutes(20)
        run = desk.start(EVERY_MINUTE)
        desk.until(lambda: desk.run(run).status == "running" or desk.run(run).runner_id is not None)
        for _ in range(60):  # both have run everything once
            desk.minutes(1)
            desk.bus.xadd("bench:floor", {"sent": "0"})
            time.sleep(0.02)
        desk.level(run)
        say(f"{blocks} blocks of {BLOCK} bars")
        sent: dict[int, int] = {}
        floor_sent: list[int] = []
        for _ in range(blocks):
            for _ in range(BLOCK):
                open_ms = desk.now_ms
                sent[open_ms] = _publish(desk)
                time.sleep(PACE_S)
            for _ in range(BLOCK):
                floor_sent.append(time.monotonic_ns())
                desk.bus.xadd("bench:floor", {"sent": str(floor_sent[-1])}, maxlen=2880, approximate=True)
                time.sleep(PACE_S)
        desk.level(run)
        time.sleep(0.3)
        with_fill = {
            int(str(ms)) // 60_000 * 60_000
            for (ms,) in desk.sql("select ts_ms from fills where run_id = :run", run=run)
        }
    finally:
        desk.close()
        consumer.terminate()
        consumer.wait()
    lines = [tuple(map(int, line.split())) for line in commits.read_text(encoding="utf-8").splitlines()]
    samples = [(sent[ms], read, begun, ended) for ms, read, begun, ended, _ in lines if ms in sent and ms in with_fill]
    received = [tuple(map(int, line.split())) for line in floors.read_text(encoding="utf-8").splitlines()]
    floor = [(at, *rest) for at, *rest in received if at]
    return _latency_rows(samples, floor)


def _watched(commits: Path) -> dict[str, str]:
    """Environment of a runner that says when it committed."""
    return {"MODULE": "bench.watched_runner", "BENCH_COMMITS": str(commits), "PAPERFOLD__RUNNER__POLL_S": "1.0"}


def _publish(desk: object) -> int:
    """Record the next minute, then publish it; when that began."""
    from shared.bus import stream

    covered = (desk.now_ms, desk.now_ms + 60_000)  # type: ignore[attr-defined]
    bars = [bar for bar in desk.day if bar.open_ms == covered[0]]  # type: ignore[attr-defined]
    desk.minutes(1, publish=False)  # type: ignore[attr-defined]
    begun = time.monotonic_ns()
    stream.publish(desk.bus, "BTC/USDT", bars, 2880)  # type: ignore[attr-defined]
    return begun


def _latency_rows(samples: Sequence[tuple[int, ...]], floor: Sequence[tuple[int, ...]]) -> list[Row]:
    whole, base = _ms(samples, 0, 3), _ms(floor, 0, 2)
    calm, calm_base = _calm(whole, _ms(samples, 2, 3)), _calm(base, _ms(floor, 1, 2))
    p50, base_p50 = percentile(whole, 0.5), percentile(base, 0.5)
    p99, base_p99 = percentile(calm, 0.99), percentile(calm_base, 0.99)
    rows = [
        Row("floor: add, read, a row committed, p50", base_p50, "ms", note=_parts(floor, ("to the reader", "commit"))),
        Row("floor, p99", base_p99, "ms", note=_stalls(base, calm_base)),
        Row(
            "final -> fill committed, p50", p50, "ms", ratio=p50 / base_p50, reference="the floor's p50",
            budget="<= 2x", met=p50 <= 2.0 * base_p50, note=_parts(samples, ("to the runner", "fold", "commit")),
        ),
        Row(
            "final -> fill committed, p99", p99, "ms", ratio=p99 / base_p99, reference="the floor's p99",
            budget="<= 10 ms", met=p99 <= 10.0, note=_stalls(whole, calm),
        ),
    ]  # fmt: skip
    with_stalls, base_with_stalls = percentile(whole, 0.99), percentile(base, 0.99)
    rows.append(
        Row("the same with stalls", with_stalls, "ms", ratio=with_stalls / base_with_stalls, reference="the floor's")
    )
    return rows


def _parts(samples: Sequence[tuple[int, ...]], names: Sequence[str]) -> str:
    medians = (percentile(_ms(samples, at, at + 1), 0.5) for at in range(len(names)))
    return "of it " + ", ".join(f"{name} {value:.2f}" for name, value in zip(names, medians, strict=True))


def _stalls(values: Sequence[float], calm: Sequence[float]) -> str:
    return f"{len(values) - len(calm)} of {len(values)} commits took more than {STALL_MS:g} ms and are left out"


def _ms(samples: Sequence[tuple[int, ...]], first: int, last: int) -> list[float]:
    return [(sample[last] - sample[first]) / 1e6 for sample in samples]


def _calm(values: Sequence[float], commits: Sequence[float]) -> list[float]:
    return [value for value, commit in zip(values, commits, strict=True) if commit <= STALL_MS]


def consume(database_url: str, redis_url: str, out: str) -> None:
    """The floor's other process: read, insert, commit; a line of times for each entry."""
    import psycopg2
    import redis

    client = redis.Redis.from_url(redis_url)
    session = psycopg2.connect(database_url)
    session.autocommit = True
    insert = "insert into bench_floor (open_ms, price) values (%s, %s)"
    after = b"0"
    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with session.cursor() as cursor:
        while True:
            for _, entries in client.xread({"bench:floor": after}, block=1000) or []:
                for name, fields in entries:
                    got = time.monotonic_ns()
                    cursor.execute(insert, (got // 1_000_000, "42000.01"))
                    done = time.monotonic_ns()
                    after = name
                    os.write(file, f"{int(fields[b'sent'])} {got} {done}\n".encode())


if __name__ == "__main__":
    consume(*sys.argv[1:4])
