"""Every value that a rule can name, as one column on the bars of the entry timeframe.

A name of another timeframe holds the value of that timeframe's last closed bar.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping

import pandas as pd

from tests.support.reference import by_oracle, gaps, indicators, means
from tests.support.reference.frames import MINUTE_MS, TIMEFRAMES, as_of, lagged
from tests.support.reference.indicators import Column, Outputs
from tests.support.reference.profile import volume_profile
from tests.support.reference.strategy_file import Indicator, Strategy

BAR = ("open", "high", "low", "close", "volume")
OUTPUTS = indicators.OUTPUTS | by_oracle.OUTPUTS


class Columns:
    def __init__(self, strategy: Strategy, frames: Mapping[str, pd.DataFrame]) -> None:
        self._strategy = strategy
        self._frames = frames
        self._ends = {timeframe: frame.end.tolist() for timeframe, frame in frames.items()}
        self._indicators = {indicator.id: indicator for indicator in strategy.indicators}
        self._names = _names(strategy)
        self._outputs: dict[str, Outputs] = {}
        self._on_entry: dict[str, Column] = {}

    def __contains__(self, name: str) -> bool:
        return name in BAR or name in self._names

    def on_entry(self, name: str) -> Column:
        """The column of a name in a rule."""
        if name not in self._on_entry:
            self._on_entry[name] = self._on(name, self._strategy.entry)
        return self._on_entry[name]

    def output(self, id_: str, output: str) -> Column:
        """One output of one indicator, on the entry timeframe."""
        indicator = self._indicators[id_]
        return self._aligned(self._of(indicator)[output], indicator.timeframe, self._strategy.entry)

    def main(self, id_: str) -> Column:
        return self.output(id_, OUTPUTS[self._indicators[id_].type][0])

    def published(self, id_: str) -> Callable[[int], float | None]:
        """By the number of a base bar: the main output "as published before this bar's own closes", so of the last
        frame that closed with an earlier bar, or just before this one opened."""
        indicator = self._indicators[id_]
        frame, values = self._frames[indicator.timeframe], self._of(indicator)[OUTPUTS[indicator.type][0]]
        first_seen = [at if late else at + 1 for at, late in zip(frame["at"], frame["late"], strict=True)]

        def before_closes_of(i: int) -> float | None:
            k = bisect_right(first_seen, i)
            return values[k - 1] if k else None

        return before_closes_of

    @property
    def approximate(self) -> set[str]:
        """Names whose values agree with the engine's but for the last digits: those of oracles, and what reads them."""
        inexact: set[str] = set()
        for indicator in self._strategy.indicators:
            reads = self._names.get(indicator.source, ("", ""))[0]
            if indicator.type in by_oracle.OUTPUTS or reads in inexact:
                inexact.add(indicator.id)
        return {name for name, (id_, _) in self._names.items() if id_ in inexact}

    def _on(self, name: str, timeframe: str) -> Column:
        if name in BAR:
            return self._frames[timeframe][name].tolist()
        if name not in self._names:
            raise ValueError(f"unknown name {name!r}")
        id_, output = self._names[name]
        indicator = self._indicators[id_]
        return self._aligned(self._of(indicator)[output], indicator.timeframe, timeframe)

    def _aligned(self, values: Column, own: str, wanted: str) -> Column:
        return values if own == wanted else as_of(values, self._ends[own], self._ends[wanted])

    def _of(self, indicator: Indicator) -> Outputs:
        if indicator.id not in self._outputs:
            self._outputs[indicator.id] = self._compute(indicator)
        return self._outputs[indicator.id]

    def _compute(self, indicator: Indicator) -> Outputs:
        frame, p = self._frames[indicator.timeframe], indicator.params
        match indicator.type:
            case "SMA":
                out: Outputs = {"value": means.sma(self._source(indicator), int(p["length"]))}
            case "EMA":
                value = means.ema(self._source(indicator), int(p["length"]))
                out = {"value": value, "trend": [_trend(c, v) for c, v in zip(frame.close, value, strict=True)]}
            case "RSI":
                value = means.rsi(self._source(indicator), int(p["length"]))
                out = {
                    "value": value,
                    "overbought": [None if v is None else v > p["overbought"] for v in value],
                    "oversold": [None if v is None else v < p["oversold"] for v in value],
                }
            case "ATR":
                out = {"value": means.atr(frame, int(p["length"]))}
            case "ADX":
                out = _adx(frame, p)
            case "VolumeProfile":
                length_ms = TIMEFRAMES[indicator.timeframe] * MINUTE_MS
                return volume_profile(frame, length_ms, p, indicator.lag)
            case "FVG":
                out = gaps.fvg(frame, p)
            case "VPFVGSignal":
                vp = self._read_by(indicator, "vp", "VolumeProfile")
                out = gaps.vpfvg_signal(frame, p, vp, self._read_by(indicator, "fvg", "FVG"))
            case type_:
                length_ms = TIMEFRAMES[indicator.timeframe] * MINUTE_MS
                out = by_oracle.outputs_of(type_, p, frame, length_ms, lambda: self._source(indicator))
        return {name: lagged(values, indicator.lag) for name, values in out.items()}

    def _source(self, indicator: Indicator) -> Column:
        if indicator.source in indicators.PRICES:
            return indicators.PRICES[indicator.source](self._frames[indicator.timeframe]).tolist()
        return self._on(indicator.source, indicator.timeframe)

    def _read_by(self, reader: Indicator, key: str, type_: str) -> Outputs:
        """All outputs of the indicator that `reader` reads, lagged, on the reader's timeframe."""
        id_ = reader.reads.get(key) or self._strategy.first(type_, reader.timeframe)
        if id_ is None:
            raise ValueError(f"{reader.id}: no {type_} on {reader.timeframe}")
        indicator = self._indicators[id_]
        outputs = self._of(indicator)
        return {name: self._aligned(v, indicator.timeframe, reader.timeframe) for name, v in outputs.items()}


def _names(strategy: Strategy) -> dict[str, tuple[str, str]]:
    """Canonical names and the accepted aliases of all outputs."""
    names: dict[str, tuple[str, str]] = {}
    for indicator in strategy.indicators:
        outputs = OUTPUTS[indicator.type]
        id_, main = indicator.id, outputs[0]
        names[id_] = (id_, main)
        for output in outputs:
            names[f"{id_}_{output}"] = (id_, output)
            if output.startswith(f"{id_}_"):
                names[output] = (id_, output)
        length = next((indicator.params[key] for key in ("length", "period") if key in indicator.params), None)
        if length is not None:
            spelled = f"{id_}_{indicator.type}_{int(length)}"  # fast_EMA_20, RSI_14_RSI_13
            names.setdefault(spelled, (id_, main))
            for output in outputs:
                names.setdefault(f"{spelled}_{output}", (id_, output))
    return names


def _trend(close: float, value: float | None) -> str | None:
    if value is None:
        return None
    return "bull" if close > value else "bear" if close < value else "neutral"


def _adx(frame: pd.DataFrame, p: Mapping[str, float]) -> Outputs:
    value, plus, minus = means.adx(frame, int(p["period"]))
    return {
        "ADX_value": value,
        "DI_plus": plus,
        "DI_minus": minus,
        "ADX_trend": [None if v is None else v > p["trend_threshold"] for v in value],
        "ADX_range": [None if v is None else v < p["range_threshold"] for v in value],
        "ADX_strength": [_strength(v) for v in value],
        "DI_bullish": [None if a is None else a > b for a, b in zip(plus, minus, strict=True)],
        "DI_bearish": [None if a is None else b > a for a, b in zip(plus, minus, strict=True)],
    }


def _strength(value: float | None) -> str | None:
    if value is None:
        return None
    return "weak" if value < 20 else "moderate" if value < 25 else "strong" if value < 40 else "very_strong"
