"""Run by Alembic: one transaction for all steps, under a lock, with the views made anew at its end.

Views and functions are no history: they are dropped before the first step and created from sql/*.sql after the last, so
that no step has to know them.
"""

from alembic import context
from sqlalchemy import Connection, text

from shared.store import schema_version, statements
from shared.store.roles import grant_reading
from shared.store.tables import metadata

LOCK = 0x7061706572  # "paper": two services that start together upgrade one after the other


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
        schema_version.refuse_newer(connection)
        statements.run_script(connection, "drop_views")
        context.run_migrations()
        statements.run_script(connection, "views")
        statements.run_script(connection, "view_comments")
        statements.run_script(connection, "functions")
        grant_reading(connection)


run(context.config.attributes["connection"])
