"""Where a runner's commit can be stopped: between its statements in the client, and between those inside the server.

A commit's first statement is a function (sql/functions.sql) whose own statements follow each other in the server. There
a session waits, in triggers, for an advisory lock that the test holds.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

# before which statement a client stops; COMMIT itself stands in no cursor
STATEMENTS = {
    "call": "commit_folds",
    "snapshots": "INSERT INTO snapshots",
    "old snapshots": "DELETE FROM snapshots",
    "levels": "insert into equity_levels",
    "counters": "insert into run_counters",
}
IN_CLIENT = (*STATEMENTS, "commit", "after")

# statements of the function in their order, by the table that each is about
IN_SERVER = ("runs", "orders", "fills", "trades", "equity", "run_notes", "run_commands", "at_commit")

POINT = "paperfold.wait_at"  # a session's setting: where it waits
WAIT_S = 12  # at most; a statement may take 15
_KEY = 0x667265657A65
_WAITING = """
    select pid from pg_locks
    where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())
"""

_TRIGGERS = f"""
create function wait_here() returns trigger language plpgsql as $$
begin
    if current_setting('{POINT}', true) = tg_name
        and (tg_name = 'at_commit' or current_query() like '%commit_folds%')
    then
        perform set_config('lock_timeout', '{WAIT_S}s', true);
        perform pg_advisory_xact_lock_shared({_KEY});
    end if;
    return null;
end $$;
create constraint trigger at_commit after update on runs deferrable initially deferred
    for each row execute function wait_here();
""" + "".join(
    f"create trigger {table} before insert or update on {table} for each statement execute function wait_here();"
    for table in IN_SERVER[:-1]
)


def install(engine: Engine) -> None:
    """Triggers into this database."""
    with engine.begin() as conn:
        conn.exec_driver_sql(_TRIGGERS, execution_options={"no_parameters": True})


@contextmanager
def closed_gate(engine: Engine) -> Iterator[None]:
    """For as long as it lasts, sessions wait where they were told to; at its end they go on."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text(f"select pg_advisory_lock({_KEY})"))
        try:
            yield
        finally:
            conn.execute(text(f"select pg_advisory_unlock({_KEY})"))


def waiting(engine: Engine) -> int:
    """How many sessions wait at the gate."""
    with engine.begin() as conn:
        return len(conn.execute(text(_WAITING)).all())


def end_waiting(engine: Engine) -> None:
    """End the sessions that wait: nothing of what they did stays."""
    with engine.begin() as conn:
        conn.execute(text(f"select pg_terminate_backend(pid) from ({_WAITING})"))
