"""What every test may ask for: stores of its own, real bars; and the rule that nothing is skipped silently.

A test that needs more than Python asks for it with `@pytest.mark.needs("root")`, by a name of MACHINE. In CI a skip for
any other reason, or for something that the machine does have, fails the session.

Stores are embedded servers. With `--stores=containers` they are containers, and only the integration tests that ask for
stores are run.
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
    from services.cli.up.processes import Child
    from tests.support.stores import PostgresServer, RedisServer

ROOT = Path(__file__).resolve().parents[1]
REAL_BARS = Path(os.environ.get("PAPERFOLD_REAL_BARS", ROOT.parent / "shared" / "data"))
STORES = "PAPERFOLD_TEST_STORES"  # embedded | containers


def _in_containers() -> bool:
    return os.environ.get(STORES, "embedded") == "containers"


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
    "curl": (lambda: shutil.which("curl") is not None, "no curl on this machine"),
    "peers": (_peers_are_there, "quantstats and backtesting.py are not here (make bench-peers)"),
    "docker": (_docker_answers, "no Docker engine with Compose answers"),
    "kubectl": (lambda: shutil.which("kubectl") is not None, "no kubectl on this machine"),
    "prometheus": (lambda: shutil.which("prometheus") is not None, "no prometheus on this machine"),
    "promtool": (lambda: shutil.which("promtool") is not None, "no promtool on this machine"),
    "embedded_stores": (lambda: not _in_containers(), "has its hands on files or processes of an embedded server"),
}

# Folder -> marker, so that `-m "not browser"` needs no marks in the files.
FOLDERS = {name: name for name in ("integration", "browser", "compose", "chaos")}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stores", choices=("embedded", "containers"), help=f"what tests store in (default: ${STORES})")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("stores") is not None:
        os.environ[STORES] = config.getoption("stores")
    config.pluginmanager.register(SkipPolicy(in_ci=os.environ.get("CI", "").lower() in ("1", "true")), "skip-policy")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        top = item.path.relative_to(ROOT / "tests").parts[0] if item.path.is_relative_to(ROOT / "tests") else ""
        if top in FOLDERS:
            item.add_marker(FOLDERS[top])
    if _in_containers():
        config.hook.pytest_deselected(items=[item for item in items if not _stores_something(item)])
        items[:] = [item for item in items if _stores_something(item)]


def _stores_something(item: pytest.Item) -> bool:
    """Whether it is an integration test that asks for a server."""
    asked = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("integration") is not None and bool(asked & {"postgres_server", "valkey_server"})


def pytest_runtest_setup(item: pytest.Item) -> None:
    wanted = [name for mark in item.iter_markers("needs") for name in mark.args]
    if item.get_closest_marker("real_data") is not None:
        wanted.append("real_bars")
    if _in_containers():
        wanted.append("docker")
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
def removed() -> Iterator[str]:
    """A word for the label of containers that must not outlive this worker, even when it is killed."""
    from tests.support.container_stores import remover

    with remover() as word:
        yield word


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> "Iterator[PostgresServer]":
    """This worker's PostgreSQL, with the migrated database `template_paperfold` that nobody enters."""
    from shared.store.migrate import upgrade
    from tests.support import stores

    with stores.postgres(_in_containers(), request.getfixturevalue) as server:
        server.create_database("template_paperfold")
        upgrade(server.url("template_paperfold"))
        yield server


@pytest.fixture(scope="session")
def valkey_server(request: pytest.FixtureRequest) -> "Iterator[RedisServer]":
    """This worker's Redis-compatible server."""
    from tests.support import stores

    with stores.redis(_in_containers(), request.getfixturevalue) as server:
        yield server


_numbers = itertools.count(1)


@pytest.fixture
def database(postgres_server: "PostgresServer") -> Iterator[str]:
    """URL of a fresh, migrated, empty database."""
    name = f"test_{next(_numbers)}"
    postgres_server.create_database(name, template="template_paperfold")
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def redis_url(valkey_server: "RedisServer") -> str:
    """URL of an empty Redis-compatible server that no other test uses at the same time."""
    valkey_server.flush()
    return valkey_server.url()
