"""How often which return: of trades, and of days."""

from collections import Counter
from collections.abc import Sequence
from math import floor, log10
from statistics import median

from services.cli.html_report.axes import LEGEND_PX, PERCENT_TICKS, Figure, Json, axis, layout, title
from services.cli.html_report.forms import MINUS, count, counted, signed_percent
from services.cli.html_report.material import Material

BINS = 40  # about
NARROWEST = 10  # bins that are shown at least


def of_trades(of: Material) -> Figure:
    return _figure([trade["return_ratio"] for trade in of.doc["trades"]], "trade", "Return of a trade")


def of_days(of: Material) -> Figure:
    rows = of.doc["breakdowns"]["day"]
    found = [row["equity_change_ratio"] for row in rows if row["equity_change_ratio"] is not None]
    return _figure(found, "day", "Return of a UTC day")


def step_of(ratios: Sequence[float]) -> float:
    """Width of a bin: 1, 2 or 5 times a power of ten, such that there are about BINS of them around zero."""
    wide = (max([0.0, *ratios]) - min([0.0, *ratios])) / BINS
    if wide <= 0.0:
        return 0.001
    power = floor(log10(wide))
    return next(float(f"{part}e{power}") for part in (1, 2, 5, 10) if float(f"{part}e{power}") >= wide)


def bins(ratios: Sequence[float], step: float) -> dict[int, int]:
    """How many in [i * step, (i + 1) * step), by i. Zero is an edge: no bin holds wins and losses."""
    return dict(sorted(Counter(floor(ratio / step) for ratio in ratios).items()))


def _figure(ratios: list[float], what: str, name: str) -> Figure:
    moved = [ratio for ratio in ratios if ratio != 0.0]
    step = step_of(moved)
    found = bins(moved, step)
    mean, unmoved = sum(ratios) / len(ratios), len(ratios) - len(moved)
    return Figure(
        [
            _bars({i: n for i, n in found.items() if (i >= 0) == is_gain}, step, colour, what)
            for colour, is_gain in (("@candle-down", False), ("@candle-up", True))
        ],
        layout(
            300,
            LEGEND_PX,
            barmode="overlay",
            xaxis=axis(title=title(name), range=_width(found, step), **PERCENT_TICKS),
            yaxis=axis(title=title(f"Number of {what}s"), tickformat=",d", **_height(found)),
            shapes=[_line(mean)],
            annotations=[_note(mean)],
        ),
        f"Distribution of the returns of {counted(len(ratios), what)}",
        f"{counted(len(ratios), what)}, median {signed_percent(median(ratios))}."
        + (f" {count(unmoved)} without any change are not drawn." if unmoved else ""),
    )


def _width(found: dict[int, int], step: float) -> list[float]:
    """From the first bin to the last, zero among them, not fewer than NARROWEST.

    Plotly's own choice for a single bin is a hundred percent wide.
    """
    first, last = min([0, *found]), max([0, *(i + 1 for i in found)])
    room = max(0.5, (NARROWEST - (last - first)) / 2)
    return [(first - room) * step, (last + room) * step]


def _height(found: dict[int, int]) -> Json:
    most = max(found.values(), default=1)
    return {"range": [0, 1.06 * most]} | ({"dtick": 1} if most <= 5 else {})


def _bars(part: dict[int, int], step: float, colour: str, what: str) -> Json:
    return {
        "type": "bar", "x": [(i + 0.5) * step for i in part], "y": list(part.values()), "width": step,
        "marker": {"color": colour, "line": {"color": "@card", "width": 1}},
        "text": [f"{100 * i * step:.4g}% to {100 * (i + 1) * step:.4g}%".replace("-", MINUS) for i in part],
        "textposition": "none", "hovertemplate": f"%{{y:,d}} {what}s<br>%{{text}}<extra></extra>",
    }  # fmt: skip


def _line(x: float) -> Json:
    line = {"color": "@text", "width": 1, "dash": "dash"}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def _note(mean: float) -> Json:
    return {
        "x": mean, "yref": "paper", "y": 1, "yanchor": "bottom", "showarrow": False, "font": {"color": "@text"},
        "text": f"mean {signed_percent(mean)}",
    }  # fmt: skip
