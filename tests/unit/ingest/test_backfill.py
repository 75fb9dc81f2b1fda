"""History in slices: what one REST page decides, and what has to be asked again."""

import pytest

from services.ingest.backfill import SLICE_MINUTES, History, decide, slices
from services.ingest.wants import FOREVER, Want
from shared.domain.bar import Bar
from shared.exchange.absence import Moment
from shared.exchange.finality import REFUSED_MS, REFUSED_WALL_MS, Answer
from shared.store.market import Instrument

M = 60_000
BTC = Instrument(1, "BTC/USDT", "BTCUSDT", "TRADING", None)


def bar(i):
    return Bar(i * M, 1.0, 1.0, 1.0, 1.0, 1.0)


def answer(*minutes, from_ms=0, at=10_000, wall=None, refused=()):
    moment = Moment(at * M, wall if wall is not None else at * M)
    return Answer(from_ms * M, tuple(bar(i) for i in minutes), moment, tuple(i * M for i in refused))


def told(decided):
    return [((start // M, end // M), [row.open_ms // M for row in rows]) for (start, end), rows in decided]


@pytest.mark.parametrize(
    ("holes", "parts"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([(3, 5)], [(3, 5)], id="one page"),
        pytest.param([(0, 2 * SLICE_MINUTES + 1)], [
            (SLICE_MINUTES + 1, 2 * SLICE_MINUTES + 1), (1, SLICE_MINUTES + 1), (0, 1),
        ], id="newest first"),
        pytest.param([(0, 2), (8, 9)], [(8, 9), (0, 2)], id="hole by hole"),
        pytest.param([(0, 2), (2, 9)], [(0, 9)], id="holes that touch are one"),
    ],
)  # fmt: skip
def test_holes_are_asked_for_in_pages_newest_first(holes, parts):
    assert [(a // M, b // M) for a, b in slices([(a * M, b * M) for a, b in holes])] == parts


def test_a_full_page_decides_its_slice():
    history = History(BTC, 100 * M)
    assert told(decide(history, (0, 4 * M), answer(0, 1, 2, 3, 4, 5))) == [((0, 4), [0, 1, 2, 3])]


def test_a_hole_is_decided_by_the_second_answer():
    history = History(BTC, 100 * M)
    part = (0, 4 * M)
    assert told(decide(history, part, answer(0, 3, 4, at=100, wall=0))) == [((0, 1), [0]), ((3, 4), [3])]
    assert told(decide(history, part, answer(0, 3, 4, at=101, wall=1_999))) == [((0, 1), [0]), ((3, 4), [3])]
    assert told(decide(history, part, answer(0, 3, 4, at=101, wall=2_000))) == [((0, 4), [0, 3])]


def test_the_edge_is_not_a_hole():
    history = History(BTC, 100 * M)
    for at in (100, 200):
        assert told(decide(history, (0, 4 * M), answer(0, 1, at=at))) == [((0, 2), [0, 1])]
    assert decide(history, (0, 4 * M), answer(at=300)) == []


def test_what_is_not_settled_waits():
    history = History(BTC, 100 * M)
    late = Answer(0, (bar(0), bar(1)), Moment(2 * M + 1_000, 0))
    assert told(decide(history, (0, 2 * M), late)) == [((0, 1), [0])]


def test_an_impossible_row_is_given_up_after_a_while():
    history = History(BTC, 100 * M)
    part = (0, 3 * M)
    assert told(decide(history, part, answer(0, 2, 3, refused=[1], at=10, wall=0))) == [((0, 1), [0]), ((2, 3), [2])]
    later = 10 + max(REFUSED_MS, REFUSED_WALL_MS) // M
    assert told(decide(history, part, answer(0, 2, 3, refused=[1], at=later, wall=REFUSED_WALL_MS))) == [
        ((0, 3), [0, 2])
    ]


def test_a_wish_ends_where_the_feed_begins_and_is_never_taken_back():
    history = History(BTC, 100 * M)
    history.want(Want([(20 * M, FOREVER)]))
    history.again_wall_ms = 5.0
    history.want(Want([(30 * M, FOREVER)]))
    assert (history.ranges, history.again_wall_ms) == ([(20 * M, 100 * M)], 5.0)
    history.want(Want([(0, 10 * M), (30 * M, FOREVER)]))
    assert (history.ranges, history.again_wall_ms) == ([(0, 10 * M), (20 * M, 100 * M)], 0.0)
