"""A report of a run of a running system, from what its API says."""

import json
from urllib.parse import quote

from services.cli.client import Client
from services.cli.html_report.candles import candles, drawable
from services.cli.html_report.material import Material
from services.cli.progress import progress
from services.cli.rules_table import RuleLine
from shared.domain.bar import Bars
from shared.domain.timeframe import MINUTE_MS

PAGE = 5_000  # bars that the API gives at once


def material(client: Client, run_id: int, document: bytes) -> Material:
    """Of a run and its exported document."""
    doc = json.loads(document)
    run, rules = client.get(f"/runs/{run_id}"), client.get(f"/runs/{run_id}/rules")
    strategy = client.get(f"/strategies/{quote(run['strategy'])}")
    bars = _bars(client, run["instrument"], doc["bars"]["first_open_ms"], doc["bars"]["last_open_ms"])
    timeframe = drawable(run["entry_timeframe"], bars.open_ms[0], bars.open_ms[-1])
    return Material(
        doc,
        candles(bars, 0, len(bars.open_ms), timeframe),
        run["entry_timeframe"],
        run["synthetic_short"],
        [RuleLine.of_api(one) for one in rules["items"]],
        rules["as_of_ms"],
        strategy["text"] if strategy["version_sha256"] == run["version_sha256"] else None,
    )


def _bars(client: Client, instrument: str, first_ms: int, last_ms: int) -> Bars:
    """The recorded minutes of [first_ms, last_ms], at least one."""
    rows: list[list[float]] = []
    at_ms = first_ms
    with progress("reading bars", (last_ms - first_ms) // MINUTE_MS + 1) as step:
        while at_ms <= last_ms:
            found = client.get("/bars", instrument=instrument, timeframe="1m", from_ms=at_ms, to_ms=last_ms + MINUTE_MS,
                               limit=PAGE)["items"]  # fmt: skip
            if not found:
                break
            rows += found
            step((found[-1][0] + MINUTE_MS - at_ms) // MINUTE_MS)
            at_ms = found[-1][0] + MINUTE_MS
    return Bars(*(list(column) for column in zip(*rows, strict=True)))
