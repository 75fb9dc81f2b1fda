"""Where the systems of these tests keep their data."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the stores' user can pass through; pytest's own is closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="paperfold-chaos-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)
