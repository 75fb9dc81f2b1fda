"""Strategies, runs, commands and runners."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "runners",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False, comment="rises with every registration under this id"),
        sa.Column(
            "lease_until",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="alive until then; renewed by the loop that folds",
        ),
        sa.Column("version", sa.Text(), nullable=False, comment="engine version"),
        sa.Column("capacity", sa.Integer(), nullable=False, comment="live runs; one more slot is for a backtest"),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column(
            "started_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runners")),
    )
    op.create_table(
        "strategies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("current_sha256", sa.Text(), nullable=False, comment="the version that a new run takes"),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "archived_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="hidden from lists; its runs go on",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_strategies")),
    )
    op.create_table(
        "strategy_versions",
        sa.Column("sha256", sa.Text(), nullable=False, comment="of text"),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="the YAML as given"),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["strategy"], ["strategies.name"], name=op.f("fk_strategy_versions_strategy")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_strategy_versions")),
        comment="immutable",
    )
    op.create_foreign_key(
        op.f("fk_strategies_current_sha256"),
        "strategies",
        "strategy_versions",
        ["current_sha256"],
        ["sha256"],
        initially="DEFERRED",
        deferrable=True,
    )
    op.create_index(
        op.f("ix_strategy_versions_strategy_created_at"), "strategy_versions", ["strategy", "created_at"], unique=False
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False, comment="paper | backtest"),
        sa.Column("strategy_version", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=True),
        sa.Column(
            "params",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment='overrides: {"ID.param": value}',
        ),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("rules_id", sa.Integer(), nullable=False, comment="pinned at creation"),
        sa.Column("maker_ppm", sa.Integer(), nullable=False),
        sa.Column("taker_ppm", sa.Integer(), nullable=False),
        sa.Column("slippage_ppm", sa.Integer(), nullable=False),
        sa.Column("half_spread_ppm", sa.Integer(), nullable=False),
        sa.Column("cash", sa.Numeric(), nullable=False, comment="[quote] at the start"),
        sa.Column("start_ms", sa.BigInteger(), nullable=False, comment="first minute that may trade"),
        sa.Column("end_ms", sa.BigInteger(), nullable=True, comment="of a backtest: end, exclusive"),
        sa.Column(
            "history_from_ms",
            sa.BigInteger(),
            nullable=False,
            comment="oldest minute that the plan would like: start minus settle, floored to the day",
        ),
        sa.Column(
            "warmup_from_ms",
            sa.BigInteger(),
            nullable=True,
            comment="first minute folded; fixed once, before the first fold",
        ),
        sa.Column("engine_version", sa.Text(), nullable=False),
        sa.Column("forked_from", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False, comment="what the fold is doing"),
        sa.Column(
            "health", sa.Text(), server_default="waiting_for_runner", nullable=False, comment="how well it is served"
        ),
        sa.Column("status_detail", sa.Text(), nullable=True, comment="a sentence for people"),
        sa.Column("position_ms", sa.BigInteger(), nullable=True, comment="open_ms of the last folded bar"),
        sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False, comment="of the last decision"),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=True,
            comment="sha256 chained over decisions; null before the first bar",
        ),
        sa.Column("progress", sa.REAL(), nullable=True, comment="0..1 while warming or in a backtest"),
        sa.Column("runner_id", sa.UUID(), nullable=True),
        sa.Column(
            "epoch", sa.BigInteger(), server_default="0", nullable=False, comment="rises with every claim: the fence"
        ),
        sa.Column(
            "attempts", sa.Integer(), server_default="0", nullable=False, comment="claims since the last committed bar"
        ),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("equity", sa.Numeric(), nullable=True, comment="[quote] last marked"),
        sa.Column("quantity", sa.Numeric(), nullable=True, comment="[base] open position, signed"),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("(mode = 'backtest') = (end_ms is not null)", name=op.f("ck_runs_backtests_end")),
        sa.CheckConstraint(
            "health in ('ok', 'stale', 'waiting_for_runner', 'waiting_for_history')", name=op.f("ck_runs_health")
        ),
        sa.CheckConstraint("mode in ('paper', 'backtest')", name=op.f("ck_runs_mode")),
        sa.CheckConstraint(
            "status in ('pending', 'warming', 'running', 'paused', 'stopping', "
            "'stopped', 'finished', 'superseded', 'failed', 'diverged')",
            name=op.f("ck_runs_status"),
        ),
        sa.CheckConstraint("(position_ms is null) = (digest is null)", name=op.f("ck_runs_position_has_digest")),
        sa.ForeignKeyConstraint(["forked_from"], ["runs.id"], name=op.f("fk_runs_forked_from"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["instrument_id"], ["instruments.id"], name=op.f("fk_runs_instrument_id")),
        sa.ForeignKeyConstraint(["rules_id"], ["instrument_rules.id"], name=op.f("fk_runs_rules_id")),
        sa.ForeignKeyConstraint(["runner_id"], ["runners.id"], name=op.f("fk_runs_runner_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["strategy_version"], ["strategy_versions.sha256"], name=op.f("fk_runs_strategy_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_runs_idempotency_key")),
    )
    op.create_index(
        "ix_runs_claimable",
        "runs",
        ["mode", "id"],
        unique=False,
        postgresql_where=sa.text("status not in ('stopped', 'finished', 'superseded', 'failed', 'diverged')"),
    )
    op.create_index(op.f("ix_runs_runner_id"), "runs", ["runner_id"], unique=False)
    op.create_index(op.f("ix_runs_strategy_version"), "runs", ["strategy_version"], unique=False)
    op.create_table(
        "run_commands",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "close_position",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="of stop: close first",
        ),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("accepted_ms", sa.BigInteger(), nullable=False, comment="exchange time when the API took it"),
        sa.Column(
            "effective_ms",
            sa.BigInteger(),
            nullable=True,
            comment="minute at whose open it acts; assigned once, by the owner",
        ),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind in ('stop', 'pause', 'resume', 'close_position')", name=op.f("ck_run_commands_kind")),
        sa.CheckConstraint("mod(effective_ms, 60000) = 0", name=op.f("ck_run_commands_whole_minute")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_commands_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_commands")),
        sa.UniqueConstraint("run_id", "idempotency_key", name=op.f("uq_run_commands_run_id_idempotency_key")),
        comment="recorded inputs of the fold (decision 0003)",
    )
    op.create_index(
        "ix_run_commands_unassigned",
        "run_commands",
        ["run_id"],
        unique=False,
        postgresql_where=sa.text("effective_ms is null"),
    )
