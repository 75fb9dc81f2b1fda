"""The equity of the run beside somebody who bought at the first open and kept it."""

from services.cli.html_report.axes import LEGEND_PX, LINE, Figure, Json, axis, span_layout, time_axis, title
from services.cli.html_report.forms import count
from services.cli.html_report.material import Material
from services.cli.html_report.thin import extremes


def points(of: Material) -> tuple[list[int], list[float]]:
    """Every equity point as (times, values), the cash at the start first."""
    start_ms: int = of.stats["start_ms"]
    times = [start_ms, *(ms for ms, _ in of.doc["equity"])]
    return times, [of.cash, *(float(text) for _, text in of.doc["equity"])]


def held(of: Material) -> tuple[list[int], list[float]]:
    """The same of the holder, at the candles' closes; his costs are left out."""
    bars, width = of.candles.bars, of.candles.width_ms
    end_ms: int = of.stats["end_ms"]
    first_open = bars.open[0]
    times = [of.stats["start_ms"], *(min(ms + width, end_ms) - 1 for ms in bars.open_ms)]
    return times, [of.cash, *(of.cash * close / first_open for close in bars.close)]


def figure(of: Material) -> Figure:
    times, values = points(of)
    kept = extremes(values)
    line: Json = {"name": "equity", "line": {"color": "@accent", "width": 1.8}}
    holder: Json = {"name": "buy and hold", "line": {"color": "@muted", "width": 1.2}}
    held_times, held_values = held(of)
    few = f"{count(len(kept))} of {count(len(values))} points are drawn; highs and lows are among them."
    return Figure(
        [
            _trace(of, line, [times[i] for i in kept], [values[i] for i in kept]),
            _trace(of, holder, held_times, held_values),
        ],
        span_layout(
            340,
            LEGEND_PX,
            showlegend=True,
            hovermode="x",
            meta={"fit": True},
            xaxis=time_axis(of.stats),
            yaxis=axis(title=title(of.quote), tickformat=",~f", side="right"),
            shapes=[_start_line(of.cash)],
        ),
        "Equity over time, beside buying and holding",
        "Open positions are marked at the close; buy and hold pays no costs. "
        + (few if len(kept) < len(values) else ""),
    )


def _trace(of: Material, looks: Json, times: list[int], values: list[float]) -> Json:
    digits = ",.2f" if of.cash >= 100 else ",.8~f"
    hover = f"%{{y:{digits}}} {of.quote}<extra>{looks['name']}</extra>"
    return {**LINE, **looks, "x": times, "y": values, "hovertemplate": hover}


def _start_line(cash: float) -> Json:
    line = {"color": "@line-strong", "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": cash, "y1": cash, "line": line, "layer": "below"}
