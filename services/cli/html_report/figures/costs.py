"""From what the prices gave to what was left: slippage, fees, net."""

from services.cli.html_report.axes import Figure, Json, axis, layout, title
from services.cli.html_report.forms import money, percent, signed_money
from services.cli.html_report.material import Material

# Label, statistic, sign, plotly's measure.
STEPS = (
    ("Before costs", "profit_before_costs_abs", 1, "absolute"),
    ("Slippage and spread", "slippage_abs", -1, "relative"),
    ("Fees", "fees_abs", -1, "relative"),
    ("Net profit", "profit_abs", 1, "total"),
)


def figure(of: Material) -> Figure:
    stats = of.stats
    values = [sign * float(stats[key]) for _, key, sign, _ in STEPS]
    trace: Json = {
        "type": "waterfall", "x": [label for label, _, _, _ in STEPS], "y": values,
        "measure": [measure for _, _, _, measure in STEPS],
        "text": [signed_money(value) for value in values], "textposition": "outside", "cliponaxis": False,
        "increasing": {"marker": {"color": "@candle-up"}}, "decreasing": {"marker": {"color": "@candle-down"}},
        "totals": {"marker": {"color": "@accent"}}, "connector": {"line": {"color": "@line-strong", "width": 1}},
        "hovertemplate": f"%{{x}}: %{{text}} {of.quote}<extra></extra>",
    }  # fmt: skip
    return Figure(
        [trace],
        layout(300, xaxis=axis(showgrid=False), yaxis=axis(title=title(of.quote), tickformat=",~f", zeroline=True,
               zerolinecolor="@line-strong")),
        "Profit before costs, slippage, fees, net profit",
        _note(of),
    )  # fmt: skip


def _note(of: Material) -> str:
    stats = of.stats
    volume, costs = float(stats["volume_abs"]), float(stats["fees_abs"]) + float(stats["slippage_abs"])
    share = f", {percent(costs / volume)} of it" if volume > 0 else ""
    return (
        f"{money(volume)} {of.quote} were traded; costs were {money(costs)} {of.quote}{share}. "
        "The open position is included."
        if of.doc["open_position"] is not None
        else f"{money(volume)} {of.quote} were traded; costs were {money(costs)} {of.quote}{share}."
    )
