"""`paperfold backtest`: a run that ends, over a file of bars or the record."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.cli.strategy_file import checked, planned, read
from services.cli.system import data_dir_option
from services.cli.times import TIME, when
from shared.compiled import is_quicker, switch_on
from shared.domain.bar import Bars
from shared.domain.errors import InputError
from shared.performance.breakdowns import BREAKDOWNS

if TYPE_CHECKING:
    from services.cli.record_bars import Record
    from shared.domain.instrument import InstrumentRules
    from shared.engine.fold import RuleCount
    from shared.performance.document import Json

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


@dataclass(frozen=True, slots=True)
class Window:
    """What was asked for; None: not stated. Both ends inclusive by open_ms."""

    from_ms: int | None
    to_ms: int | None
    warmup_from_ms: int | None


class Money(click.ParamType[Decimal]):
    name = "amount"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is no amount", param, ctx)
        if not (amount.is_finite() and amount > 0):
            self.fail(f"{value!r} is not above 0", param, ctx)
        return amount


class Words(click.Command):
    """Takes `--breakdown day week` as freqtrade does, for `--breakdown day --breakdown week`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(_one_by_one(args)))


def _one_by_one(args: Sequence[str]) -> Iterator[str]:
    """The option before each name that follows it, commas too; the first word that is no name ends the list."""
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        option, _, given = arg.partition("=")
        if option != "--breakdown":
            yield arg
            continue
        names = given.split(",") if given else []
        while rest and set(rest[0].split(",")) <= set(BREAKDOWNS):
            names += rest.pop(0).split(",")
        yield from (word for name in names for word in (option, name)) if names else (option,)


@click.command(cls=Words)
@click.argument("file", type=FILE)
@click.option("--bars", "bars_file", type=FILE, help="Bar file: parquet, csv, or the exchange's monthly zip.")
@click.option("--instrument", help="Without --bars: of the record of a running system. Else: what the file holds.")
@click.option("--from", "from_ms", type=TIME, help="First bar that may trade.")
@click.option("--to", "to_ms", type=TIME, help="Last bar, inclusive.")
@click.option("--warmup-from", "warmup_from_ms", type=TIME, help="First bar folded.")
@click.option("--rules", "rules_file", type=FILE, help="Instrument rules as JSON, or an exported document.")
@click.option("--cash", type=Money())
@click.option("--set", "settings", multiple=True, metavar="ID.param=V", help="Change a parameter.")
@click.option("--variant")
@click.option("--json", "json_out", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="- is stdout.")
@click.option("--report", "report_out", type=OUT, help="Charts and figures as one HTML page, which needs no network.")
@click.option(
    "--breakdown",
    "breakdown",
    multiple=True,
    type=click.Choice(BREAKDOWNS),
    metavar="NAME ...",
    help=f"Also print trades by: {' '.join(BREAKDOWNS)}.",
)
@click.option("--interpreted/--compiled", "interpreted", default=None, help="Default: what is quicker.")
@data_dir_option
def backtest(
    file: Path,
    bars_file: Path | None,
    instrument: str | None,
    from_ms: int | None,
    to_ms: int | None,
    warmup_from_ms: int | None,
    rules_file: Path | None,
    cash: Decimal | None,
    settings: tuple[str, ...],
    variant: str | None,
    json_out: Path | None,
    report_out: Path | None,
    breakdown: tuple[str, ...],
    interpreted: bool | None,
    data_dir: Path | None,
) -> None:
    """Run a strategy FILE over recorded bars, of a file or of a running system; prints its statistics."""
    gc.set_threshold(100_000, 50, 100)  # it keeps nearly all that it makes: looking for garbage took a quarter of it
    window = Window(from_ms, to_ms, warmup_from_ms)
    with source_of(bars_file, instrument, data_dir) as source:
        text = read(file)
        compiled = is_quicker(source.minutes(window), text) if interpreted is None else not interpreted
        if compiled:
            switch_on(strategy=text)
        # from here on: the engine, in the form that this process has chosen
        from services.cli.file_run import run_on
        from shared.exchange.fees import rates_at

        loaded = checked(file)
        plan = planned(loaded, variant, settings, instrument)
        if loaded.spec is not None:
            window = _dated(window, loaded.spec.from_ms, loaded.spec.to_ms, bars_file is not None)
        window = source.window(window, plan.settle_ms)
        bars = source.read(window)
    rates = rates_at(bars.open_ms[0] if window.from_ms is None else window.from_ms)
    rules = source.rules(plan.instrument, rules_file)
    folded = run_on(plan, bars, window, rules, rates.maker_ppm, rates.taker_ppm, cash, compiled)
    _give(folded.document, folded.fold.rule_counts(), json_out, breakdown)
    if report_out is not None:
        from services.cli.commands.runs import write_whole
        from services.cli.html_report.from_fold import material
        from services.cli.html_report.page import page

        write_whole(report_out, page(material(folded, bars, text)).encode())


@contextmanager
def source_of(bars_file: Path | None, instrument: str | None, data_dir: Path | None) -> "Iterator[FileBars | Record]":
    """Where the bars are: a file, or the record of a running system."""
    if bars_file is not None:
        yield FileBars(bars_file)
        return
    if instrument is None:
        raise click.UsageError("--bars FILE, or --instrument I for the record of a running system")
    from services.cli.record import opened
    from services.cli.record_bars import Record

    with opened(data_dir) as engine:
        yield Record(engine, instrument)


class FileBars:
    """A bar file as a source: all of it is there, and nothing else."""

    def __init__(self, path: Path) -> None:
        from shared.store.bar_files import read_bars

        self.bars = read_bars(path).bars

    def minutes(self, _: Window) -> int:
        return len(self.bars.open_ms)

    def window(self, asked: Window, _: int) -> Window:
        return asked

    def read(self, _: Window) -> Bars:
        return self.bars

    def rules(self, instrument: str, path: Path | None) -> "InstrumentRules":
        from services.cli.rules_file import rules_for

        return rules_for(instrument, path)


def _dated(asked: Window, from_ms: int | None, to_ms: int | None, is_file: bool) -> Window:
    """The window with the dates that the strategy states, where they count."""
    if from_ms is None and to_ms is None:
        return asked
    if is_file and asked.from_ms is None and asked.to_ms is None:
        click.echo("note: the file's dates are ignored, all bars run; --from or --to choose a window", err=True)
        return asked
    first = asked.from_ms if asked.from_ms is not None else from_ms
    last = asked.to_ms if asked.to_ms is not None else to_ms
    return Window(first, last, asked.warmup_from_ms)


def _give(doc: "Json", rules: "Sequence[RuleCount]", json_out: Path | None, breakdown: Sequence[str]) -> None:
    from services.cli.report import print_report
    from services.cli.rules_table import RuleLine
    from shared.performance.document import dumps

    if json_out is not None and str(json_out) == "-":
        click.echo(dumps(doc), nl=False)
        return
    if json_out is not None:
        json_out.write_text(dumps(doc), encoding="utf-8")
    print_report(doc, breakdown, rules=[RuleLine.of_fold(one) for one in rules])


def no_bars(asked: str, times: Sequence[int]) -> InputError:
    """Exit 2, naming both ranges."""
    return InputError("backtest", f"bars in {asked}", f"bars from {when(times[0])} to {when(times[-1])}")
