"""Net of the trades by hour, weekday and month of their exit, UTC."""

from services.cli.html_report.axes import Figure, Json, axis, layout, title
from services.cli.html_report.forms import counted, percent, signed_money
from services.cli.html_report.material import Material

HOURS = [f"{hour:02d}" for hour in range(24)]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def hours(of: Material) -> Figure:
    return _figure(of, "hour", HOURS, HOURS)


def weekdays(of: Material) -> Figure:
    return _figure(of, "weekday", WEEKDAYS, [name[:3].capitalize() for name in WEEKDAYS])


def months(of: Material) -> Figure:
    keys = [row["key"] for row in of.doc["breakdowns"]["month"]]
    return _figure(of, "month", keys, keys, height=300)


def _figure(of: Material, name: str, keys: list[str], labels: list[str], height: int = 240) -> Figure:
    rows = {row["key"]: row for row in of.doc["breakdowns"][name]}
    found = [(label, rows[key]) for key, label in zip(keys, labels, strict=True) if key in rows]
    nets = [float(row["net_abs"]) for _, row in found]
    trace: Json = {
        "type": "bar", "width": min(0.75, 0.12 * len(labels)), "x": [label for label, _ in found], "y": nets,
        "marker": {"color": ["@candle-up" if net > 0 else "@candle-down" for net in nets]},
        "text": [_told(of, row) for _, row in found], "textposition": "none",
        "hovertemplate": "%{x}<br>%{text}<extra></extra>",
    }  # fmt: skip
    return Figure(
        [trace],
        layout(
            height,
            xaxis=axis(type="category", showgrid=False, categoryorder="array", categoryarray=labels,
                       range=[-0.5, len(labels) - 0.5], tickangle=0 if len(labels) <= 8 or name == "hour" else -90),
            yaxis=axis(title=title(f"Net, {of.quote}"), tickformat=",~f", zeroline=True,
                       zerolinecolor="@line-strong"),
        ),
        f"Net by {name} of the exit",
    )  # fmt: skip


def _told(of: Material, row: Json) -> str:
    won = "" if row["winrate"] is None else f", {percent(row['winrate'])} won"
    return f"{signed_money(row['net_abs'])} {of.quote}<br>{counted(row['trade_count'], 'trade')}{won}"
