"""`paperfold backtest`: a run that ends, over a file of bars or the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from services.cli.times import TIME, when
from shared.domain.bar import Bars
from shared.domain.errors import InputError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


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


@click.command()
@click.argument("file", type=FILE)
@click.option("--bars", "bars_file", type=FILE, help="Bar file: parquet, csv, or the exchange's monthly zip.")
@click.option("--instrument", help="Take the bars from the record of a running system; default: the strategy's.")
@click.option("--from", "from_ms", type=TIME, help="First bar that may trade.")
@click.option("--to", "to_ms", type=TIME, help="Last bar, inclusive.")
@click.option("--warmup-from", "warmup_from_ms", type=TIME, help="First bar folded.")
@click.option("--rules", "rules_file", type=FILE, help="Instrument rules as JSON, or an exported document.")
@click.option("--cash", type=Money())
@click.option("--set", "settings", multiple=True, metavar="ID.param=V", help="Change a parameter.")
@click.option("--variant")
@click.option("--json", "json_out", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="- is stdout.")
@click.option("--interpreted/--compiled", "interpreted", default=None, help="Default: compiled above 50,000 bars.")
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
    interpreted: bool | None,
) -> None:
    """Run a strategy FILE over recorded bars; prints its statistics."""
    bars = _bars(bars_file)
    compiled = len(bars.open_ms) >= 50_000 if interpreted is None else not interpreted
    if compiled:
        from shared.compiled import switch_on

        switch_on()
    # from here on: the engine, in the form that this process has chosen
    from services.cli.report import print_report
    from services.cli.rules_file import rules_for
    from services.cli.strategy_file import checked, planned
    from shared.exchange.fees import rates_at
    from shared.performance.document import dumps

    loaded = checked(file)
    plan = planned(loaded, variant, settings, instrument)
    window = Window(from_ms, to_ms, warmup_from_ms)
    if loaded.spec is not None and (loaded.spec.from_ms is not None or loaded.spec.to_ms is not None):
        if bars_file is not None and from_ms is None and to_ms is None:
            click.echo("note: the file's dates are ignored, all bars run; --from or --to choose a window", err=True)
        else:
            first = from_ms if from_ms is not None else loaded.spec.from_ms
            last = to_ms if to_ms is not None else loaded.spec.to_ms
            window = Window(first, last, warmup_from_ms)
    from services.cli.file_run import run_on

    rates = rates_at(bars.open_ms[0] if window.from_ms is None else window.from_ms)
    rules = rules_for(plan.instrument, rules_file)
    doc = run_on(plan, bars, window, rules, rates.maker_ppm, rates.taker_ppm, cash, compiled)
    if json_out is not None:
        text = dumps(doc)
        if str(json_out) == "-":
            click.echo(text, nl=False)
        else:
            json_out.write_text(text, encoding="utf-8")
    if json_out is None or str(json_out) != "-":
        print_report(doc)


def _bars(bars_file: Path | None) -> Bars:
    if bars_file is not None:
        from shared.store.bar_files import read_bars

        bars = read_bars(bars_file).bars
        if not bars.open_ms:
            raise InputError(str(bars_file), "at least one bar")
        return bars
    raise click.UsageError("--bars is needed")


def no_bars(asked: str, times: Sequence[int]) -> InputError:
    """Exit 2, naming both ranges."""
    return InputError("backtest", f"bars in {asked}", f"bars from {when(times[0])} to {when(times[-1])}")
