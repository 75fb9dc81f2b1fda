"""Bars of the record for a backtest: covered minutes only, and the rules that the exchange stated last."""

from pathlib import Path

from sqlalchemy import Engine

from services.cli.commands.backtest import Window
from services.cli.progress import progress
from services.cli.times import when
from shared.domain import coverage
from shared.domain.bar import Bars
from shared.domain.coverage import Range
from shared.domain.errors import InputError
from shared.domain.instrument import InstrumentRules, parse_instrument
from shared.domain.timeframe import MINUTE_MS
from shared.store import bars, database, market

SLICE_MS = 200_000 * MINUTE_MS
SHOWN = 3  # holes that a refusal names


class Record:
    """One instrument's record."""

    def __init__(self, engine: Engine, instrument: str) -> None:
        self.engine = engine
        self.name = parse_instrument(instrument)
        with database.begin(engine) as conn:
            found = market.find_instrument(conn, self.name)
            self.covered = [] if found is None else coverage.merge(bars.coverage_of(conn, found.id))
            rules = None if found is None else market.latest_rules(conn, found.id)
        if found is None or not self.covered:
            raise InputError(
                "record", f"minutes of {self.name}", "none are covered; `paperfold history list` shows all"
            )
        self.instrument = found
        self._rules = None if rules is None else rules[1]

    def minutes(self, window: Window) -> int:
        """About how many minutes a backtest of this window folds, its warmup left out."""
        first, last = self._span(window)
        return (last - first) // MINUTE_MS + 1

    def rules(self, _: str, path: Path | None) -> InstrumentRules:
        """Rules of `--rules`, else the latest that were captured, else the shipped ones."""
        from services.cli.rules_file import rules_for

        return self._rules if path is None and self._rules is not None else rules_for(self.name, path)

    def window(self, asked: Window, settle_ms: int) -> Window:
        """What is folded. Without a start: from the first minute of the newest unbroken coverage, without a warmup.

        With one, the warmup is that of a run that starts there. Raises InputError naming minutes that are not covered.
        """
        from shared.engine.warmup import folded_from, wanted_from

        first, last = self._span(asked)
        warmup = asked.warmup_from_ms
        if warmup is None:
            warmup = first if asked.from_ms is None else wanted_from(first, settle_ms)
            begin = self.instrument.history_starts_ms
            if asked.from_ms is not None and begin is not None and begin > warmup:
                warmup = folded_from(first, settle_ms, begin)
        missing = coverage.missing(self.covered, (min(warmup, first), last + MINUTE_MS))
        if missing:
            raise InputError("record", f"all minutes of {self.name} that the backtest folds", _holes(missing))
        return Window(first, last, warmup)

    def read(self, window: Window) -> Bars:
        """Bars from the warmup to the end of a window that `window` has given."""
        first, end = window.warmup_from_ms or 0, (window.to_ms or 0) + MINUTE_MS
        columns: list[list[float]] = [[] for _ in Bars._fields]
        with progress("reading", (end - first) // MINUTE_MS if end - first > SLICE_MS else 0) as step:
            for at in range(first, end, SLICE_MS):
                until = min(end, at + SLICE_MS)
                with database.begin(self.engine) as conn:
                    part = bars.read_columns(conn, self.instrument.id, at, until)
                for column, more in zip(columns, part, strict=True):
                    column += more
                step((until - at) // MINUTE_MS)
        if not columns[0]:
            raise InputError("record", f"bars of {self.name} from {when(first)} to {when(end - MINUTE_MS)}", "none")
        return Bars(*columns)  # type: ignore[arg-type]

    def _span(self, asked: Window) -> Range:
        """First and last minute that may trade."""
        last = self.covered[-1][1] - MINUTE_MS if asked.to_ms is None else asked.to_ms
        if asked.from_ms is not None:
            first = asked.from_ms
        else:
            first = next((start for start, end in self.covered if start <= last < end), last)
        if first > last:
            raise InputError("--from", f"at or before the last minute, {when(last)}", when(first))
        return first, last


def _holes(missing: list[Range]) -> str:
    shown = [f"{when(start)} to {when(end - MINUTE_MS)}" for start, end in missing[:SHOWN]]
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    return f"not covered: {', '.join(shown)}{more} (`paperfold history import` adds minutes, --warmup-from folds fewer)"
