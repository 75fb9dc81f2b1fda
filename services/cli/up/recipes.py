"""How each of our services is started: its module and its environment, as one table."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import services
from services.cli.up.market import Market
from services.cli.up.processes import Recipe
from shared.settings import PREFIX

# `python -m` puts the working folder first on the path: this one, so that `services` and `shared` are always ours.
HERE = Path(services.__path__[0]).resolve().parent
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a start has decided."""

    data: Path
    market: Market
    bars: tuple[Path, ...]
    rate: float
    start: str | None
    dashboard_port: int
    api_port: int
    sim_port: int
    runners: int
    capacity: int
    strategies: Path | None
    cache: Path
    database_url_file: Path
    redis_url_file: Path
    token_file: Path
    named_database_url: str = ""  # a server that the environment names; empty: the embedded one
    named_redis_url: str = ""

    @property
    def simulated(self) -> bool:
        return self.market.name == "sim"

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.api_port}"

    @property
    def dashboard_url(self) -> str:
        return f"http://{LOOPBACK}:{self.dashboard_port}"


def service_recipes(plan: Plan) -> dict[str, Recipe]:
    """Services by process name, in the order in which they start."""
    stores = {
        "DATABASE__URL_FILE": str(plan.database_url_file),
        "REDIS__URL_FILE": str(plan.redis_url_file),
    }
    exchange: dict[str, str] = {"EXCHANGE__MARKET": plan.market.name}
    if plan.simulated:
        exchange |= {
            "EXCHANGE__REST_URL": f"http://{LOOPBACK}:{plan.sim_port}",
            "EXCHANGE__WS_URL": f"ws://{LOOPBACK}:{plan.sim_port}",
            "EXCHANGE__CLOCK_RATE": repr(plan.rate),
        }
    sim = {
        "SIM__HOST": LOOPBACK,
        "SIM__PORT": str(plan.sim_port),
        "SIM__RATE": repr(plan.rate),
        "SIM__BARS": json.dumps([str(path) for path in plan.bars]),
        "SIM__STATE_DIR": str(plan.data / "sim"),
    } | ({} if plan.start is None else {"SIM__START": plan.start})
    api = {
        "API__HOST": LOOPBACK,
        "API__PORT": str(plan.api_port),
        "API__ADMIN_TOKEN_FILE": str(plan.token_file),
    } | ({} if plan.strategies is None else {"API__STRATEGIES_DIR": str(plan.strategies)})
    runner = {"RUNNER__CAPACITY": str(plan.capacity), "RUNNER__CACHE_DIR": str(plan.cache)}
    dashboard = {
        "DASHBOARD__HOST": LOOPBACK,
        "DASHBOARD__PORT": str(plan.dashboard_port),
        "DASHBOARD__API_URL": plan.api_url,
    }
    recipes = {"exchange_sim": _service("exchange_sim", sim)} if plan.simulated else {}
    recipes["ingest"] = _service("ingest", stores | exchange)
    recipes["api"] = _service("api", stores | exchange | api)
    for number in range(1, plan.runners + 1):
        name = "runner" if plan.runners == 1 else f"runner-{number}"
        recipes[name] = _service("runner", stores | exchange | runner, name)
    recipes["dashboard"] = _service("dashboard", dashboard)
    return recipes


def migrate_recipe(plan: Plan) -> Recipe:
    """The step between PostgreSQL and the services; ends by itself."""
    return _service("cli.up.migrate", {"DATABASE__URL_FILE": str(plan.database_url_file)}, "migrate")


def watcher_recipe() -> Recipe:
    """The process that ends the others should we be killed."""
    return _service("cli.up.watcher", {}, "watcher")


def _service(module: str, own: Mapping[str, str], name: str | None = None) -> Recipe:
    ours = {f"{PREFIX}{key}": value for key, value in own.items()} | {f"{PREFIX}LOG__JSON_LINES": "true"}
    replaced = {key.removesuffix("_FILE") for key in ours} - set(ours)  # a value beside our _FILE would win over it
    env = {key: value for key, value in os.environ.items() if key not in replaced} | ours | {"PYTHONUNBUFFERED": "1"}
    return Recipe(
        name=name or module, argv=(sys.executable, "-m", f"services.{module}"), env=env, cwd=HERE, loud=loud_service
    )


def loud_service(line: str) -> str | None:
    """A service's line for the terminal: warnings, errors, and what is no log line at all (a traceback)."""
    try:
        fact = json.loads(line)
        level, event = fact.pop("level"), fact.pop("event")
    except (ValueError, KeyError, AttributeError, TypeError):
        return line or None
    if level not in ("warning", "error", "critical"):
        return None
    for key in ("timestamp", "service", "part"):
        fact.pop(key, None)
    return " ".join([f"{level}: {event}", *(f"{key}={value}" for key, value in fact.items())])
