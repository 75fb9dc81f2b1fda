"""The market and its record."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instruments",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="BTC/USDT"),
        sa.Column("symbol", sa.Text(), nullable=False, comment="the exchange's spelling: BTCUSDT"),
        sa.Column(
            "status", sa.Text(), server_default="unknown", nullable=False, comment="the exchange's word: TRADING, BREAK"
        ),
        sa.Column(
            "history_starts_ms",
            sa.BigInteger(),
            nullable=True,
            comment="first minute that exists at all, once the exchange has proved it",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruments")),
        sa.UniqueConstraint("name", name=op.f("uq_instruments_name")),
        sa.UniqueConstraint("symbol", name=op.f("uq_instruments_symbol")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False, comment="what only one process may do at a time: ingest"),
        sa.Column("holder", sa.UUID(), nullable=False),
        sa.Column(
            "epoch",
            sa.BigInteger(),
            nullable=False,
            comment="rises with every new holder; checked in the holder's writes",
        ),
        sa.Column("lease_until", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "market",
        sa.Column("singleton", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("market", sa.Text(), nullable=False, comment="binance-us, or sim; every service refuses another"),
        sa.Column(
            "fingerprint",
            sa.Text(),
            nullable=False,
            comment="hash of the bars that a simulated market replays; empty for the real one",
        ),
        sa.Column(
            "claimed_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("market in ('binance-us', 'sim')", name=op.f("ck_market_market")),
        sa.CheckConstraint("singleton", name=op.f("ck_market_singleton")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_market")),
    )
    op.create_table(
        "market_clock",
        sa.Column("singleton", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "anchor_wall_ms",
            sa.BigInteger(),
            nullable=False,
            comment="the database's clock when the exchange said anchor_exchange_ms",
        ),
        sa.Column("anchor_exchange_ms", sa.BigInteger(), nullable=False, comment="exchange time at the anchor"),
        sa.Column("rate", sa.Double(), nullable=False, comment="exchange seconds per wall second; 1 in production"),
        sa.Column(
            "measured_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("rate > 0", name=op.f("ck_market_clock_rate")),
        sa.CheckConstraint("singleton", name=op.f("ck_market_clock_singleton")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_market_clock")),
    )
    op.create_table(
        "bar_revisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("open_ms", sa.BigInteger(), nullable=False, comment="first millisecond of the minute"),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="corrected: other values than recorded; late: the minute had been declared absent",
        ),
        sa.Column("open", sa.Numeric(), nullable=False),
        sa.Column("high", sa.Numeric(), nullable=False),
        sa.Column("low", sa.Numeric(), nullable=False),
        sa.Column("close", sa.Numeric(), nullable=False),
        sa.Column("volume", sa.Numeric(), nullable=False),
        sa.Column("quote_volume", sa.Numeric(), nullable=True),
        sa.Column("trades", sa.BigInteger(), nullable=True),
        sa.Column("taker_buy_base", sa.Numeric(), nullable=True),
        sa.Column("taker_buy_quote", sa.Numeric(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False, comment="ws | rest | import"),
        sa.Column("received_ms", sa.BigInteger(), nullable=False, comment="wall clock of the writer"),
        sa.Column(
            "noted_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("kind in ('corrected', 'late')", name=op.f("ck_bar_revisions_kind")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name=op.f("fk_bar_revisions_instrument_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bar_revisions")),
        sa.UniqueConstraint(
            "instrument_id",
            "open_ms",
            "kind",
            "open",
            "high",
            "low",
            "close",
            "volume",
            name="uq_bar_revisions_content",
        ),
        comment="what sources said later about a decided minute; never folded",
    )
    op.create_table(
        "bars",
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("open_ms", sa.BigInteger(), nullable=False, comment="first millisecond of the minute"),
        sa.Column("open", sa.Numeric(), nullable=False),
        sa.Column("high", sa.Numeric(), nullable=False),
        sa.Column("low", sa.Numeric(), nullable=False),
        sa.Column("close", sa.Numeric(), nullable=False),
        sa.Column("volume", sa.Numeric(), nullable=False),
        sa.Column("quote_volume", sa.Numeric(), nullable=True),
        sa.Column("trades", sa.BigInteger(), nullable=True),
        sa.Column("taker_buy_base", sa.Numeric(), nullable=True),
        sa.Column("taker_buy_quote", sa.Numeric(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False, comment="ws | rest | import"),
        sa.Column("received_ms", sa.BigInteger(), nullable=False, comment="wall clock of the writer"),
        sa.CheckConstraint("source in ('ws', 'rest', 'import')", name=op.f("ck_bars_source")),
        sa.CheckConstraint("mod(open_ms, 60000) = 0", name=op.f("ck_bars_whole_minute")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name=op.f("fk_bars_instrument_id")),
        sa.PrimaryKeyConstraint("instrument_id", "open_ms", name=op.f("pk_bars")),
        comment="append-only: the first final row of a minute stays for ever (decision 0001)",
    )
    op.create_table(
        "coverage",
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False, comment="first minute"),
        sa.Column("to_ms", sa.BigInteger(), nullable=False, comment="end, exclusive"),
        postgresql.ExcludeConstraint(
            (sa.text("int4range(instrument_id, instrument_id, '[]')"), "&&"),
            (sa.text("int8range(from_ms, to_ms)"), "&&"),
            using="gist",
            name="ex_coverage_disjoint",
        ),
        sa.CheckConstraint(
            "from_ms < to_ms and mod(from_ms, 60000) = 0 and mod(to_ms, 60000) = 0",
            name=op.f("ck_coverage_whole_minutes"),
        ),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name=op.f("fk_coverage_instrument_id")),
        sa.PrimaryKeyConstraint("instrument_id", "from_ms", name=op.f("pk_coverage")),
        comment="ranges in which every minute is decided: present in bars, or absent for good",
    )
    op.create_table(
        "instrument_rules",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column(
            "captured_ms", sa.BigInteger(), nullable=False, comment="when the venue said so; 0 for the shipped table"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="shipped | exchange-info | file"),
        sa.Column("tick_size", sa.Numeric(), nullable=False, comment="[quote] smallest price step"),
        sa.Column("lot_step", sa.Numeric(), nullable=False, comment="[base] smallest quantity step"),
        sa.Column("min_quantity", sa.Numeric(), nullable=False, comment="[base]"),
        sa.Column("min_notional", sa.Numeric(), nullable=False, comment="[quote]"),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name=op.f("fk_instrument_rules_instrument_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument_rules")),
        comment="a new row only when something changed; runs pin one",
    )
    op.create_index(
        op.f("ix_instrument_rules_instrument_id_captured_ms"),
        "instrument_rules",
        ["instrument_id", "captured_ms"],
        unique=False,
    )
