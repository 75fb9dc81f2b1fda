"""`paperfold check-lookahead` and `check-warmup`: what decisions may not depend on, shown on given bars."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services.cli.commands.backtest import FILE, Window, source_of
from services.cli.system import data_dir_option
from services.cli.tables import print_json, print_table
from services.cli.times import TIME, when

if TYPE_CHECKING:
    from services.cli.checks import Difference, OutputDrift
    from services.cli.file_run import Part
    from shared.domain.bar import Bars
    from shared.strategy.plan import Plan

OPTIONS = (
    click.argument("file", type=FILE),
    click.option("--bars", "bars_file", type=FILE, help="Bar file: parquet, csv, or the exchange's monthly zip."),
    click.option("--instrument", help="Without --bars: of the record of a running system."),
    click.option("--from", "from_ms", type=TIME, help="First bar that may trade."),
    click.option("--to", "to_ms", type=TIME, help="Last bar, inclusive."),
    click.option("--rules", "rules_file", type=FILE, help="Instrument rules as JSON, or an exported document."),
    click.option("--set", "settings", multiple=True, metavar="ID.param=V", help="Change a parameter."),
    click.option("--variant"),
    click.option("--json", "as_json", is_flag=True, help="For programs."),
    data_dir_option,
)


def checking(command: Callable[..., None]) -> Callable[..., None]:
    """The options that both checks have."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command("check-lookahead")
@checking
def check_lookahead(as_json: bool, **asked: Any) -> None:
    """Do decisions change when later bars are known? Exit 1 with the first that does."""
    plan, part, bars, compiled = _prepared(is_warmup=False, **asked)
    from services.cli.checks import lookahead

    count, difference = lookahead(plan, part, bars, compiled)
    if as_json:
        print_json({"bars": part.end - part.first, "decisions": count, "difference": _as_json(difference)})
    elif difference is None:
        click.echo(f"no look-ahead: {count:,} decisions over {part.end - part.first:,} bars are the same "
                   "with one bar at hand at a time and with all of them")  # fmt: skip
    else:
        click.echo(_words(difference, "knowing no later bar", "knowing all bars"))
    _end(difference)


@click.command("check-warmup")
@checking
def check_warmup(as_json: bool, **asked: Any) -> None:
    """Do decisions change with more history than the warmup asks for? Exit 1 with the first that does."""
    plan, part, bars, compiled = _prepared(is_warmup=True, **asked)
    from services.cli.checks import warmup

    found = warmup(plan, part, bars, compiled)
    if as_json:
        print_json({
            "start_ms": found.start_ms, "warmup_from_ms": found.warmup_from_ms,
            "history_from_ms": found.history_from_ms, "decisions": found.decisions,
            "unsettled": [_drift_json(drift) for drift in found.unsettled], "difference": _as_json(found.difference),
        })  # fmt: skip
    else:
        click.echo(f"start {when(found.start_ms)}: warmed up from {when(found.warmup_from_ms)}, "
                   f"against all history from {when(found.history_from_ms)}")  # fmt: skip
        if found.unsettled:
            rows = [(d.name, f"{d.warmed:.10g}", f"{d.full:.10g}", f"{d.ratio:.2e}") for d in found.unsettled]
            print_table(("output", "after the warmup>", "after all history>", "difference>"), rows)
        else:
            click.echo(f"all {len(found.drifts)} outputs of indicators agree at the start to one part in a million")
        if found.difference is None:
            click.echo(f"the warmup suffices: {found.decisions:,} decisions are the same")
        else:
            click.echo(_words(found.difference, "after the warmup", "after all history"))
    _end(found.difference)


def _prepared(
    is_warmup: bool,
    file: Path,
    bars_file: Path | None,
    instrument: str | None,
    from_ms: int | None,
    to_ms: int | None,
    rules_file: Path | None,
    settings: tuple[str, ...],
    variant: str | None,
    data_dir: Path | None,
) -> "tuple[Plan, Part, Bars, bool]":
    """Plan, window and bars; the engine in the form that is quicker."""
    from services.cli.strategy_file import checked, planned, read
    from shared.compiled import is_quicker, switch_on

    window = Window(from_ms, to_ms, None)
    with source_of(bars_file, instrument, data_dir) as source:
        text = read(file)
        compiled = is_quicker(source.minutes(window), text)
        if compiled:
            switch_on(strategy=text)
        # from here on: the engine, in the form that this process has chosen
        from services.cli.checks import start_for_warmup
        from services.cli.file_run import prepare
        from shared.exchange.fees import rates_at

        plan = planned(checked(file), variant, settings, instrument)
        bars = source.read(source.window(window, plan.settle_ms))
        if is_warmup and from_ms is None:
            window = Window(start_for_warmup(plan, bars), to_ms, None)
    rates = rates_at(bars.open_ms[0] if window.from_ms is None else window.from_ms)
    rules = source.rules(plan.instrument, rules_file)
    return plan, prepare(plan, bars, window, rules, rates.maker_ppm, rates.taker_ppm, None), bars, compiled


def _words(difference: "Difference", one: str, other: str) -> str:
    return (
        f"different at {when(difference.ts_ms)} (seq {difference.seq})\n"
        f"  {one}: {difference.one or 'no decision'}\n"
        f"  {other}: {difference.other or 'no decision'}"
    )


def _as_json(difference: "Difference | None") -> dict[str, object] | None:
    if difference is None:
        return None
    return {name: getattr(difference, name) for name in ("ts_ms", "seq", "one", "other")}


def _drift_json(drift: "OutputDrift") -> dict[str, object]:
    """NaN is not ready, infinity no ratio: both are null."""
    values = {"warmed": drift.warmed, "full": drift.full, "ratio": drift.ratio}
    return {"output": drift.name} | {k: v if abs(v) < float("inf") else None for k, v in values.items()}


def _end(difference: "Difference | None") -> None:
    if difference is not None:
        raise click.exceptions.Exit(1)
