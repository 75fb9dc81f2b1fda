"""Sessions of the dashboard: a browser holds a random id and nothing else; role and end are here."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.api import auth as people
from services.api import schemas
from services.api.context import Ctx
from services.api.errors import NotFoundError
from services.api.responses import problems
from services.api.times import iso
from shared.store import auth
from shared.store.auth import Session

router = APIRouter(prefix="/sessions", tags=["sessions"])

SessionId = Annotated[str, Path(min_length=20, max_length=200)]


@router.post("", status_code=201, summary="A session for who shows a token", responses=problems(401))
def open_session(asked: schemas.SessionRequest, ctx: Ctx) -> schemas.NewSession:
    with ctx.writing() as conn:
        session_id, session = people.open_session(conn, asked.token)
        auth.note(conn, session.name, "session_opened")
    return schemas.NewSession.model_validate({"id": session_id, **session_json(session)})


@router.get("/{session_id}", summary="Whose session it is", responses=problems(404))
def show(session_id: SessionId, ctx: Ctx) -> schemas.Session:
    with ctx.reading() as conn:
        session = auth.find_session(conn, session_id)
    if session is None:
        raise NotFoundError("this session does not exist or has ended")
    return schemas.Session.model_validate(session_json(session))


@router.delete("/{session_id}", status_code=204, summary="Log out", responses=problems())
def end(session_id: SessionId, ctx: Ctx) -> Response:
    with ctx.writing() as conn:
        auth.end_session(conn, session_id)
    ctx.keys.forget(session_id)
    return Response(status_code=204)


def session_json(session: Session) -> dict[str, object]:
    return {
        "role": session.role,
        "name": session.name,
        "csrf_token": session.csrf_token,
        "expires_ms": session.expires_ms,
        "expires_at": iso(session.expires_ms),
    }
