"""Images of this checkout, built once; and a folder that the engine may mount from."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.containers import build_images


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
