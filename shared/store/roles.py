"""Roles for people with psql. Roles belong to the cluster, so no migration makes them."""

from sqlalchemy import Connection, text

ANALYST = "analyst"
SECRET_TABLES = ("api_keys", "sessions")

# What a session of `analyst` begins with: it writes nothing, ends by itself, and is in nobody's way for long - a
# transaction that is forgotten open would keep upgrades waiting.
ANALYST_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}

CONNECTIONS = 20  # of them at once: a tool with a pool must leave room for runners, which need the same server

_HAS_ROLE = text("select exists (select from pg_roles where rolname = :role)")
_MAY_READ = text("select has_table_privilege(:role, 'runs', 'select') and pg_has_role(:role, 'member')")


def is_ready(conn: Connection) -> bool:
    """Is there an `analyst` who may read this database, and may we become one?"""
    return bool(conn.scalar(_HAS_ROLE, {"role": ANALYST}) and conn.scalar(_MAY_READ, {"role": ANALYST}))


def create_roles(conn: Connection, password: str | None = None) -> None:
    """The read-only role `analyst`: sees everything but secrets. Without a password it cannot log in."""
    if not conn.scalar(_HAS_ROLE, {"role": ANALYST}):
        conn.execute(text(f"create role {ANALYST} nologin"))
    conn.execute(text(f"grant {ANALYST} to current_user"))  # who makes a role may hand it out, but is not in it
    if password is not None:
        # ALTER ROLE takes no parameters; the server quotes the password for us
        statement = conn.scalar(
            text("select format('alter role analyst login password %L', cast(:password as text))"),
            {"password": password},
        )
        conn.exec_driver_sql(str(statement), execution_options={"no_parameters": True})
    conn.execute(text(f"alter role {ANALYST} connection limit {CONNECTIONS}"))
    for name, value in ANALYST_SETTINGS.items():
        conn.execute(text(f"alter role {ANALYST} set {name} = '{value}'"))
    grant_reading(conn)


def grant_reading(conn: Connection) -> None:
    """Let `analyst` read, where that role exists. Views made anew have lost their grants."""
    if not conn.scalar(_HAS_ROLE, {"role": ANALYST}):
        return
    conn.execute(text(f"grant usage on schema public to {ANALYST}"))
    conn.execute(text(f"grant select on all tables in schema public to {ANALYST}"))
    conn.execute(text(f"revoke all on {', '.join(SECRET_TABLES)} from {ANALYST}"))
