"""Recorded runs still decide the same. A new meaning raises ENGINE_VERSION, then `make replay-accept` records it."""

import json

import pytest

from shared.engine.version import ENGINE_VERSION
from tests.support.bits import all_bits, changed
from tests.support.replays import files_of, fold_replay, kept_bits, names


@pytest.mark.parametrize("name", names())
def test_a_recorded_run_decides_the_same(name: str) -> None:
    for path, text in files_of(name, fold_replay(name)):
        kept = path.read_text(encoding="utf-8")
        lines = enumerate(zip(kept.split("\n"), text.split("\n"), strict=False), 1)
        assert text == kept, f"{path.name}, line {next((i for i, (a, b) in lines if a != b), 0)}"


@pytest.mark.parametrize("name", names())
def test_a_record_is_of_this_engine_and_small(name: str) -> None:
    (path, _), (summary, _), *_ = files_of(name, fold_replay(name))
    assert json.loads(summary.read_text(encoding="utf-8"))["engine_version"] == ENGINE_VERSION
    assert path.stat().st_size < 200_000


def test_every_indicator_and_every_case_is_the_same_to_the_last_bit() -> None:
    """Nine digits are not enough for a live run that is folded again after an upgrade."""
    version, kept = kept_bits()
    found = all_bits()
    assert version == ENGINE_VERSION
    assert changed(kept, found) == []
    assert kept.keys() == found.keys(), "make replay-accept"
