"""Prometheus as Compose starts it: it finds everybody, every rule and every panel has an answer, and it calls.

Its image stands in for the official one: this machine's program, under the same user, with the same folders.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from deploy.compose.env_file import MARKETS
from tests.support.containers import ROOT, TAG, System, docker, started
from tests.support.waiting import wait_for

pytestmark = [
    pytest.mark.needs("docker", "prometheus"), pytest.mark.timeout(900), pytest.mark.usefixtures("images"),
]  # fmt: skip

IMAGE = f"paperfold-test/prometheus:{TAG}"
RECIPE = f"""
FROM {os.environ.get("PYTHON_IMAGE", "python:3.11-slim-bookworm")}
COPY prometheus /bin/prometheus
RUN install -d -o nobody -g nogroup /prometheus
USER nobody
VOLUME ["/prometheus"]
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
"""
BOARD = json.loads((ROOT / "deploy" / "compose" / "grafana" / "dashboards" / "paperfold.json").read_text("utf-8"))
EXPRESSIONS = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
WHEN_ILL = {'ALERTS{alertstate="firing"}'}  # panels that are empty while all is well
ASK = "import sys, urllib.request as r; sys.stdout.write(r.urlopen(sys.argv[1], timeout=10).read().decode())"
FOUND_S = 90.0  # scraped four times a minute, and a rate wants two of them


def test_prometheus_in_containers(place: Path) -> None:
    build(place)
    settings = {"PROMETHEUS_IMAGE": IMAGE, "RUNNERS": "3", "CLOCK_RATE": MARKETS["sim"]["CLOCK_RATE"]}
    with started(place, settings) as (system, _):
        system.compose("up", "-d", "--no-deps", "prometheus")
        run = {"strategy": "ema-cross", "mode": "paper"}
        wait_for(lambda: system.ask("/system")["exchange_now_ms"], FOUND_S, system.report)
        system.ask("/runs", run)
        everybody_is_found(system)
        every_rule_can_be_evaluated_and_none_fires(system)
        every_panel_has_data(system)
        docker("kill", *system.containers("ingest"), *system.containers("runner"))
        wait_for(lambda: calling(system) >= {"ServiceDown", "NoRunner"}, FOUND_S, lambda: f"{calling(system)}", 1.0)


def build(place: Path) -> None:
    program = shutil.which("prometheus")
    assert program is not None
    folder = place / "prometheus"
    folder.mkdir()
    shutil.copy(program, folder / "prometheus")
    (folder / "Dockerfile").write_text(RECIPE, encoding="utf-8")
    docker("build", "--quiet", "--tag", IMAGE, str(folder), timeout_s=300.0)


def ask(system: System, what: str, **query: str) -> Any:
    """What Prometheus answers the API's container: nobody else reaches it."""
    url = f"http://prometheus:9090/api/v1/{what}?{urlencode(query)}"
    said = docker("exec", system.containers("api")[0], "python", "-c", ASK, url, may_fail=True)
    return json.loads(said)["data"] if said else {}


def everybody_is_found(system: System) -> None:
    """Runners by all of their addresses."""

    def found() -> list[tuple[str, str]]:
        return sorted((one["scrapePool"], one["health"]) for one in ask(system, "targets").get("activeTargets", []))

    wanted = [("api", "up"), ("ingest", "up"), *[("runner", "up")] * 3]
    wait_for(lambda: found() == wanted, FOUND_S, lambda: f"{found()}", 1.0)


def rules(system: System) -> list[dict[str, Any]]:
    return [rule for group in ask(system, "rules").get("groups", []) for rule in group["rules"]]


def calling(system: System) -> set[str]:
    """Alerts that have begun: how long they wait is another test's."""
    return {rule["name"] for rule in rules(system) if rule["state"] != "inactive"}


def every_rule_can_be_evaluated_and_none_fires(system: System) -> None:
    wait_for(lambda: {rule["health"] for rule in rules(system)} == {"ok"}, FOUND_S, lambda: f"{rules(system)}", 1.0)
    assert [rule["name"] for rule in rules(system) if rule["state"] == "firing"] == []


def every_panel_has_data(system: System) -> None:
    def empty() -> list[str]:
        return [text for text in EXPRESSIONS if not ask(system, "query", query=text).get("result")]

    wait_for(lambda: set(empty()) == WHEN_ILL, FOUND_S, lambda: f"no data: {empty()}", 2.0)
