"""Indicators that break a promise on purpose: one knows the next close, one never forgets its first bar."""

import sys

from shared.domain.bar import Bars
from shared.indicators.fact_sheet import BAR_OPEN_MS, Indicator, Input, Output
from shared.kernel import VectorF


def start(f: VectorF, at: int) -> None:
    f[at] = 0.0


def peek(f: VectorF, at: int, out: int, close: float, open_ms: float) -> None:
    """The next bar's close, out of the hands of whoever folds, where there is one."""
    f[out] = close
    frame = sys._getframe()
    while frame is not None:
        bars = frame.f_locals.get("bars")
        if isinstance(bars, Bars) and open_ms in bars.open_ms:
            following = bars.open_ms.index(int(open_ms)) + 1
            f[out] = bars.close[following] if following < len(bars.close) else close
            return
        frame = frame.f_back  # type: ignore[assignment]


def count(f: VectorF, at: int, out: int, close: float) -> None:
    """Bars since the fold began."""
    f[at] = f[at] + 1.0
    f[out] = f[at]


PEEK = Indicator(
    type="PEEK", about="The next close", inputs=(Input("close"), Input(BAR_OPEN_MS)), params=(),
    outputs=(Output(""),), start=start, step=peek, size=lambda: 1, warmup=lambda: 1, settle=lambda: 1, oracle="none",
)  # fmt: skip
COUNT = Indicator(
    type="COUNT", about="Bars since the fold began", inputs=(Input("close"),), params=(),
    outputs=(Output(""),), start=start, step=count, size=lambda: 1, warmup=lambda: 1, settle=lambda: 1, oracle="none",
)  # fmt: skip
