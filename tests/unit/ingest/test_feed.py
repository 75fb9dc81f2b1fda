"""What a feed knows of its own lateness: up to where the record reaches."""

import pytest

from services.ingest.feed import end_of
from shared.domain.bar import Bar
from shared.exchange.finality import Absent, Final, Outcome, Revision

M = 60_000
BAR = Bar(10 * M, 100.0, 101.0, 99.0, 100.0, 1.0)


@pytest.mark.parametrize(
    ("outcome", "end_ms"),
    [
        pytest.param(Final(BAR, "frame"), 11 * M, id="a final minute"),
        pytest.param(Absent(10 * M, 13 * M), 13 * M, id="absent minutes"),
        pytest.param(Revision(BAR, "corrected"), 0, id="a revision decides nothing"),
    ],
)
def test_the_record_reaches_to_the_end_of_what_was_decided(outcome: Outcome, end_ms: int) -> None:
    assert end_of(outcome) == end_ms
