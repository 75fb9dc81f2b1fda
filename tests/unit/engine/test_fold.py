"""The fold's promises: any cut is no cut, what comes late is refused, money past its range is an error, rows fit."""

import hashlib
import struct
from array import array
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shared.domain.bar import Bars
from shared.domain.command import Command
from shared.domain.decision import RECORDS, WIDTH, EquityPoint, Fill, Note, OrderEvent, Trade
from shared.domain.errors import InvariantError, OutOfRangeError
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import MINUTE_MS
from shared.engine.digest import Chain
from shared.engine.fold import Fold, decisions
from shared.engine.rows import HEAD
from shared.strategy.load import load
from tests.support.differential import fold_of, strategy
from tests.support.series import Market, bars_of
from tests.unit.engine.cases import CASES, HALF, MARKETS, OFTEN, commands_over, text
from tests.unit.engine.generated import Run, runs
from tests.unit.engine.order_cases import ORDER_CASES

ALL_CASES = CASES | ORDER_CASES
CUT = [
    "ladder", "two timeframes above", "history and memory", "smoothed protection", "signal strength",
    "limits that wait", "triggers that wait", "trailing by an ATR of a higher timeframe", "break-even, then trailing",
    "a share, and exits laid anew", "a share of limits", "a share of triggers", "a share, protected",
    "one loss, with triggers", "cooldown after losses", "daily loss of limits", "everything",
]  # fmt: skip
SHORT = Market(61, 420, ("holes", "wide", "quiet", "jumps"))


def part(bars: Bars, first: int, last: int | None = None) -> Bars:
    return Bars(*(column[first:last] for column in bars))


def ahead(fold: Fold, commands: list[Command]) -> list[Command]:
    return [command for command in commands if command.effective_ms > fold.position_ms]


@pytest.mark.parametrize("case", CUT)
def test_a_fold_cut_anywhere_is_the_fold_uncut(case: str) -> None:
    bars = bars_of(SHORT)
    whole, begun, goes_on = (fold_of(ALL_CASES[case], bars) for _ in range(3))
    rows = whole.fold(bars)
    end = whole.snapshot()
    before = array("q")
    for cut in range(len(bars.open_ms) + 1):
        assert goes_on.restore(begun.snapshot())
        assert before + goes_on.fold(part(bars, cut)) == rows
        assert goes_on.snapshot() == end
        before += begun.fold(part(bars, cut, cut + 1))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "case",
    ["ladder", "reversal at every other bar", "protection that ends", "limits that wait", "a share of the volume",
     "a share of limits", "a share of triggers", "a share of shorts to ruin", "everything"],
)  # fmt: skip
def test_bar_by_bar_with_commands_is_all_at_once(case: str, seed: int) -> None:
    bars = bars_of(SHORT)
    commands = commands_over(bars, seed, 3 * seed, stops=seed % 2 == 0)
    whole, single = fold_of(ALL_CASES[case], bars), fold_of(ALL_CASES[case], bars)
    rows = whole.fold(bars, commands)
    found = array("q")
    for at in range(len(bars.open_ms)):
        if not single.has_ended:
            found += single.fold(part(bars, at, at + 1), ahead(single, commands))
    assert found == rows
    assert single.snapshot() == whole.snapshot()


def test_a_snapshot_of_another_program_is_not_taken_over() -> None:
    bars = bars_of(SHORT)
    fold, other = fold_of(CASES["ladder"], bars), fold_of(CASES["ladder"], bars, cash="9999")
    fold.fold(bars)
    before = other.snapshot()
    assert not other.restore(fold.snapshot())
    assert other.snapshot() == before


@pytest.mark.parametrize("at", [0, 1, 57, 200])
def test_a_bar_at_or_before_the_position_is_refused(at: int) -> None:
    bars = bars_of(SHORT)
    fold = fold_of(CASES["ladder"], bars)
    fold.fold(part(bars, 0, 201))
    before = fold.snapshot()
    with pytest.raises(InvariantError, match="expected one after"):
        fold.fold(part(bars, at))
    assert fold.snapshot() == before


def test_a_bar_out_of_order_is_refused_where_it_stands() -> None:
    bars = bars_of(SHORT)
    mixed = Bars(*([*column[:100], column[40], *column[100:]] for column in bars))
    fold = fold_of(CASES["ladder"], bars)
    with pytest.raises(InvariantError, match=f"bar @{bars.open_ms[40]}: expected one after {bars.open_ms[99]}"):
        fold.fold(mixed)


@pytest.mark.parametrize(
    ("risk", "cash"),
    [
        pytest.param("position_size: {base_size: 3}", "46000000000", id="size"),
        pytest.param("position_size: {quote: 1000000000, regime_adjustments: {trending: 1}}", "46116860184", id="cash"),
    ],
)
def test_money_out_of_range_fails_the_run(risk: str, cash: str) -> None:
    bars = bars_of(Market(62, 2_000, ("rally", "wide"), swing_ppm=9_000))
    fold = fold_of(text(OFTEN, risk=risk), bars, cash=cash)
    with pytest.raises(OutOfRangeError, match="out of range"):
        fold.fold(bars)


def test_what_is_not_ready_is_one_pattern_in_a_snapshot() -> None:
    """0 / 0 has a sign that depends on the processor; states of two machines are compared as bytes."""
    fold = fold_of(CASES["ladder"], bars_of(SHORT))
    before = fold.snapshot()
    at = next(i for i, word in enumerate(fold._f) if word != word)
    fold._f[at] = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_0001))[0]
    assert fold._f[at] != fold._f[at]
    assert fold.snapshot() == before


ATR_SIZED = "position_size: {volatility_target: 0.333333, atr: a}"


@pytest.mark.parametrize(
    ("step", "least", "risk"),
    [
        pytest.param("0.00000001", "100000000000", HALF, id="minimum quantity"),
        pytest.param("10000000", "10000000", ATR_SIZED, id="volatility target"),
    ],
)
def test_an_instrument_beyond_a_word_is_refused_before_the_first_bar(step: str, least: str, risk: str) -> None:
    """Interpreted, a word would take it and go on; compiled, it would not fit."""
    rules = InstrumentRules("BTC/USDT", Decimal("0.01"), Decimal(step), Decimal(least), Decimal(0))
    with pytest.raises(OutOfRangeError, match="out of range"):
        fold_of(text(OFTEN, "{id: a, type: ATR, period: 3}", risk), bars_of(Market(62, 10)), rules=rules)


def test_rules_are_counted_at_every_entry_close() -> None:
    bars = bars_of(Market(63, 600))
    fold = fold_of(text('logic: {entry_long: ["close > close[5]"], exit_long: ["bars_held > 2"]}', risk=HALF), bars)
    fold.fold(bars)
    entry, leave = fold.rule_counts()
    assert (entry.text, entry.evaluated, entry.not_ready) == ("close > close[5]", 200, 5)
    rises = sum(bars.close[i] > bars.close[i - 15] for i in range(17, 600, 3))
    assert entry.held == rises
    assert leave.evaluated == 200
    assert leave.not_ready > 0  # while flat


def test_words_are_records_in_order() -> None:
    bars = bars_of(MARKETS["wild"])
    fold = fold_of(CASES["ladder"], bars)
    rows = fold.fold(bars, commands_over(bars, 1, 20, stops=False))
    records = decisions(rows)
    assert [record.seq for record in records] == list(range(1, fold.seq + 1))
    assert {type(record) for record in records} == {OrderEvent, Fill, Trade, EquityPoint, Note}
    for at, record in enumerate(records):
        words = rows[at * WIDTH : (at + 1) * WIDTH].tolist()
        assert RECORDS[words[0]] is type(record)
        assert words[1:] == [*record, *[0] * (WIDTH - 1 - len(record))]


@pytest.mark.parametrize("bars_folded", [0, 1, 3, 30, 100, 400])
def test_the_digest_chains_over_blocks_of_sixteen_rows(bars_folded: int) -> None:
    bars = bars_of(SHORT)
    fold = fold_of(CASES["ladder"], bars)
    words = fold.fold(part(bars, 0, bars_folded))
    rows = [struct.pack(f"<{WIDTH}q", *words[at : at + WIDTH]) for at in range(0, len(words), WIDTH)]
    chain = bytes(32)
    while len(rows) >= 16:
        chain, rows = hashlib.sha256(chain + b"".join(rows[:16])).digest(), rows[16:]
    assert fold.digest == hashlib.sha256(chain + b"".join(rows)).digest()


def test_every_row_changes_the_digest() -> None:
    rows = [bytes([i]) * 8 * WIDTH for i in range(40)]

    def digest(*batches: bytes) -> bytes:
        chain = Chain()
        for batch in batches:
            chain = Chain(chain.state)
            chain.add(batch)
        return chain.digest

    whole = digest(b"".join(rows))
    assert whole == digest(*rows) == digest(b"".join(rows[:17]), b"", b"".join(rows[17:]))
    found = {whole, *(digest(b"".join(rows[:i] + rows[i + 1 :])) for i in range(40))}
    assert len(found) == 41


# --- the most that one bar can say -----------------------------------------------------------------------------------


def most_of(fold: Fold) -> tuple[int, int]:
    """Words that one bar may use, and that the bars of a run used at most."""
    used = 0
    take = fold._take

    def counted() -> "array[int]":
        nonlocal used
        used = max(used, fold._out[0])
        return take()

    fold._take = counted  # type: ignore[method-assign]
    fold.fold(*fold.given)  # type: ignore[attr-defined]
    return fold._out[1], used


TWENTY = ", ".join(f"{{level: {i * 0.0005:.4f}, percent: 0.2}}" for i in range(1, 21))
WORST = text(
    'logic: {entry_long: ["close > open"], exit_long: ["true"], entry_short: ["close <= open"], exit_short: ["true"]}',
    "{id: slow, type: SMA, timeframe: 1h, length: 1}",
    f"{HALF}, stop_loss: {{base_percent: 0.02, breakeven_at_r: 0.1, trailing: {{percent: 0.001}}}},"
    f" take_profit: {{base_percent: 0.02, partial_exits: [{TWENTY}]}}",
    "equity_protection: {drawdown_threshold: 0.0001, cooldown: 60s, max_drawdown_total: 0.9, max_daily_loss: 0.001,"
    " max_consecutive_losses: 1}",
    entry="1m",
)
SENT = ["", "execution: {order_type: limit}", "execution: {order_type: stop}", "execution: {participation: 0.0002}",
        "execution: {participation: 0.0002, order_type: limit, expire_bars: 9}"]  # fmt: skip


@pytest.mark.parametrize("sent", range(len(SENT)))
@pytest.mark.parametrize("seed", range(6))
def test_one_bar_never_says_more_than_its_buffer_holds(seed: int, sent: int) -> None:
    """Reversals with a ladder of twenty at every minute, all commands at every bar, late closes, fills at the open."""
    entry = ("1m", "3m", "15m")[seed % 3]
    bars = bars_of(Market(70 + seed, 600, ("holes", "jumps", "wide", "quiet"), swing_ppm=9_000))
    random = Random(seed)
    kinds = ["pause", "resume", "close_position"]
    commands = [
        Command(3 * i + j, random.choice(kinds), ms, False)  # type: ignore[arg-type]
        for i, ms in enumerate(bars.open_ms)
        for j in range(random.choice((0, 0, 1, 3)))
    ]
    fold = fold_of(WORST.replace("entry: 1m", f"entry: {entry}") + SENT[sent], bars)
    fold.given = (bars, commands)  # type: ignore[attr-defined]
    most, used = most_of(fold)
    assert 0 < used <= most
    assert len(fold._out) >= HEAD + most


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(runs(), st.integers(0, 20))
def test_no_generated_bar_says_more(run: Run, commands: int) -> None:
    assume(load(run.text, "generated.yaml").spec is not None)
    bars = bars_of(run.market)
    fold = fold_of(run.text, bars, rules=run.rules, cash=run.cash)
    fold.given = (bars, commands_over(bars, run.commands_seed, commands))  # type: ignore[attr-defined]
    most, used = most_of(fold)
    assert used <= most


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize("at", [50, 51, 97, 200])
def test_a_stopped_run_folds_no_further_bar(at: int, closes: bool) -> None:
    bars = bars_of(SHORT)
    fold = fold_of(CASES["reversal at every other bar"], bars)
    fold.fold(bars, [Command(1, "stop", bars.open_ms[at], closes)])
    assert fold.status == "stopped"
    assert fold.position_ms in (bars.open_ms[at], bars.open_ms[at - 1])
    if closes:
        assert fold.position() is None
    before = fold.snapshot()
    assert len(fold.fold(part(bars, at + 1))) == 0
    assert fold.snapshot() == before


def test_a_stop_that_needs_no_bar_is_stamped_a_minute_later() -> None:
    bars = bars_of(SHORT)
    fold = fold_of(CASES["ladder"], bars)
    fold.fold(part(bars, 0, 90))
    stop = Command(1, "stop", fold.position_ms + MINUTE_MS)
    assert fold.can_stop_now(stop)
    *_, note = decisions(fold.stop_here())
    assert isinstance(note, Note)
    assert note.ts_ms == bars.open_ms[89] + MINUTE_MS
    assert fold.has_ended


def test_any_number_of_commands_may_act_at_one_open() -> None:
    bars = bars_of(SHORT)
    fold = fold_of(CASES["market orders only"], bars)
    commands = [Command(i, "resume" if i % 2 else "pause", bars.open_ms[60]) for i in range(500)]
    notes = [row for row in decisions(fold.fold(bars, commands)) if isinstance(row, Note)]
    assert len(notes) == 500


def test_a_paused_run_enters_nothing_and_keeps_counting() -> None:
    bars = bars_of(SHORT)
    fold = fold_of(CASES["base stop"], bars)
    rows = fold.fold(bars, [Command(1, "pause", bars.open_ms[0])])
    assert fold.is_paused
    assert not [row for row in decisions(rows) if isinstance(row, Fill)]
    assert fold.rule_counts()[0].evaluated > 90


def test_commands_of_one_minute_act_in_order_of_their_id() -> None:
    bars = bars_of(SHORT)
    at = bars.open_ms[60]
    for kinds, paused in ((("pause", "resume"), False), (("resume", "pause"), True)):
        fold = fold_of(strategy("ema-cross"), bars)
        commands = [Command(i, kind, at) for i, kind in enumerate(kinds)]  # type: ignore[arg-type]
        fold.fold(part(bars, 0, 100), commands[::-1])
        assert fold.is_paused is paused
