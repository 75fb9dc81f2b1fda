"""Rules and expressions as hypothesis draws them, with every operator and function of the language."""

from typing import NamedTuple

from hypothesis import strategies as st

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
ARITHMETIC = ("+", "-", "*", "/", "//", "%")
NUMBERS = ("0", "0.5", "-1.25", "2", "30", "50", "1e-3", "100000")


class Names(NamedTuple):
    """What a rule may name."""

    numbers: tuple[str, ...]
    conditions: tuple[str, ...]
    texts: tuple[tuple[str, tuple[str, ...]], ...]


@st.composite
def rules(draw: st.DrawFn, names: Names, depth: int = 3) -> str:
    """A condition."""
    numbers = expressions(names, depth - 1)
    kind = draw(st.integers(0, 14 if depth > 0 else 2))
    if kind <= 1:
        return f"{draw(numbers)} {draw(st.sampled_from(COMPARISONS))} {draw(numbers)}"
    if kind == 2:
        return draw(st.sampled_from((*names.conditions, "close > open")))
    inner = rules(names, depth - 1)
    match kind:
        case 3 | 4:
            return f"(({draw(inner)}) {draw(st.sampled_from(('and', 'or', '&', '|')))} ({draw(inner)}))"
        case 5:
            return f"not ({draw(inner)})"
        case 6:
            return f"{draw(st.sampled_from(('crosses_above', 'crosses_below')))}({draw(numbers)}, {draw(numbers)})"
        case 7:
            return f"{draw(st.sampled_from(('rising', 'falling')))}({draw(numbers)}, {draw(st.integers(1, 4))})"
        case 8:
            return f"bars_since({draw(inner)}) <= {draw(st.integers(0, 9))}"
        case 9:
            return f"between({draw(numbers)}, {draw(numbers)}, {draw(numbers)})"
        case 10:
            return f"{draw(numbers)} {draw(st.sampled_from(('in', 'not in')))} [{draw(numbers)}, {draw(numbers)}]"
        case 11:
            return f"({draw(inner)} if {draw(inner)} else {draw(st.sampled_from(('true', 'false')))})"
        case 12 | 13 if names.texts:
            name, words = draw(st.sampled_from(names.texts))
            word = draw(st.sampled_from(words))
            how = ("{0} == '{1}'", "{0} != '{1}'", "{0} in ['{1}', '{2}']", "{0} not in ['{1}']", "{0}[2] == '{1}'")
            return draw(st.sampled_from(how)).format(name, word, draw(st.sampled_from(words)))
    return f"{draw(numbers)} < {draw(numbers)} <= {draw(numbers)}"


@st.composite
def expressions(draw: st.DrawFn, names: Names, depth: int = 2) -> str:
    """A number."""
    name = st.sampled_from(names.numbers)
    kind = draw(st.integers(0, 12 if depth > 0 else 3))
    if kind <= 1:
        return draw(name)
    if kind == 2:
        return f"{draw(name)}[{draw(st.integers(1, 7))}]"
    if kind == 3:
        return draw(st.sampled_from(NUMBERS)) if draw(st.booleans()) else draw(name)
    inner = expressions(names, depth - 1)
    match kind:
        case 4 | 5:
            return f"({draw(inner)} {draw(st.sampled_from(ARITHMETIC))} {draw(inner)})"
        case 6:
            return f"{draw(st.sampled_from(('highest', 'lowest')))}({draw(inner)}, {draw(st.integers(1, 6))})"
        case 7:
            return f"{draw(st.sampled_from(('min', 'max')))}({draw(inner)}, {draw(inner)})"
        case 8:
            return f"{draw(st.sampled_from(('abs', 'sqrt', 'floor', 'ceil', 'round')))}({draw(inner)})"
        case 9:
            return f"({draw(inner)} if {draw(rules(names, depth - 1))} else {draw(inner)})"
        case 10:
            return f"-({draw(inner)}) ** {draw(st.integers(1, 3))}"
        case 11:
            return f"bars_since({draw(rules(names, depth - 1))})"
    return f"({draw(inner)} * {draw(st.sampled_from(('0.5', '0.999', '1.001', '2', '-1')))})"


# What makes a side speak now and then, whatever else stands beside it.
TRIGGERS = {
    "entry_long": ("close > open", "close > close[1]", "low < low[1]", "crosses_above(close, highest(high[1], 3))"),
    "entry_short": ("close < open", "close < close[1]", "high > high[1]", "crosses_below(close, lowest(low[1], 3))"),
    "exit_long": ("close < low[1]", "bars_held >= 3", "profit_ratio > 0.001", "falling(close, 2)"),
    "exit_short": ("close > high[1]", "bars_held == 4", "r_multiple < -0.5", "rising(close, 2)"),
}


@st.composite
def sides(draw: st.DrawFn, names: Names, side: str) -> str:
    """One side: a list of rules, or groups of them; mostly one that a trigger alone fulfils."""
    rule = rules(names).map(lambda one: '"' + one + '"')
    some = draw(st.lists(rule, min_size=1, max_size=3).map(", ".join))
    trigger = '"' + draw(st.sampled_from(TRIGGERS[side])) + '"'
    often = "{any: [" + trigger + ", {all: [" + some + "]}]}"
    rare = draw(st.sampled_from(("[{0}]", "{{any: [{0}]}}", "{{any: [{1}, {{all: [{0}]}}]}}", "[{0}, {1}]")))
    return rare.format(some, draw(rule)) if draw(st.integers(0, 3)) == 3 else often
