"""Tokens of people and programs: who has which role. A token is shown once, when it is made; its hash is kept."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.api import schemas
from services.api.context import Admin, Ctx
from services.api.errors import NotFoundError, WrongStateError
from services.api.responses import problems
from services.api.startup import ADMIN
from services.api.times import iso
from shared.store import auth
from shared.store.auth import KeyInfo

router = APIRouter(prefix="/keys", tags=["keys"])

KeyName = Annotated[str, Path(min_length=1, max_length=64, examples=["ada"])]


@router.get("", summary="Everybody's keys by name, revoked ones too", responses=problems(401, 403))
def list_all(ctx: Ctx, _: Admin) -> schemas.Listed[schemas.ApiKey]:
    with ctx.reading() as conn:
        items = [key_json(one) for one in auth.list_keys(conn)]
    return schemas.Listed[schemas.ApiKey].model_validate(
        {"items": items, "total": len(items), "limit": len(items), "offset": 0}
    )


@router.post("", status_code=201, summary="A token for somebody, shown once", responses=problems(401, 403, 409))
def create(asked: schemas.KeyRequest, ctx: Ctx, who: Admin) -> schemas.NewApiKey:
    token = secrets.token_urlsafe(32)
    with ctx.writing() as conn:
        if asked.name == ADMIN or not auth.new_key(conn, asked.name, token, asked.role):
            raise WrongStateError(f"{asked.name} has a key; revoked, it makes room for another")
        auth.note(conn, who.name, "key_created", asked.name, {"role": asked.role})
    return schemas.NewApiKey(name=asked.name, role=asked.role, token=token)


@router.delete("/{name}", status_code=204, summary="End a key and its sessions", responses=problems(401, 403, 404, 409))
def revoke(name: KeyName, ctx: Ctx, who: Admin) -> Response:
    if name == ADMIN:
        raise WrongStateError(f"the key of {ADMIN} is a setting, ADMIN_TOKEN: another token there ends this one")
    with ctx.writing() as conn:
        if not auth.revoke_key(conn, name):
            raise NotFoundError(f"nobody called {name!r} has a key")
        auth.note(conn, who.name, "key_revoked", name)
    return Response(status_code=204)


def key_json(key: KeyInfo) -> dict[str, object]:
    return {
        "name": key.name,
        "role": key.role,
        "created_ms": key.created_ms,
        "created_at": iso(key.created_ms),
        "last_used_ms": key.last_used_ms,
        "last_used_at": None if key.last_used_ms is None else iso(key.last_used_ms),
        "is_revoked": key.is_revoked,
    }
