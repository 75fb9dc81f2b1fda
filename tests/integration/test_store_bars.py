"""The record: append-only, covered in the same transaction, one for all writers."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from shared.domain.bar import Bar
from shared.domain.coverage import Range
from shared.domain.errors import FencedError, InputError
from shared.store import bars, market
from shared.store import database as store
from tests.support.store import START, M, a_bar, an_instrument, engine_of, span


def put(conn: Connection, i: int, given: list[Bar], covered: Range, source: str = "rest") -> bars.Recorded:
    return bars.record(conn, i, given, covered, source, 7)  # type: ignore[arg-type]


def kinds(recorded: bars.Recorded) -> list[tuple[str, int]]:
    return [(revision.kind, (revision.bar.open_ms - START) // M) for revision in recorded.revisions]


def test_a_bar_comes_back_as_it_was_given(conn: Connection) -> None:
    i = an_instrument(conn)
    given = [
        Bar(START, 0.00001234, 0.00001235, 1e-8, 0.00001234, 0.0),
        Bar(START + M, 64123.45, 64123.46, 64000.1, 64100.0, 123.45678901, Decimal("7912345.6789"), 42,
            Decimal("1.5"), Decimal("96000.10")),
    ]  # fmt: skip
    assert put(conn, i, given, span(0, 2)).new == tuple(given)
    assert bars.read_bars(conn, i, START, START + 2 * M) == given
    assert conn.scalar(text("select low::text from bars where open_ms = :ms"), {"ms": START}) == "0.00000001"


def test_the_same_values_again_are_nothing_new(conn: Connection) -> None:
    i = an_instrument(conn)
    put(conn, i, [a_bar(0), a_bar(2)], span(0, 3))
    again = put(conn, i, [replace(a_bar(0), trades=5), a_bar(2)], span(0, 3))
    assert again == bars.Recorded((), ())
    assert bars.read_bars(conn, i, START, START + M)[0].trades is None  # the first row stays for ever


def test_numbers_are_compared_as_numbers(conn: Connection) -> None:
    i = an_instrument(conn)
    put(conn, i, [a_bar(0)], span(0, 1))
    conn.execute(text("update bars set open = 100.000000, volume = 1.50"))
    assert put(conn, i, [a_bar(0)], span(0, 1)) == bars.Recorded((), ())


def test_other_values_are_a_correction_and_the_record_stands(conn: Connection) -> None:
    i = an_instrument(conn)
    put(conn, i, [a_bar(0)], span(0, 1))
    corrected = put(conn, i, [a_bar(0, 101.0)], span(0, 1))
    assert kinds(corrected) == [("corrected", 0)]
    assert bars.read_bars(conn, i, *span(0, 1)) == [a_bar(0)]
    assert bars.read_revisions(conn, i, *span(0, 1)) == [bars.Revision("corrected", a_bar(0, 101.0))]


def test_a_correction_that_is_repeated_says_nothing_new(conn: Connection) -> None:
    i = an_instrument(conn)
    put(conn, i, [a_bar(0)], span(0, 1))
    put(conn, i, [a_bar(0, 101.0)], span(0, 1))
    assert put(conn, i, [a_bar(0, 101.0)], span(0, 1)) == bars.Recorded((), ())
    assert kinds(put(conn, i, [a_bar(0, 102.0)], span(0, 1))) == [("corrected", 0)]


def test_a_minute_that_was_absent_comes_late_and_is_not_inserted(conn: Connection) -> None:
    i = an_instrument(conn)
    put(conn, i, [a_bar(0), a_bar(2)], span(0, 3))
    late = put(conn, i, [a_bar(0), a_bar(1), a_bar(2), a_bar(3)], span(0, 4))
    assert kinds(late) == [("late", 1)]
    assert late.new == (a_bar(3),)
    assert bars.read_bars(conn, i, *span(0, 4)) == [a_bar(0), a_bar(2), a_bar(3)]


def test_instruments_do_not_share_a_record(conn: Connection) -> None:
    one, two = an_instrument(conn), an_instrument(conn, "ETH/USDT")
    put(conn, one, [a_bar(0)], span(0, 1))
    assert put(conn, two, [a_bar(0, 5.0)], span(0, 1)).new == (a_bar(0, 5.0),)


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        pytest.param([span(0, 1), span(1, 2), span(2, 5)], [span(0, 5)], id="grows by what follows"),
        pytest.param([span(4, 5), span(3, 4)], [span(3, 5)], id="grows at its front"),
        pytest.param([span(0, 2), span(4, 6)], [span(0, 2), span(4, 6)], id="keeps holes"),
        pytest.param([span(0, 2), span(4, 6), span(2, 4)], [span(0, 6)], id="closes a hole that touches both sides"),
        pytest.param([span(0, 2), span(4, 6), span(8, 9), span(1, 8)], [span(0, 9)], id="swallows what it spans"),
        pytest.param([span(0, 9), span(2, 3)], [span(0, 9)], id="knows what it has"),
        pytest.param([span(0, 2), span(4, 6), span(2, 5)], [span(0, 6)], id="overlaps the next range"),
    ],
)
def test_coverage_is_merged(conn: Connection, pieces: list[Range], whole: list[Range]) -> None:
    i = an_instrument(conn)
    for piece in pieces:
        put(conn, i, [], piece)
    assert bars.coverage_of(conn, i) == whole


def test_coverage_answers_what_is_decided(conn: Connection) -> None:
    i = an_instrument(conn)
    put(conn, i, [], span(2, 4))
    put(conn, i, [], span(6, 8))
    assert bars.missing(conn, i, span(0, 10)) == [span(0, 2), span(4, 6), span(8, 10)]
    assert bars.missing(conn, i, span(2, 4)) == []
    assert bars.covered_until(conn, i, START + 2 * M) == START + 4 * M
    assert bars.covered_until(conn, i, START + 4 * M) == START + 4 * M
    assert bars.coverage_of(conn, i, span(3, 5)) == [span(2, 4)]


@pytest.mark.parametrize(
    ("given", "covered", "rule"),
    [
        pytest.param([a_bar(0)], span(1, 2), "bars lie in", id="a bar outside"),
        pytest.param([a_bar(1), a_bar(0)], span(0, 2), "strictly rising", id="bars that go back"),
        pytest.param([a_bar(0), a_bar(0)], span(0, 2), "strictly rising", id="a bar twice"),
        pytest.param([], span(1, 1), "range of whole minutes", id="an empty range"),
        pytest.param([], (START, START + 1), "range of whole minutes", id="half a minute"),
    ],
)
def test_nonsense_is_refused(conn: Connection, given: list[Bar], covered: Range, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        put(conn, an_instrument(conn), given, covered)


def test_a_page_of_bars_is_the_first_or_the_last(conn: Connection) -> None:
    i = an_instrument(conn)
    put(conn, i, [a_bar(k) for k in range(5)], span(0, 5))
    assert bars.read_bars(conn, i, *span(0, 5), limit=2) == [a_bar(0), a_bar(1)]
    assert bars.read_bars(conn, i, *span(0, 5), limit=2, newest=True) == [a_bar(3), a_bar(4)]


def together(engine: Engine, *works: Callable[[Connection], None]) -> None:
    """Run works in transactions of their own that begin at once; the first error is raised."""
    barrier = Barrier(len(works))

    def work(task: Callable[[Connection], None]) -> None:
        with store.begin(engine) as conn:
            conn.execute(text("select 1"))
            barrier.wait()
            task(conn)

    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(work, task) for task in works]:
            future.result()


def test_concurrent_writers_make_one_record(database: str) -> None:
    """Eight writers with their own prices for overlapping minutes: every minute has one row, the others revise it."""
    with engine_of(database) as engine:
        with store.begin(engine) as conn:
            i = an_instrument(conn)

        def writer(k: int) -> Callable[[Connection], None]:
            def write(conn: Connection) -> None:
                put(conn, i, [a_bar(m, 100.0 + k) for m in range(k, k + 20)], span(k, k + 20))

            return write

        together(engine, *(writer(k) for k in range(8)))
        with store.begin(engine) as conn:
            assert bars.coverage_of(conn, i) == [span(0, 27)]
            recorded = bars.read_bars(conn, i, *span(0, 27))
            assert [bar.open_ms for bar in recorded] == [START + m * M for m in range(27)]
            revisions = bars.read_revisions(conn, i, *span(0, 27))
            assert len(recorded) + len(revisions) == 8 * 20


def test_a_writer_that_waited_sees_what_was_covered_meanwhile(database: str) -> None:
    """The second writer knows minute 1 that the first has declared absent: late, although it began before."""
    with engine_of(database) as engine:
        with store.begin(engine) as conn:
            i = an_instrument(conn)
        found: list[bars.Recorded] = []
        with ThreadPoolExecutor(1) as pool:
            with store.begin(engine) as first:
                put(first, i, [a_bar(0), a_bar(2)], span(0, 3))

                def second() -> None:
                    with store.begin(engine) as conn:
                        found.append(put(conn, i, [a_bar(1)], span(1, 2)))

                waiting = pool.submit(second)
                deadline = time.monotonic() + 10
                blocked = text("select count(*) from pg_locks where not granted")
                while not first.scalar(blocked) and time.monotonic() < deadline:
                    pass
            waiting.result()
        assert kinds(found[0]) == [("late", 1)]


def test_columns_of_a_year_are_read_fast_and_exactly(database: str) -> None:
    """A year of minutes is recorded and read; how long it took is printed."""
    minutes = 525_600
    prices = [round(60_000 + k % 977 * 0.37, 2) for k in range(minutes)]
    given = [Bar(START + k * M, p, p + 1.25, p - 0.75, p, k % 1009 * 0.00001) for k, p in enumerate(prices)]
    with engine_of(database) as engine:
        started = time.perf_counter()
        with store.begin(engine) as conn:
            i = an_instrument(conn)
            recorded = put(conn, i, given, span(0, minutes), "import")
        written = time.perf_counter()
        assert len(recorded.new) == minutes
        with store.begin(engine) as conn:
            columns = bars.read_columns(conn, i, *span(0, minutes))
        read = time.perf_counter()
        with store.begin(engine) as conn:
            part = bars.read_columns(conn, i, *span(10, 12))
            none = bars.read_columns(conn, i, *span(minutes, minutes + 5))
    print(f"a year: recorded in {written - started:.2f} s, read in {read - written:.2f} s")
    assert columns.open_ms == [bar.open_ms for bar in given]
    for name in ("open", "high", "low", "close", "volume"):
        assert getattr(columns, name) == [getattr(bar, name) for bar in given]
    assert part.open_ms == [START + 10 * M, START + 11 * M]
    assert none.open_ms == []


def test_a_lease_is_held_by_one_and_fences_the_others(database: str) -> None:
    one, two = uuid4(), uuid4()
    with engine_of(database) as engine, store.begin(engine) as conn:
        assert market.acquire_lease(conn, "ingest", one, 60.0) == 1
        assert market.acquire_lease(conn, "ingest", one, 60.0) == 1
        assert market.acquire_lease(conn, "ingest", two, 60.0) is None
        market.hold_lease(conn, "ingest", 1)
        market.give_up_lease(conn, "ingest", 1)
        assert market.acquire_lease(conn, "ingest", two, 60.0) == 2
        with pytest.raises(FencedError):
            market.hold_lease(conn, "ingest", 1)
