"""What every test may ask for: stores of its own, real bars; and the rule that nothing is skipped silently.

A test that needs more than Python asks for it with `@pytest.mark.needs("root")`, by a name of MACHINE. In CI a skip for
any other reason, or for something that the machine does have, fails the session.
"""

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.cli.up.postgres import Postgres
    from services.cli.up.processes import Child
    from services.cli.up.valkey import Valkey

ROOT = Path(__file__).resolve().parents[1]
REAL_BARS = Path(os.environ.get("PAPERFOLD_REAL_BARS", ROOT.parent / "shared" / "data"))


def _docker_answers() -> bool:
    from tests.support.containers import engine_answers

    return engine_answers()


def _chromium() -> str | None:
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


def _anyones_python() -> Path | None:
    """An interpreter that an ordinary user can run with our code: our own, or, as root, one of the system."""
    from services.cli.up.owner import can_run, store_owner

    owner = store_owner()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for place in (Path(sys.executable), Path("/usr/bin") / version, Path("/usr/local/bin") / version):
        if owner is None or (place.exists() and can_run(owner, place) and can_run(owner, ROOT / "shared")):
            return place
    return None


PEERS = ROOT / ".venv-bench" / "bin" / "python"  # the interpreter that has other people's engines and statistics


def _peers_are_there() -> bool:
    return all(
        list(PEERS.parent.parent.glob(f"lib/python*/site-packages/{name}")) for name in ("quantstats", "backtesting")
    )


# What a machine may lack, how to know, and the words under which a test is then skipped.
MACHINE: dict[str, tuple[Callable[[], bool], str]] = {
    "root": (lambda: os.geteuid() == 0, "not run as root"),
    "not_root": (lambda: os.geteuid() != 0, "run as root"),
    "ordinary_user": (
        lambda: _anyones_python() is not None,
        "run as root, and other users reach no Python or not this checkout",
    ),
    "real_bars": (lambda: REAL_BARS.is_dir(), "no folder of real bars (../shared/data or PAPERFOLD_REAL_BARS)"),
    "chromium": (lambda: _chromium() is not None, "no Chromium on this machine"),
    "peers": (_peers_are_there, "quantstats and backtesting.py are not here (make bench-peers)"),
    "docker": (_docker_answers, "no Docker engine with Compose answers"),
}

# Folder -> marker, so that `-m "not browser"` needs no marks in the files.
FOLDERS = {name: name for name in ("integration", "browser", "compose", "chaos")}

# Test databases lose nothing that matters when the machine fails, and are faster so.
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "1GB"}


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SkipPolicy(in_ci=os.environ.get("CI", "").lower() in ("1", "true")), "skip-policy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        top = item.path.relative_to(ROOT / "tests").parts[0] if item.path.is_relative_to(ROOT / "tests") else ""
        if top in FOLDERS:
            item.add_marker(FOLDERS[top])


def pytest_runtest_setup(item: pytest.Item) -> None:
    wanted = [name for mark in item.iter_markers("needs") for name in mark.args]
    if item.get_closest_marker("real_data") is not None:
        wanted.append("real_bars")
    for name in wanted:
        present, reason = MACHINE[name]
        if not present():
            pytest.skip(reason)


class SkipPolicy:
    """Collects skips; in CI those that the machine does not explain fail the session."""

    def __init__(self, in_ci: bool) -> None:
        self.in_ci = in_ci
        self.unexplained: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._judge(report.nodeid, report.longrepr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._judge(report.nodeid, report.longrepr)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.in_ci and self.unexplained and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.unexplained:
            verdict = "these fail the session" if self.in_ci else "these would fail in CI"
            terminalreporter.section(f"skipped without a reason of this machine: {verdict}", sep="!")
            for line in self.unexplained:
                terminalreporter.write_line(line)

    def _judge(self, nodeid: str, longrepr: object) -> None:
        reason = str(longrepr[2] if isinstance(longrepr, tuple) else longrepr).removeprefix("Skipped: ")
        excused = {words for present, words in MACHINE.values() if not present()}
        if reason not in excused:
            self.unexplained.append(f"{nodeid}: {reason}")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real bars; its README says what each file is."""
    present, reason = MACHINE["real_bars"]
    if not present():
        pytest.skip(reason)
    return REAL_BARS


@pytest.fixture(scope="session")
def anyones_python() -> Path:
    """For tests that need "ordinary_user"."""
    found = _anyones_python()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def stores_folder() -> Iterator[Path]:
    """A short folder that the stores' user can pass through; pytest's own is closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="paperfold-test-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def watched() -> "Iterator[Callable[[Child], None]]":
    """Takes stores that must not outlive this worker, even when it is killed."""
    from services.cli.up.watch import Watch

    watch = Watch()
    children: list[Child] = []

    def add(child: "Child") -> None:
        children.append(child)
        watch.tell([children])

    yield add
    watch.dismiss()


@pytest.fixture(scope="session")
def postgres_server(stores_folder: Path, watched: "Callable[[Child], None]") -> "Iterator[Postgres]":
    """This worker's PostgreSQL, with the migrated database `template_paperfold` that nobody enters."""
    from services.cli.up.layout import make_stores
    from services.cli.up.postgres import Postgres
    from services.cli.up.processes import LineLog
    from shared.store.migrate import upgrade

    stores = make_stores(stores_folder)
    server = Postgres(stores.home, stores.sockets, "test-password", stores.owner, UNSAFE_BUT_FAST)
    child = server.start(LineLog(stores_folder / "postgres.log"))
    watched(child)
    try:
        server.create_database("template_paperfold")
        upgrade(server.url("template_paperfold"))
        yield server
    finally:
        child.stop()


@pytest.fixture(scope="session")
def valkey_server(stores_folder: Path, watched: "Callable[[Child], None]") -> "Iterator[Valkey]":
    """This worker's Redis-compatible server."""
    from services.cli.up.layout import make_stores
    from services.cli.up.processes import LineLog
    from services.cli.up.valkey import Valkey

    stores = make_stores(stores_folder)
    server = Valkey(stores.home, stores.sockets, stores.owner)
    child = server.start(LineLog(stores_folder / "valkey.log"))
    watched(child)
    yield server
    child.stop()


_numbers = itertools.count(1)


@pytest.fixture
def database(postgres_server: "Postgres") -> Iterator[str]:
    """URL of a fresh, migrated, empty database."""
    name = f"test_{next(_numbers)}"
    postgres_server.create_database(name, template="template_paperfold")
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def redis_url(valkey_server: "Valkey") -> str:
    """URL of an empty Redis-compatible server that no other test uses at the same time."""
    valkey_server.flush()
    return valkey_server.url()
