"""Settings: the environment, read once, typed. `PAPERFOLD__SECTION__KEY`; `..._FILE` names a file that holds a secret.

A process reads its settings in its __main__ and passes them on; nothing below reads the environment.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "PAPERFOLD__"


def _whole_ms(rate: float) -> float:
    if not 0.0 < rate <= 6000.0:
        raise ValueError("clock rate must be above 0 and at most 6000")
    return rate


class Redis(BaseModel):
    url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    stream_minutes: int = 2880  # MAXLEN ~ of bars:{instrument}: two days


class Database(BaseModel):
    url: SecretStr = SecretStr("postgresql://paperfold@127.0.0.1:5432/paperfold")
    pool_size: int = 4


class Exchange(BaseModel):
    rest_url: str = "https://api.binance.us"
    ws_url: str = "wss://stream.binance.us:9443"
    clock_rate: Annotated[float, AfterValidator(_whole_ms)] = 1.0  # exchange seconds per wall second; 1 in production
    market: str = "binance-us"  # binance-us | sim; the database carries its own and refuses another


class Ingest(BaseModel):
    instruments: list[str] = Field(default_factory=list)  # always streamed, besides those that runs and strategies need
    history_days: int = 0  # backfilled for them at start, besides what strategies need
    finality: str = "evidence"  # evidence | confirmed: ask REST for every minute
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0  # 0: no metrics server


class Runner(BaseModel):
    capacity: int = 1
    lease_s: float = 10.0
    poll_s: float = 1.0
    snapshot_bars: int = 240
    audit_s: float = 86_400.0  # a live run is folded again from its first bar that often, and compared; 0: never
    cache_dir: Path | None = None  # machine code of compiled strategies
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0


class Api(BaseModel):
    host: str = "127.0.0.1"
    port: int = 8000
    strategies_dir: Path | None = None  # shipped strategies, loaded at start
    admin_token: SecretStr | None = None  # stored hashed at start
    allowed_hosts: list[str] = Field(default_factory=lambda: ["127.0.0.1", "localhost", "api"])
    rate_per_s: float = 300.0


class Dashboard(BaseModel):
    host: str = "127.0.0.1"
    port: int = 8080
    api_url: str = "http://127.0.0.1:8000"
    allowed_hosts: list[str] = Field(default_factory=lambda: ["127.0.0.1", "localhost", "dashboard"])


class Sim(BaseModel):
    host: str = "127.0.0.1"
    port: int = 9443
    bars: list[Path] = Field(default_factory=list)  # bar files; none: generated bars
    instruments: list[str] = Field(default_factory=list)  # names for the files in order, or of generated ones
    seed: int = 1
    start: str | None = None  # ISO time of the exchange clock at first start
    rate: Annotated[float, AfterValidator(_whole_ms)] = 1.0  # exchange seconds per wall second
    state_dir: Path | None = None  # keeps the clock's anchor between starts
    no_trade_policy: Literal["silent", "push"] = "silent"  # push: closed frames by timer, of empty minutes too
    ws_errors: Literal["wrapped", "flat"] = "wrapped"  # shape of errors: the wire's | the documentation's
    ping_s: float = 20.0  # wall seconds
    pong_timeout_s: float = 60.0  # wall seconds


class Log(BaseModel):
    level: str = "info"
    json_lines: bool = False


class Settings(BaseSettings):
    """Every service's settings; each reads the sections that it needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="ignore")

    redis: Redis = Redis()
    database: Database = Database()
    exchange: Exchange = Exchange()
    ingest: Ingest = Ingest()
    runner: Runner = Runner()
    api: Api = Api()
    dashboard: Dashboard = Dashboard()
    sim: Sim = Sim()
    log: Log = Log()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings of the environment; `PAPERFOLD__A__B_FILE=path` stands for PAPERFOLD__A__B with the file's text."""
    env = os.environ if environ is None else environ
    for name in [n for n in env if n.startswith(PREFIX) and n.endswith("_FILE")]:
        os.environ.setdefault(name.removesuffix("_FILE"), Path(env[name]).read_text(encoding="utf-8").strip())
    return Settings()
