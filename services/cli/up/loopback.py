"""Our own addresses on this machine, asked without the proxies that the environment may name."""

import http.client
import json
import urllib.request
from typing import Any

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str) -> bool:
    """Whether an address answers 200 now."""
    try:
        with _direct.open(url, timeout=2.0) as answer:
            return bool(answer.status == http.client.OK)
    except (OSError, http.client.HTTPException):
        return False


def ask_api(url: str, token: str, body: dict[str, object] | None = None) -> Any:
    """GET, or POST of a body, as JSON. Raises OSError, of which HTTPError holds an answer."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with _direct.open(urllib.request.Request(url, data=data, headers=headers), timeout=10.0) as answer:  # noqa: S310
        return json.loads(answer.read())
