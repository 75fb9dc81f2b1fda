"""`paperfold` against a market by hand: a real API and a real runner as processes, and the command in this one."""

import csv
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from services.cli.__main__ import main
from shared.domain.bar import Bar, decimal_text
from tests.support.desk import ROOT, Desk, walk

TOKEN = "a-token-of-tests"
COLUMNS = ("open", "high", "low", "close", "volume")


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """A person at a terminal, with a system that the environment names."""

    desk: Desk
    url: str
    said: Callable[[], Any]
    folder: Path

    def __call__(self, *arguments: object) -> Said:
        self.said()
        code = main([str(one) for one in arguments])
        out, err = self.said()
        return Said(code, out, err)

    def ok(self, *arguments: object) -> Any:
        """The JSON that a command answers with exit 0."""
        done = self(*arguments, "--json")
        assert done.code == 0, done.err
        return done.json

    def strategy(self, text: str, name: str = "busy.yaml") -> Path:
        (path := self.folder / name).write_text(text, encoding="utf-8")
        return path

    def started(self, text: str, *options: object) -> int:
        """A run of a strategy file."""
        run_id: int = self.ok("start", self.strategy(text), *options)["run_id"]
        return run_id


def bar_file(path: Path, bars: Sequence[Bar]) -> Path:
    """These bars as a csv."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("open_time", *COLUMNS))
        rows.writerows([(bar.open_ms, *(decimal_text(getattr(bar, name)) for name in COLUMNS)) for bar in bars])
    return path


@contextmanager
def api_process(desk: Desk) -> Iterator[str]:
    """`python -m services.api` on a free port; its URL once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        "PAPERFOLD__DATABASE__URL": desk.database_url,
        "PAPERFOLD__REDIS__URL": desk.redis_url,
        "PAPERFOLD__API__PORT": str(port),
        "PAPERFOLD__API__ADMIN_TOKEN": TOKEN,
        "PAPERFOLD__EXCHANGE__MARKET": "sim",
    }
    silent = subprocess.DEVNULL
    command = [sys.executable, "-m", "services.api"]
    process = subprocess.Popen(command, env=os.environ | own, cwd=ROOT, stdout=silent, stderr=silent)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            assert process.poll() is None, "the API has ended"
            assert time.monotonic() < deadline, "the API does not get ready"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(15)


@contextmanager
def shell_of(
    database: str,
    redis_url: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    days: int = 2,
) -> Iterator[Shell]:
    """A shell on a desk with `days` of minutes to come, an API, and a runner."""
    desk = Desk(database, redis_url, walk(days * 1440, skipped=frozenset(range(400, 403))))
    try:
        with api_process(desk) as url:
            for name in [name for name in os.environ if name.startswith("PAPERFOLD")]:
                monkeypatch.delenv(name)
            monkeypatch.setenv("XDG_DATA_HOME", str(folder / "nothing-runs-here"))
            monkeypatch.setenv("PAPERFOLD__API__URL", url)
            monkeypatch.setenv("PAPERFOLD__API__TOKEN", TOKEN)
            monkeypatch.setenv("PAPERFOLD__DATABASE__URL", database)
            yield Shell(desk, url, capsys.readouterr, folder)
    finally:
        desk.close()
