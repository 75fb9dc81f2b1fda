"""What must hold of any strategy over any market: drawn by the hundred, always the same ones; others by the thousand
with `PAPERFOLD_LONG=1`.
"""

import os
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from zlib import crc32

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from shared.domain.bar import Bars
from shared.domain.command import Command
from shared.domain.decision import NOTES, ORDER_EVENTS
from shared.domain.errors import OutOfRangeError
from shared.domain.instrument import InstrumentRules
from tests.support.books import audit
from tests.support.compiled_fold import Job, fold_compiled, fold_job
from tests.support.differential import RULES, Answer, bars_of, compared, engine_answer, fold_of
from tests.support.series import Market, frame_of
from tests.unit.engine.cases import CASES, MARKETS, commands_over
from tests.unit.engine.generated import Run, runs
from tests.unit.engine.order_cases import ORDER_CASES

LONG = os.environ.get("PAPERFOLD_LONG", "") not in ("", "0")
CHUNKS = 200 if LONG else 8
DRAWS_A_CHUNK = 4
RUNS_A_DRAW = 10  # later ones would be mutations of these
COMPILED = 30 if LONG else 4

pytestmark = pytest.mark.timeout(1_200)  # making a failure small takes its time


def each_run(chunk: int, check: Callable[[Run], None]) -> None:
    """Check the runs of a chunk. The first that fails is told as small as it can be made."""
    for draw in range(DRAWS_A_CHUNK):

        @seed(DRAWS_A_CHUNK * chunk + draw)
        @settings(
            max_examples=RUNS_A_DRAW, deadline=None, database=None, suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )  # fmt: skip
        @given(runs())
        def holds(run: Run) -> None:
            with suppress(OutOfRangeError):  # prices of 900 million move a lot of money; test_money.py is about that
                check(run)

        holds()


def inputs_of(run: Run) -> tuple[Bars, list[Command], int]:
    """Bars, commands and the first bar that may trade."""
    bars = bars_of(frame_of(run.market))
    start_ms = bars.open_ms[min(run.lead, len(bars.open_ms) - 1)]
    return bars, commands_over(bars, run.commands_seed, run.commands, stops=run.commands_seed % 2 == 0), start_ms


def answer_of(run: Run) -> Answer:
    bars, commands, start_ms = inputs_of(run)
    return engine_answer(run.text, bars, commands, start_ms=start_ms, rules=run.rules, cash=run.cash)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_engine_is_the_reference_and_its_books_follow_from_the_fills_alone(chunk: int) -> None:
    unclear = []

    def check(run: Run) -> None:
        bars, commands, start_ms = inputs_of(run)
        how = {"start_ms": start_ms, "rules": run.rules, "cash": run.cash}
        found = compared(run.text, frame_of(run.market), commands, **how)
        unclear.extend([] if found.conclusive else [run.text])
        fold = fold_of(run.text, bars, **how)  # type: ignore[arg-type]
        minutes = dict(zip(bars.open_ms, zip(bars.close, bars.volume, strict=True), strict=True))
        audit(found.rows, run.rules, fold.setup.costs, run.cash, minutes, fold.plan.participation)

    each_run(chunk, check)
    assert len(unclear) <= 1, unclear  # where an oracle's last digits decide, little is proven


@pytest.mark.parametrize("chunk", range(CHUNKS // 2))
def test_a_fold_goes_on_from_a_snapshot_as_if_nothing_had_been(chunk: int) -> None:
    def check(run: Run) -> None:
        bars, commands, start_ms = inputs_of(run)
        how = {"start_ms": start_ms, "rules": run.rules, "cash": run.cash}
        whole = fold_of(run.text, bars, **how)  # type: ignore[arg-type]
        rows = whole.fold(bars, commands)
        part = fold_of(run.text, bars, **how)  # type: ignore[arg-type]
        at = min(run.cut, len(bars.open_ms))
        before = part.fold(Bars(*(column[:at] for column in bars)), commands)
        rest = fold_of(run.text, bars, **how)  # type: ignore[arg-type]
        assert rest.restore(part.snapshot())
        ahead = [command for command in commands if command.effective_ms > rest.position_ms]
        after = array("q") if rest.has_ended else rest.fold(Bars(*(column[at:] for column in bars)), ahead)
        assert before + after == rows
        assert rest.snapshot() == whole.snapshot()

    each_run(chunk, check)


def test_compiled_is_interpreted(pytestconfig: pytest.Config) -> None:
    """Machine code is kept between runs, in a folder named by all that it was made of."""
    jobs: list[Job] = []

    def take(run: Run) -> None:
        bars, commands, _ = inputs_of(run)
        if run.rules != RULES:  # a job has no other
            return
        orders = tuple((c.id, c.kind, c.effective_ms, c.close_position) for c in commands if c.kind != "stop")
        jobs.append(Job(run.text, run.market, run.cash, (min(run.cut, len(bars.open_ms)),), orders))

    for chunk in range(COMPILED):
        each_run(1_000 + chunk, take)
    jobs = jobs[:: len(jobs) // COMPILED]
    for job, folded in zip(jobs, fold_compiled(jobs, pytestconfig.cache.mkdir("folds")), strict=True):
        assert folded == fold_job(job), job


# --- that the above says something

REJECTIONS = ("not_ready", "no_stop_distance", "min_quantity", "min_notional", "insufficient_cash", "invalid_stop")
FILLS = (
    "entry", "exit", "stop", "trailing", "breakeven", "target", "partial_1", "partial_2", "time_exit", "protection",
    "daily_loss", "stop_command", "close_command", "liquidation",
)  # fmt: skip
CANCELLATIONS = (
    "exit", "replaced", "pause_command", "stop_command", "close_command", "time_exit", "protection", "daily_loss",
    "consecutive_losses", "position_closed", "position_reduced", "insufficient_cash",
)  # fmt: skip


def words_of(answer: Answer) -> Counter[tuple[str, str]]:
    """How often each word was said, by kind."""
    said: Counter[tuple[str, str]] = Counter()
    for row in answer.rows:
        kind = str(row["row"])
        if kind == "order":
            said["event", f"{row['type']} {row['event']}"] += 1
            said[str(row["event"]), str(row["reason"])] += 1
        elif kind in ("fill", "note"):
            said[kind, str(row["reason" if kind == "fill" else "note"])] += 1
    return said


COINS = InstrumentRules("BTC/USDT", Decimal("0.01"), Decimal(1), Decimal(1), Decimal(10))
FEW_LOTS = Market(47, 1_500, ("jumps",), "2500")
RUIN = Market(17, 2_000, ("rally",))


def named() -> Iterator[Answer]:
    """Every named case over a market, and what needs one of its own."""
    for name, text in (CASES | ORDER_CASES).items():
        number = crc32(name.encode())  # of its own, whatever else is added
        bars = bars_of(frame_of(list(MARKETS.values())[number % len(MARKETS)]))
        yield engine_answer(text, bars, commands_over(bars, number, number % 5, stops=number % 2 == 0))
    yield engine_answer(CASES["short to ruin"], bars_of(frame_of(RUIN)))
    yield engine_answer(ORDER_CASES["limits, protected"], bars_of(frame_of(MARKETS["wild"])))
    for cash in ("5010", "2501"):  # two coins, or one
        bars = bars_of(frame_of(FEW_LOTS))
        yield engine_answer(ORDER_CASES["all of the cash, coin by coin"], bars, rules=COINS, cash=cash)


def test_everything_that_can_be_said_is_said() -> None:
    """By the runs above and the named cases."""
    said: Counter[tuple[str, str]] = Counter()

    def count(run: Run) -> None:
        said.update(words_of(answer_of(run)))

    for chunk in range(4):
        each_run(chunk, count)
    for answer in named():
        said.update(words_of(answer))
    events = [f"{type_} {event}" for type_ in ("market", "limit", "stop") for event in ORDER_EVENTS[1:]]
    cannot = {"market expired"}
    wanted = [
        *(("event", event) for event in events if event not in cannot),
        *(("fill", reason) for reason in FILLS),
        *(("rejected", reason) for reason in REJECTIONS),
        *(("cancelled", reason) for reason in CANCELLATIONS),
        *(("amended", reason) for reason in ("insufficient_cash", "breakeven", "trailing")),
        *(("note", note) for note in NOTES[1:]),
    ]
    assert [word for word in wanted if not said[word]] == []


def test_markets_have_every_kind_of_bar() -> None:
    """Gaps, flat and empty minutes, opens beyond levels, both ends far away, prices off the tick, odd volumes."""
    frame = frame_of(Market(7, 3_000, ("holes", "quiet", "still", "jumps", "wide", "volumes")))
    assert (frame.open_time.diff() > 60_000).any()
    assert (frame.volume == 0).any()
    assert ((frame.high == frame.low) & (frame.volume > 0)).any()
    assert ((frame.open / frame.close.shift(1) - 1).abs() > 0.01).any()
    assert ((frame.high / frame.low - 1) > 0.02).any()
    assert frame.volume[frame.volume > 0].min() < 1e-6 < 1e10 < frame.volume.max()
    off = frame_of(Market(7, 300, ("off_tick",)))
    assert (off.close * 100 % 1 != 0).any()
