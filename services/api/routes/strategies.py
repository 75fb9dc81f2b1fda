"""Strategies: list, show, check, add a version. The text is data; nothing of it is ever run."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.api import library, schemas
from services.api.context import Ctx, Trader, Viewer
from services.api.errors import NotFoundError, WrongStateError, problem_json
from services.api.responses import problems
from services.api.times import iso
from shared.bus.codec import Control
from shared.domain.errors import InputError
from shared.store import auth, strategies
from shared.store.strategies import Strategy

router = APIRouter(prefix="/strategies", tags=["strategies"])

DEFAULT_NAME = "strategy"  # of a text that has none, for its problems


@router.get("", summary="All strategies by name", responses=problems(401, 403))
def list_all(ctx: Ctx, _: Viewer) -> schemas.Listed[schemas.Strategy]:
    with ctx.reading() as conn:
        found = strategies.list_strategies(conn)
    items = [{**head(one), "versions": one.versions} for one in found]
    return schemas.Listed[schemas.Strategy].model_validate(
        {"items": items, "total": len(items), "limit": len(items), "offset": 0}
    )


@router.get("/{name:path}", summary="One strategy: its text, versions and plan", responses=problems(401, 403, 404))
def show(name: Annotated[str, Path(examples=["ema-cross"])], ctx: Ctx, _: Viewer) -> schemas.StrategyDetail:
    with ctx.reading() as conn:
        found = strategies.find(conn, name)
        versions = strategies.versions(conn, name)
    if found is None:
        raise NotFoundError(f"no strategy is called {name!r}")
    return schemas.StrategyDetail.model_validate(detail(found, versions))


@router.post("/validate", summary="Every problem of a text, without storing it", responses=problems(401, 403))
def validate(asked: schemas.StrategyText, ctx: Ctx, _: Viewer) -> schemas.Validation:
    loaded = library.read(asked.text, asked.name or DEFAULT_NAME)
    return schemas.Validation.model_validate(
        {
            "valid": loaded.spec is not None,
            "problems": [problem_json(one) for one in loaded.errors],
            "notes": [problem_json(one) for one in loaded.notes],
            "explain": None if loaded.spec is None else library.in_words(loaded.spec),
        }
    )


@router.post(
    "",
    status_code=201,
    summary="Add a version",
    responses={
        200: {"model": schemas.StrategyDetail, "description": "The same text was known"},
        **problems(401, 403),
    },
)
def add(asked: schemas.StrategyText, response: Response, ctx: Ctx, who: Trader) -> schemas.StrategyDetail:
    """Make a text the current version of the strategy that it names. Raises StrategyError with every problem."""
    spec = library.spec_of(asked.text, asked.name or DEFAULT_NAME)
    with ctx.writing() as conn:
        try:
            version, made = strategies.put(conn, spec.name, asked.text, who.name)
        except InputError as error:
            raise WrongStateError(str(error)) from error
        if made:
            auth.note(conn, who.name, "strategy_version_added", spec.name, {"sha256": version.sha256})
        found = strategies.find(conn, spec.name)
        versions = strategies.versions(conn, spec.name)
    if found is None:
        raise NotFoundError(f"no strategy is called {spec.name!r}")
    ctx.tell(Control("strategy"))
    if not made:
        response.status_code = 200
    return schemas.StrategyDetail.model_validate(detail(found, versions))


def head(found: Strategy) -> dict[str, object]:
    """What lists show. A version that an older release took and this one refuses has no plan to show."""
    loaded = library.read(found.current.text, found.name)
    shown: dict[str, object] = {
        "description": "", "instrument": "", "entry_timeframe": "", "variants": [], "parameters": [],
        "version_sha256": found.current.sha256,
    }  # fmt: skip
    if loaded.spec is not None:
        shown = library.head(loaded.spec)
    return {**shown, "name": found.name, "runs_active": found.active_runs}


def detail(found: Strategy, versions: list[strategies.Version]) -> dict[str, object]:
    loaded = library.read(found.current.text, found.name)
    return {
        **head(found),
        "text": found.current.text,
        "versions": [{"sha256": one.sha256, "created_at": iso(one.created_ms)} for one in versions],
        "explain": None if loaded.spec is None else library.in_words(loaded.spec),
        "notes": [problem_json(one) for one in loaded.notes],
        "problems": [problem_json(one) for one in loaded.errors],
    }
