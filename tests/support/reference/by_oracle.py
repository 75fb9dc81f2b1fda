"""Indicators whose values the reference takes from the conformance oracles, in its own form of columns.

What they are called, which parameters, inputs and words they have is read from their fact sheets.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from shared.indicators.fact_sheet import Output
from shared.indicators.registry import REGISTRY
from tests.support.oracles.table import ORACLES
from tests.support.reference.indicators import OUTPUTS as WRITTEN_HERE
from tests.support.reference.indicators import Column, Outputs

MAIN = "value"  # what the output is called that the id alone names
SHEETS = {type_: sheet for type_, sheet in REGISTRY.items() if type_ not in WRITTEN_HERE}
DEFAULTS: dict[str, dict[str, float]] = {
    type_: {param.name: param.default for param in sheet.params} for type_, sheet in SHEETS.items()
}
WORDS: dict[str, dict[str, tuple[str, ...]]] = {  # of parameters that are one of these
    type_: {param.name: param.words for param in sheet.params if param.words} for type_, sheet in SHEETS.items()
}
OUTPUTS: dict[str, tuple[str, ...]] = {
    type_: tuple(output.name or MAIN for output in sheet.outputs) for type_, sheet in SHEETS.items()
}
LAGGED_ON_ENTRY = tuple(type_ for type_, sheet in SHEETS.items() if sheet.entry_lag)
BARS_AFTER = 64  # oracles want whole windows: what follows the last bar never changes what stands before it


def outputs_of(
    type_: str, params: Mapping[str, float], frame: pd.DataFrame, length_ms: int, source: Callable[[], Column]
) -> Outputs:
    """A column per output; bars before the source is ready are no bars of the indicator."""
    sheet = SHEETS[type_]
    given: dict[str, np.ndarray] = {}
    for wanted in sheet.inputs:
        if wanted.name == "source":
            given["source"] = np.array([np.nan if value is None else value for value in source()], dtype=float)
        elif wanted.name in ("number", "open_ms"):
            given[wanted.name] = frame.start.to_numpy(dtype=float) / (length_ms if wanted.name == "number" else 1)
        else:
            given[wanted.name] = frame[wanted.name].to_numpy(dtype=float)
    unready = int(np.isnan(given["source"]).sum()) if "source" in given else 0
    if "source" in given and np.isnan(given["source"][unready:]).any():
        raise ValueError("a source with holes has no stated meaning")
    count = len(frame) - unready
    if count == 0:
        return {name: [None] * len(frame) for name in OUTPUTS[type_]}
    after = BARS_AFTER + 4 * int(sum(params.values()))
    columns = ORACLES[type_]({name: np.pad(v[unready:], (0, after), mode="edge") for name, v in given.items()}, params)
    return {
        output.name or MAIN: [None] * unready + [_value(output, float(v)) for v in columns[output.name][:count]]
        for output in sheet.outputs
    }


def _value(output: Output, value: float) -> float | bool | str | None:
    if np.isnan(value):
        return None
    if output.kind == "condition":
        return value == 1.0
    return output.words[int(value)] if output.kind == "text" else value
