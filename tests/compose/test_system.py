"""A system in containers: started by one command, looked at, used like a person uses it, scaled, and mistreated.

Everything that may happen to it does so once at a random moment; in CI and with `make disasters` three times. A runner
that is gone is replaced within 15 s; every export is its backtest, byte for byte. PAPERFOLD_CHAOS_SEED=n takes the same
order again.
"""

import re
import stat
from pathlib import Path
from random import Random
from time import monotonic

import httpx
import pytest

from services.cli.up.loopback import answers
from shared.domain.timeframe import DAY_MS
from tests.support.composed import (
    START_MS,
    STRATEGIES,
    Stage,
    events_of,
    everyone_is_served,
    live_through,
    lived,
    nothing_differs,
    runs_spread,
    start_runs,
)
from tests.support.containers import System, docker
from tests.support.disasters import RUNNERS, SOON_S, Happened, owners
from tests.support.kill_nine import chaos_rounds, chaos_seed
from tests.support.live_system import wait_for
from tests.support.scan import it_is_locked_down

ROUNDS = chaos_rounds()

pytestmark = [
    pytest.mark.needs("docker"),
    pytest.mark.timeout(900 + 600 * ROUNDS),
    pytest.mark.usefixtures("images"),
]

CLICKED = "ema-cross"
MOST_S = 15.0  # without an owner: a lease of 10 s, a poll of 1 s, and a fold of what has come meanwhile


def test_a_system_in_containers(place: Path) -> None:
    seed = chaos_seed()
    chance, say = Random(seed), Stage(monotonic())
    say(f"PAPERFOLD_CHAOS_SEED={seed} PAPERFOLD_CHAOS_ROUNDS={ROUNDS}")
    with lived(place, {}) as (system, said, bars):
        say("up")
        it_is_told_how_to_log_in_once(system, said)
        runs = [a_person_clicks_run(system), *start_runs(system, STRATEGIES)]
        say("six runs")
        those_without_a_runner_say_so(system, runs)
        make_up_again_changes_no_secret(system)
        say("three runners")
        runs_spread(system, runs, [2, 2, 2])
        it_is_locked_down(system)
        say("locked down")
        they_trade(system, runs)
        say("they trade")
        a_backtest_loads_what_the_image_brought(system)
        say("a backtest")
        scaled_down_runners_give_their_runs_back(system, runs)
        say("scaled down and up")
        say(replaced_in_time(live_through(system, chance, say, runs, ROUNDS)))
        nothing_differs(system, runs, bars, say)
    nothing_is_left(system)
    say("gone")


# --- as it stands ----------------------------------------------------------------------------------------------------


def it_is_told_how_to_log_in_once(system: System, said: str) -> None:
    assert stat.S_IMODE(system.file.stat().st_mode) == 0o600
    assert system.values["ADMIN_TOKEN"] in said
    assert system.url("dashboard") in said
    assert "SIMULATED EXCHANGE" in said
    for service in ("api", "dashboard"):
        assert answers(f"{system.url(service)}/readyz")


def make_up_again_changes_no_secret(system: System) -> None:
    before = system.file.read_text(encoding="utf-8")
    said = system.make("up", "--runners", "3")
    assert system.file.read_text(encoding="utf-8") == before
    assert system.values["ADMIN_TOKEN"] not in said
    assert len(system.containers("runner")) == 3


# --- used ------------------------------------------------------------------------------------------------------------


def a_person_clicks_run(system: System) -> int:
    """Log in on the dashboard, and press a strategy's button; the run's number."""
    with httpx.Client(base_url=system.url("dashboard"), trust_env=False, timeout=30) as browser:
        form = {"csrf_token": hidden(browser.get("/login").text, "csrf_token"), "next": "/"}
        refused = browser.post("/login", data=form | {"token": "wrong"})
        assert refused.status_code == 401
        form["csrf_token"] = hidden(refused.text, "csrf_token")
        let_in = browser.post("/login", data=form | {"token": system.values["ADMIN_TOKEN"]})
        assert let_in.status_code == 303, let_in.text
        wait_for(lambda: system.ask("/system")["exchange_now_ms"], SOON_S, system.report)
        page = browser.get(f"/strategies/{CLICKED}").text
        fields = {name: hidden(page, name) for name in ("csrf_token", "form_key", "strategy")}
        answer = browser.post("/runs", data=fields)
        assert answer.status_code == 303, answer.text
        run = int(re.findall(r"/runs/(\d+)", answer.headers["Location"])[0])
        assert CLICKED in browser.get(f"/runs/{run}").text
        return run


def hidden(page: str, name: str) -> str:
    """The value of a form's hidden field."""
    found: list[str] = re.findall(rf'name="{name}" value="([^"]*)"', page)
    return found[0]


def those_without_a_runner_say_so(system: System, runs: list[int]) -> None:
    """One runner for two: four wait, and say for what."""

    def is_so() -> bool:
        found = [system.ask(f"/runs/{run}") for run in runs]
        waiting = [run for run in found if run["runner_id"] is None]
        return len(waiting) == 4 and all(run["health"] == "waiting_for_runner" for run in waiting)

    wait_for(is_so, SOON_S, lambda: f"{owners(system)} {system.report()}")


def they_trade(system: System, runs: list[int]) -> None:
    def is_so() -> bool:
        return sum(system.ask(f"/runs/{run}")["trade_count"] > 0 for run in runs) >= 3

    wait_for(is_so, SOON_S, lambda: f"no trades: {system.report()}", every_s=0.5)
    wait_for(lambda: system.ask(f"/runs/{runs[0]}")["trade_count"], 2 * SOON_S, system.report, every_s=0.5)


def a_backtest_loads_what_the_image_brought(system: System) -> None:
    """It runs in a compiled child, and compiles nothing: the image has the machine code of shipped strategies."""
    kept = "cd /var/cache/paperfold && find . -type f | sort"
    before = docker("exec", system.containers("runner")[0], "sh", "-c", kept)
    asked = {"strategy": "macd-momentum", "mode": "backtest", "from": START_MS - 5 * DAY_MS, "to": START_MS}
    run = int(system.ask("/runs", asked)["id"])

    def is_done() -> bool:
        found = system.ask(f"/runs/{run}")
        assert found["failure"] is None, found
        return bool(found["status"] == "finished")

    wait_for(is_done, 2 * SOON_S, lambda: f"not finished: {system.report()}", every_s=0.3)
    assert docker("exec", system.containers("runner")[0], "sh", "-c", kept) == before
    assert ".nbc" in before


def scaled_down_runners_give_their_runs_back(system: System, runs: list[int]) -> None:
    """At once, by their own hand; then there is room for one more runner's runs than needed."""
    before = {run: len(events_of(system, run)) for run in runs}
    stayed = system.containers("runner")[0]
    system.scale(1)
    assert system.containers("runner") == [stayed]
    those_without_a_runner_say_so(system, runs)
    events = [event for run in runs for event in events_of(system, run)[before[run] :]]
    assert events.count("released") == 4, events
    assert "taken_over" not in events
    system.scale(RUNNERS)
    everyone_is_served(system, runs)


def replaced_in_time(happened: list[Happened]) -> str:
    """No run was without a runner for long; in words."""
    took_s = sorted(one.took_s for one in happened if one.took_s is not None)
    assert took_s[-1] < MOST_S, happened
    return f"{len(happened)} disasters; {len(took_s)} take-overs in {took_s[0]:.1f} to {took_s[-1]:.1f} s"


# --- in the end ------------------------------------------------------------------------------------------------------


def nothing_is_left(system: System) -> None:
    label = f"label=com.docker.compose.project={system.project}"
    for kind in (("ps", "--all"), ("network", "ls"), ("volume", "ls")):
        assert docker(*kind, "--quiet", "--filter", label).split() == [], kind
