"""Room in the pages of runs: each row is written anew every minute, and has to find its place beside the old one.

On a full page a new row goes elsewhere, and with it an entry in every index. Pages that are there get their room as
their rows are written.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table runs set (fillfactor = 45)")
