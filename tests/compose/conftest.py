"""Images of this checkout, built once; and a folder that the engine may mount from."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.containers import build_images

# Files of which one at a time has the machine: each starts a whole system. The others are a group each.
ONE_AT_A_TIME = ("test_system", "test_backup")


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("system" if item.path.stem in ONE_AT_A_TIME else item.path.stem))


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
