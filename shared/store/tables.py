"""The tables. Keys that make idempotence true stand here, not in code.

Money is NUMERIC with its full decimals, vocabularies are text, `_ms` is UTC epoch milliseconds of exchange time unless
the comment says wall; `_at` is the database's own clock. Migrations make the same tables (tested).
"""

from typing import Any, get_args

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID, ExcludeConstraint

from shared.domain.command import COMMAND_KINDS
from shared.domain.run import ENDED, RunHealth, RunMode, RunStatus

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

ROLES = ("viewer", "trader", "admin")
SOURCES = ("ws", "rest", "import")


def _ms(name: str, comment: str, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable, comment=comment)


def _money(name: str, comment: str | None = None, nullable: bool = False) -> Column[Any]:
    return Column(name, Numeric, nullable=nullable, comment=comment)


def _text(name: str, comment: str | None = None, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable, comment=comment)


def _at(name: str, comment: str | None = None, nullable: bool = False, now: bool = False) -> Column[Any]:
    default = text("clock_timestamp()") if now else None
    return Column(name, TIMESTAMP(timezone=True), nullable=nullable, server_default=default, comment=comment)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _sha256(name: str = "sha256", comment: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, comment=comment)


def _one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} in ({listed})", name=column)


def _only_one() -> tuple[Column[bool], CheckConstraint]:
    """A key that has one value: the table has at most one row."""
    column: Column[bool] = Column("singleton", Boolean, primary_key=True, server_default=text("true"))
    return column, CheckConstraint("singleton", name="singleton")


def _run_id() -> Column[int]:
    return Column("run_id", BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


# ------------------------------------------------------------------------------------------------- the market

market = Table(
    "market",
    metadata,
    *_only_one(),
    _text("market", "binance-us, or sim; every service refuses another"),
    _text("fingerprint", "hash of the bars that a simulated market replays; empty for the real one"),
    _at("claimed_at", now=True),
    _one_of("market", ("binance-us", "sim")),
)

market_clock = Table(
    "market_clock",
    metadata,
    *_only_one(),
    _ms("anchor_wall_ms", "the database's clock when the exchange said anchor_exchange_ms"),
    _ms("anchor_exchange_ms", "exchange time at the anchor"),
    Column("rate", Double, nullable=False, comment="exchange seconds per wall second; 1 in production"),
    _at("measured_at", now=True),
    CheckConstraint("rate > 0", name="rate"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True, comment="what only one process may do at a time: ingest"),
    Column("holder", UUID, nullable=False),
    Column("epoch", BigInteger, nullable=False, comment="rises with every new holder; checked in the holder's writes"),
    _at("lease_until"),
)

instruments = Table(
    "instruments",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True, comment="BTC/USDT"),
    Column("symbol", Text, nullable=False, unique=True, comment="the exchange's spelling: BTCUSDT"),
    Column("status", Text, nullable=False, server_default="unknown", comment="the exchange's word: TRADING, BREAK"),
    _ms("history_starts_ms", "first minute that exists at all, once the exchange has proved it", nullable=True),
)

instrument_rules = Table(
    "instrument_rules",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("instrument_id", Integer, ForeignKey("instruments.id"), nullable=False),
    _ms("captured_ms", "when the venue said so; 0 for the shipped table"),
    _text("source", "shipped | exchange-info | file"),
    _money("tick_size", "[quote] smallest price step"),
    _money("lot_step", "[base] smallest quantity step"),
    _money("min_quantity", "[base]"),
    _money("min_notional", "[quote]"),
    Index(None, "instrument_id", "captured_ms"),
    comment="a new row only when something changed; runs pin one",
)

_OHLCV = ("open", "high", "low", "close", "volume")


def _bar_columns() -> list[Column[Any]]:
    return [
        *(_money(name) for name in _OHLCV),
        _money("quote_volume", nullable=True),
        Column("trades", BigInteger, nullable=True),
        _money("taker_buy_base", nullable=True),
        _money("taker_buy_quote", nullable=True),
        _text("source", "ws | rest | import"),
        _ms("received_ms", "wall clock of the writer"),
    ]


bars = Table(
    "bars",
    metadata,
    Column("instrument_id", Integer, ForeignKey("instruments.id"), nullable=False),
    _ms("open_ms", "first millisecond of the minute"),
    *_bar_columns(),
    PrimaryKeyConstraint("instrument_id", "open_ms"),
    _one_of("source", SOURCES),
    CheckConstraint("mod(open_ms, 60000) = 0", name="whole_minute"),
    comment="append-only: the first final row of a minute stays for ever (decision 0001)",
)

bar_revisions = Table(
    "bar_revisions",
    metadata,
    _id(),
    Column("instrument_id", Integer, ForeignKey("instruments.id"), nullable=False),
    _ms("open_ms", "first millisecond of the minute"),
    _text("kind", "corrected: other values than recorded; late: the minute had been declared absent"),
    *_bar_columns(),
    _at("noted_at", now=True),
    # an exchange that repeats its correction says nothing new
    UniqueConstraint("instrument_id", "open_ms", "kind", *_OHLCV, name="uq_bar_revisions_content"),
    _one_of("kind", ("corrected", "late")),
    comment="what sources said later about a decided minute; never folded",
)

coverage = Table(
    "coverage",
    metadata,
    Column("instrument_id", Integer, ForeignKey("instruments.id"), nullable=False),
    _ms("from_ms", "first minute"),
    _ms("to_ms", "end, exclusive"),
    PrimaryKeyConstraint("instrument_id", "from_ms"),
    CheckConstraint("from_ms < to_ms and mod(from_ms, 60000) = 0 and mod(to_ms, 60000) = 0", name="whole_minutes"),
    # ranges of one instrument never overlap; written so that no extension is needed
    ExcludeConstraint(
        (text("int4range(instrument_id, instrument_id, '[]')"), "&&"),
        (text("int8range(from_ms, to_ms)"), "&&"),
        name="ex_coverage_disjoint",
    ),
    comment="ranges in which every minute is decided: present in bars, or absent for good",
)

# ------------------------------------------------------------------------------------------- strategies and runs

strategies = Table(
    "strategies",
    metadata,
    Column("name", Text, primary_key=True),
    Column("current_sha256", Text, nullable=False, comment="the version that a new run takes"),
    _at("created_at", now=True),
    _at("updated_at", now=True),
    _at("archived_at", "hidden from lists; its runs go on", nullable=True),
    ForeignKeyConstraint(
        ["current_sha256"], ["strategy_versions.sha256"], use_alter=True, deferrable=True, initially="DEFERRED"
    ),
)

strategy_versions = Table(
    "strategy_versions",
    metadata,
    _sha256("sha256", "of text"),
    Column("strategy", Text, ForeignKey("strategies.name"), nullable=False),
    _text("text", "the YAML as given"),
    _text("created_by"),
    _at("created_at", now=True),
    PrimaryKeyConstraint("sha256"),
    Index(None, "strategy", "created_at"),
    comment="immutable",
)

runners = Table(
    "runners",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("epoch", BigInteger, nullable=False, comment="rises with every registration under this id"),
    _at("lease_until", "alive until then; renewed by the loop that folds"),
    _text("version", "engine version"),
    Column("capacity", Integer, nullable=False, comment="live runs; one more slot is for a backtest"),
    _text("host"),
    _at("started_at", now=True),
)

_ENDED = ", ".join(f"'{status}'" for status in ENDED)

runs = Table(
    "runs",
    metadata,
    _id(),
    _text("mode", "paper | backtest"),
    # what is folded
    Column("strategy_version", Text, ForeignKey("strategy_versions.sha256"), nullable=False),
    _text("variant", nullable=True),
    Column("params", JSONB, nullable=False, server_default=text("'{}'"), comment='overrides: {"ID.param": value}'),
    Column("instrument_id", Integer, ForeignKey("instruments.id"), nullable=False),
    Column("rules_id", Integer, ForeignKey("instrument_rules.id"), nullable=False, comment="pinned at creation"),
    Column("maker_ppm", Integer, nullable=False),
    Column("taker_ppm", Integer, nullable=False),
    Column("slippage_ppm", Integer, nullable=False),
    Column("half_spread_ppm", Integer, nullable=False),
    _money("cash", "[quote] at the start"),
    _ms("start_ms", "first minute that may trade"),
    _ms("end_ms", "of a backtest: end, exclusive", nullable=True),
    _ms("history_from_ms", "oldest minute that the plan would like: start minus settle, floored to the day"),
    _ms("warmup_from_ms", "first minute folded; fixed once, before the first fold", nullable=True),
    _text("engine_version"),
    Column("forked_from", BigInteger, ForeignKey("runs.id", ondelete="SET NULL"), nullable=True),
    # how far it is
    Column("status", Text, nullable=False, server_default="pending", comment="what the fold is doing"),
    Column("health", Text, nullable=False, server_default="waiting_for_runner", comment="how well it is served"),
    _text("status_detail", "a sentence for people", nullable=True),
    _ms("position_ms", "open_ms of the last folded bar", nullable=True),
    Column("seq", BigInteger, nullable=False, server_default="0", comment="of the last decision"),
    Column("digest", LargeBinary, nullable=True, comment="sha256 chained over decisions; null before the first bar"),
    Column("progress", REAL, nullable=True, comment="0..1 while warming or in a backtest"),
    # who folds it
    Column("runner_id", UUID, ForeignKey("runners.id", ondelete="SET NULL"), nullable=True),
    Column("epoch", BigInteger, nullable=False, server_default="0", comment="rises with every claim: the fence"),
    Column("attempts", Integer, nullable=False, server_default="0", comment="claims since the last committed bar"),
    _text("failure", nullable=True),
    # for lists; the rows are the truth
    _money("equity", "[quote] last marked", nullable=True),
    _money("quantity", "[base] open position, signed", nullable=True),
    # where it came from
    _text("created_by"),
    Column("idempotency_key", Text, nullable=True, unique=True),
    _at("created_at", now=True),
    _at("ended_at", nullable=True),
    _one_of("mode", get_args(RunMode)),
    _one_of("status", get_args(RunStatus)),
    _one_of("health", get_args(RunHealth)),
    CheckConstraint("(mode = 'backtest') = (end_ms is not null)", name="backtests_end"),
    CheckConstraint("(position_ms is null) = (digest is null)", name="position_has_digest"),
    Index("ix_runs_claimable", "mode", "id", postgresql_where=text(f"status not in ({_ENDED})")),
    Index(None, "runner_id"),
    Index(None, "strategy_version"),
    postgresql_with={"fillfactor": 45},  # a row is written anew every minute: beside the old one, no index is touched
)

run_commands = Table(
    "run_commands",
    metadata,
    _id(),
    _run_id(),
    _text("kind"),
    Column("close_position", Boolean, nullable=False, server_default=text("false"), comment="of stop: close first"),
    _text("requested_by"),
    Column("idempotency_key", Text, nullable=True),
    _ms("accepted_ms", "exchange time when the API took it"),
    _ms("effective_ms", "minute at whose open it acts; assigned once, by the owner", nullable=True),
    _at("created_at", now=True),
    UniqueConstraint("run_id", "idempotency_key"),
    _one_of("kind", COMMAND_KINDS),
    CheckConstraint("mod(effective_ms, 60000) = 0", name="whole_minute"),
    Index("ix_run_commands_unassigned", "run_id", postgresql_where=text("effective_ms is null")),
    comment="recorded inputs of the fold (decision 0003)",
)

# ------------------------------------------------------------------------------ decisions: append-only, in the parity

orders = Table(
    "orders",
    metadata,
    _run_id(),
    Column("seq", BigInteger, nullable=False),
    Column("order_seq", BigInteger, nullable=False, comment="the order's name: seq of its submitted event"),
    _ms("ts_ms", "bar time"),
    _text("event", "submitted | amended | partially_filled | filled | rejected | cancelled | expired"),
    _text("side", "buy | sell"),
    _text("type", "market | stop | limit"),
    _money("quantity", "[base]"),
    _money("price", "[quote] trigger or limit; null of a market order", nullable=True),
    _text("reason"),
    PrimaryKeyConstraint("run_id", "seq"),
    Index(None, "run_id", "order_seq", "seq"),
    comment="events in the lives of orders; v_orders shows the latest of each",
)

fills = Table(
    "fills",
    metadata,
    _run_id(),
    Column("seq", BigInteger, nullable=False),
    Column("order_seq", BigInteger, nullable=False),
    _ms("ts_ms", "bar time: open_ms of a fill at the open, close_ms inside the bar"),
    _text("side", "buy | sell"),
    _money("quantity", "[base]"),
    _money("price", "[quote]"),
    _money("fee", "[quote]"),
    _text("liquidity", "taker | maker"),
    _text("reason"),
    Column("no_trade", Boolean, nullable=False, comment="filled in a minute without trades"),
    _money("reference", "[quote] price before slippage and half-spread"),
    PrimaryKeyConstraint("run_id", "seq"),
)

trades = Table(
    "trades",
    metadata,
    _run_id(),
    Column("seq", BigInteger, nullable=False),
    _text("side", "long | short"),
    _ms("entry_ms", "of the first fill"),
    _ms("exit_ms", "of the last fill"),
    _money("quantity", "[base]"),
    _money("entry_notional", "[quote] sum of price x quantity"),
    _money("exit_notional", "[quote]"),
    _money("gross", "[quote]"),
    _money("fees", "[quote]"),
    _money("worst", "[quote] most adverse price that counts"),
    _money("best", "[quote] most favourable price that counts"),
    _text("exit_reason"),
    PrimaryKeyConstraint("run_id", "seq"),
)

equity = Table(
    "equity",
    metadata,
    _run_id(),
    Column("seq", BigInteger, nullable=False),
    _ms("ts_ms", "close_ms of the frame, or of the bar of a fill"),
    _money("equity", "[quote]"),
    _money("cash", "[quote]"),
    _money("position", "[base] signed"),
    PrimaryKeyConstraint("run_id", "seq"),
)

run_notes = Table(
    "run_notes",
    metadata,
    _run_id(),
    Column("seq", BigInteger, nullable=False),
    _ms("ts_ms", "bar time"),
    _text("code"),
    Column("value", BigInteger, nullable=False),
    PrimaryKeyConstraint("run_id", "seq"),
)

# --------------------------------------------------------------------------------- beside the fold: logs and caches

equity_levels = Table(
    "equity_levels",
    metadata,
    _run_id(),
    _ms("hour_ms", "start of the hour"),
    Column("low_seq", BigInteger, nullable=False),
    _ms("low_ms", "time of the lowest row"),
    _money("low"),
    Column("high_seq", BigInteger, nullable=False),
    _ms("high_ms", "time of the highest row"),
    _money("high"),
    Column("last_seq", BigInteger, nullable=False, comment="newest equity row in it"),
    _ms("last_ms", "its time"),
    _money("last"),
    PrimaryKeyConstraint("run_id", "hour_ms"),
    comment="hours of long curves: a cache that may be emptied at any time",
)

run_log = Table(
    "run_log",
    metadata,
    _id(),
    Column("run_id", BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    _at("at", now=True),
    _text("event", "created | claimed | taken_over | released | failed | diverged | superseded | ..."),
    _text("who", "runner id or person"),
    _text("detail", nullable=True),
    Index(None, "run_id", "id"),
    comment="what runners and people did; outside parity",
)

run_counters = Table(
    "run_counters",
    metadata,
    _run_id(),
    Column("number", Integer, nullable=False, comment="from 1, in the order of the engine"),
    _text("side", "entry_long | exit_long | entry_short | exit_short", nullable=True),
    _text("place", "2 of 3; inside a group: 3 of 3, any 1 of 2", nullable=True),
    _text("text"),
    Column("evaluated", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("not_ready", BigInteger, nullable=False),
    _ms("position_ms", "open_ms of the last bar counted"),
    PrimaryKeyConstraint("run_id", "number"),
    comment="a cache of the fold, outside parity: the same counts come of folding again",
)

snapshots = Table(
    "snapshots",
    metadata,
    _run_id(),
    _ms("position_ms", "open_ms of the last bar in it"),
    _text("engine_version"),
    _sha256("plan_sha256"),
    Column("seq", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("f", LargeBinary, nullable=False, comment="float64 vector"),
    Column("m", LargeBinary, nullable=False, comment="int64 vector"),
    _at("taken_at", now=True),
    PrimaryKeyConstraint("run_id", "position_ms"),
    comment="a cache: deleting all of them changes nothing",
)

# --------------------------------------------------------------------------------------------------------- people

api_keys = Table(
    "api_keys",
    metadata,
    _sha256("sha256", "of the token; the token itself is nowhere"),
    Column("name", Text, nullable=False, unique=True),
    _text("role"),
    _at("created_at", now=True),
    _at("last_used_at", nullable=True),
    _at("revoked_at", nullable=True),
    PrimaryKeyConstraint("sha256"),
    _one_of("role", ROLES),
)

sessions = Table(
    "sessions",
    metadata,
    _sha256("sha256", "of the session id"),
    Column("api_key", Text, ForeignKey("api_keys.sha256", ondelete="CASCADE"), nullable=False),
    _text("csrf_token"),
    _at("created_at", now=True),
    _at("expires_at"),
    PrimaryKeyConstraint("sha256"),
    Index(None, "expires_at"),
)

audit = Table(
    "audit",
    metadata,
    _id(),
    _at("at", now=True),
    _text("who"),
    _text("action"),
    _text("subject", "what it was done to", nullable=True),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
    Index(None, "at"),
)

alerts_outbox = Table(
    "alerts_outbox",
    metadata,
    _id(),
    Column("run_id", BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), nullable=True),
    Column("key", Text, nullable=False, unique=True, comment="one alert per key, however often it is asked for"),
    _text("kind"),
    Column("payload", JSONB, nullable=False),
    _at("created_at", now=True),
    _at("sent_at", nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _text("last_error", nullable=True),
    Index("ix_alerts_outbox_unsent", "id", postgresql_where=text("sent_at is null")),
)

DECISIONS: dict[str, Table] = {t.name: t for t in (orders, fills, trades, equity, run_notes)}
