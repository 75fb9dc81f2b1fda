"""What Prometheus is told to watch, and when it calls: its own tool reads the files and plays each alert through.

Cases are in tests/data/prometheus, in the tool's format: `promtool test rules tests/data/prometheus/*.yml`.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "compose" / "prometheus"
BOARD = ROOT / "deploy" / "compose" / "grafana" / "dashboards" / "paperfold.json"
CASES = sorted((ROOT / "tests" / "data" / "prometheus").glob("*.yml"))
RULES = yaml.safe_load((FOLDER / "rules.yml").read_text(encoding="utf-8"))
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


def promtool(*words: object) -> str:
    """What it says; it succeeds."""
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.needs("promtool")
def test_its_configuration_is_one(tmp_path: Path) -> None:
    config = (FOLDER / "prometheus.yml").read_text(encoding="utf-8").replace("/etc/prometheus", str(FOLDER))
    file = tmp_path / "prometheus.yml"
    file.write_text(config, encoding="utf-8")
    assert f"{len(ALERTS)} rules found" in promtool("check", "config", "--lint=all", file)


@pytest.mark.needs("promtool")
def test_it_understands_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    panels = json.loads(BOARD.read_text(encoding="utf-8"))["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(asked)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    assert f"{len(asked)} rules found" in promtool("check", "rules", file)


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_alerts_fire_when_they_must_and_then_alone(file: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", file)


def calls_of(alert: str) -> list[list[bool]]:
    """For each story about an alert: does it fire, at one moment after the other?"""
    stories = [story for file in CASES for story in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]]
    told = [[bool(one.get("exp_alerts")) for one in story["alert_rule_test"] if one["alertname"] == alert]
            for story in stories]  # fmt: skip
    return [calls for calls in told if calls]


@pytest.mark.parametrize("alert", [rule["alert"] for rule in ALERTS])
def test_each_alert_is_played_from_silence_to_silence(alert: str) -> None:
    stories = calls_of(alert)
    assert any(any(calls) for calls in stories)
    for calls in stories:
        assert not calls[0]
        assert not calls[-1]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_says_what_is_so_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"] in ({"severity": "page"}, {"severity": "warn"})
    assert rule["annotations"].keys() == {"summary", "do"}


def test_names_are_known_once() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names)


def test_memory_is_measured_against_the_containers_limits() -> None:
    expression = next(rule["expr"] for rule in ALERTS if rule["alert"] == "MemoryHigh")
    for name in ("api", "ingest", "runner"):
        limit = mebibytes(SERVICES[name]["mem_limit"])
        assert f'{{job="{name}"}} > 0.9 * {limit} * 1024 ^ 2' in expression
        assert mebibytes(limit_of_pod(name)) == limit


def limit_of_pod(name: str) -> str:
    objects = yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "base" / f"{name}.yaml").read_text(encoding="utf-8"))
    pod = next(one["spec"]["template"]["spec"] for one in objects if one["kind"] == "Deployment")
    limit: str = pod["containers"][0]["resources"]["limits"]["memory"]
    return limit


def mebibytes(limit: str) -> int:
    """Of Compose's words, and of Kubernetes': 1g, 384Mi."""
    number, unit = re.fullmatch(r"(\d+)([mg])i?", limit.lower()).groups()  # type: ignore[union-attr]
    return int(number) * {"m": 1, "g": 1024}[unit]


def test_it_runs_as_prometheus_2_and_3_read_it() -> None:
    """No literal bound of a histogram (3 writes 1 as 1.0), and nothing that one of the two does not know."""
    assert {word.partition("=")[0] for word in SERVICES["prometheus"]["command"]} == {
        "--config.file", "--enable-feature", "--storage.tsdb.path",
        "--storage.tsdb.retention.time", "--storage.tsdb.retention.size",
    }  # fmt: skip
    assert not [rule["alert"] for rule in ALERTS if 'le="' in rule["expr"] or "holt_winters" in rule["expr"]]
