"""A system in containers: started by one command, looked at, used like a person uses it, scaled, and mistreated."""

import json
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from services.cli.up.loopback import answers
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from tests.support.containers import ROOT, System, docker, started
from tests.support.disasters import DISASTERS, SOON_S, held_by, owners, wait_until_fresh
from tests.support.kill_nine import chaos_seed, iso
from tests.support.live_system import wait_for
from tests.support.series import Market, frame_of

pytestmark = [pytest.mark.needs("docker"), pytest.mark.timeout(900), pytest.mark.usefixtures("images")]

RATE = 600  # exchange seconds per second
HISTORY = 12 * DAY_MS // MINUTE_MS
LIVED = 60 * 60  # minutes of the file that are lived through; the tests end long before
GENERATED = Market(seed=31, minutes=HISTORY + LIVED, things=("quiet", "still", "jumps"), swing_ppm=1200)
HOLES = ((-9_000, 61), (-2_000, 1), (101, 1), (214, 3), (450, 20), (900, 1), (1_500, 240), (2_300, 1))  # (at, minutes)
START_MS = GENERATED.first_ms + HISTORY * MINUTE_MS
CLICKED = "ema-cross"
STRATEGIES = ("volume-profile-breakout", "macd-momentum", "supertrend-follow", "donchian-breakout", "rsi-pullback")


@dataclass(frozen=True, slots=True)
class Stage:
    """Says what is being done, and how long everything before took."""

    began: float

    def __call__(self, text: str) -> None:
        print(f"{monotonic() - self.began:6.1f} s  {text}", flush=True)


def test_a_system_in_containers(place: Path) -> None:
    seed = chaos_seed()
    chance, say = Random(seed), Stage(monotonic())
    say(f"PAPERFOLD_CHAOS_SEED={seed}")
    bars = bar_file(place)
    settings = {
        "CLOCK_RATE": str(RATE), "RUNNER_CAPACITY": "2", "SIM_BARS_DIR": str(place),
        "SIM_BARS": json.dumps([f"/bars/{bars.name}"]), "PAPERFOLD__SIM__START": iso(START_MS),
    }  # fmt: skip
    with started(place, settings) as (system, said):
        say("up")
        it_is_told_how_to_log_in_once(system, said)
        it_is_locked_down(system)
        runs = [a_person_clicks_run(system), *others_are_started(system)]
        say("six runs")
        those_without_a_runner_say_so(system, runs)
        make_up_again_changes_no_secret(system)
        say("three runners")
        runs_spread(system, runs, [2, 2, 2])
        they_trade(system, runs)
        parity_holds(system, runs)
        say("they trade")
        a_backtest_loads_what_the_image_brought(system)
        say("a backtest")
        scaled_down_runners_give_their_runs_back(system, runs)
        say("scaled down and up")
        for disaster in chance.sample(DISASTERS, len(DISASTERS)):
            sleep(chance.uniform(0.0, 2.0))
            say(disaster(system, chance))
            wait_until_fresh(system, runs)
        parity_holds(system, runs)
        for run in runs:
            say(export_equals_backtest(system, run, bars))
        the_log_tells_what_happened(system, runs)
    nothing_is_left(system)
    say("gone")


def bar_file(place: Path) -> Path:
    """Twelve days of history, and the hours that the system lives through; minutes are missing in both."""
    missing = [HISTORY + at + i for at, count in HOLES for i in range(count)]
    file = place / "generated_BTCUSDT_1m.parquet"
    frame_of(GENERATED).drop(index=missing).to_parquet(file)
    file.chmod(0o644)
    return file


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


def it_is_locked_down(system: System) -> None:
    """Two published ports, both of this machine alone; no root, no writable root, no capability, limits."""
    names = docker("ps", "--all", "--filter", f"label=com.docker.compose.project={system.project}", "--format={{.ID}}")
    published: dict[str, list[dict[str, str]]] = {}
    for container in json.loads(docker("inspect", *names.split())):
        service = container["Config"]["Labels"]["com.docker.compose.service"]
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert not host["CapAdd"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert not host["Privileged"], service
        assert 0 < host["Memory"] < 2**32, service
        assert host["NanoCpus"] > 0, service
        assert 0 < host["PidsLimit"] <= 256, service
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}, service
        assert host["RestartPolicy"]["Name"] == ("no" if service == "migrate" else "unless-stopped"), service
        assert not [mount for mount in container["Mounts"] if "docker.sock" in mount["Source"]], service
        for ports in (container["NetworkSettings"]["Ports"] or {}).values():
            published.setdefault(service, []).extend(ports or [])
        if container["State"]["Running"]:
            users = docker("top", container["Id"], "-eo", "pid,uid").split()[3::2]
            assert users, service
            assert "0" not in users, service
    assert {service: [port["HostIp"] for port in ports] for service, ports in published.items() if ports} == {
        "api": ["127.0.0.1"],
        "dashboard": ["127.0.0.1"],
    }
    [stores] = json.loads(docker("network", "inspect", f"{system.project}_stores"))
    assert stores["Internal"]
    assert {name for name, one in networks_of(system, "postgres")} == {f"{system.project}_stores"}
    assert {name for name, one in networks_of(system, "redis")} == {f"{system.project}_stores"}


def networks_of(system: System, service: str) -> list[tuple[str, Any]]:
    [container] = json.loads(docker("inspect", *system.containers(service)))
    return list(container["NetworkSettings"]["Networks"].items())


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
    return re.findall(rf'name="{name}" value="([^"]*)"', page)[0]


def others_are_started(system: System) -> list[int]:
    """Over HTTP, as of some days before the simulated exchange opened."""
    past_ms = START_MS - 8 * DAY_MS
    asked = [{"strategy": name, "mode": "paper", "start_at": past_ms} for name in STRATEGIES]
    return [int(system.ask("/runs", one)["id"]) for one in asked]


def those_without_a_runner_say_so(system: System, runs: list[int]) -> None:
    """One runner for two: four wait, and say for what."""

    def is_so() -> bool:
        found = [system.ask(f"/runs/{run}") for run in runs]
        waiting = [run for run in found if run["runner_id"] is None]
        return len(waiting) == 4 and all(run["health"] == "waiting_for_runner" for run in waiting)

    wait_for(is_so, SOON_S, lambda: f"{owners(system)} {system.report()}")


def runs_spread(system: System, runs: list[int], wanted: list[int]) -> None:
    def is_so() -> bool:
        return sorted(len(found) for found in held_by(system).values()) == wanted

    wait_for(is_so, SOON_S, lambda: f"{held_by(system)} {system.report()}")
    wait_until_fresh(system, runs)


def they_trade(system: System, runs: list[int]) -> None:
    def is_so() -> bool:
        return sum(system.ask(f"/runs/{run}")["trade_count"] > 0 for run in runs) >= 3

    wait_for(is_so, SOON_S, lambda: f"no trades: {system.report()}", every_s=0.5)
    wait_for(lambda: system.ask(f"/runs/{runs[0]}")["trade_count"], 2 * SOON_S, system.report, every_s=0.5)


def parity_holds(system: System, runs: list[int]) -> None:
    """Folded again from the record, in a container of its own."""
    found = json.loads(system.cli("parity", "--all", "--json"))
    assert {one["run_id"] for one in found} >= set(runs)
    assert all(one["equal"] for one in found), found


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
    system.compose("up", "-d", "--no-deps", "--no-recreate", "--scale", "runner=1", "runner")
    assert system.containers("runner") == [stayed]
    those_without_a_runner_say_so(system, runs)
    events = [event for run in runs for event in events_of(system, run)[before[run] :]]
    assert events.count("released") == 4, events
    assert "taken_over" not in events
    system.compose("up", "-d", "--no-deps", "--no-recreate", "--scale", "runner=4", "runner")
    wait_for(lambda: None not in owners(system).values(), SOON_S, system.report)
    wait_until_fresh(system, runs)


def events_of(system: System, run: int) -> list[str]:
    """What runners and people did with it, the first thing first."""
    return [entry["event"] for entry in system.ask(f"/runs/{run}/log?limit=500")["items"]][::-1]


# --- in the end ------------------------------------------------------------------------------------------------------


def export_equals_backtest(system: System, run: int, bars: Path) -> str:
    """The run's document, folded again from the file that the exchange had, by this checkout."""
    document = bars.with_name(f"export-{run}.json")
    found = system.ask(f"/runs/{run}/export")
    document.write_text(json.dumps(found), encoding="utf-8")
    strategy = ROOT / "strategies" / f"{found['strategy']['name']}.yaml"
    command = ["parity", str(document), "--strategy", str(strategy), "--bars", str(bars)]
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", *command], cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{run}: {done.stdout} {done.stderr}"
    counts = f"{found['bars']['count']} bars, {len(found['fills'])} fills, {len(found['trades'])} trades"
    return f"run {run} {found['strategy']['name']} equals its backtest: {counts}"


def the_log_tells_what_happened(system: System, runs: list[int]) -> None:
    """Two runners have lost their runs to others."""
    events = {run: events_of(system, run) for run in runs}
    assert sum(found.count("taken_over") for found in events.values()) >= 2, events


def nothing_is_left(system: System) -> None:
    label = f"label=com.docker.compose.project={system.project}"
    for kind in (("ps", "--all"), ("network", "ls"), ("volume", "ls")):
        assert docker(*kind, "--quiet", "--filter", label).split() == [], kind
