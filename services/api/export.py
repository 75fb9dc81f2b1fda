"""A run as the document that a backtest of the same fold writes, from the rows alone."""

from sqlalchemy import Connection

from services.api.errors import WrongStateError
from services.api.library import Plans
from services.api.totals import catch_up_market
from shared.domain.timeframe import MINUTE_MS
from shared.performance.document import BarsFolded, Header, Json, document
from shared.performance.market import Market
from shared.store import frames
from shared.store.decisions import read_decisions
from shared.store.runs import Run


def document_of(conn: Connection, plans: Plans, run: Run) -> Json:
    """The run up to its last committed bar. Raises WrongStateError before it has folded one that may trade."""
    first_ms = frames.first_open_ms(conn, run.instrument_id, run.start_ms)
    if run.position_ms is None or run.digest is None or run.warmup_from_ms is None or first_ms is None:
        raise WrongStateError(f"run {run.id} has not folded a bar yet: it is {run.status}")
    if run.position_ms < first_ms:
        raise WrongStateError(f"run {run.id} is still warming up: no bar at or after its start has been folded")
    plan = plans.of(conn, run)
    count, gaps = frames.count_and_gaps(conn, run.instrument_id, (run.start_ms, run.position_ms + MINUTE_MS))
    market = Market(first_ms, frames.open_price(conn, run.instrument_id, first_ms))
    catch_up_market(conn, run.instrument_id, market, run.position_ms + MINUTE_MS)
    header = Header(
        engine_version=run.engine_version,
        strategy=plan.name,
        version_sha256=plan.version_sha256,
        variant=run.variant,
        params=dict(plan.params),
        rules=run.rules,
        costs=run.costs,
        cash=run.cash,
        bars=BarsFolded(first_ms, run.position_ms, run.warmup_from_ms, count, tuple(gaps)),
        digest=run.digest.hex(),
        market=market,
    )
    return document(header, read_decisions(conn, run.id, run.rules, 0, run.seq))
