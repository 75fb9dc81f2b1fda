"""Who may do what: keys and sessions, stored by the sha256 of their secret; and what was done."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select

from shared.domain.errors import InputError
from shared.store import statements, tables

Role = Literal["viewer", "trader", "admin"]

_SQL = statements.load("auth")


@dataclass(frozen=True, slots=True)
class Key:
    """Whose token it is."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key as an administrator sees it."""

    name: str
    role: Role
    created_ms: int
    last_used_ms: int | None
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that showed a token."""

    name: str
    role: Role
    csrf_token: str
    expires_ms: int  # wall


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: int
    at_ms: int
    who: str
    action: str
    subject: str | None
    detail: dict[str, Any]


def put_key(conn: Connection, name: str, token: str, role: Role) -> None:
    """Let `token` act as `name`. A name has one token: another one replaces it, and ends its sessions."""
    known = find_key(conn, token)
    if known == Key(name, role):
        return
    if known is not None and known.name != name:
        raise InputError(f"api key {name}", f"another token than that of {known.name}")
    conn.execute(_SQL["drop_sessions_of"], {"name": name})
    conn.execute(_SQL["put_key"], {"sha256": hashed(token), "name": name, "role": role})


def new_key(conn: Connection, name: str, token: str, role: Role) -> bool:
    """Let `token` act as `name`. False: somebody has this name."""
    return conn.execute(_SQL["new_key"], {"sha256": hashed(token), "name": name, "role": role}).rowcount == 1


def find_key(conn: Connection, token: str) -> Key | None:
    """Whose token it is; None of an unknown or revoked one."""
    row = conn.execute(_SQL["find_key"], {"sha256": hashed(token)}).first()
    return None if row is None else Key(*row)


def touch_key(conn: Connection, token: str) -> None:
    """Note that a token was used; writes at most once a minute."""
    conn.execute(_SQL["touch_key"], {"sha256": hashed(token)})


def revoke_key(conn: Connection, name: str) -> bool:
    """End a key and its sessions. False: there was none."""
    conn.execute(_SQL["drop_sessions_of"], {"name": name})
    return conn.execute(_SQL["revoke_key"], {"name": name}).rowcount == 1


def list_keys(conn: Connection) -> list[KeyInfo]:
    """All keys by name, revoked ones too."""
    return [KeyInfo(*row) for row in conn.execute(_SQL["list_keys"])]


def open_session(conn: Connection, session_id: str, token: str, csrf_token: str, life_s: float) -> Session | None:
    """A session for whoever shows a token; None of an unknown one. Old sessions of anybody are swept out."""
    key = find_key(conn, token)
    if key is None:
        return None
    conn.execute(_SQL["drop_expired"])
    given = {"session_sha256": hashed(session_id), "key_sha256": hashed(token), "csrf_token": csrf_token}
    expires_ms = conn.scalar(_SQL["open_session"], given | {"life_s": life_s})
    return None if expires_ms is None else Session(key.name, key.role, csrf_token, expires_ms)


def find_session(conn: Connection, session_id: str) -> Session | None:
    """The session, unless it or its key has ended."""
    row = conn.execute(_SQL["find_session"], {"sha256": hashed(session_id)}).first()
    return None if row is None else Session(*row)


def end_session(conn: Connection, session_id: str) -> None:
    """Log out."""
    conn.execute(_SQL["drop_session"], {"sha256": hashed(session_id)})


def note(
    conn: Connection, who: str, action: str, subject: str | None = None, detail: Mapping[str, Any] | None = None
) -> None:
    """Write down what a person did."""
    conn.execute(insert(tables.audit).values(who=who, action=action, subject=subject, detail=dict(detail or {})))


def read_audit(conn: Connection, limit: int = 100, before_id: int | None = None) -> list[AuditEntry]:
    """What people did, newest first."""
    t = tables.audit.c
    at_ms = func.floor(func.extract("epoch", t.at) * 1000).cast(t.id.type)
    wanted = select(t.id, at_ms, t.who, t.action, t.subject, t.detail).order_by(t.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(t.id < before_id)
    return [AuditEntry(*row) for row in conn.execute(wanted)]


def hashed(secret: str) -> str:
    """What is stored of a secret. Tokens are random and long, so that a fast hash is enough."""
    return sha256(secret.encode()).hexdigest()
