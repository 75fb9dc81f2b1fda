"""Start-up: what must stand in the database before the API serves. Doing it twice changes nothing."""

from hashlib import sha256

from sqlalchemy import Connection

from services.api import library
from services.api.context import Context
from shared import log
from shared.bus.codec import Control
from shared.domain.errors import InputError
from shared.store import auth, market, schema_version, strategies

WHO = "paperfold"  # in the audit and as author of shipped strategies
ADMIN = "admin"  # whose token a setting says, and each start stores

_log = log.get("start")


def prepare(ctx: Context) -> None:
    """Raises UnavailableError while a neighbour is not there yet, InputError when this database is another market's."""
    api = ctx.settings.api
    changed = False
    with ctx.writing() as conn:
        check(conn, ctx.settings.exchange.market)
        if api.admin_token is not None:
            auth.put_key(conn, ADMIN, api.admin_token.get_secret_value(), "admin")
    if api.strategies_dir is not None:
        for name, text in library.shipped(api.strategies_dir):
            with ctx.writing() as conn:
                changed |= load(conn, name, text)
    ctx.not_started = None
    _log.info("started", market=ctx.settings.exchange.market)
    if changed:
        ctx.tell(Control("strategy"))


def check(conn: Connection, wanted: str) -> None:
    """Is this the schema, and the market, that this process is for?"""
    schema_version.check(conn)
    owner = market.market_of(conn)
    if owner is not None and owner[0] != wanted:
        raise InputError("database", f"belongs to market {owner[0]}, refuses another", wanted)


def load(conn: Connection, name: str, text: str) -> bool:
    """A shipped file as a version; whether it was new. A file that changed becomes the current version, one that did
    not leaves what a person has uploaded since."""
    read = library.read(text, name)
    if read.spec is None:
        for problem in read.errors:
            _log.error("strategy_refused", problem=str(problem))
        return False
    digest = sha256(text.encode()).hexdigest()
    if any(version.sha256 == digest for version in strategies.versions(conn, read.spec.name)):
        return False
    try:
        strategies.put(conn, read.spec.name, text, WHO)
    except InputError as error:
        _log.error("strategy_refused", problem=str(error))
        return False
    return True
