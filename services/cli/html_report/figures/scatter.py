"""How far trades went against and for their entry, and what they returned: whether stops and targets stand right."""

from services.cli.html_report.axes import LEGEND_PX, PERCENT_TICKS, Figure, Json, axis, layout, title
from services.cli.html_report.forms import count, moment, percent, signed_money, signed_percent, words
from services.cli.html_report.material import Material
from services.cli.html_report.thin import evenly

MOST = 2_500
SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "triangle-down", "star", "hexagon", "pentagon")
PANELS = (("mae_ratio", "x", "y"), ("mfe_ratio", "x2", "y2"))


def figure(of: Material) -> Figure:
    trades = of.doc["trades"]
    kept = [trades[i] for i in evenly(len(trades), MOST)]
    reasons = sorted({trade["exit_reason"] for trade in trades})
    return Figure(
        [trace for at, reason in enumerate(reasons) for trace in _traces(of, reason, SYMBOLS[at % 10], kept)],
        layout(
            400,
            LEGEND_PX,
            showlegend=True,
            xaxis=axis(
                domain=[0, 0.47],
                title=title("MAE: worst price against the entry"),
                range=_range(kept, "mae_ratio"),
                **PERCENT_TICKS,
            ),
            xaxis2=axis(
                domain=[0.53, 1],
                title=title("MFE: best price for the entry"),
                anchor="y2",
                range=_range(kept, "mfe_ratio"),
                **PERCENT_TICKS,
            ),
            yaxis=axis(title=title("Return of the trade"), range=_range(kept, "return_ratio"), **PERCENT_TICKS),
            yaxis2=axis(anchor="x2", matches="y", showticklabels=False, **PERCENT_TICKS),
        ),
        "Returns of trades over their worst and best prices",
        "Green won, red lost; the shape says how it ended."
        + (f" {count(MOST)} of {count(len(trades))} trades, evenly spread in time." if len(trades) > MOST else ""),
    )


def _range(trades: list[Json], name: str) -> list[float]:
    """All of them and zero, with some room; plotly's own choice for a single point is a hundred percent wide."""
    values = [0.0, *(trade[name] for trade in trades)]
    room = max(0.0005, 0.06 * (max(values) - min(values)))
    return [min(values) - room, max(values) + room]


def _traces(of: Material, reason: str, symbol: str, trades: list[Json]) -> list[Json]:
    """An entry of the legend, and its winners and losers in both panels."""
    group = {"type": "scatter", "mode": "markers", "legendgroup": reason, "name": words(reason)}
    found: list[Json] = [
        {**group, "x": [None], "y": [None], "marker": {"symbol": symbol, "color": "@muted", "size": 8}}
    ]
    for colour, has_won in (("@candle-up/75", True), ("@candle-down/75", False)):
        part = [one for one in trades if one["exit_reason"] == reason and (float(one["net_quote"]) > 0) == has_won]
        found += [
            {
                **group, "showlegend": False, "xaxis": x, "yaxis": y,
                "x": [trade[name] for trade in part], "y": [trade["return_ratio"] for trade in part],
                "text": [_told(of, trade) for trade in part], "hovertemplate": "%{text}<extra></extra>",
                "marker": {"symbol": symbol, "color": colour, "size": 7},
            }
            for name, x, y in PANELS
            if part
        ]  # fmt: skip
    return found


def _told(of: Material, trade: Json) -> str:
    return "<br>".join((
        f"{trade['side']} · {words(trade['exit_reason'])} · {moment(trade['exit_ms'])} UTC",
        f"{signed_percent(trade['return_ratio'])}, net {signed_money(trade['net_quote'])} {of.quote}",
        f"MAE {percent(trade['mae_ratio'])}, MFE {percent(trade['mfe_ratio'])}",
    ))  # fmt: skip
