"""Requests on a stream connection: JSON text in, the exchange's answer out. Changes a Subscription and nothing else."""

import json
from dataclasses import dataclass, field
from typing import Any

MOST_STREAMS = 1024
METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")


@dataclass(slots=True)
class Subscription:
    """What one connection wants. Streams keep their order; any name is taken, also of no stream."""

    streams: dict[str, None] = field(default_factory=dict)
    combined: bool = False


class RefusedError(Exception):
    """A request that the exchange answers with a code."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


def respond(text: str, subscription: Subscription, is_flat: bool) -> str:
    """The answer to a request. Errors: {"error": {code, msg}, id} as on the wire, or flat as documented."""
    number: object = None
    try:
        request = _parsed(text)
        number = request.get("id")
        result = _done(request, text, subscription)
        return _text({"result": result, "id": number})
    except RefusedError as refused:
        error = {"code": refused.code, "msg": str(refused)}
        if is_flat:
            return _text(error)
        return _text({"error": error} | ({} if number is None else {"id": number}))


def _parsed(text: str) -> dict[str, Any]:
    try:
        request = json.loads(text)
    except ValueError as error:
        at = error if isinstance(error, json.JSONDecodeError) else None
        line, column = (at.lineno, at.colno) if at else (1, 1)
        raise RefusedError(3, f"Invalid JSON: expected value at line {line} column {column}") from None
    if not isinstance(request, dict):
        raise RefusedError(2, f"Invalid request: invalid type: expected struct Request at line 1 column {len(text)}")
    return request


def _done(request: dict[str, Any], text: str, subscription: Subscription) -> object:
    if "method" not in request:
        raise RefusedError(2, f"Invalid request: missing field `method` at line 1 column {len(text)}")
    method, number, params = request["method"], request.get("id"), request.get("params", [])
    if method not in METHODS:
        known = ", ".join(f"`{name}`" for name in METHODS)
        raise RefusedError(2, f"Invalid request: unknown variant `{method}`, expected one of {known}")
    if number is not None and (type(number) is not int or number < 0):
        raise RefusedError(2, "Invalid request: request ID must be an unsigned integer")
    if method == "LIST_SUBSCRIPTIONS":
        return list(subscription.streams)
    if not isinstance(params, list):
        raise RefusedError(2, f"Invalid request: invalid type: expected a sequence at line 1 column {len(text)}")
    if method.endswith("PROPERTY"):
        return _property(method, params, subscription)
    if not params or not all(isinstance(name, str) for name in params):
        raise RefusedError(2, "Invalid request: params must be a list of stream names")
    if method == "UNSUBSCRIBE":
        for name in params:
            subscription.streams.pop(name, None)
    elif len(subscription.streams.keys() | set(params)) > MOST_STREAMS:
        raise RefusedError(4, "Too many subscriptions")
    else:
        subscription.streams.update(dict.fromkeys(params))
    return None


def _property(method: str, params: list[Any], subscription: Subscription) -> object:
    if not params or params[0] != "combined":
        raise RefusedError(0, "Unknown property")
    if method == "GET_PROPERTY":
        return subscription.combined
    if len(params) != 2 or not isinstance(params[1], bool):
        raise RefusedError(1, "Invalid value type: expected Boolean")
    subscription.combined = params[1]
    return None


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
