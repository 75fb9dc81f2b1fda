"""Indicators as hypothesis draws them: every type of the registry, small parameters, sources, lags, timeframes."""

from typing import NamedTuple

from hypothesis import strategies as st

from shared.indicators.fact_sheet import Indicator, Param
from shared.indicators.registry import REGISTRY
from tests.unit.engine.generated_rules import Names

TIMEFRAMES = ("1m", "3m", "5m", "15m", "30m", "1h")
FIELDS = ("open", "high", "low", "close", "volume")
SOURCES = (*FIELDS, "hl2", "hlc3", "ohlc4")
# Those that go on saying something once they have begun: what reads a source that falls silent has no stated meaning.
READABLE = ("EMA", "SMA", "RSI", "ATR", "WMA", "RMA", "HMA", "KAMA", "HIGHEST", "LOWEST", "MOM", "MACD")
# The reference has these itself, digit by digit; of the others it knows all but the last digits.
EXACT = ("EMA", "SMA", "RSI", "ATR", "ADX", "VolumeProfile", "FVG", "VPFVGSignal")
OTHERS = tuple(type_ for type_ in REGISTRY if type_ not in EXACT)
STATED: dict[str, dict[str, tuple[str, ...]]] = {  # where small numbers alone would say little
    "VolumeProfile": {"lookback": ("10", "25", "60"), "price_bins": ("2", "7", "20"), "update_frequency": ("1", "3")},
    "FVG": {"min_gap_pips": ("0", "0.01"), "min_gap_atr_mult": ("0", "0.1"), "max_lookback": ("3", "40")},
    "VPFVGSignal": {"lvn_dist_multiplier": ("0.5", "2"), "poc_shift_multiplier": ("0", "0.1")},
    "PSAR": {"acceleration": ("0.02", "0.1"), "maximum": ("0.2", "0.5")},
}


class Drawn(NamedTuple):
    """Indicators of a file, what rules may name of them, and their ids by type."""

    text: str
    names: Names
    ids: dict[str, list[str]]


@st.composite
def indicators(draw: st.DrawFn, entry: str) -> Drawn:
    """A few indicators; VPFVGSignal comes with the two that it reads."""
    pool = EXACT if draw(st.booleans()) else (*EXACT, *OTHERS, *OTHERS)
    lines: list[str] = []
    numbers, conditions, texts = list(FIELDS), [], []
    ids: dict[str, list[str]] = {}
    readable: dict[str, list[str]] = {}
    for type_ in draw(st.lists(st.sampled_from(pool), min_size=draw(st.sampled_from((1, 2, 0))), max_size=4)):
        timeframe = draw(st.sampled_from((entry, entry, *TIMEFRAMES)))
        for one in ("VolumeProfile", "FVG", type_) if type_ == "VPFVGSignal" else (type_,):
            sheet, id_ = REGISTRY[one], f"i{len(lines)}"
            parts = [f"id: {id_}", f"type: {one}", f"timeframe: {timeframe}", *draw(parameters(sheet))]
            if any(wanted.name == "source" for wanted in sheet.inputs) and draw(st.booleans()):
                parts.append("source: " + draw(st.sampled_from((*SOURCES, *readable.get(timeframe, ())))))
            if draw(st.integers(0, 3)) == 0:
                parts.append(f"lag: {draw(st.integers(0, 3))}")
            if one == "VPFVGSignal":
                parts += [f"vp: i{len(lines) - 2}", f"fvg: i{len(lines) - 1}"]
            lines.append("{" + ", ".join(parts) + "}")
            ids.setdefault(one, []).append(id_)
            if one in READABLE:
                readable.setdefault(timeframe, []).append(id_)
            for output in sheet.outputs:
                name = f"{id_}_{output.name}" if output.name else id_
                numbers += [name] if output.kind == "number" else []
                conditions += [name] if output.kind == "condition" else []
                texts += [(name, output.words)] if output.kind == "text" else []
    return Drawn(", ".join(lines), Names(tuple(numbers), tuple(conditions), tuple(texts)), ids)


@st.composite
def parameters(draw: st.DrawFn, sheet: Indicator) -> list[str]:
    """Some of an indicator's parameters stated; all of its lengths, so that it is ready soon."""
    stated = {param.name: draw(values(sheet, param)) for param in sheet.params}
    numbers = [
        param.words.index(v) if param.words else float(v)
        for param, v in zip(sheet.params, stated.values(), strict=True)
    ]
    if sheet.check is not None and sheet.check(*numbers):
        return []
    return [f"{name}: {value}" for name, value in stated.items()]


def values(sheet: Indicator, param: Param) -> st.SearchStrategy[str]:
    """Small whole numbers, or the default and what is around it."""
    if param.words:
        return st.sampled_from(param.words)
    if param.name in STATED.get(sheet.type, {}):
        return st.sampled_from(STATED[sheet.type][param.name])
    if param.whole:
        return st.integers(max(2, int(param.low)), 9).map(str)
    near = (param.default, min(param.high, param.default * 1.5), max(param.low, param.default * 0.5))
    return st.sampled_from(tuple(f"{number:g}" for number in near))
