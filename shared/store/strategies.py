"""Strategies: a name, and immutable versions named by the sha256 of their text."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.domain.errors import InputError
from shared.domain.run import ENDED
from shared.store import tables


@dataclass(frozen=True, slots=True)
class Version:
    """One text, for ever."""

    sha256: str
    strategy: str
    text: str
    created_by: str
    created_ms: int  # wall


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy as lists show it."""

    name: str
    current: Version  # what a new run takes
    versions: int
    active_runs: int


def put(conn: Connection, name: str, text: str, who: str) -> tuple[Version, bool]:
    """Make `text` the current version of strategy `name`; whether it was not known before.

    Raises InputError when the same text is another strategy's.
    """
    digest = sha256(text.encode()).hexdigest()
    s, v = tables.strategies, tables.strategy_versions
    conn.execute(
        insert(s)
        .values(name=name, current_sha256=digest)
        .on_conflict_do_update(index_elements=[s.c.name], set_={"current_sha256": digest, "updated_at": func.now()})
    )
    values = {"sha256": digest, "strategy": name, "text": text, "created_by": who}
    made = conn.execute(insert(v).values(values).on_conflict_do_nothing(index_elements=[v.c.sha256])).rowcount == 1
    version = get_version(conn, digest)
    if version.strategy != name:
        raise InputError(f"strategy {name}", f"another text than that of strategy {version.strategy}")
    return version, made


def get_version(conn: Connection, digest: str) -> Version:
    """The version of that sha256. Raises InputError when there is none."""
    row = conn.execute(_versions().where(tables.strategy_versions.c.sha256 == digest)).first()
    if row is None:
        raise InputError("strategy version", "a version that exists", digest)
    return Version(*row)


def versions(conn: Connection, name: str) -> list[Version]:
    """All versions of a strategy, newest first."""
    t = tables.strategy_versions.c
    return [Version(*row) for row in conn.execute(_versions().where(t.strategy == name).order_by(t.created_at.desc()))]


def find(conn: Connection, name: str) -> Strategy | None:
    """The strategy of that name, if there is one."""
    found = conn.execute(_strategies().where(tables.strategies.c.name == name)).first()
    return None if found is None else _strategy(found)


def list_strategies(conn: Connection) -> list[Strategy]:
    """Strategies by name, without those that were archived."""
    t = tables.strategies.c
    return [_strategy(row) for row in conn.execute(_strategies().where(t.archived_at.is_(None)).order_by(t.name))]


def archive(conn: Connection, name: str, archived: bool = True) -> None:
    """Hide a strategy from lists, or show it again; its runs go on."""
    t = tables.strategies
    conn.execute(update(t).where(t.c.name == name).values(archived_at=func.now() if archived else None))


def _ms(at: Any) -> Any:
    return func.floor(func.extract("epoch", at) * 1000).cast(tables.runs.c.id.type)


def _versions() -> Any:
    t = tables.strategy_versions.c
    return select(t.sha256, t.strategy, t.text, t.created_by, _ms(t.created_at))


def _strategies() -> Any:
    s, v, r = tables.strategies.c, tables.strategy_versions, tables.runs.c
    mine = v.alias()
    count = select(func.count()).select_from(mine).where(mine.c.strategy == s.name).scalar_subquery()
    active = (
        select(func.count())
        .select_from(tables.runs.join(mine, mine.c.sha256 == r.strategy_version))
        .where(mine.c.strategy == s.name, r.status.not_in(ENDED))
        .scalar_subquery()
    )
    t = v.c
    return select(
        s.name, t.sha256, t.strategy, t.text, t.created_by, _ms(t.created_at), count.label("versions"), active
    ).join(v, t.sha256 == s.current_sha256)


def _strategy(row: Any) -> Strategy:
    return Strategy(row[0], Version(*row[1:6]), row[6], row[7])
