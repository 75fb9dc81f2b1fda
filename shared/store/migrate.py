"""Schemas: Alembic without a command line or an ini file, so that it works from an installed wheel."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from shared.store import database

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest schema. Does nothing twice; raises UnavailableError."""
    engine = database.connect(url, "migrate", statement_s=600, transaction_s=3600)
    try:
        with database.begin(engine) as conn:
            # Steps are loaded while their transaction runs: on a machine that starts everything at once, for seconds
            conn.exec_driver_sql("set local idle_in_transaction_session_timeout = '60s'")
            config = _config()
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
