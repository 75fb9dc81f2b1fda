"""The price before costs of each fill; orders that fill in parts.

Fills of engine version 1 did not say what they referred to: they get their own price, as if they had cost nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

EVENTS = "submitted | amended | filled | rejected | cancelled | expired"


def upgrade() -> None:
    comment = "[quote] price before slippage and half-spread"
    op.add_column("fills", sa.Column("reference", sa.Numeric(), nullable=True, comment=comment))
    op.execute("update fills set reference = price")
    op.alter_column("fills", "reference", nullable=False, existing_type=sa.Numeric(), existing_comment=comment)
    op.alter_column(
        "orders",
        "event",
        comment=EVENTS.replace("filled", "partially_filled | filled"),
        existing_type=sa.Text(),
        existing_nullable=False,
        existing_comment=EVENTS,
    )
