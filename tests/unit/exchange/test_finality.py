"""The ways of a minute, told as stories: who says what, when, and what is decided by it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from shared.domain.bar import Bar
from shared.domain.errors import InvariantError
from shared.domain.timeframe import MINUTE_MS
from shared.exchange.absence import Misses, Moment
from shared.exchange.clock import ExchangeClock, Measurement
from shared.exchange.finality import (
    BACKOFF_MS,
    KEPT_MINUTES,
    PATIENCE_MS,
    REFUSED_MS,
    REFUSED_WALL_MS,
    Absent,
    Answer,
    Final,
    Finality,
    Revision,
)
from shared.exchange.normalise import PartialBar

T = 1_000 * MINUTE_MS


def minute(i):
    return T + i * MINUTE_MS


def bar(i, trades=3, close=100.0):
    return Bar(minute(i), 100.0, 110.0, 90.0, close, float(trades), Decimal(trades), trades)


def frame(i, first, trades=3, closed=True, close=100.0, **changes):
    """A frame of minute i whose trades are first .. first + trades - 1."""
    whole = PartialBar(bar(i, trades, close), closed, minute(i) + 61_000, first, first + trades - 1)
    return replace(whole, **changes)


def answer(*bars, at, from_ms=T, wall=None, refused=()):
    """REST's rows, asked `at` seconds after T."""
    moment = Moment(T + int(at * 1000), int((at if wall is None else wall) * 1000))
    return Answer(from_ms, tuple(bars), moment, refused)


def joined(machine=None):
    """A machine that has seen minute 0 end with trade 12."""
    machine = machine or Finality(T)
    machine.on_frame(frame(0, 10))
    assert machine.on_answer(answer(bar(0), bar(1, 0), at=63)) == [Final(bar(0), "rest")]
    return machine


def test_a_closed_frame_that_joins_is_final_at_once():
    machine = joined()
    assert machine.on_frame(frame(1, 13)) == [Final(bar(1), "frame")]
    assert machine.on_frame(frame(2, 16)) == [Final(bar(2), "frame")]
    assert machine.next_ms == minute(3)


@pytest.mark.parametrize(
    "unjoined",
    [
        pytest.param(frame(1, 14), id="it lacks the first trade: we connected late"),
        pytest.param(frame(1, 13, last_id=16), id="its count and its ids disagree"),
        pytest.param(frame(1, 13, closed=False), id="it is not closed"),
        pytest.param(frame(1, -1, trades=0, last_id=-1, first_id=-1), id="it has no trades"),
        pytest.param(frame(1, 12), id="it overlaps the minute before"),
    ],
)
def test_a_frame_that_does_not_join_waits_for_rest(unjoined):
    machine = joined()
    assert machine.on_frame(unjoined) == []
    whole = bar(1, 4)
    assert machine.on_answer(answer(whole, bar(2, 0), from_ms=minute(1), at=123)) == [Final(whole, "rest")]


def test_the_first_frame_of_all_waits_for_rest_and_then_frames_join():
    machine = Finality(T)
    assert machine.on_frame(frame(0, 10)) == []
    assert machine.on_answer(answer(bar(0), at=62)) == [Final(bar(0), "rest")]
    assert machine.on_frame(frame(1, 13)) == [Final(bar(1), "frame")]


def test_a_minute_that_rest_decided_moves_the_ids_on():
    machine = joined()
    assert machine.on_answer(answer(bar(1, 5), bar(2, 0), from_ms=minute(1), at=123)) == [
        Final(bar(1, 5), "rest", False)
    ]
    assert machine.on_frame(frame(2, 18)) == [Final(bar(2), "frame")]


def test_an_empty_minute_leaves_the_ids_where_they_are():
    machine = joined()
    machine.on_answer(answer(bar(1, 0), from_ms=minute(1), at=123))
    assert machine.on_frame(frame(2, 13)) == [Final(bar(2), "frame")]


def test_wrong_ids_are_set_right_by_the_next_frame_that_rest_confirms():
    machine = joined()
    machine.on_answer(answer(bar(1, 5), from_ms=minute(1), at=123))  # 13 .. 17, but the exchange skipped some ids
    assert machine.on_frame(frame(2, 30)) == []
    assert machine.on_answer(answer(bar(2), from_ms=minute(2), at=183)) == [Final(bar(2), "rest")]
    assert machine.on_frame(frame(3, 33)) == [Final(bar(3), "frame")]


def test_a_later_minute_waits_for_the_earlier_one():
    machine = joined()
    assert machine.on_frame(frame(2, 16)) == []
    assert machine.on_frame(frame(1, 13)) == [Final(bar(1), "frame"), Final(bar(2), "frame")]


def test_a_row_read_too_early_decides_nothing():
    machine = Finality(T)
    assert machine.on_answer(answer(bar(0), at=61.998)) == []
    assert machine.on_answer(answer(bar(0), at=61.999)) == [Final(bar(0), "rest", False)]


def test_an_unfinished_row_decides_nothing():
    machine = Finality(T)
    assert machine.on_answer(answer(bar(0), bar(1), at=63)) == [Final(bar(0), "rest", False)]
    assert machine.next_ms == minute(1)


def test_a_row_that_knows_less_than_the_frames_is_stale():
    machine = joined()
    machine.on_frame(frame(1, 14, trades=4))
    assert machine.on_answer(answer(bar(1, 3), bar(2, 0), from_ms=minute(1), at=123)) == []
    assert machine.on_answer(answer(bar(1, 5), bar(2, 0), from_ms=minute(1), at=130)) == [Final(bar(1, 5), "rest")]


def test_a_row_that_goes_on_knowing_less_is_believed_in_the_end():
    machine = joined()
    machine.on_frame(frame(1, 14, trades=4))
    assert machine.on_answer(answer(bar(1, 3), from_ms=minute(1), at=123)) == []
    late = 123 + PATIENCE_MS / 1000
    assert machine.on_answer(answer(bar(1, 3), from_ms=minute(1), at=late - 1)) == []
    assert machine.on_answer(answer(bar(1, 3), from_ms=minute(1), at=late)) == []
    assert machine.on_answer(answer(bar(1, 3), from_ms=minute(1), at=late + 30))[:1] == [Final(bar(1, 3), "rest")]


def test_a_row_that_contradicts_the_ids_is_asked_for_once_more():
    machine = joined()
    late_comer = frame(1, 14, trades=4, closed=False)  # ids 14 .. 17: so the minute has at least 13 .. 17
    machine.on_frame(late_comer)
    assert machine.on_answer(answer(bar(1, 4), from_ms=minute(1), at=123)) == []
    assert machine.on_answer(answer(bar(1, 5), from_ms=minute(1), at=125)) == [Final(bar(1, 5), "rest")]


def test_after_downtime_the_ids_start_anew():
    machine = joined()
    machine.on_answer(answer(bar(2, 0), from_ms=minute(1), at=183))
    assert machine.on_answer(answer(bar(2, 0), from_ms=minute(1), at=220))[0] == Absent(minute(1), minute(2))
    machine.on_frame(frame(3, 900, closed=False))
    assert machine.on_answer(answer(bar(3), from_ms=minute(3), at=243)) == [Final(bar(3), "rest")]


def test_absent_is_what_two_answers_apart_on_both_clocks_do_not_hold():
    machine = Finality(T)
    assert machine.on_answer(answer(bar(2), at=183, wall=0)) == []
    assert machine.on_answer(answer(bar(2), at=190, wall=7)) == []
    assert machine.on_answer(answer(bar(2), at=230, wall=1.9)) == []
    assert machine.on_answer(answer(bar(2), bar(3), at=214, wall=3)) == [
        Absent(minute(0), minute(2)),
        Final(bar(2), "rest", False),
    ]


def test_no_later_row_no_absence():
    machine = Finality(T)
    for at in (100, 200, 300):
        assert machine.on_answer(answer(at=at)) == []
    assert machine.next_ms == T


def test_a_row_that_appears_between_was_only_late():
    machine = Finality(T)
    assert machine.on_answer(answer(bar(1), at=123)) == []
    assert machine.on_answer(answer(bar(0), bar(1), at=160)) == [
        Final(bar(0), "rest", False),
        Final(bar(1), "rest", False),
    ]


def test_a_minute_of_which_frames_told_trades_is_not_soon_absent():
    machine = Finality(T)
    machine.on_frame(frame(0, 10, closed=False))
    assert machine.on_answer(answer(bar(1), at=123)) == []
    assert machine.on_answer(answer(bar(1), at=160)) == []
    assert machine.on_answer(answer(bar(1), at=160 + PATIENCE_MS / 1000)) == [
        Absent(minute(0), minute(1)),
        Final(bar(1), "rest", False),
    ]


def test_an_impossible_row_is_waited_for_and_then_given_up():
    machine = Finality(T)
    bad = {"from_ms": T, "refused": (T,)}
    assert machine.on_answer(answer(bar(1), at=123, **bad)) == []
    assert machine.on_answer(answer(bar(1), at=200, **bad)) == []
    apart = max(REFUSED_MS, REFUSED_WALL_MS) / 1000
    assert machine.on_answer(answer(bar(1), at=123 + apart, **bad))[0] == Absent(minute(0), minute(1))


def test_an_impossible_row_that_is_mended_is_taken():
    machine = Finality(T)
    assert machine.on_answer(answer(bar(1), at=123, refused=(T,))) == []
    assert machine.on_answer(answer(bar(0), bar(1), at=130))[0] == Final(bar(0), "rest", False)


def test_confirmed_finality_asks_rest_for_every_minute():
    machine = joined(Finality(T, is_confirmed=True))
    assert machine.on_frame(frame(1, 13)) == []
    assert machine.ask().due_ms == minute(2) + 2_000
    assert machine.on_answer(answer(bar(1), from_ms=minute(1), at=123)) == [Final(bar(1), "rest")]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(frame(1, 13), id="the same closed frame"),
        pytest.param(frame(1, 13, trades=2, closed=False), id="an older forming frame"),
        pytest.param(frame(1, 14, trades=2), id="a closed frame with less knowledge"),
        pytest.param(frame(1, 13, trades=4, last_id=20), id="a frame whose ids have holes"),
        pytest.param(frame(-5, 1), id="a minute before our time"),
    ],
)
def test_repeats_and_regressions_say_nothing(again):
    machine = joined()
    machine.on_frame(frame(1, 13))
    assert machine.on_frame(again) == []
    assert machine.next_ms == minute(2)


def test_other_values_for_a_decided_minute_are_a_revision_told_once():
    machine = joined()
    machine.on_frame(frame(1, 13))
    other = frame(1, 13, close=101.0)
    assert machine.on_frame(other) == [Revision(other.bar, "corrected")]
    assert machine.on_frame(other) == []
    assert machine.on_frame(frame(2, 16)) == [Final(bar(2), "frame")]


def test_a_bar_of_an_absent_minute_is_late():
    machine = Finality(T)
    machine.on_answer(answer(bar(1), at=123))
    machine.on_answer(answer(bar(1), at=160))
    assert machine.on_frame(frame(0, 10)) == [Revision(bar(0), "late")]


def test_what_was_decided_long_ago_is_forgotten():
    machine = Finality(T)
    rows = [bar(i) for i in range(KEPT_MINUTES + 2)]
    machine.on_answer(answer(*rows, at=(KEPT_MINUTES + 5) * 60))
    assert machine.on_frame(frame(1, 13, close=101.0)) == []


# --- questions ---------------------------------------------------------------------------------------------------


def test_rest_is_asked_three_seconds_after_the_boundary():
    ask = joined().ask()
    assert (ask.from_ms, ask.due_ms) == (minute(1), minute(2) + 3_000)


def test_rest_is_asked_earlier_when_a_closed_frame_does_not_join():
    machine = joined()
    machine.on_frame(frame(1, 14))
    assert machine.ask().due_ms == minute(2) + 2_000


def test_an_open_minute_is_asked_about_again_and_again():
    machine = Finality(T)
    waits = []
    at = 63.0
    for _ in range(6):
        machine.on_answer(answer(at=at))
        waits.append((machine.ask().due_ms - T) / 1000 - at)
        at = (machine.ask().due_ms - T) / 1000
    assert waits == [2, 5, 15, 30, 60, 60]


def test_the_patience_with_one_minute_is_not_the_next_ones():
    machine = joined()
    for at in (123, 125, 130, 145, 175):
        machine.on_answer(answer(from_ms=minute(1), at=at))
    assert machine.ask().due_ms > minute(3)
    machine.on_frame(frame(1, 13))
    assert machine.ask().due_ms == minute(3) + 3_000


def test_who_is_behind_asks_at_once_but_not_faster_than_the_floor():
    machine = Finality(T)
    machine.on_answer(answer(*[bar(i) for i in range(1000)], at=100_000, wall=5))
    ask = machine.ask()
    assert ask.from_ms == minute(1000)
    assert not ask.is_due(Moment(T + 100_000_000, 5_000))
    assert ask.is_due(Moment(T + 100_000_000, 5_020))


def test_failures_are_waited_out_on_the_wall():
    machine = Finality(T)
    for wait in [*BACKOFF_MS, BACKOFF_MS[-1]]:
        machine.on_failure(Moment(T + 63_000, 1_000))
        assert machine.ask().due_wall_ms == 1_000 + wait
        assert machine.ask().from_ms == T
    machine.on_answer(answer(at=64, wall=9))
    machine.on_failure(Moment(T + 63_000, 1_000))
    assert machine.ask().due_wall_ms == 1_000 + BACKOFF_MS[0]


# --- absence and clock -------------------------------------------------------------------------------------------


def test_misses_keep_their_own_time():
    misses = Misses()
    assert misses.note((0, 300_000), [0], Moment(0, 0)) == []
    assert misses.note((0, 180_000), [0, 60_000], Moment(40_000, 5_000)) == [(120_000, 180_000)]
    assert misses.note((180_000, 360_000), [], Moment(41_000, 6_000)) == [(180_000, 300_000)]
    misses.forget_before(300_000)
    assert misses.note((300_000, 360_000), [300_000], Moment(80_000, 9_000)) == []
    assert not misses


def test_decided_misses_are_forgotten():
    misses = Misses()
    misses.note((0, 300_000), [], Moment(0, 0))
    misses.forget_before(240_000)
    assert misses.note((0, 300_000), [], Moment(40_000, 5_000)) == [(240_000, 300_000)]


def test_the_clock_knows_how_wrong_it_may_be():
    clock = ExchangeClock(rate=2.0)
    with pytest.raises(InvariantError):
        clock.now_ms(0)
    clock.set([Measurement(5_000, 100, 180), Measurement(5_100, 200, 220)])
    assert clock.is_trusted
    assert clock.now_ms(210) == 5_100
    assert clock.earliest_ms(220) == 5_100
    assert clock.now_ms(310) == 5_300
    assert clock.wall_until_ms(5_300, 220) == 100
    clock.doubt()
    assert not clock.is_trusted
    assert clock.now_ms(310) == 5_300
