"""What is decided becomes statements and stream entries, in order."""

from services.ingest.record import _batches, entries_of
from shared.bus.codec import Gap
from shared.domain.bar import Bar
from shared.exchange.finality import Absent, Final, Revision

M = 60_000


def bar(i):
    return Bar(i * M, 1.0, 1.0, 1.0, 1.0, 1.0)


def span(first, end):
    return first * M, end * M


def test_a_decided_range_is_told_as_bars_and_gaps():
    assert list(entries_of([bar(2), bar(3), bar(6)], span(0, 9))) == [
        Gap(*span(0, 2)),
        bar(2),
        bar(3),
        Gap(*span(4, 6)),
        bar(6),
        Gap(*span(7, 9)),
    ]
    assert list(entries_of([bar(2)], span(2, 3))) == [bar(2)]
    assert list(entries_of([], span(2, 5))) == [Gap(*span(2, 5))]


def told(outcomes):
    return [
        (batch.source, batch.covered, [row.open_ms // M for row in batch.rows], batch.is_revision)
        for batch in _batches(outcomes)
    ]


def test_minutes_of_one_source_that_follow_each_other_are_one_statement():
    outcomes = [Final(bar(0), "rest"), Final(bar(1), "rest"), Final(bar(2), "frame"), Final(bar(3), "frame")]
    assert told(outcomes) == [("rest", span(0, 2), [0, 1], False), ("ws", span(2, 4), [2, 3], False)]


def test_absent_minutes_belong_to_whatever_they_stand_beside():
    outcomes = [Final(bar(0), "frame"), Absent(*span(1, 4)), Final(bar(4), "frame")]
    assert told(outcomes) == [("ws", span(0, 5), [0, 4], False)]
    assert told([Absent(*span(1, 4)), Absent(*span(4, 5))]) == [("rest", span(1, 5), [], False)]


def test_a_revision_stands_alone():
    outcomes = [Final(bar(5), "frame"), Revision(bar(4), "corrected"), Final(bar(6), "frame")]
    assert told(outcomes) == [
        ("ws", span(5, 6), [5], False),
        ("ws", span(4, 5), [4], True),
        ("ws", span(6, 7), [6], False),
    ]
