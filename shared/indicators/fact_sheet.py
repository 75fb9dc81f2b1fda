"""What an indicator must say about itself. Each entry switches on a check of the plan or a promise of the suite.

An indicator is a pure pair over the state vector `f`:

    start(f, at, *params)                   -> None    writes its `size(...)` state words from f[at] on
    step(f, at, out, *inputs, *params)      -> None    advances by one bar, writes one float per output to f[out] on
    immediate(f, out, lagged, close)        -> None    only of indicators with immediate outputs, see below

`inputs` are floats in the order of the fact sheet (each may be NaN: not ready), `params` floats in the order of the
fact sheet. Outputs are floats: a number, a condition (1.0, 0.0), a text (index into its words), or NaN = not ready.
Nothing but f[at : at + size] and f[out : out + outputs] is written; the same words and inputs give the same result.
`start` does not write the outputs: whoever owns that block fills it with NaN.

The engine delays outputs by `lag` bars. Outputs marked `immediate` compare the current close with the delayed others:
once the delayed block stands at f[lagged] the engine calls `immediate(f, out, lagged, close)`, which reads the levels
at f[lagged + k] and writes the immediate outputs, the last of the fact sheet, at f[out + k]; both may be one block.
`step` itself has written them for lag 0, where the call may be left out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from shared.domain.timeframe import DAY_MS

Kind = Literal["number", "condition", "text"]
BAR_FIELDS = ("open", "high", "low", "close", "volume")
BAR_NUMBER = "number"  # open_ms / timeframe_ms of the bar, a whole float: what a grid in time is counted by
BAR_OPEN_MS = "open_ms"  # open time of the bar, UTC epoch ms, a whole float (exact below 2^53): what days are told by
BAR_TIMES = (BAR_NUMBER, BAR_OPEN_MS)


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter, written flat in the strategy file."""

    name: str
    default: float
    low: float
    high: float
    whole: bool = False  # only whole numbers
    about: str = ""
    words: tuple[str, ...] = ()  # one of these is written; its place in them is the value

    def shown(self, value: float) -> str:
        """A value as a file writes it."""
        return self.words[int(value)] if self.words else f"{value:g}"


@dataclass(frozen=True, slots=True)
class Output:
    """One value per bar. `name` "" is the main output of an indicator whose id alone names it."""

    name: str
    kind: Kind = "number"
    words: tuple[str, ...] = ()  # of a text output: value k means words[k]
    low: float | None = None  # bounds of a number, where it has any
    high: float | None = None
    about: str = ""
    immediate: bool = False  # reads the current close; `lag` does not delay it; such outputs come last


@dataclass(frozen=True, slots=True)
class Input:
    """One input per bar: a bar field or time, `source` (a field, hl2 ..., an output), or another indicator's output."""

    name: str  # "source", one of BAR_FIELDS or BAR_TIMES, or a label for `reads`
    reads: tuple[str, str] | None = None  # (key in the file, output name): key names the other indicator by id
    of_type: str = ""  # the other indicator's type; default: the first of that type on the same timeframe


@dataclass(frozen=True, slots=True)
class Indicator:
    """Fact sheet. `*params` of the callables are the parameter values in the order of `params`."""

    type: str  # as in the file, e.g. "EMA"
    about: str
    inputs: tuple[Input, ...]
    params: tuple[Param, ...]
    outputs: tuple[Output, ...]  # the first is the main one
    start: Callable[..., None]
    step: Callable[..., None]
    size: Callable[..., int]  # state words
    warmup: Callable[..., int]  # bars (with ready inputs) until the main output is ready, counting the first ready one
    settle: Callable[..., int]  # bars until the weight of its seed is below 1e-6; >= warmup
    oracle: str  # what it is checked against, with the source of the formula
    cumulative: bool = False  # sums from the first bar of the fold: `settle` says nothing of their level
    days: Callable[..., int] | None = None  # UTC days that settle it too, of one that goes by days and not by bars
    entry_lag: int = 0  # default lag on the entry timeframe
    unused: tuple[str, ...] = ()  # parameters of the predecessor: accepted, noted, without effect
    scale: Literal["invariant", "linear", "none"] = "none"  # of the main output when all prices are multiplied
    check: Callable[..., str] | None = field(default=None)  # problem with a combination of parameters, or ""
    immediate: Callable[..., None] | None = None  # kernel of the immediate outputs

    def warmup_on(self, timeframe_ms: int, *params: float) -> int:
        """Bars of a timeframe, wherever in its day the first one falls, until the main output is ready."""
        return max(self.warmup(*params), self._bars_of_days(timeframe_ms, *params))

    def settle_on(self, timeframe_ms: int, *params: float) -> int:
        """Bars of a timeframe until the weight of its seed is below 1e-6."""
        return max(self.settle(*params), self._bars_of_days(timeframe_ms, *params))

    def _bars_of_days(self, timeframe_ms: int, *params: float) -> int:
        return 0 if self.days is None else self.days(*params) * DAY_MS // timeframe_ms

    def param_names(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.params)

    def output_index(self, name: str) -> int:
        return [o.name for o in self.outputs].index(name)
