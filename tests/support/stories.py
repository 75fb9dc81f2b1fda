"""Small stories for hand-computed cases: a strategy over a few bars, and what the fold said, a line a row.

A line reads `when order event side quantity @price reason`. `2o` is the open of bar 2, `2c` its close; orders are named
a, b, c ... as they are submitted; quantities are lots of 1, a fill says what it referred to where costs were added.
Equity rows are left out, and so is the order event beside each fill unless it names a part.
"""

from collections.abc import Sequence
from decimal import Decimal

from shared.domain.bar import Bars
from shared.domain.command import Command, CommandKind
from shared.domain.decision import (
    MAKER,
    NOTES,
    ORDER_EVENTS,
    ORDER_TYPES,
    Decision,
    Fill,
    Note,
    OrderEvent,
    Trade,
    reason_text,
)
from shared.domain.instrument import InstrumentRules
from shared.engine.fold import Fold, decisions
from tests.support.differential import fold_of

FIRST_MS = 1_700_006_400_000  # 2023-11-15 00:00 UTC
MINUTE_MS = 60_000
WHOLE = InstrumentRules("BTC/USDT", Decimal("0.01"), Decimal(1), Decimal(1), Decimal(1))
Row = tuple[float, ...]  # open, high, low, close, and volume where it is not 1000; one price: all four


def bars_of(table: Sequence[Row | float], first_ms: int = FIRST_MS) -> Bars:
    """A minute for each row of the table."""
    rows = [row if isinstance(row, tuple) else (row,) * 4 for row in table]
    times = [first_ms + i * MINUTE_MS for i in range(len(rows))]
    volumes = [float(row[4]) if len(row) > 4 else 1000.0 for row in rows]
    o, h, l, c = ([float(row[i]) for row in rows] for i in range(4))
    return Bars(times, o, h, l, c, volumes)


def strategy(
    *,
    long: str = "false",
    leave_long: str = "false",
    short: str = "false",
    leave_short: str = "false",
    risk: str = "position_size: {quote: 1000}",
    execution: str = "",
    more: str = "",
    indicators: str = "",
    entry: str = "1m",
) -> str:
    """A file without costs, with one rule a side; `risk` and `execution` are insides of flow mappings."""
    free = "commission_maker: 0, commission_taker: 0, slippage_bps: 0, half_spread_bps: 0"
    stated = {part.split(":")[0].strip() for part in execution.split(",") if part}
    costs = [part for part in free.split(", ") if part.split(":")[0] not in stated]
    return (
        f"name: story\nsymbol: BTC/USDT\ntimeframes: {{entry: {entry}}}\nindicators: [{indicators}]\n"
        f'logic: {{entry_long: ["{long}"], exit_long: ["{leave_long}"], '
        f'entry_short: ["{short}"], exit_short: ["{leave_short}"]}}\n'
        f"risk_management: {{{risk}}}\nexecution: {{{', '.join([*costs, execution])}}}\n{more}\n"
    )


def story(
    text: str,
    table: Sequence[Row | float] | Bars,
    commands: Sequence[tuple[int, str]] = (),
    cash: str = "10000",
    rules: InstrumentRules = WHOLE,
) -> list[str]:
    """Lines of the whole fold. Commands are (bar, kind); `stop` closes, `stop_keep` does not."""
    fold, rows = told(text, table, commands, cash, rules)
    return lines_of(rows, rules, fold.setup.start_ms)


def told(
    text: str,
    table: Sequence[Row | float] | Bars,
    commands: Sequence[tuple[int, str]] = (),
    cash: str = "10000",
    rules: InstrumentRules = WHOLE,
) -> tuple[Fold, list[Decision]]:
    """The fold and its rows."""
    bars = table if isinstance(table, Bars) else bars_of(table)
    fold = fold_of(text, bars, cash=cash, rules=rules)
    return fold, decisions(fold.fold(bars, commands_of(bars, commands)))


def commands_of(bars: Bars, commands: Sequence[tuple[int, str]]) -> list[Command]:
    kinds: dict[str, tuple[CommandKind, bool]] = {
        "pause": ("pause", False), "resume": ("resume", False), "close": ("close_position", False),
        "stop": ("stop", True), "stop_keep": ("stop", False),
    }  # fmt: skip
    return [Command(i, kinds[kind][0], bars.open_ms[at], kinds[kind][1]) for i, (at, kind) in enumerate(commands, 1)]


def lines_of(rows: Sequence[Decision], rules: InstrumentRules = WHOLE, first_ms: int = FIRST_MS) -> list[str]:
    """Rows as lines."""
    names: dict[int, str] = {}
    lines = []
    for row in rows:
        line = _line(row, rules, first_ms, names)
        if line is not None:
            lines.append(line)
    return lines


def _line(row: Decision, rules: InstrumentRules, first_ms: int, names: dict[int, str]) -> str | None:
    if isinstance(row, OrderEvent):
        event, name = ORDER_EVENTS[row.event], names.setdefault(row.order_seq, chr(ord("a") + len(names)))
        if event == "filled":
            return None
        kind = f"{ORDER_TYPES[row.type]} " if event in ("submitted", "rejected") else ""
        price = f" @{rules.price_text(row.price)}" if row.price else ""
        what = f"{_side(row.side)} {row.quantity}{price} {reason_text(row.reason)}"
        return f"{_when(row.ts_ms, first_ms)} {name} {event} {kind}{what}"
    if isinstance(row, Fill):
        told = "" if row.reference == row.price else f" of {rules.price_text(row.reference)}"
        maker = " maker" if row.liquidity == MAKER else ""
        what = f"{_side(row.side)} {row.quantity} @{rules.price_text(row.price)}{told}{maker} {reason_text(row.reason)}"
        return f"{_when(row.ts_ms, first_ms)} {names[row.order_seq]} fill {what}"
    if isinstance(row, Trade):
        net = Decimal(row.gross - row.fees).scaleb(-rules.quote_decimals).normalize()
        what = f"{'long' if row.side > 0 else 'short'} {row.quantity} net {net:f} {reason_text(row.exit_reason)}"
        return f"{_when(row.exit_ms, first_ms)} trade {what}"
    if isinstance(row, Note):
        return f"{_when(row.ts_ms, first_ms)} note {NOTES[row.code]}"
    return None


def _side(side: int) -> str:
    return "buy" if side > 0 else "sell"


def _when(ts_ms: int, first_ms: int) -> str:
    at, rest = divmod(ts_ms - first_ms, MINUTE_MS)
    return f"{at}{'o' if rest == 0 else 'c'}"
