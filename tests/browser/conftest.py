"""A real browser before a real dashboard before a real API over real stores."""

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.support.api import ADMIN, Api, served

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
READY_S = 30.0


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; tests that use it are marked `needs("chromium")`.

    One a module, not one a session: while it is open an event loop runs in this thread, and other tests want theirs.
    """
    path = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def api(database: str, redis_url: str) -> Iterator[Api]:
    with served(database, redis_url) as found:
        yield found


@contextmanager
def dashboard_of(api_url: str, port: int = 0) -> Iterator[str]:
    """A dashboard process, on a free port unless told; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "services.dashboard"],
        cwd=ROOT,
        env=os.environ
        | {
            "PAPERFOLD__DASHBOARD__PORT": str(port),
            "PAPERFOLD__DASHBOARD__API_URL": api_url,
            "PAPERFOLD__LOG__JSON_LINES": "true",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stderr or ()], daemon=True)
    reader.start()
    try:
        while (fact := json.loads(lines.get(timeout=READY_S)))["event"] != "listening":
            assert fact["level"] == "info", fact
        yield f"http://127.0.0.1:{fact['port']}"
    finally:
        process.terminate()
        code = process.wait(20)
        reader.join()
        process.stderr.close()
    assert code == 0
    loud = [line for line in lines.queue if json.loads(line)["level"] in ("error", "critical")]
    assert not loud, loud


@pytest.fixture
def dashboard(api: Api) -> Iterator[str]:
    with dashboard_of(api.url) as url:
        yield url


@dataclass
class Desk:
    """Somebody before the screen. `troubles`: what the browser complained of."""

    page: Page
    url: str
    troubles: list[str]

    def log_in(self, token: str = ADMIN) -> "Desk":
        self.page.goto(f"{self.url}/login")
        self.page.fill("#token", token)
        self.page.click("text=Log in")
        self.page.wait_for_url(f"{self.url}/")
        return self

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def overflow(self) -> int:
        """Pixels that the page is wider than its window."""
        found: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return found


Open = Callable[..., Desk]


@pytest.fixture
def open_desk(chromium: Browser, dashboard: str) -> Iterator[Open]:
    """Opens windows, each with cookies of its own. No page may break the content policy or throw."""
    contexts: list[BrowserContext] = []
    desks: list[Desk] = []

    def open_one(width: int = 1280, height: int = 900, scheme: str = "light", url: str = dashboard) -> Desk:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            timezone_id="Asia/Kolkata",
        )
        page = context.new_page()
        troubles: list[str] = []

        def heard(message: ConsoleMessage) -> None:
            # A refused request is the test's business; everything else that is written in red is ours
            if message.type == "error" and not message.text.startswith("Failed to load resource"):
                troubles.append(message.text)

        page.on("console", heard)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        contexts.append(context)
        desks.append(Desk(page, url, troubles))
        return desks[-1]

    yield open_one
    found = [trouble for desk in desks for trouble in desk.troubles]
    for context in contexts:
        context.close()
    assert not found, found


@pytest.fixture
def desk(open_desk: Open) -> Desk:
    """One window, logged in as admin."""
    return open_desk().log_in()
