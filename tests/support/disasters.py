"""What may happen to containers of a running system; who is hit, and for how long, is up to the seed.

Each disaster returns when the system has found its way around it or back. Whatever the record allows goes on meanwhile:
without Redis runs are read from PostgreSQL, without ingest they wait for the next minute. The overview says what is so.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

import httpx

from tests.support.containers import System, docker
from tests.support.small_stores import filling, full, make_room
from tests.support.waiting import wait_for

SOON_S = 60.0  # bound of what is measured and printed; a lease is 10 s
RUNNERS = 4  # that a system has before and after a disaster

# Segments of PostgreSQL's log that wait to be used again, all at once: faster than it can take used ones back.
SPEND_ITS_LOG = """do $$ begin
    for i in 1..100 loop perform pg_logical_emit_message(false, '', ''), pg_switch_wal(); end loop;
end $$"""


@dataclass(frozen=True, slots=True)
class Happened:
    """What was done, in words; runs that changed hands for it, and how long they were nobody's."""

    text: str
    taken_over: tuple[int, ...] = ()
    took_s: float | None = None

    def __str__(self) -> str:
        return self.text if self.took_s is None else f"{self.text}, taken over in {self.took_s:.1f} s"


# --- looking on ------------------------------------------------------------------------------------------------------


def owners(system: System) -> dict[int, str | None]:
    """Runs and their runners."""
    return {run["id"]: run["runner_id"] for run in system.ask("/runs?mode=paper&limit=100")["items"]}


def held_by(system: System) -> dict[str, list[int]]:
    """Runs by container of a runner: a runner's host is its container."""
    hosts = {runner["id"]: runner["host"] for runner in system.ask("/system")["runners"]}
    found: dict[str, list[int]] = {}
    for run, owner in owners(system).items():
        if owner in hosts:
            found.setdefault(hosts[owner], []).append(run)
    return found


def wait_until_fresh(system: System, runs: list[int]) -> None:
    """Until each of these has folded a bar that is newer than any of now."""
    asked_ms = system.ask("/system")["exchange_now_ms"]

    def is_fresh() -> bool:
        found = [system.ask(f"/runs/{run}") for run in runs]
        for run in found:
            assert run["failure"] is None, f"{run} {system.report()}"
        return all((run["last_bar_ms"] or 0) >= asked_ms for run in found)

    wait_for(is_fresh, SOON_S, lambda: f"runs do not go on: {system.report()}", every_s=0.3)


def victim(system: System, chance: Random) -> tuple[str, list[int]]:
    """A runner's container that holds runs, and those."""
    found = wait_for(lambda: held_by(system), SOON_S, system.report)
    host = chance.choice(sorted(found))
    return host, found[host]


def taken_over(system: System, runs: list[int], before: dict[int, str | None]) -> float:
    """Seconds until all of these have another runner."""
    began = time.monotonic()

    def is_done() -> bool:
        now = owners(system)
        return all(now[run] not in (None, before[run]) for run in runs)

    wait_for(is_done, SOON_S, lambda: f"nobody takes over {runs}: {system.report()}", every_s=0.2)
    return time.monotonic() - began


def overview_lacks(system: System, host: str) -> None:
    """Until it names a runner no more."""
    wait_for(lambda: host not in {one["host"] for one in system.ask("/system")["runners"]}, SOON_S, system.report)


def overview_says_stale(system: System) -> None:
    """Until it says of every feed that nothing comes."""
    wait_for(lambda: {feed["health"] for feed in system.ask("/system")["feeds"]} == {"stale"}, SOON_S, system.report)


def readyz(system: System) -> str:
    """What the API says of its neighbours."""
    return httpx.get(f"{system.url('api')}/readyz?verbose", trust_env=False, timeout=30).text


def overview_says_redis_degraded(system: System) -> None:
    """Until it does."""
    wait_for(lambda: "[!]redis degraded" in readyz(system), SOON_S, lambda: readyz(system) + system.report())


def only(system: System, service: str) -> str:
    """The container of a service that has one."""
    [container] = system.containers(service)
    return container


@contextmanager
def cut(system: System, container: str, network: str) -> Iterator[None]:
    """Nothing passes between a container and a network of the system, in neither direction."""
    name = f"{system.project}_{network}"
    docker("network", "disconnect", name, container)
    yield
    docker("network", "connect", name, container)


# --- runners ---------------------------------------------------------------------------------------------------------


def kill_a_runner(system: System, chance: Random) -> Happened:
    host, runs = victim(system, chance)
    before = owners(system)
    docker("kill", host)
    took_s = taken_over(system, runs, before)
    overview_lacks(system, host)
    docker("start", host)
    return Happened(f"runner {host} killed with runs {runs}", tuple(runs), took_s)


def freeze_a_runner(system: System, chance: Random) -> Happened:
    host, runs = victim(system, chance)
    before = owners(system)
    docker("pause", host)
    took_s = taken_over(system, runs, before)
    overview_lacks(system, host)
    time.sleep(chance.uniform(0.0, 3.0))
    lets_go(system, runs, lambda: docker("unpause", host))
    return Happened(f"runner {host} frozen with runs {runs} until it had lost them", tuple(runs), took_s)


def cut_a_runner_from_postgres(system: System, chance: Random) -> Happened:
    host, runs = victim(system, chance)
    before = owners(system)
    with cut(system, host, "database"):
        took_s = taken_over(system, runs, before)
        overview_lacks(system, host)
        time.sleep(chance.uniform(0.0, 3.0))
    lets_go(system, runs, lambda: None)
    return Happened(f"runner {host} with runs {runs} and PostgreSQL lost each other", tuple(runs), took_s)


def lets_go(system: System, runs: list[int], wake: Callable[[], object]) -> None:
    """A runner that has lost these comes back, and touches none of them."""
    after = owners(system)
    wake()
    wait_until_fresh(system, runs)
    assert {run: owners(system)[run] for run in runs} == {run: after[run] for run in runs}, "it has let go of them"


def cut_a_runner_from_redis(system: System, chance: Random) -> Happened:
    host, runs = victim(system, chance)
    before = owners(system)
    with cut(system, host, "redis"):
        time.sleep(chance.uniform(0.0, 12.0))
        wait_until_fresh(system, runs)
    assert {run: owners(system)[run] for run in runs} == {run: before[run] for run in runs}, "it has kept them"
    return Happened(f"runner {host} and Redis lost each other, and it went on with runs {runs}")


def scale_down_and_up(system: System, chance: Random) -> Happened:
    runs, left = sorted(owners(system)), chance.randint(1, RUNNERS - 2)
    system.scale(left)
    wait_for(lambda: len(system.ask("/system")["runners"]) == left, SOON_S, system.report)
    time.sleep(chance.uniform(0.0, 2.0))
    system.scale(RUNNERS)
    wait_for(lambda: None not in owners(system).values(), SOON_S, system.report)
    wait_until_fresh(system, runs)
    return Happened(f"{left} runners, and {RUNNERS} again")


# --- ingest ----------------------------------------------------------------------------------------------------------


def kill_ingest(system: System, chance: Random) -> Happened:
    ingest = only(system, "ingest")
    docker("kill", ingest)
    away_s = chance.uniform(0.0, 6.0)
    time.sleep(away_s)
    overview_says_stale(system)
    docker("start", ingest)
    return Happened(f"ingest killed, back after {away_s:.1f} s")


def freeze_ingest(system: System, chance: Random) -> Happened:
    ingest = only(system, "ingest")
    away_s = chance.uniform(0.0, 14.0)  # its lease is 10 s
    docker("pause", ingest)
    overview_says_stale(system)
    time.sleep(away_s)
    docker("unpause", ingest)
    return Happened(f"ingest frozen for {away_s:.1f} s")


def cut_ingest_from_postgres(system: System, chance: Random) -> Happened:
    away_s = chance.uniform(1.0, 12.0)
    with cut(system, only(system, "ingest"), "database"):
        time.sleep(away_s)
        overview_says_stale(system)
    return Happened(f"ingest and PostgreSQL lost each other for {away_s:.1f} s")


def cut_ingest_from_redis(system: System, chance: Random) -> Happened:
    with cut(system, only(system, "ingest"), "redis"):
        time.sleep(chance.uniform(0.0, 6.0))
        wait_until_fresh(system, sorted(owners(system)))
    return Happened("ingest and Redis lost each other, and every run went on")


# --- stores ----------------------------------------------------------------------------------------------------------


def flush_redis(system: System, _chance: Random) -> Happened:
    docker("exec", only(system, "redis"), "redis-cli", "flushall")
    return Happened("Redis flushed")


def take_redis_down(system: System, chance: Random) -> Happened:
    redis = only(system, "redis")
    docker("stop", redis)
    time.sleep(chance.uniform(0.0, 6.0))
    wait_until_fresh(system, sorted(owners(system)))
    assert "[!]redis degraded" in readyz(system), readyz(system)
    docker("start", redis)
    return Happened("Redis down, and every run went on without it")


def crash_redis(system: System, _chance: Random) -> Happened:
    docker("restart", "--time", "0", only(system, "redis"))
    return Happened("Redis killed and started")


def fill_the_disk_of_redis(system: System, chance: Random) -> Happened:
    with full(system, "redis"):
        overview_says_redis_degraded(system)
        time.sleep(chance.uniform(0.0, 6.0))
        wait_until_fresh(system, sorted(owners(system)))
    return Happened("Redis's disk full: it took no writes, and every run went on")


def fill_the_memory_of_redis(system: System, chance: Random) -> Happened:
    redis = only(system, "redis")
    _, most = docker("exec", redis, "redis-cli", "config", "get", "maxmemory").split()
    docker("exec", redis, "redis-cli", "config", "set", "maxmemory", "1")
    overview_says_redis_degraded(system)
    time.sleep(chance.uniform(0.0, 6.0))
    wait_until_fresh(system, sorted(owners(system)))
    docker("exec", redis, "redis-cli", "config", "set", "maxmemory", most)
    return Happened("Redis's memory full: it took no writes, and every run went on")


def fill_the_disk_of_postgres(system: System, chance: Random) -> Happened:
    """Tables cannot grow; its log of writes has segments in store, and goes on for a while."""
    away_s = chance.uniform(0.0, 6.0)
    with full(system, "postgres"):
        overview_says_that_nothing_is_decided(system)
        time.sleep(away_s)
    return Happened(f"PostgreSQL's disk full, for {away_s:.1f} s after that was seen")


def fill_the_log_of_postgres(system: System, chance: Random) -> Happened:
    """Without room for its log of writes it ends at once, and cannot start."""
    postgres, away_s = only(system, "postgres"), chance.uniform(0.0, 6.0)
    # in one session that is there before: on a full disk it may refuse a new one
    fill, spend = ("-c", rf"\! {filling('postgres')}"), ("-c", SPEND_ITS_LOG)
    docker("exec", postgres, "psql", "-U", "postgres", *fill, *spend, may_fail=True)
    overview_says_postgres_failed(system)
    time.sleep(away_s)
    make_room(system, "postgres")
    return Happened(f"PostgreSQL's disk full to the end of its log, for {away_s:.1f} s after that was seen")


def overview_says_postgres_failed(system: System) -> None:
    """Until it does."""
    wait_for(lambda: "[-]database failed" in readyz(system), SOON_S, lambda: readyz(system) + system.report())


def overview_says_that_nothing_is_decided(system: System) -> None:
    """Every feed is stale; or PostgreSQL does not let anybody in any more, for it notes down who comes."""

    def is_so() -> bool:
        if "[-]database failed" in readyz(system):
            return True
        return {feed["health"] for feed in system.ask("/system")["feeds"]} == {"stale"}

    wait_for(is_so, SOON_S, system.report)


def restart_postgres(system: System, _chance: Random) -> Happened:
    docker("restart", "--time", "30", only(system, "postgres"))
    return Happened("PostgreSQL restarted")


def crash_postgres(system: System, _chance: Random) -> Happened:
    docker("restart", "--time", "0", only(system, "postgres"))
    return Happened("PostgreSQL killed and started")


DISASTERS: tuple[Callable[[System, Random], Happened], ...] = (
    kill_a_runner, freeze_a_runner, cut_a_runner_from_postgres, cut_a_runner_from_redis, scale_down_and_up,
    kill_ingest, freeze_ingest, cut_ingest_from_postgres, cut_ingest_from_redis,
    flush_redis, take_redis_down, crash_redis, fill_the_disk_of_redis, fill_the_memory_of_redis,
    restart_postgres, crash_postgres, fill_the_disk_of_postgres, fill_the_log_of_postgres,
)  # fmt: skip
