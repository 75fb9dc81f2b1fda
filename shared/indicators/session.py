"""SESSION: when the bar opened, in UTC.

The open, as charts name a bar: on 1h the bar of hour 14 is the one from 14:00 to 15:00, and rules that read it act at
15:00. Both times are known when the bar is; nothing is read that comes later.
"""

from shared.domain.timeframe import DAY_MS
from shared.indicators.fact_sheet import BAR_OPEN_MS, Indicator, Input, Output
from shared.kernel import VectorF, kernel

DAY_LENGTH = DAY_MS + 0.0
MINUTE_LENGTH = 60_000.0
THURSDAY = 3.0  # 1970-01-01, counted from Monday
SATURDAY = 5.0


@kernel
def start(f: VectorF, at: int) -> None:
    """Nothing is remembered."""


@kernel
def step(f: VectorF, at: int, out: int, open_ms: float) -> None:
    """Read one bar's time."""
    minute = open_ms % DAY_LENGTH // MINUTE_LENGTH
    weekday = (open_ms // DAY_LENGTH + THURSDAY) % 7.0
    f[out] = minute // 60.0
    f[out + 1] = weekday
    f[out + 2] = minute
    f[out + 3] = 1.0 if weekday >= SATURDAY else 0.0


SESSION = Indicator(
    type="SESSION",
    about="Hour and weekday at which the bar opened (UTC)",
    inputs=(Input(BAR_OPEN_MS),),
    params=(),
    outputs=(
        Output("hour", low=0.0, high=23.0, about="of the bar's open: 14 is the bar from 14:00 on 1h"),
        Output("weekday", low=0.0, high=6.0, about="0 is Monday"),
        Output("minute_of_day", low=0.0, high=1439.0, about="minutes from 00:00 to the bar's open"),
        Output("weekend", "condition", about="Saturday or Sunday"),
    ),
    start=start,
    step=step,
    size=lambda: 0,
    warmup=lambda: 1,
    settle=lambda: 1,
    oracle="the calendar of pandas",
    scale="invariant",
)
