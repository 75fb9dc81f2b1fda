"""The demo: shipped strategies started through the API, as of two days ago by the exchange's clock, to show trades."""

import time
import urllib.error
from collections.abc import Callable
from typing import Any

from services.cli.up.layout import secret
from services.cli.up.loopback import ask_api
from services.cli.up.recipes import Plan

STRATEGIES = ("ema-cross", "volume-profile-breakout")
PAST_MS = 2 * 24 * 3600 * 1000
PATIENCE_S = 30.0  # the feed may not have told the exchange's time yet


def start_demo(plan: Plan, say: Callable[[str], None]) -> None:
    """Start each once, however often the demo is started on this data. A failure is told, and the system goes on."""
    try:
        start_ms = (_exchange_now_ms(plan) - PAST_MS) // 60_000 * 60_000
        for name in STRATEGIES:
            if _ask(plan, f"/runs?strategy={name}&mode=paper")["items"]:
                continue
            run = _ask(
                plan,
                "/runs",
                {"strategy": name, "mode": "paper", "start_at": start_ms, "idempotency_key": f"demo-{name}"},
            )
            say(f"demo         {name} started as run {run['id']}")
    except urllib.error.HTTPError as error:
        say(f"demo         not started: {error} {error.read().decode(errors='replace')}")
    except (OSError, KeyError, ValueError) as error:
        say(f"demo         not started: {error!r}")


def _exchange_now_ms(plan: Plan) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        now_ms = _ask(plan, "/system")["exchange_now_ms"]
        if now_ms is not None or time.monotonic() > deadline:
            return int(now_ms)
        time.sleep(0.5)


def _ask(plan: Plan, path: str, body: dict[str, object] | None = None) -> Any:
    return ask_api(f"{plan.api_url}/api/v1{path}", secret(plan.token_file), body)
