"""What may happen to containers of a running system; who is hit, and for how long, is up to the seed."""

import time
from random import Random

from tests.support.containers import System, docker
from tests.support.live_system import wait_for

SOON_S = 60.0  # bound of what is measured and printed; a lease is 10 s


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
    found = {host: runs for host, runs in held_by(system).items() if runs}
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


def kill_a_runner(system: System, chance: Random) -> str:
    host, runs = victim(system, chance)
    before = owners(system)
    docker("kill", host)
    took_s = taken_over(system, runs, before)
    docker("start", host)
    return f"runner {host} killed, its runs {runs} taken over in {took_s:.1f} s"


def freeze_a_runner(system: System, chance: Random) -> str:
    host, runs = victim(system, chance)
    before = owners(system)
    docker("pause", host)
    took_s = taken_over(system, runs, before)
    time.sleep(chance.uniform(0.0, 3.0))
    after = owners(system)
    docker("unpause", host)
    wait_until_fresh(system, runs)
    assert {run: owners(system)[run] for run in runs} == {run: after[run] for run in runs}, "it has let go of them"
    return f"runner {host} frozen, its runs {runs} taken over in {took_s:.1f} s; it woke and let go"


def flush_redis(system: System, _chance: Random) -> str:
    [redis] = system.containers("redis")
    docker("exec", redis, "redis-cli", "flushall")
    return "redis flushed"


def crash_postgres(system: System, _chance: Random) -> str:
    [postgres] = system.containers("postgres")
    docker("restart", "--time", "0", postgres)
    return "postgres killed and started"


DISASTERS = (kill_a_runner, freeze_a_runner, flush_redis, crash_postgres)
