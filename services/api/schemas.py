"""HTTP shapes. The domain never imports them. Money is decimal text, ratios are numbers, times are UTC milliseconds."""

from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.times import Minute
from shared.domain.command import CommandKind
from shared.domain.run import RunHealth, RunMode, RunStatus

Item = TypeVar("Item")
Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]  # PostgreSQL holds no NUL
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Money = Annotated[str, Field(examples=["10000.00000000"])]
Ms = Annotated[int, Field(examples=[1_735_689_600_000])]


class Request(BaseModel):
    """A body: a key that nobody knows is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class Listed(BaseModel, Generic[Item]):
    items: list[Item]
    total: int
    limit: int
    offset: int


class Problem(BaseModel):
    """A finding in a strategy file; lines and columns count from 1."""

    file: str
    line: int
    column: int
    severity: Literal["error", "note"]
    where: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: str = Field(examples=["urn:paperfold:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["run 7 does not exist"])
    instance: str = Field(examples=["/api/v1/runs/7"])
    problems: list[Problem] | None = None


# ------------------------------------------------------------------------------------------------------- strategies


class StrategyText(Request):
    """A strategy file. The name stands in for a file name: in problems, and as the name of a file that states none."""

    text: Annotated[str, StringConstraints(min_length=1)]
    name: Name | None = Field(None, examples=["ema-cross"])


class Parameter(BaseModel):
    name: str = Field(examples=["fast.length"])
    value: float
    low: float | None = None
    high: float | None = None
    type: str = "float"
    words: list[str] = Field(default=[], description="of a choice: value k means words[k]")


class Strategy(BaseModel):
    name: str = Field(examples=["ema-cross"])
    description: str
    instrument: str = Field(examples=["BTC/USDT"])
    entry_timeframe: str = Field(examples=["15m"])
    variants: list[str]
    version_sha256: str
    versions: int
    runs_active: int
    parameters: list[Parameter]


class Version(BaseModel):
    sha256: str
    created_at: str


class StrategyDetail(BaseModel):
    name: str
    description: str
    instrument: str
    entry_timeframe: str
    variants: list[str]
    version_sha256: str
    versions: list[Version]
    runs_active: int
    parameters: list[Parameter]
    text: str
    explain: str | None
    notes: list[Problem]
    problems: list[Problem]


class Validation(BaseModel):
    valid: bool
    problems: list[Problem]
    notes: list[Problem]
    explain: str | None


# ------------------------------------------------------------------------------------------------------------- runs


class NewRun(Request):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"strategy": "ema-cross", "mode": "paper"},
                {
                    "strategy": "volume-profile-breakout", "variant": "reversal_only", "mode": "backtest",
                    "cash": "25000", "params": {"fast.length": 12}, "from": "2025-01-01", "to": "2025-01-31T23:59Z",
                },
            ]
        },
    )  # fmt: skip

    strategy: Name
    version_sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="default: the newest version")
    variant: Name | None = None
    instrument: Name | None = Field(None, description="default: the file's", examples=["BTC/USDT"])
    cash: Decimal | None = Field(
        None, gt=0, le=10**12, max_digits=24, decimal_places=12, description="default: the file's", examples=["10000"]
    )
    params: dict[str, float | int | bool | str] = Field(default_factory=dict, examples=[{"fast.length": 12}])
    mode: RunMode = "paper"
    start_at: Minute | None = Field(None, description="paper: start as of a past minute; default: the next one")
    from_: Minute | None = Field(None, alias="from", description="backtest: first minute; default: the file's")
    to: Minute | None = Field(None, description="backtest: last minute, included; default: the file's")
    idempotency_key: Key | None = None


class RunPosition(BaseModel):
    side: Literal["long", "short", "flat"]
    quantity: str | None
    entry_price: Money | None
    stop: str | None
    target: str | None


class Run(BaseModel):
    id: int
    mode: RunMode
    strategy: str
    version_sha256: str
    variant: str | None
    params: dict[str, float | int | bool | str]
    instrument: str
    entry_timeframe: str
    cash: Money
    quote: str = Field(examples=["USDT"])
    status: RunStatus
    health: RunHealth
    status_detail: str | None
    created_ms: Ms
    created_at: str
    start_ms: Ms
    start_at: str
    end_ms: Ms | None
    warmup_from_ms: Ms | None
    last_bar_ms: Ms | None
    last_bar_at: str | None
    progress: float | None
    equity_quote: Money
    pnl_quote: Money
    pnl_ratio: float
    unrealised_quote: Money
    position: RunPosition
    trade_count: int
    win_count: int
    attempts: int
    failure: str | None
    runner_id: str | None
    engine_version: str
    synthetic_short: bool


class Command(BaseModel):
    id: int
    kind: CommandKind
    close_position: bool
    accepted_ms: Ms
    effective_ms: Ms | None = Field(description="null until the run's owner has assigned its minute")
    requested_by: str


class RunDetail(Run):
    stats: dict[str, object]
    commands: list[Command]


class Stop(Request):
    close_position: bool = Field(False, description="close what is open first, at the open at which the stop acts")
    idempotency_key: Key | None = None


class Ask(Request):
    idempotency_key: Key | None = None


class Accepted(BaseModel):
    command: Command
    run: Run


class Trade(BaseModel):
    seq: int
    side: Literal["long", "short"]
    entry_ms: Ms
    exit_ms: Ms
    quantity: str
    entry_price: Money
    exit_price: Money
    gross_quote: Money
    fees_quote: Money
    net_quote: Money
    return_ratio: float
    mae_ratio: float
    mfe_ratio: float
    exit_reason: str


class Fill(BaseModel):
    seq: int
    order_seq: int
    ts_ms: Ms
    side: Literal["buy", "sell"]
    quantity: str
    price: str
    fee_quote: Money
    liquidity: Literal["taker", "maker"]
    reason: str
    no_trade: bool
    reference_price: str  # before slippage and half-spread


class Order(BaseModel):
    order_seq: int
    ts_ms: Ms
    event: str
    side: Literal["buy", "sell"]
    type: Literal["market", "stop", "limit"]
    quantity: str
    price: str | None
    reason: str


class Note(BaseModel):
    seq: int
    ts_ms: Ms
    note: str
    value: int


class Rung(BaseModel):
    price: str
    quantity: str
    reason: str


class Position(BaseModel):
    side: Literal["long", "short", "flat"]
    quantity: str | None = None
    entry_ms: Ms | None = None
    entry_price: Money | None = None
    mark_ms: Ms | None = None
    mark_price: str | None = None
    unrealised_quote: Money | None = None
    fees_quote: Money | None = None
    stop: str | None = None
    target: str | None = None
    rungs: list[Rung] = []


class Rule(BaseModel):
    """A condition of the strategy, and how often it held at the entry timeframe's closes, warmup included."""

    number: int = Field(description="from 1, in the order of the engine")
    side: Literal["entry_long", "exit_long", "entry_short", "exit_short"]
    place: str = Field(examples=["2 of 3", "3 of 3, any 1 of 2"], description="in its side's list, and in groups of it")
    required: bool = Field(description="the side cannot hold unless this rule does")
    text: str = Field(examples=["crosses_above(fast, slow)"])
    evaluated: int
    held: int
    not_ready: int
    held_ratio: float | None = Field(description="held / evaluated; null while nothing was evaluated")
    not_ready_ratio: float | None


class Rules(BaseModel):
    """Counts of all rules after the same bar; at most a quarter of an hour behind a run that goes on."""

    as_of_ms: Ms | None = Field(description="open_ms of the last bar counted; null while nothing was counted")
    as_of_at: str | None
    from_ms: Ms | None = Field(description="first bar counted, of the warmup")
    items: list[Rule]


class LogEntry(BaseModel):
    at_ms: Ms
    at: str
    event: str
    who: str
    detail: str | None


class Equity(BaseModel):
    items: list[tuple[int, Money]]
    thinned: bool
    total: int


class BreakdownRow(BaseModel):
    """Trades that have something in common. Null: nothing to take it over (`trade_count`, or `losses`, is 0)."""

    key: str = Field(examples=["2025-01"])
    trade_count: int
    wins: int
    draws: int
    losses: int
    net_abs: Money
    gross_abs: Money
    fees_abs: Money
    slippage_abs: Money = Field(description="contained in gross_abs")
    winrate: float | None
    profit_factor: float | None
    avg_profit_ratio: float | None
    avg_duration_s: float | None


class PeriodRow(BreakdownRow):
    """Trades that ended in a day, week or month, and what the equity did in it."""

    from_ms: Ms = Field(description="when the period begins; the run's own start may lie after it")
    equity_abs: Money = Field(description="at the period's end, or now")
    equity_change_abs: Money
    equity_change_ratio: float | None


class Breakdowns(BaseModel):
    """Those that were asked for, all when none was."""

    side: list[BreakdownRow] | None = None
    exit_reason: list[BreakdownRow] | None = None
    hour: list[BreakdownRow] | None = None
    weekday: list[BreakdownRow] | None = None
    day: list[PeriodRow] | None = None
    week: list[PeriodRow] | None = None
    month: list[PeriodRow] | None = None


# ------------------------------------------------------------------------------------------------- system and market


class Runner(BaseModel):
    id: str
    host: str
    capacity: int
    runs: int
    lease_age_s: float


class Feed(BaseModel):
    instrument: str
    last_bar_ms: Ms | None
    lag_s: float | None
    health: Literal["ok", "stale"]


class System(BaseModel):
    version: str
    engine_version: str
    market: str | None
    exchange_now_ms: Ms | None
    clock_rate: float | None
    runners: list[Runner]
    feeds: list[Feed]


Bar = tuple[int, float, float, float, float, float]  # open_ms, open, high, low, close, volume


class Bars(BaseModel):
    items: list[Bar]
    forming: Bar | None


RoleName = Literal["viewer", "trader", "admin"]


class KeyRequest(Request):
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
    role: RoleName


class ApiKey(BaseModel):
    name: str
    role: RoleName
    created_ms: Ms
    created_at: str
    last_used_ms: Ms | None
    last_used_at: str | None
    is_revoked: bool


class NewApiKey(BaseModel):
    name: str
    role: RoleName
    token: str


class SessionRequest(Request):
    token: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Session(BaseModel):
    role: RoleName
    name: str
    csrf_token: str
    expires_ms: Ms
    expires_at: str


class NewSession(Session):
    id: str
