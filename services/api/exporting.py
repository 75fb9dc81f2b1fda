"""A long run's document: a child that writes it as it reads it, and holds some thousand decisions at a time."""

import sys

from sqlalchemy import Connection

from services.api import child, export
from services.api.library import Plans
from shared.store.runs import Run


def tell(conn: Connection, run: Run) -> None:
    for piece in export.pieces(conn, Plans(), run):
        sys.stdout.buffer.write(piece.encode())


if __name__ == "__main__":
    sys.exit(child.work("api-exporting", tell))
