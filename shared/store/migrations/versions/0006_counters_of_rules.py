"""Counters say which rule of which side they are of, and the bar they are true after.

What was counted before had the rule's number in front of its text, was written with a snapshot, and did not say its
side: it stays as a number with a text, true after the run's newest snapshot.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE_COMMENT = "a cache of the fold, outside parity: the same counts come of folding again"


def upgrade() -> None:
    number, position = "from 1, in the order of the engine", "open_ms of the last bar counted"
    op.drop_constraint("pk_run_counters", "run_counters", type_="primary")
    op.alter_column("run_counters", "rule", new_column_name="text", existing_type=sa.Text(), existing_nullable=False)
    op.add_column("run_counters", sa.Column("number", sa.Integer(), nullable=True, comment=number))
    side, place = "entry_long | exit_long | entry_short | exit_short", "2 of 3; inside a group: 3 of 3, any 1 of 2"
    op.add_column("run_counters", sa.Column("side", sa.Text(), nullable=True, comment=side))
    op.add_column("run_counters", sa.Column("place", sa.Text(), nullable=True, comment=place))
    op.add_column("run_counters", sa.Column("position_ms", sa.BigInteger(), nullable=True, comment=position))
    op.execute("""
        update run_counters c
        set number = split_part(c.text, ':', 1)::integer,
            text = substr(c.text, strpos(c.text, ':') + 2),
            position_ms = coalesce((select max(s.position_ms) from snapshots s where s.run_id = c.run_id),
                                   r.position_ms, r.start_ms)
        from runs r
        where r.id = c.run_id
    """)
    for name, type_, comment in (("number", sa.Integer(), number), ("position_ms", sa.BigInteger(), position)):
        op.alter_column("run_counters", name, nullable=False, existing_type=type_, existing_comment=comment)
    op.create_primary_key("pk_run_counters", "run_counters", ["run_id", "number"])
    op.create_table_comment("run_counters", TABLE_COMMENT)
