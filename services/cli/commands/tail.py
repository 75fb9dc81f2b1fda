"""`paperfold tail`: a run's fills and changes, as they come."""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from services.cli.client import Client, connected
from services.cli.commands.runs import JSON, RUN
from services.cli.system import data_dir_option
from services.cli.tables import Json, minute, money, percent, position
from shared.domain.errors import UnavailableError
from shared.domain.run import ENDED

LAST_FILLS = 5  # shown at the beginning
PATIENCE_S = 60.0  # with an API that went away
PAUSE_S = 0.5


@click.command()
@click.argument("run", type=RUN)
@JSON
@data_dir_option
def tail(run: int, as_json: bool, data_dir: Path | None) -> None:
    """Follow a RUN until it ends: its fills, and every change of what it does. Ctrl-C leaves it running."""
    with connected(data_dir) as client:
        follower = Follower(client, run, as_json)
        heard_s = time.monotonic()
        while True:
            try:
                with client.lines("/events", {"run": run}) as lines:
                    for found in runs_of(lines, run):
                        if follower.show(found):
                            return
                        heard_s = time.monotonic()
            except UnavailableError:
                if not follower.has_shown or time.monotonic() - heard_s > PATIENCE_S:
                    raise
            time.sleep(PAUSE_S)  # the stream has ended: the API is being restarted, or we were too slow for it


def runs_of(lines: Iterable[str], run: int) -> Iterator[Json]:
    """A run's states of a stream of server-sent events."""
    kind = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data" and kind == "run":
            found: Json = json.loads(value)
            if found["id"] == run:
                yield found


class Follower:
    """Says what is new about a run."""

    def __init__(self, client: Client, run: int, as_json: bool) -> None:
        self.client, self.run, self.as_json = client, run, as_json
        self.has_shown = False
        self._fills = 0
        self._state: tuple[object, ...] = ()

    def show(self, found: Json) -> bool:
        """Print what has changed; True when the run has ended."""
        self._show_fills()
        state = (found["status"], found["health"], found["position"], found["trade_count"])
        if state != self._state:
            self._state = state
            self._say({"event": "run", **found}, _sentence(found))
        self.has_shown = True
        return found["status"] in ENDED

    def _show_fills(self) -> None:
        path = f"/runs/{self.run}/fills"
        if not self.has_shown:
            self._fills = max(0, self.client.get(path, limit=1)["total"] - LAST_FILLS)
        while items := self.client.get(path, limit=500, offset=self._fills)["items"]:
            self._fills += len(items)
            for fill in items:
                words = (f"{fill['side']} {fill['quantity']} at {fill['price']}", fill["reason"])
                self._say({"event": "fill", **fill}, f"{minute(fill['ts_ms'])}  {'  '.join(words)}")

    def _say(self, event: Json, sentence: str) -> None:
        click.echo(json.dumps(event, ensure_ascii=False) if self.as_json else sentence)


def _sentence(run: Json) -> str:
    at = minute(run["last_bar_ms"]) or "-"
    health = "" if run["health"] == "ok" else f" ({run['health']})"
    return (
        f"{at}  {run['status']}{health}  {position(run['position'])}  equity {money(run['equity_quote'])} "
        f"({percent(run['pnl_ratio'])})  {run['trade_count']} trades"
    )
