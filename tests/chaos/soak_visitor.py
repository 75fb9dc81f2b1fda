"""Somebody who looks at everything all the time, so that the API and the dashboard have something to remember."""

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from types import TracebackType
from typing import Self

import httpx

from tests.support.containers import System

EVERY_S = 0.1
PARTS = ("", "/stats", "/breakdowns", "/equity", "/trades?limit=50&order=desc", "/position", "/rules", "/log")
PAGES = ("/", "/strategies", "/system")


class Visitor:
    """Asks for one thing after the other until it is left. Whoever is away is asked again later."""

    def __init__(self, system: System, runs: list[int]) -> None:
        self._system, self._runs = system, runs
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="visitor")
        self.seen = 0  # answers of 200

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        token = {"Authorization": f"Bearer {self._system.values['ADMIN_TOKEN']}"}
        with (
            httpx.Client(base_url=self._system.url("api"), headers=token, trust_env=False, timeout=10) as api,
            httpx.Client(base_url=self._system.url("dashboard"), trust_env=False, timeout=10) as browser,
        ):
            for path in self._paths():
                if self._stop.wait(EVERY_S):
                    return
                with suppress(httpx.HTTPError):
                    self._look(api, browser, path)

    def _paths(self) -> Iterator[str]:
        for run in cycle(self._runs):
            yield from (f"/api/v1/runs/{run}{part}" for part in PARTS)
            yield from ("/api/v1/runs?limit=100", "/api/v1/system", f"/runs/{run}", *PAGES)

    def _look(self, api: httpx.Client, browser: httpx.Client, path: str) -> None:
        if path.startswith("/api/"):
            self.seen += api.get(path).status_code == 200
            return
        answer = browser.get(path)
        if answer.status_code in (302, 303):  # never logged in, or its session is over
            self._log_in(browser)
            answer = browser.get(path)
        self.seen += answer.status_code == 200

    def _log_in(self, browser: httpx.Client) -> None:
        found = re.search(r'name="csrf_token" value="([^"]*)"', browser.get("/login").text)
        if found is not None:
            token = self._system.values["ADMIN_TOKEN"]
            browser.post("/login", data={"csrf_token": found[1], "next": "/", "token": token})
