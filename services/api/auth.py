"""Who asks. A bearer token is an API key or the id of a dashboard session; the database knows sha256 of both only.

A token is looked up by its hash: how long that takes says nothing about any token that exists.
"""

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from sqlalchemy import Connection

from services.api.errors import ForbiddenError, UnauthorizedError
from shared.store import auth
from shared.store.auth import Role, Session

ROLES: tuple[Role, ...] = ("viewer", "trader", "admin")  # each may do what those before it may
TRUSTED_S = 2.0  # how long an answer of the database stands: a revoked token works that much longer
SESSION_S = 12 * 3600.0
MOST_CACHED = 1_000


@dataclass(frozen=True, slots=True)
class Person:
    """Who a token stands for."""

    name: str
    role: Role


def bearer(header: str | None) -> str:
    """The token of an Authorization header. Raises UnauthorizedError."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthorizedError("a bearer token is needed: Authorization: Bearer ...")
    return token.strip()


def require(who: Person, role: Role) -> Person:
    """The same person. Raises ForbiddenError when their role is below `role`."""
    if ROLES.index(who.role) < ROLES.index(role):
        raise ForbiddenError(f"this needs the role {role}; this token has the role {who.role}")
    return who


def open_session(conn: Connection, token: str) -> tuple[str, Session]:
    """A random session id for whoever shows an API key, and the session. Raises UnauthorizedError."""
    session_id = secrets.token_urlsafe(32)
    session = auth.open_session(conn, session_id, token, secrets.token_urlsafe(32), SESSION_S)
    if session is None:
        raise UnauthorizedError("nobody has this token, or it has been revoked")
    return session_id, session


@dataclass(slots=True)
class Keys:
    """Tokens seen lately, by hash."""

    _seen: "OrderedDict[str, tuple[float, Person]]" = field(default_factory=OrderedDict)

    def cached(self, token: str) -> Person | None:
        """Who has just been found behind this token."""
        found = self._seen.get(auth.hashed(token))
        return found[1] if found is not None and time.monotonic() < found[0] else None

    def knows(self, token: str) -> bool:
        """Whether this token was good not long ago."""
        return auth.hashed(token) in self._seen

    def find(self, conn: Connection, token: str) -> Person:
        """Who this is, by the database. Raises UnauthorizedError."""
        found = auth.find_key(conn, token) or auth.find_session(conn, token)
        if found is None:
            self.forget(token)
            raise UnauthorizedError("nobody has this token, or it has been revoked or has expired")
        person = Person(found.name, found.role)
        self._seen[auth.hashed(token)] = (time.monotonic() + TRUSTED_S, person)
        while len(self._seen) > MOST_CACHED:
            self._seen.popitem(last=False)
        return person

    def forget(self, token: str) -> None:
        self._seen.pop(auth.hashed(token), None)
