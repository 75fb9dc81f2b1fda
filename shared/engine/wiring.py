"""A plan as straight-line Python: calls, names and places, no arithmetic and no text of the strategy.

All mathematics is hand-written in indicators/ and engine/; what is generated only says which kernel reads which place.
The text is the same for every set of parameters of a strategy. Traps that numba sets, measured: it cannot cache
functions from exec'd strings, so the compiled form is a real file; the module must stand in sys.modules before it runs;
and an edit in a called kernel does not invalidate its callers, so file and cache folder are named by a hash of it all.
"""

from shared.engine.layout import Layout, memory_size
from shared.strategy.plan import (
    MEMORY_OPS,
    Apply,
    BarValue,
    Const,
    Expr,
    Group,
    InputRef,
    Node,
    OutputValue,
    Plan,
    PositionValue,
    Regime,
)

FIELDS = {"open": 0, "high": 1, "low": 2, "close": 3, "volume": 4}
OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "div": "over", "floordiv": "floordiv", "mod": "mod", "pow": "power",
    "neg": "neg", "abs": "absolute", "min": "least", "max": "greatest", "sqrt": "root", "floor": "down", "ceil": "up",
    "round": "nearest", "gt": "gt", "ge": "ge", "lt": "lt", "le": "le", "eq": "eq", "ne": "ne", "and": "both",
    "or": "either", "not": "inverse", "between": "between", "where": "where", "past": "past",
    "crosses_above": "crosses_above", "crosses_below": "crosses_below", "rising": "rising", "falling": "falling",
    "highest": "highest", "lowest": "lowest", "bars_since": "bars_since",
}  # fmt: skip
COUNTED = ("pow", "past", "rising", "falling", "highest", "lowest")  # operators that take their whole number
RINGS = ("past", "rising", "falling", "highest", "lowest")  # operators whose memory is a ring of n values
IMPORTS = """\
from shared.engine.bar import end_bar, must_pause, trade_bar
from shared.engine.decide import count_close, decide, equity_close
from shared.engine.frames import (
    close_ms, delay, end_of, grow, hl2, hlc3, is_overdue, number, ohlc4, open_ms, shut, start_delay, start_frame,
)
from shared.engine.rules import (
    absolute, add, bars_since, between, both, crosses_above, crosses_below, down, either, eq, falling, floordiv, ge, gt,
    highest, inverse, le, least, lowest, greatest, lt, mod, mul, ne, nearest, neg, over, past, power, rising, root,
    start_ring, start_words, sub, tally, up, where,
)
from shared.engine.standing import bars_held, entry_price, profit_ratio, r_multiple
from shared.engine.trailing import trail_by
from shared.kernel import NAN, kernel, part
"""

STEP = ["late(f, m, k, p, out, t)", "bar(f, m, k, p, out, t, o, h, l, c, v)"]


class Lines:
    """Lines of one generated function, with each distinct operator written once."""

    def __init__(self, plan: Plan, layout: Layout) -> None:
        self.plan = plan
        self.layout = layout
        self.lines: list[str] = []
        self.names: dict[Apply, str] = {}

    def value(self, expr: Expr) -> str:
        """Text that reads an expression's value, after writing the lines that it needs."""
        match expr:
            case Const(value=number):
                return repr(float(number))
            case BarValue(field=field):
                return f"f[{self.layout.frames[self.layout.entry].at + FIELDS[field]}]"
            case OutputValue():
                return self.output(expr)
            case PositionValue(name=name):
                close = f", {self.value(BarValue('close'))}" if name in ("profit_ratio", "r_multiple") else ""
                return f"{name}(m, k{close})"
            case Apply():
                return self.operator(expr)

    def output(self, value: OutputValue | None) -> str:
        """Text that reads an indicator's published output; NAN without one."""
        return "NAN" if value is None else f"f[{self.layout.places[value.node].out + value.output}]"

    def operator(self, op: Apply) -> str:
        """Name of the line that holds an operator's result."""
        if op not in self.names:
            args = [self.value(arg) for arg in op.args]
            if op.op in MEMORY_OPS:
                args = ["f", f"k[{self.layout.memory[op]}]", *args]
            if op.op in COUNTED:
                args.append(str(op.n))
            name = f"x{len(self.names)}"
            self.lines.append(f"{name} = {OPERATORS[op.op]}({', '.join(args)})")
            self.names[op] = name
        return self.names[op]

    def group(self, group: Group, counter: list[int]) -> str:
        """Text of a group's outcome; counts each of its rules. An empty group never holds."""
        values: list[str] = []
        for member in group.members:
            if isinstance(member, Group):
                values.append(self.group(member, counter))
            else:
                value = self.value(member.expr)
                name = f"r{counter[0]}"
                self.lines.append(f"{name} = tally(m, {self.layout.counters + 3 * counter[0]}, {value})")
                counter[0] += 1
                values.append(name)
        joined = values[0] if values else "0.0"
        for value in values[1:]:
            joined = f"{'both' if group.kind == 'all' else 'either'}({joined}, {value})"
        return joined


def module_text(plan: Plan, layout: Layout) -> str:
    """The wiring of a plan: a Python module with start, late, bar, step (late, then bar) and run (bar after bar).

    `late` holds another copy of every close and of the rules, and few series have the hole that calls it. So run(...)
    leaves it to its caller: numba compiles it for those.
    """
    parts = [
        '"""Generated from a strategy\'s plan. Do not edit; read me when a run surprises you."""\n',
        IMPORTS + _indicator_imports(plan),
        _start(plan, layout),
        *(_close(plan, layout, index) for index in range(len(layout.frames))),
        _rules(plan, layout),
        _late(layout),
        _bar(plan, layout),
        _part("def step(f, m, k, p, out, t, o, h, l, c, v):", STEP),
        _run(layout),
    ]
    return "\n\n".join(parts)


def _function(head: str, lines: list[str], declared: str = "kernel") -> str:
    return f"@{declared}\n{head}\n" + "\n".join(f"    {line}" for line in lines or ["pass"]) + "\n"


def _part(head: str, lines: list[str]) -> str:
    return _function(head, lines, "part")


def _alias(node: Node, what: str) -> str:
    return f"{node.sheet.type.lower()}_{what}"


def _indicator_imports(plan: Plan) -> str:
    lines = set()
    for node in plan.nodes:
        for what, function in (("start", node.sheet.start), ("step", node.sheet.step)):
            lines.add(f"from {function.__module__} import {function.__name__} as {_alias(node, what)}")
        if node.sheet.immediate is not None:
            function = node.sheet.immediate
            lines.add(f"from {function.__module__} import {function.__name__} as {_alias(node, 'immediate')}")
    return "\n".join(sorted(lines)) + "\n"


def _params(node: Node, first: int) -> list[str]:
    return [f"p[{first + i}]" for i in range(len(node.params))]


def _start(plan: Plan, layout: Layout) -> str:
    lines = [f"start_frame(f, m, {frame.at}, {frame.words})" for frame in layout.frames]
    for node, place in zip(plan.nodes, layout.places, strict=True):
        args = ["f", f"k[{place.state_k}]", *_params(node, place.param_p)]
        lines.append(f"{_alias(node, 'start')}({', '.join(args)})")
        if place.delay_k >= 0:
            count = len(node.sheet.outputs)
            lines.append(f"start_delay(f, k[{place.delay_k}], {count}, k[{place.delay_k + 1}])")
    for op, entry in layout.memory.items():
        if op.op in RINGS:
            lines.append(f"start_ring(f, k[{entry}], {op.n})")
        else:
            lines.append(f"start_words(f, k[{entry}], {memory_size(op)})")
    return _function("def start(f, m, k, p):", lines)


def _input(ref: InputRef, frame_at: int, words: int, length: int, layout: Layout) -> str:
    if ref.field is None:
        return f"f[{layout.places[ref.node].out + ref.output}]"
    if ref.field in FIELDS:
        return f"f[{frame_at + FIELDS[ref.field]}]"
    if ref.field == "number":
        return f"number(m, {words}, {length})"
    if ref.field == "open_ms":
        return f"open_ms(m, {words})"
    return f"{ref.field}(f, {frame_at})"


def _close(plan: Plan, layout: Layout, index: int) -> str:
    frame = layout.frames[index]
    lines: list[str] = []
    for node, place in zip(plan.nodes, layout.places, strict=True):
        if node.timeframe != frame.timeframe:
            continue
        inputs = [_input(ref, frame.at, frame.words, frame.length, layout) for ref in node.inputs]
        args = ["f", f"k[{place.state_k}]", str(place.raw), *inputs, *_params(node, place.param_p)]
        lines.append(f"{_alias(node, 'step')}({', '.join(args)})")
        if place.delay_k >= 0:
            count = len(node.sheet.outputs)
            lines.append(f"delay(f, k[{place.delay_k}], {place.raw}, {place.out}, {count}, k[{place.delay_k + 1}])")
            if node.sheet.immediate is not None:
                close = f"f[{frame.at + FIELDS['close']}]"
                lines.append(f"{_alias(node, 'immediate')}(f, {place.out}, {place.out}, {close})")
    return _part(f"def close_{frame.timeframe}(f, m, k, p):", lines)


def _regime(lines: Lines, regime: Regime | None) -> list[str]:
    """The two flags of an ADX that name the regime."""
    if regime is None or regime.adx < 0:
        return ["NAN", "NAN"]
    sheet = lines.plan.nodes[regime.adx].sheet
    return [lines.output(OutputValue(regime.adx, sheet.output_index(name))) for name in ("ADX_trend", "ADX_range")]


def _value_area(lines: Lines, node: int) -> list[str]:
    if node < 0:
        return ["NAN", "NAN"]
    sheet = lines.plan.nodes[node].sheet
    return [lines.output(OutputValue(node, sheet.output_index(name))) for name in ("val_price", "vah_price")]


def _rules(plan: Plan, layout: Layout) -> str:
    lines = Lines(plan, layout)
    lines.lines += ["count_close(m)", "equity_close(m, k, out, ts)"]
    counter = [0]
    sides = {
        side: lines.group(getattr(plan, side), counter)
        for side in ("entry_long", "exit_long", "entry_short", "exit_short")
    }
    stop, target = plan.stop, plan.target
    stop_level = "NAN"
    if stop is not None and stop.kind == "atr":
        lines.lines.append(f"stop_level = mul({lines.output(stop.atr)}, p[{layout.atr_p}])")
        stop_level = "stop_level"
    elif stop is not None and stop.price is not None:
        stop_level = lines.value(stop.price)
    args = [
        "m", "k", "out", "ts", *sides.values(),
        *_regime(lines, plan.sizing.regime), lines.output(plan.sizing.strength),
        lines.output(plan.sizing.atr),
        *_regime(lines, stop.adjustments if stop else None), stop_level, *_value_area(lines, stop.vp if stop else -1),
        lines.value(target.price) if target.price is not None else "NAN", *_value_area(lines, target.vp),
    ]  # fmt: skip
    lines.lines.append(f"decide({', '.join(args)})")
    return _part("def rules(f, m, k, p, out, ts):", lines.lines)


def _late(layout: Layout) -> str:
    """Frames that ended without their last minute, in ascending order of their end; rules with the entry frame's."""
    entry = layout.frames[layout.entry]
    entry_overdue = f"is_overdue(m, {entry.words}, {entry.length}, before)"

    def closes(before: str, indent: str, frames: list[int]) -> list[str]:
        lines = []
        for index in frames:
            frame = layout.frames[index]
            lines.append(f"{indent}if is_overdue(m, {frame.words}, {frame.length}, {before}):")
            lines.append(f"{indent}    shut(m, {frame.words})")
            lines.append(f"{indent}    close_{frame.timeframe}(f, m, k, p)")
        return lines

    others = [i for i in range(len(layout.frames)) if i != layout.entry]
    lines = [f"if {entry_overdue}:", f"    ts = close_ms(m, {entry.words}, {entry.length})"]
    # a frame that ends with the entry's is closed before its rules, one that ends later after them
    lines += closes(f"end_of(m, {entry.words}, {entry.length})", "    ", others)
    lines += [
        f"    shut(m, {entry.words})",
        f"    close_{entry.timeframe}(f, m, k, p)",
        "    rules(f, m, k, p, out, ts)",
    ]
    lines += closes("before", "", others)
    return _function("def late(f, m, k, p, out, before):", lines)


def _bar(plan: Plan, layout: Layout) -> str:
    lines: list[str] = []
    trailing = plan.stop.trailing if plan.stop is not None else None
    if trailing is not None and trailing.atr is not None:  # as published before this bar's own closes
        lines.append(f"trail_by(m, {Lines(plan, layout).output(trailing.atr)}, p[{layout.atr_p + 1}])")
    lines.append("trade_bar(m, k, out, t, o, h, l, c, v)")
    entry = layout.frames[layout.entry]
    for frame in layout.frames:
        grown = f"grow(f, m, k, {frame.at}, {frame.words}, {frame.length}, t, o, h, l, c, v)"
        if frame is entry:
            lines.append(f"decides = {grown}")
            lines += ["if decides:", f"    close_{frame.timeframe}(f, m, k, p)"]
        else:
            lines += [f"if {grown}:", f"    close_{frame.timeframe}(f, m, k, p)"]
    lines += ["if decides:", f"    rules(f, m, k, p, out, close_ms(m, {entry.words}, {entry.length}))"]
    lines.append("end_bar(m, k, out, t)")
    return _part("def bar(f, m, k, p, out, t, o, h, l, c, v):", lines)


def _run(layout: Layout) -> str:
    """Bars from `first` on, before `last`; returns the first that it leaves: a late frame, or must_pause."""
    leaves = ["must_pause(m, out, t[i])"]
    leaves += [f"is_overdue(m, {frame.words}, {frame.length}, t[i])" for frame in layout.frames]
    lines = ["for i in range(first, last):"]
    for leave in leaves:
        lines += [f"    if {leave}:", "        return i"]
    lines += ["    bar(f, m, k, p, out, t[i], o[i], h[i], l[i], c[i], v[i])", "return last"]
    return _function("def run(f, m, k, p, out, t, o, h, l, c, v, first, last):", lines)
