"""How far below its last peak the equity was."""

from itertools import accumulate

from services.cli.html_report.axes import LINE, Figure, Json, axis, span_layout, time_axis, title
from services.cli.html_report.figures.equity import points
from services.cli.html_report.material import Material
from services.cli.html_report.thin import extremes


def depths(values: list[float]) -> list[float]:
    """value / highest so far - 1, at every point: <= 0."""
    return [
        0.0 if value >= peak else (value - peak) / peak
        for value, peak in zip(values, accumulate(values, max), strict=True)
    ]


def figure(of: Material) -> Figure:
    times, values = points(of)
    below = depths(values)
    kept = extremes(below)
    trace: Json = {
        **LINE, "name": "drawdown", "x": [times[i] for i in kept], "y": [below[i] for i in kept],
        "fill": "tozeroy", "fillcolor": "@candle-down/18", "line": {"color": "@candle-down", "width": 1.2},
        "hovertemplate": "%{y:.2%} from the peak<extra></extra>",
    }  # fmt: skip
    return Figure(
        [trace],
        span_layout(
            200,
            hovermode="x",
            meta={"fit": False},
            xaxis=time_axis(of.stats),
            yaxis=axis(title=title("Below peak"), tickformat=".3~%", rangemode="tozero", side="right", nticks=5),
        ),
        "Drawdown over time",
    )
