"""What is on the bus, as values and as text. Numbers travel as decimal text: a reader gets the recorded float."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Literal

from shared.domain.bar import Bar, decimal_text
from shared.domain.errors import InvariantError
from shared.domain.run import RunHealth, RunStatus
from shared.domain.timeframe import MINUTE_MS

Fields = dict[str, str]
_OHLCV = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Gap:
    """Minutes [from_ms, to_ms) that are absent for good."""

    from_ms: int
    to_ms: int

    @property
    def open_ms(self) -> int:
        """The last absent minute: where a reader stands once it has read the gap."""
        return self.to_ms - MINUTE_MS


Entry = Bar | Gap


@dataclass(frozen=True, slots=True)
class Tick:
    """The forming bar, for screens only."""

    instrument: str
    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    event_ms: int  # when the exchange said so


@dataclass(frozen=True, slots=True)
class RunEvent:
    """What was committed of a run."""

    run_id: int
    seq: int
    position_ms: int | None
    status: RunStatus
    health: RunHealth


_EVENT = tuple(RunEvent.__dataclass_fields__)
_event_words = attrgetter(*_EVENT)


@dataclass(frozen=True, slots=True)
class Control:
    """Something changed in PostgreSQL: look there. Carries nothing that is not there."""

    what: Literal["run", "command", "strategy", "history"]
    run_id: int | None = None


def entry_id(entry: Entry) -> str:
    """Stream id of an entry: its minute, or a gap's last one."""
    return after_id(entry.open_ms)


def after_id(open_ms: int) -> str:
    """Id behind which a reader goes on that stands at `open_ms`; negative: at the beginning."""
    return f"{open_ms}-1" if open_ms >= 0 else "0-0"


def open_ms_of(entry_id: str) -> int:
    """The minute in a stream id."""
    return int(entry_id.partition("-")[0])


def to_fields(entry: Entry) -> Fields:
    """An entry as a stream's fields."""
    if isinstance(entry, Gap):
        return {"gap_from_ms": str(entry.from_ms), "gap_to_ms": str(entry.to_ms)}
    fields = {name: decimal_text(getattr(entry, name)) for name in _OHLCV}
    optional = ("quote_volume", "trades", "taker_buy_base", "taker_buy_quote")
    return fields | {name: format(value, "f" if isinstance(value, Decimal) else "d") for name in optional
                     if (value := getattr(entry, name)) is not None}  # fmt: skip


def from_fields(entry_id: str, fields: Mapping[str, str]) -> Entry:
    """The entry that `to_fields` was given. Raises InvariantError: nobody but us writes here."""
    try:
        if "gap_from_ms" in fields:
            return Gap(int(fields["gap_from_ms"]), int(fields["gap_to_ms"]))
        trades = fields.get("trades")
        return Bar(
            open_ms_of(entry_id), *_ohlcv(fields),
            _decimal(fields.get("quote_volume")),
            None if trades is None else int(trades),
            _decimal(fields.get("taker_buy_base")),
            _decimal(fields.get("taker_buy_quote")),
        )  # fmt: skip
    except (KeyError, ArithmeticError, ValueError) as error:
        raise InvariantError(f"stream entry {entry_id} cannot be read: {dict(fields)}") from error


def tick_fields(tick: Tick) -> Fields:
    """A tick as a hash's fields."""
    return {
        name: decimal_text(value) if isinstance(value, float) else str(value) for name, value in asdict(tick).items()
    }


def tick_of(fields: Mapping[str, str]) -> Tick:
    """The tick that `tick_fields` was given."""
    return Tick(fields["instrument"], int(fields["open_ms"]), *_ohlcv(fields), int(fields["event_ms"]))


def runs_text(events: Iterable[RunEvent]) -> str:
    """Run events as one message: a runner commits many runs at once."""
    return json.dumps([dict(zip(_EVENT, _event_words(event), strict=True)) for event in events], separators=(",", ":"))


def runs_of(text: str) -> list[RunEvent]:
    """The events of a message."""
    return [RunEvent(**event) for event in json.loads(text)]


def control_text(control: Control) -> str:
    """A wake-up as a message."""
    return json.dumps(asdict(control), separators=(",", ":"))


def control_of(text: str) -> Control:
    """The wake-up of a message."""
    return Control(**json.loads(text))


def tick_text(tick: Tick) -> str:
    """A tick as a message."""
    return json.dumps(tick_fields(tick), separators=(",", ":"))


def tick_of_text(text: str) -> Tick:
    """The tick of a message."""
    return tick_of(json.loads(text))


def _ohlcv(fields: Mapping[str, str]) -> tuple[float, float, float, float, float]:
    open_, high, low, close, volume = (float(fields[name]) for name in _OHLCV)
    return open_, high, low, close, volume


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
