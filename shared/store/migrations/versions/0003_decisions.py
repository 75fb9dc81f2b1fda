"""Decisions, and the caches and logs beside them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "equity",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False, comment="close_ms of the frame, or of the bar of a fill"),
        sa.Column("equity", sa.Numeric(), nullable=False, comment="[quote]"),
        sa.Column("cash", sa.Numeric(), nullable=False, comment="[quote]"),
        sa.Column("position", sa.Numeric(), nullable=False, comment="[base] signed"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_equity_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "seq", name=op.f("pk_equity")),
    )
    op.create_table(
        "equity_levels",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("hour_ms", sa.BigInteger(), nullable=False, comment="start of the hour"),
        sa.Column("low_seq", sa.BigInteger(), nullable=False),
        sa.Column("low_ms", sa.BigInteger(), nullable=False, comment="time of the lowest row"),
        sa.Column("low", sa.Numeric(), nullable=False),
        sa.Column("high_seq", sa.BigInteger(), nullable=False),
        sa.Column("high_ms", sa.BigInteger(), nullable=False, comment="time of the highest row"),
        sa.Column("high", sa.Numeric(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False, comment="newest equity row in it"),
        sa.Column("last_ms", sa.BigInteger(), nullable=False, comment="its time"),
        sa.Column("last", sa.Numeric(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_equity_levels_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "hour_ms", name=op.f("pk_equity_levels")),
        comment="hours of long curves: a cache that may be emptied at any time",
    )
    op.create_table(
        "fills",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("order_seq", sa.BigInteger(), nullable=False),
        sa.Column(
            "ts_ms",
            sa.BigInteger(),
            nullable=False,
            comment="bar time: open_ms of a fill at the open, close_ms inside the bar",
        ),
        sa.Column("side", sa.Text(), nullable=False, comment="buy | sell"),
        sa.Column("quantity", sa.Numeric(), nullable=False, comment="[base]"),
        sa.Column("price", sa.Numeric(), nullable=False, comment="[quote]"),
        sa.Column("fee", sa.Numeric(), nullable=False, comment="[quote]"),
        sa.Column("liquidity", sa.Text(), nullable=False, comment="taker | maker"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("no_trade", sa.Boolean(), nullable=False, comment="filled in a minute without trades"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_fills_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "seq", name=op.f("pk_fills")),
    )
    op.create_table(
        "orders",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("order_seq", sa.BigInteger(), nullable=False, comment="the order's name: seq of its submitted event"),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False, comment="bar time"),
        sa.Column(
            "event", sa.Text(), nullable=False, comment="submitted | amended | filled | rejected | cancelled | expired"
        ),
        sa.Column("side", sa.Text(), nullable=False, comment="buy | sell"),
        sa.Column("type", sa.Text(), nullable=False, comment="market | stop | limit"),
        sa.Column("quantity", sa.Numeric(), nullable=False, comment="[base]"),
        sa.Column("price", sa.Numeric(), nullable=True, comment="[quote] trigger or limit; null of a market order"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_orders_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "seq", name=op.f("pk_orders")),
        comment="events in the lives of orders; v_orders shows the latest of each",
    )
    op.create_index(op.f("ix_orders_run_id_order_seq_seq"), "orders", ["run_id", "order_seq", "seq"], unique=False)
    op.create_table(
        "run_counters",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("evaluated", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("not_ready", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_counters_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "rule", name=op.f("pk_run_counters")),
    )
    op.create_table(
        "run_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "event",
            sa.Text(),
            nullable=False,
            comment="created | claimed | taken_over | released | failed | diverged | superseded | ...",
        ),
        sa.Column("who", sa.Text(), nullable=False, comment="runner id or person"),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_log_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_log")),
        comment="what runners and people did; outside parity",
    )
    op.create_index(op.f("ix_run_log_run_id_id"), "run_log", ["run_id", "id"], unique=False)
    op.create_table(
        "run_notes",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("ts_ms", sa.BigInteger(), nullable=False, comment="bar time"),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_notes_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "seq", name=op.f("pk_run_notes")),
    )
    op.create_table(
        "snapshots",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("position_ms", sa.BigInteger(), nullable=False, comment="open_ms of the last bar in it"),
        sa.Column("engine_version", sa.Text(), nullable=False),
        sa.Column("plan_sha256", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("f", sa.LargeBinary(), nullable=False, comment="float64 vector"),
        sa.Column("m", sa.LargeBinary(), nullable=False, comment="int64 vector"),
        sa.Column(
            "taken_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_snapshots_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "position_ms", name=op.f("pk_snapshots")),
        comment="a cache: deleting all of them changes nothing",
    )
    op.create_table(
        "trades",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False, comment="long | short"),
        sa.Column("entry_ms", sa.BigInteger(), nullable=False, comment="of the first fill"),
        sa.Column("exit_ms", sa.BigInteger(), nullable=False, comment="of the last fill"),
        sa.Column("quantity", sa.Numeric(), nullable=False, comment="[base]"),
        sa.Column("entry_notional", sa.Numeric(), nullable=False, comment="[quote] sum of price x quantity"),
        sa.Column("exit_notional", sa.Numeric(), nullable=False, comment="[quote]"),
        sa.Column("gross", sa.Numeric(), nullable=False, comment="[quote]"),
        sa.Column("fees", sa.Numeric(), nullable=False, comment="[quote]"),
        sa.Column("worst", sa.Numeric(), nullable=False, comment="[quote] most adverse price that counts"),
        sa.Column("best", sa.Numeric(), nullable=False, comment="[quote] most favourable price that counts"),
        sa.Column("exit_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_trades_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "seq", name=op.f("pk_trades")),
    )
