"""docs/indicators.md, made from the fact sheets: `python -m tests.support.indicator_page` writes it anew."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from shared.indicators.fact_sheet import BAR_TIMES, Indicator, Input, Output, Param
from shared.indicators.registry import REGISTRY
from shared.strategy.names import full_name
from shared.strategy.schema import MOST_LAG, WANTED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "indicators.md"

HEAD = f"""\
# Indicators

Made from the fact sheets by `make docs`; a test keeps it so. What a strategy file says about indicators in general is
in [strategy-format](strategy-format.md), sections 2 and 5. The suite in `tests/conformance` holds every indicator to
what stands here.

An indicator is written with `id`, `type`, `timeframe` and, flat beside them, its parameters; those left out have their
defaults. `source`, where one is read, is `open high low close hl2 hlc3 ohlc4 volume` or another indicator's output on
the same timeframe (default `close`). `lag` (0 to {MOST_LAG}) makes every output that many bars older. In rules an
output is `ID_output`; the first one below is also plain `ID`.

*Ready*: bars until the first value, at the defaults. *Settled*: bars until the weight of what came before them is below
1e-6; this much history lies before a run's start.
"""


def page() -> str:
    """The whole text."""
    sheets = [REGISTRY[type_] for type_ in WANTED if type_ in REGISTRY]
    return "\n".join([HEAD, *_contents(sheets), *(line for sheet in sheets for line in _section(sheet))]) + "\n"


def _contents(sheets: list[Indicator]) -> Iterator[str]:
    yield "| type | what it is | outputs |"
    yield "|---|---|---|"
    for sheet in sheets:
        yield f"| [{sheet.type}](#{sheet.type.lower()}) | {sheet.about} | {' '.join(_name(o) for o in sheet.outputs)} |"


def _section(sheet: Indicator) -> Iterator[str]:
    yield from ("", f"## {sheet.type}", "", _rules(sheet), "")
    yield f"- Reads {_inputs(sheet)}."
    yield f"- {_history(sheet)}"
    if sheet.entry_lag:
        yield f"- Lag on the entry timeframe, where none is stated: {sheet.entry_lag}."
    if sheet.unused:
        yield f"- Accepted without effect: {', '.join(f'`{name}`' for name in sheet.unused)}."
    yield f"- Checked against {sheet.oracle}."
    if sheet.params:
        yield from ("", "| parameter | default | allowed | meaning |", "|---|---|---|---|")
        yield from (_param(param) for param in sheet.params)
    yield from ("", "| output | in rules | kind | meaning |", "|---|---|---|---|")
    yield from (_output(output) for output in sheet.outputs)


def _rules(sheet: Indicator) -> str:
    """What the module says of it, without its name, and without what it keeps in its words."""
    text = inspect.getdoc(sys.modules[sheet.step.__module__]) or ""
    kept = [paragraph for paragraph in text.partition(": ")[2].split("\n\n") if not paragraph.startswith("State:")]
    rest = "\n\n".join(kept)
    return rest[:1].upper() + rest[1:]


def _inputs(sheet: Indicator) -> str:
    return ", ".join(dict.fromkeys(_input(wanted) for wanted in sheet.inputs))


def _input(wanted: Input) -> str:
    if wanted.reads is not None:
        return f"a {wanted.of_type} (`{wanted.reads[0]}: ID`, default the first on its timeframe)"
    return "the bar's time" if wanted.name in BAR_TIMES else f"`{wanted.name}`"


def _history(sheet: Indicator) -> str:
    defaults = tuple(param.default for param in sheet.params)
    if sheet.days is not None:
        days = sheet.days(*defaults)
        return f"Ready and settled after {days} UTC day{'s' if days > 1 else ''}, whatever the timeframe."
    ready, settled = sheet.warmup(*defaults), sheet.settle(*defaults)
    level = "; a sum since the first bar, whose level means nothing" if sheet.cumulative else ""
    return f"Ready after {ready} bar{'s' if ready > 1 else ''}, settled after {settled}{level}."


def _param(param: Param) -> str:
    allowed = " ".join(f"`{word}`" for word in param.words) or (
        f"{'whole, ' if param.whole else ''}{param.shown(param.low)} to {param.shown(param.high)}"
    )
    return f"| `{param.name}` | {param.shown(param.default)} | {allowed} | {param.about} |"


def _output(output: Output) -> str:
    kind = " ".join(f"'{word}'" for word in output.words) or output.kind
    if output.low is not None and output.high is not None:
        kind = f"{output.low:g} to {output.high:g}"
    elif output.low is not None:
        kind = f"number from {output.low:g}"
    about = f"{output.about} (not delayed by the lag)" if output.immediate else output.about
    return f"| {_name(output)} | `{full_name('ID', output.name)}` | {kind} | {about} |"


def _name(output: Output) -> str:
    return f"`{output.name}`" if output.name else "value"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
