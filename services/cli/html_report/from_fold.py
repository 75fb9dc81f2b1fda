"""A report of a fold that has ended."""

from services.cli.file_run import Part
from services.cli.html_report.candles import candles, drawable
from services.cli.html_report.material import Json, Material
from shared.domain.bar import Bars
from shared.engine.fold import Fold


def material(doc: Json, fold: Fold, part: Part, bars: Bars, text: str) -> Material:
    """`doc` is the fold's document, `bars` what `part` was taken of, `text` the strategy's file."""
    plan = fold.plan
    timeframe = drawable(plan.entry_timeframe, int(bars.open_ms[part.traded]), int(bars.open_ms[part.end - 1]))
    drawn = candles(bars, part.traded, part.end, timeframe)
    allows_shorts = plan.allow_short and bool(plan.entry_short.members)
    return Material(doc, drawn, plan.entry_timeframe, allows_shorts, fold.rule_counts(), text)
