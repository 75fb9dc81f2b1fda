"""Reports of two runs: one that trades all day, one that never does."""

from typing import Any

import pytest

from tests.support.reports import BARS, NASTY, NEVER, Page, lively, written


@pytest.fixture(scope="session")
def lively_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, dict[str, Any]]:
    """Two days of trades on both sides, with rungs, and a hole in the bars."""
    out, doc = written(tmp_path_factory.mktemp("lively"), lively(), BARS)
    return Page(out.read_text(encoding="utf-8")), doc


@pytest.fixture(scope="session")
def idle_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, dict[str, Any]]:
    out, doc = written(tmp_path_factory.mktemp("idle"), lively(NASTY, "15m", NEVER), BARS)
    return Page(out.read_text(encoding="utf-8")), doc
