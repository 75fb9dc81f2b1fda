"""What all figures share. A text that begins with @ is a colour of the style sheet: `@up`, or `@up/20` at 20 %."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

LINE = {"type": "scatter", "mode": "lines"}
LEGEND_PX = 30  # above a figure that has one
TIME_HOVER = "%Y-%m-%d %H:%M"
PERCENT_TICKS = {"tickformat": ".3~%", "zeroline": True, "zerolinecolor": "@line-strong"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as plotly.js takes it. `note`: what a reader must know of how it was made."""

    data: list[Json]
    layout: Json
    label: str  # for those who do not see it
    note: str = ""

    def json(self) -> Json:
        return {"data": self.data, "layout": self.layout}


def layout(height: int, top: int = 10, **more: Any) -> Json:
    """`top`: pixels above the plot, for a legend or a note."""
    return {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": top, "b": 8},
        "paper_bgcolor": "@card",
        "plot_bgcolor": "@card",
        "font": {"family": "@face", "size": 12, "color": "@muted"},
        "hoverlabel": {"bgcolor": "@card", "bordercolor": "@line-strong", "font": {"color": "@text"}, "align": "left"},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"size": 12}},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": "zoom",
        **more,
    }


def axis(**more: Any) -> Json:
    return {"gridcolor": "@line", "linecolor": "@line", "zeroline": False, "automargin": True, **more}


def span_layout(height: int, top: int = 10, **more: Any) -> Json:
    """Of a figure over the whole run: numbers stand to the right, in a margin wide enough for all, so that times align.

    `meta.fit`: whether a part of the time is stretched to the whole height.
    """
    return layout(height, top, **more) | {"margin": {"l": 8, "r": 84, "t": top, "b": 8}}


def time_axis(stats: Json, **more: Any) -> Json:
    """From the first to the last moment of the run: all figures over time show the same."""
    return axis(type="date", hoverformat=TIME_HOVER, showgrid=False, range=[stats["start_ms"], stats["end_ms"]], **more)


def title(text: str, size: int = 12) -> Json:
    return {"text": text, "standoff": 8, "font": {"size": size}}
