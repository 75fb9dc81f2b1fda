"""The pods for trying, as containers: with their users, rights, volumes and references, all pass their probes."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deploy.kubernetes import secrets
from tests.support.containers import ROOT, docker
from tests.support.manifests import build, pods
from tests.support.pods import answer, started
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.needs("docker", "root"), pytest.mark.timeout(900), pytest.mark.usefixtures("images")]

READY_S = 180.0
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def test_all_pods_get_ready_in_whatever_order_they_come(place: Path) -> None:
    objects = build(ROOT / "deploy" / "kubernetes" / "overlays" / "simulated-exchange")
    values = secrets.values()
    with started(objects, values, place) as cluster:
        assert {name: len(found) for name, found in cluster.containers.items()} == {
            "migrate": 1, "ingest": 2, "runner": 2, "api": 2, "dashboard": 1, "postgres": 1, "redis": 1,
            "exchange-sim": 1,
        }  # fmt: skip
        (migrate,) = cluster.containers["migrate"]
        wait_for(lambda: state(migrate) == ["exited", "0"], READY_S, cluster.report, every_s=0.5)
        for name, pod in pods(objects).items():
            (spec,) = pod["spec"]["containers"]
            asked = [(one, probe) for one in cluster.containers[name] for probe in PROBES if probe in spec]
            for one, probe in asked:
                wait_for(partial(cluster.passes, one, spec, probe), READY_S, cluster.report, every_s=0.5)
        sent = {"Host": "localhost", "Authorization": f"Bearer {values['api']['admin-token']}"}
        for api in map(cluster.address, cluster.containers["api"]):
            assert answer(api, 8000, "/api/v1/strategies", sent) == 200
            assert answer(api, 8000, "/api/v1/strategies", sent | {"Authorization": "Bearer no"}) == 401
        dashboard = cluster.containers["dashboard"][0]
        wait_for(lambda: len(ask(dashboard, sent, "/system")["runners"]) == 2, READY_S, cluster.report, every_s=0.5)
        runs = [ask(dashboard, sent, "/runs", '{"strategy": "ema-cross", "mode": "paper"}')["id"] for _ in range(2)]
        wait_for(lambda: all(folds(dashboard, sent, run) for run in runs), READY_S, cluster.report, every_s=0.5)
        owners = {ask(dashboard, sent, f"/runs/{run}")["runner_id"] for run in runs}
        assert len(owners) == 2, "a run each"


def state(container: str) -> list[str]:
    return docker("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", container).split()


def ask(dashboard: str, sent: dict[str, str], path: str, body: str = "") -> Any:
    """What the API says, asked from beside the dashboard by the Service's name; null: nothing."""
    return json.loads(docker("exec", dashboard, "python", "-c", ASK, sent["Authorization"], path, body))


def folds(dashboard: str, sent: dict[str, str], run: int) -> bool:
    found = ask(dashboard, sent, f"/runs/{run}")
    assert found["failure"] is None, found
    return bool(found["status"] == "running" and found["last_bar_ms"])


ASK = """
import sys, urllib.request
token, path, body = sys.argv[1:]
headers = {"Authorization": token, "Content-Type": "application/json"}
asked = urllib.request.Request("http://api:8000/api/v1" + path, body.encode() or None, headers)
print(urllib.request.urlopen(asked).read().decode())
"""
