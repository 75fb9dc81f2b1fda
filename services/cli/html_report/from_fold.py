"""A report of a fold that has ended."""

from services.cli.file_run import Folded
from services.cli.html_report.candles import candles, drawable
from services.cli.html_report.material import Material
from services.cli.rules_table import RuleLine
from shared.domain.bar import Bars


def material(folded: Folded, bars: Bars, text: str) -> Material:
    """`bars` are those that were folded a part of, `text` the strategy's file."""
    fold, part, plan = folded.fold, folded.part, folded.fold.plan
    timeframe = drawable(plan.entry_timeframe, int(bars.open_ms[part.traded]), int(bars.open_ms[part.end - 1]))
    return Material(
        folded.document,
        candles(bars, part.traded, part.end, timeframe),
        plan.entry_timeframe,
        plan.allow_short and bool(plan.entry_short.members),
        [RuleLine.of_fold(one) for one in fold.rule_counts()],
        fold.position_ms,
        text,
    )
