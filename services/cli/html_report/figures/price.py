"""Candles with volume below, and every entry and exit where it was filled."""

from services.cli.html_report.axes import LEGEND_PX, Figure, Json, axis, span_layout, time_axis, title
from services.cli.html_report.forms import count, moment, price, signed_money, words
from services.cli.html_report.marks import MOST_TRADES, Mark, largest, marks
from services.cli.html_report.material import Material

CROWD = 120  # marks, beyond which they are drawn smaller
HELP = "Drag to zoom: the charts over time move together. A double click shows everything."
# Name of a group of marks -> plotly's symbol, colour.
GROUPS = {
    "long entry": ("triangle-up", "@accent"),
    "short entry": ("triangle-down", "@short"),
    "exit, won": ("circle", "@candle-up"),
    "exit, lost": ("circle", "@candle-down"),
    "exit, still open": ("circle", "@warn"),
}


def figure(of: Material) -> Figure:
    shown, note = _shown(of)
    grown = 0 if sum(map(len, shown.values())) > CROWD else 3
    return Figure(
        [_candles(of), _volume(of), *(_trace(of, name, shown[name], grown) for name in GROUPS if shown[name])],
        span_layout(
            560,
            LEGEND_PX,
            showlegend=True,
            hoverdistance=12,
            meta={"fit": True},
            xaxis=time_axis(of.stats, rangeslider={"visible": False}, anchor="y2"),
            yaxis=axis(domain=[0.2, 1], title=title(of.quote), tickformat=",~f", side="right"),
            yaxis2=axis(domain=[0, 0.16], title=title(f"Volume, {of.base}", 11), side="right", nticks=4),
        ),
        f"{of.candles.timeframe} candles of {of.doc['instrument']['name']} with {len(of.doc['fills'])} fills",
        " ".join(part for part in (_coarse(of), note, HELP) if part),
    )


def _coarse(of: Material) -> str:
    drawn, entry = of.candles.timeframe, of.entry_timeframe
    many = f"Candles of {drawn}: the run has too many of its {entry} bars to be drawn one by one."
    return f"Candles of {drawn}." if drawn == entry else f"{many} Fills stand at their exact times."


def _candles(of: Material) -> Json:
    bars = of.candles.bars
    return {
        "type": "candlestick", "name": of.candles.timeframe, "showlegend": False,
        "x": bars.open_ms, "open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close,
        "xperiod": of.candles.width_ms, "xperiodalignment": "middle", "xhoverformat": "%Y-%m-%d %H:%M",
        "increasing": {"line": {"color": "@candle-up", "width": 1}, "fillcolor": "@candle-up"},
        "decreasing": {"line": {"color": "@candle-down", "width": 1}, "fillcolor": "@candle-down"},
    }  # fmt: skip


def _volume(of: Material) -> Json:
    bars = of.candles.bars
    return {
        "type": "bar", "name": "volume", "showlegend": False, "yaxis": "y2",
        "x": bars.open_ms, "y": [round(v, 8) for v in bars.volume],
        "xperiod": of.candles.width_ms, "xperiodalignment": "middle",
        "marker": {"color": "@muted/55", "line": {"width": 0}},
        "hovertemplate": f"%{{x|%Y-%m-%d %H:%M}}<br>%{{y:,.4~f}} {of.base}<extra></extra>",
    }  # fmt: skip


def _shown(of: Material) -> tuple[dict[str, list[Mark]], str]:
    """Marks by group, and what to say when not all of them are there."""
    trades = of.doc["trades"]
    chosen = largest(trades)
    groups: dict[str, list[Mark]] = {name: [] for name in GROUPS}
    for mark in marks(of.doc):
        if mark.trade is None or mark.trade["seq"] in chosen:
            groups[_group(mark)].append(mark)
    few = f"Marked are the {count(MOST_TRADES)} trades of {count(len(trades))} that gained or lost most."
    return groups, few if len(trades) > MOST_TRADES else ""


def _group(mark: Mark) -> str:
    if mark.kind != "exit":
        return mark.kind
    if mark.trade is None:
        return "exit, still open"
    return "exit, won" if float(mark.trade["net_quote"]) > 0 else "exit, lost"


def _trace(of: Material, name: str, group: list[Mark], grown: int) -> Json:
    symbol, colour = GROUPS[name]
    return {
        "type": "scatter", "mode": "markers", "name": name,
        "x": [mark.ts_ms for mark in group], "y": [float(mark.price) for mark in group],
        "text": [_told(of, mark) for mark in group], "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": symbol, "color": colour, "size": grown + (6 if symbol == "circle" else 8),
                   "line": {"color": "@text", "width": 1}},
    }  # fmt: skip


def _told(of: Material, mark: Mark) -> str:
    lines = [
        f"{mark.kind} · {words(mark.reason)}",
        f"{moment(mark.ts_ms)} UTC",
        f"{mark.side} {mark.quantity} {of.base} at {price(mark.price)} {of.quote}",
    ]
    if mark.is_last and mark.trade is not None:
        lines.append(f"net {signed_money(mark.trade['net_quote'])} {of.quote}")
    return "<br>".join(lines)
