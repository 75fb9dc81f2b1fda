"""The dashboard of Grafana and the rules of Prometheus, as far as one can know them without either."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.metrics import RUNNER_METRICS
from tests.support.exported import exported, families

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "compose"
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
RULES = yaml.safe_load((FOLDER / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
BOARD: dict[str, Any] = json.loads((FOLDER / "grafana" / "dashboards" / "paperfold.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]
KINDS = {"stat": True, "table": True, "timeseries": False}  # whether only the present is asked for
UNITS = {"short", "s", "bytes", "percentunit"}


def expressions() -> list[str]:
    alerts = [rule["expr"] for group in RULES["groups"] for rule in group["rules"]]
    return alerts + [target["expr"] for panel in PANELS for target in panel["targets"]]


# --- metrics ---------------------------------------------------------------------------------------------------------


def test_rules_and_panels_ask_for_metrics_that_exist() -> None:
    asked = {name for text in expressions() for name in re.findall(r"\b(?:paperfold|process)_[a-z_]+", text)}
    assert len(asked) > 35
    assert sorted(asked - exported()) == []


def test_what_is_measured_is_shown_or_calls() -> None:
    """A metric that neither a panel nor a rule asks for is one that nobody will remember."""
    asked = " ".join(expressions())
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported() if name.startswith("paperfold_")}
    by_hand = {
        "paperfold_ingest_next_minute_timestamp_seconds",  # the minute itself, where late_seconds says how late
        "paperfold_runs_added_up_total", "paperfold_runs_exported_total",  # how often the API needed a child
    }  # fmt: skip
    assert sorted(name for name in ours - by_hand if not re.search(rf"\b{name}(_bucket)?\b", asked)) == []


def test_a_runner_registers_every_metric_of_its_list() -> None:
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported()}
    assert sorted(set(RUNNER_METRICS) - ours) == []


def test_names_have_the_units_that_prometheus_wants() -> None:
    """Base units, a counter's `_total`, and nothing in ms, MB or per cent."""
    named = {name for name in families() if name.startswith("paperfold_")}
    assert len(named) > 35
    assert [name for name in named if re.search(r"_(ms|minutes_s|mb|kb|pct|percent|us|ns|bps)(_|$)", name)] == []


# --- Prometheus ------------------------------------------------------------------------------------------------------


def test_prometheus_asks_services_that_are_on_its_network() -> None:
    config = yaml.safe_load((FOLDER / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    ours = {name for name, one in SERVICES.items() if one["image"].startswith("paperfold/")}
    assert jobs == {name for name in ours if "watched" in SERVICES[name].get("networks", ())}
    asked = re.findall(r'job=~?"([a-z|]+)"', " ".join(expressions()))
    assert {job for one in asked for job in one.split("|")} == jobs


# --- Grafana ---------------------------------------------------------------------------------------------------------


def test_panels_ask_the_source_that_is_provisioned() -> None:
    file = FOLDER / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    source = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"][0]
    wanted = {"type": source["type"], "uid": source["uid"]}
    assert [panel["title"] for panel in PANELS if panel["datasource"] != wanted] == []
    name, port = re.fullmatch(r"http://(\w+):(\d+)", source["url"]).groups()  # type: ignore[union-attr]
    assert (port, set(SERVICES[name]["networks"]) <= set(SERVICES["grafana"]["networks"])) == ("9090", True)


def test_the_board_lies_where_its_provider_looks() -> None:
    file = FOLDER / "grafana" / "provisioning" / "dashboards" / "paperfold.yml"
    provider = yaml.safe_load(file.read_text(encoding="utf-8"))["providers"][0]
    mounts = dict(one.split(":")[1::-1] for one in SERVICES["grafana"]["volumes"])
    assert mounts[provider["options"]["path"]] == "./deploy/compose/grafana/dashboards"
    assert mounts["/etc/grafana/provisioning"] == "./deploy/compose/grafana/provisioning"


def test_panels_are_of_a_kind_and_a_unit_that_is_known() -> None:
    assert (BOARD["uid"], BOARD["schemaVersion"], BOARD["editable"]) == ("paperfold", 39, False)
    ids = [panel["id"] for panel in PANELS]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in PANELS]
    assert len(set(titles)) == len(titles)
    for panel in PANELS:
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert all(bool(target.get("instant")) is KINDS[panel["type"]] for target in panel["targets"]), panel["title"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_lines_of_a_panel_have_names_of_their_own(panel: dict[str, Any]) -> None:
    marks = [target["refId"] for target in panel["targets"]]
    assert marks == list("ABCDEF"[: len(marks)])
    if panel["type"] == "table":
        return
    legends = [target["legendFormat"] for target in panel["targets"]]
    assert all(legends)
    assert len(set(legends)) == len(legends)
    for target in panel["targets"]:  # a label that an aggregation has dropped would leave a hole in the legend
        for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
            kept = re.search(r"\bby \(([^)]*)\)", target["expr"])
            assert kept is None or label in kept[1].split(", "), panel["title"]


def test_panels_lie_beside_each_other() -> None:
    cells = [
        (x, y)
        for panel in PANELS
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23
