"""What every route may answer besides what was asked for, for the OpenAPI document."""

from http import HTTPStatus
from typing import Any

from services.api.errors import MEDIA
from services.api.schemas import ProblemDetails

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Problem documents of these statuses, and of those that any route may answer."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA: {"schema": {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}}},
        }
        for status in (*statuses, 422, 429, 503)
    }
