"""Images of this checkout, built once; and a folder that the engine may mount from."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.containers import build_images

# Files of which one at a time has the machine, whatever workers there are: each starts a whole system.
ONE_AT_A_TIME = ("test_system", "test_backup", "test_monitoring")


@pytest.fixture(autouse=True)
def alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Waits until the others have ended."""
    if request.path.stem not in ONE_AT_A_TIME:
        yield
        return
    with Path(tempfile.gettempdir(), f"paperfold-test-system-{os.getuid()}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def images() -> None:
    """Every image, tagged for tests."""
    build_images(Path(tempfile.gettempdir()) / f"paperfold-test-images-{os.getuid()}.lock")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that containers' users may read; pytest's own is closed to them."""
    with tempfile.TemporaryDirectory(prefix="paperfold-compose-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
