"""What `paperfold up` decides before anything starts: market, folder, environment of each service; and its status."""

import json
import os
import re
from pathlib import Path

import pytest

from services.cli.up import status
from services.cli.up.market import Market, choose, fingerprint
from services.cli.up.processes import Identity, identity
from services.cli.up.recipes import Plan, loud_service, service_recipes
from shared import settings


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(
        data=tmp_path,
        market=Market("sim", "abc123"),
        bars=(Path("/bars/a b.parquet"),),
        rate=600.0,
        start="2023-03-10T00:00:00+00:00",
        dashboard_port=1,
        api_port=2,
        sim_port=3,
        runners=2,
        capacity=7,
        strategies=Path("/strategies"),
        cache=Path("/cache"),
        database_url_file=tmp_path / "database.url",
        redis_url_file=tmp_path / "redis.url",
        token_file=tmp_path / "admin.token",
    )


def settings_of(plan: Plan, name: str, monkeypatch: pytest.MonkeyPatch) -> settings.Settings:
    """What a service reads from the environment that it is given."""
    for file in (plan.database_url_file, plan.redis_url_file, plan.token_file):
        file.write_text(f"secret://{file.name}\n", encoding="utf-8")
    monkeypatch.setattr(os, "environ", dict(service_recipes(plan)[name].env))
    return settings.load()


def test_each_market_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    bars = [tmp_path / name for name in ("a", "b")]
    for path in bars:
        path.write_text(path.name, encoding="utf-8")
    markets = [
        choose("binance-us", "", ()),
        choose("sim", "", ()),
        choose("sim", "", (bars[0],)),
        choose("auto", "", (bars[1],)),
        choose("sim", "", (bars[0], bars[1])),
    ]
    assert [market.name for market in markets] == ["binance-us", "sim", "sim", "sim", "sim"]
    assert len({market.folder for market in markets}) == 5
    assert all(market.folder.parent == tmp_path / "paperfold" for market in markets)


def test_a_simulated_market_says_so_and_the_real_one_does_not() -> None:
    banner = choose("sim", "", ()).banner
    assert banner is not None
    assert "SIMULATED" in banner
    assert len({len(line) for line in banner.splitlines()}) == 1
    assert choose("binance-us", "", ()).banner is None


def test_the_fingerprint_is_of_bytes_not_names(tmp_path: Path) -> None:
    for name, text in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    a, b, c = (fingerprint((tmp_path / name,)) for name in "abc")
    assert a == b != c
    assert re.fullmatch("[0-9a-f]{12}", a)


def test_services_start_in_order_with_a_runner_each_by_its_name(plan: Plan) -> None:
    assert list(service_recipes(plan)) == ["exchange_sim", "ingest", "api", "runner-1", "runner-2", "dashboard"]
    assert service_recipes(plan)["runner-2"].argv[1:] == ("-m", "services.runner")


def test_services_read_what_was_decided(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    sim = settings_of(plan, "exchange_sim", monkeypatch)
    assert (sim.sim.bars, sim.sim.rate, sim.sim.start) == ([Path("/bars/a b.parquet")], 600.0, plan.start)
    ingest = settings_of(plan, "ingest", monkeypatch)
    assert ingest.exchange.rest_url == "http://127.0.0.1:3"
    assert ingest.exchange.market == "sim"
    assert ingest.exchange.clock_rate == 600.0
    assert ingest.database.url.get_secret_value() == "secret://database.url"
    api = settings_of(plan, "api", monkeypatch)
    assert api.api.admin_token is not None
    assert api.api.admin_token.get_secret_value() == "secret://admin.token"
    assert settings_of(plan, "runner-1", monkeypatch).runner.capacity == 7
    dashboard = settings_of(plan, "dashboard", monkeypatch)
    assert dashboard.dashboard.api_url == "http://127.0.0.1:2"


def test_our_files_win_over_values_of_the_caller(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERFOLD__DATABASE__URL", "postgresql://elsewhere/")
    monkeypatch.setenv("PAPERFOLD__INGEST__HISTORY_DAYS", "3")
    ingest = settings_of(plan, "ingest", monkeypatch)
    assert ingest.database.url.get_secret_value() == "secret://database.url"
    assert ingest.ingest.history_days == 3


def test_only_the_api_is_told_the_admin_secret_and_the_dashboard_no_database(plan: Plan) -> None:
    recipes = service_recipes(plan)
    assert [name for name, recipe in recipes.items() if any("ADMIN_TOKEN" in key for key in recipe.env)] == ["api"]
    assert not [key for key in recipes["dashboard"].env if "DATABASE" in key or "REDIS" in key]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param('{"level": "info", "event": "bar_published"}', None, id="info stays in the log"),
        pytest.param(
            '{"level": "warning", "event": "feed_stale", "lag_s": 3}', "warning: feed_stale lag_s=3", id="warning"
        ),
        pytest.param(
            "Traceback (most recent call last):", "Traceback (most recent call last):", id="no log line at all"
        ),
        pytest.param("[1, 2]", "[1, 2]", id="JSON that is no fact"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_what_of_a_log_is_shown(line: str, shown: str | None) -> None:
    assert loud_service(line) == shown


def test_a_process_is_known_by_id_and_start() -> None:
    own = identity(os.getpid())
    assert own is not None
    assert own.process() is not None
    assert Identity(own.pid, own.started - 100.0).process() is None


def described(data: Path, **other: object) -> status.System:
    own = identity(os.getpid())
    assert own is not None
    me = {"pid": own.pid, "started": own.started}
    return {"data": str(data), "market": "sim", "supervisor": me, "processes": [], "api_token": "t"} | other


def test_a_running_system_is_found_by_default_and_by_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("PAPERFOLD_DATA_DIR", raising=False)
    assert status.find() is None
    elsewhere = tmp_path / "elsewhere"
    default = tmp_path / "xdg" / "paperfold" / "sim"
    for folder in (elsewhere, default):
        folder.mkdir(parents=True)
        status.write(folder, described(folder))
    status.remember(elsewhere)
    assert [system["data"] for system in status.running()] == [str(elsewhere), str(default)]
    found = status.find(default)
    assert found is not None
    assert found["data"] == str(default)
    assert (elsewhere / "system.json").stat().st_mode & 0o777 == 0o600


def test_the_file_of_a_killed_system_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    status.write(tmp_path, described(tmp_path, supervisor={"pid": os.getpid(), "started": 1.0}))
    assert status.find(tmp_path) is None


def test_what_programs_are_shown_holds_no_secret(tmp_path: Path) -> None:
    system = described(tmp_path, database_url="postgresql://paperfold:secret@/x")
    assert "secret" not in json.dumps(status.public(system))
    assert "api_token" not in status.public(system)
