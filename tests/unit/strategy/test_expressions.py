"""Rules as typed expressions: what parses, what it means, and what is refused where."""

import pytest

from shared.strategy.expressions import compile_condition, compile_number, memory
from shared.strategy.names import Names
from shared.strategy.plan import Apply, BarValue, Const, Expr, OutputValue, PositionValue
from tests.unit.strategy.files import HEAD, LOGIC, MARK, spec_of

SPEC = spec_of(HEAD + LOGIC)
NAMES = Names(
    (node.id, node.sheet, dict(zip(node.sheet.param_names(), node.params, strict=True))) for node in SPEC.nodes
)
AT = {node.id: i for i, node in enumerate(SPEC.nodes)}

OPEN, CLOSE, VOLUME = BarValue("open"), BarValue("close"), BarValue("volume")


def out(id_: str, output: str = "") -> OutputValue:
    return OutputValue(AT[id_], SPEC.nodes[AT[id_]].sheet.output_index(output))


FAST, SLOW, TREND = out("fast"), out("slow"), out("fast", "trend")
BULL, BEAR, NEUTRAL = Const(0.0), Const(1.0), Const(2.0)


def rule(text: str, is_exit: bool = False) -> Expr:
    compiled = compile_condition(text, NAMES, is_exit)
    assert compiled.expr is not None, [(e.rule, e.found) for e in compiled.errors]
    return compiled.expr


def price(text: str) -> Expr:
    compiled = compile_number(text, NAMES)
    assert compiled.expr is not None, [(e.rule, e.found) for e in compiled.errors]
    return compiled.expr


def gt(a: Expr, b: Expr) -> Apply:
    return Apply("gt", (a, b))


UP, LOUD = gt(CLOSE, OPEN), gt(VOLUME, Const(5.0))


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("close > open", UP),
        ("close >= open", Apply("ge", (CLOSE, OPEN))),
        ("close < open", Apply("lt", (CLOSE, OPEN))),
        ("close <= open", Apply("le", (CLOSE, OPEN))),
        ("close == open", Apply("eq", (CLOSE, OPEN))),
        ("close != open", Apply("ne", (CLOSE, OPEN))),
        ("open < close > fast", Apply("and", (Apply("lt", (OPEN, CLOSE)), gt(CLOSE, FAST)))),
        ("close > open and volume > 5", Apply("and", (UP, LOUD))),
        ("close > open or volume > 5", Apply("or", (UP, LOUD))),
        ("close > open & volume > 5", Apply("and", (UP, LOUD))),
        ("(close > open) | (volume > 5)", Apply("or", (UP, LOUD))),
        ("(close in [1]) == true", Apply("eq", (Apply("eq", (CLOSE, Const(1.0))), Const(1.0)))),
        ("not close > open", Apply("not", (UP,))),
        ("(close > open and volume > 5) | true", Apply("or", (Apply("and", (UP, LOUD)), Const(1.0)))),
        ("true", Const(1.0)),
        ("False", Const(0.0)),
        ("fast_trend == 'bull'", Apply("eq", (TREND, BULL))),
        ('"bear" != fast_trend', Apply("ne", (TREND, BEAR))),
        ("fast_trend in ['bull', 'neutral']", Apply("or", (Apply("eq", (TREND, BULL)), Apply("eq", (TREND, NEUTRAL))))),
        ("fast_trend not in ['bear']", Apply("not", (Apply("eq", (TREND, BEAR)),))),
        ("fast_trend == slow_trend", Apply("eq", (TREND, out("slow", "trend")))),
        ("close in (1, 2)", Apply("or", (Apply("eq", (CLOSE, Const(1.0))), Apply("eq", (CLOSE, Const(2.0)))))),
        ("VPFVGSignal_vf_long", out("VPFVGSignal", "vf_long")),
        ("VPFVGSignal_vf_long == 1", Apply("eq", (out("VPFVGSignal", "vf_long"), Const(1.0)))),
        ("VPFVGSignal_vf_long != True", Apply("ne", (out("VPFVGSignal", "vf_long"), Const(1.0)))),
        ("VPFVGSignal_vf_long[1]", Apply("past", (out("VPFVGSignal", "vf_long"),), 1)),
        ("fast_trend[2] == 'bull'", Apply("eq", (Apply("past", (TREND,), 2), BULL))),
        ("crosses_above(fast, slow)", Apply("crosses_above", (FAST, SLOW))),
        ("crosses_below(close, 100)", Apply("crosses_below", (CLOSE, Const(100.0)))),
        ("rising(fast, 3)", Apply("rising", (FAST,), 3)),
        ("falling(fast, 500)", Apply("falling", (FAST,), 500)),
        ("close >= highest(close, 20)", Apply("ge", (CLOSE, Apply("highest", (CLOSE,), 20)))),
        ("bars_since(close > open) > 5", gt(Apply("bars_since", (UP,)), Const(5.0))),
        ("between(close, 1, 2)", Apply("between", (CLOSE, Const(1.0), Const(2.0)))),
        ("(close > open) if volume > 5 else false", Apply("where", (UP, LOUD, Const(0.0)))),
        ("close > open \n  and\n volume > 5", Apply("and", (UP, LOUD))),
    ],
)  # fmt: skip
def test_rules(text, expr):
    assert rule(text) == expr


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("close + open * 2", Apply("add", (CLOSE, Apply("mul", (OPEN, Const(2.0)))))),
        ("close - open", Apply("sub", (CLOSE, OPEN))),
        ("close / open // 3 % 7",
         Apply("mod", (Apply("floordiv", (Apply("div", (CLOSE, OPEN)), Const(3.0))), Const(7.0)))),
        ("-close", Apply("neg", (CLOSE,))),
        ("-5", Const(-5.0)),
        ("+close", CLOSE),
        ("1e-3", Const(0.001)),
        ("012", Const(12.0)),
        ("close ** 2", Apply("pow", (CLOSE,), 2)),
        ("-close ** 8.0", Apply("neg", (Apply("pow", (CLOSE,), 8),))),
        ("close[500]", Apply("past", (CLOSE,), 500)),
        ("abs(close) + sqrt(open)", Apply("add", (Apply("abs", (CLOSE,)), Apply("sqrt", (OPEN,))))),
        ("floor(close) - ceil(open)", Apply("sub", (Apply("floor", (CLOSE,)), Apply("ceil", (OPEN,))))),
        ("round(close)", Apply("round", (CLOSE,))),
        ("min(close, open)", Apply("min", (CLOSE, OPEN))),
        ("max(close, open, fast)", Apply("max", (Apply("max", (CLOSE, OPEN)), FAST))),
        ("lowest(low, 10) - 2 * ATR_14",
         Apply("sub", (Apply("lowest", (BarValue("low"),), 10), Apply("mul", (Const(2.0), out("ATR_14")))))),
        ("close if close > open else open", Apply("where", (CLOSE, UP, OPEN))),
    ],
)  # fmt: skip
def test_price_expressions(text, expr):
    assert price(text) == expr


@pytest.mark.parametrize("name", ["entry_price", "bars_held", "profit_ratio", "r_multiple"])
def test_exit_rules_know_the_position(name):
    assert rule(f"{name} > 1", is_exit=True) == gt(PositionValue(name), Const(1.0))
    assert compile_condition(f"{name} > 1", NAMES, False).expr is None
    assert compile_number(name, NAMES).expr is None


def test_equal_rules_are_equal_values_however_they_are_spaced():
    assert rule("close>open and( volume>5 )") == rule("close  >  open and volume > 5.0")
    assert hash(rule("close>open")) == hash(rule("close > open"))


@pytest.mark.parametrize(
    ("alias", "id_", "output"),
    [
        ("fast", "fast", ""),
        ("fast_value", "fast", ""),
        ("fast_EMA_9", "fast", ""),
        ("fast_EMA_20", "fast", ""),  # a changed length changes no name
        ("fast_EMA_20_trend", "fast", "trend"),
        ("RSI_14_RSI_13", "RSI_14", ""),
        ("RSI_14_RSI_14_overbought", "RSI_14", "overbought"),
        ("RSI_14_oversold", "RSI_14", "oversold"),
        ("FVG_Enhanced_FVG_bullish_signal", "FVG_Enhanced", "FVG_bullish_signal"),
        ("FVG_Enhanced_bullish_signal", "FVG_Enhanced", "FVG_bullish_signal"),
        ("VP_5D_poc_price", "VP_5D", "poc_price"),
        ("VP_5D", "VP_5D", "poc_price"),
        ("ADX_14_ADX_value", "ADX_14", "ADX_value"),
        ("ADX_14_value", "ADX_14", "ADX_value"),
        ("ADX_14_DI_plus", "ADX_14", "DI_plus"),
        ("VPFVGSignal_vf_long", "VPFVGSignal", "vf_long"),
    ],
)
def test_aliases(alias, id_, output):
    meaning = NAMES.find(alias, False)
    assert meaning is not None
    assert meaning.expr == out(id_, output)


def test_an_output_that_begins_with_its_id_keeps_it_once():
    names = Names([("ADX", SPEC.nodes[AT["ADX_14"]].sheet, {}), ("FVG", SPEC.nodes[AT["FVG_Enhanced"]].sheet, {})])
    for name in ("ADX_value", "ADX_ADX_value", "ADX"):
        assert names.find(name, False) == names.find("ADX", False)
    assert names.find("FVG_bullish_signal", False) == names.find("FVG_FVG_bullish_signal", False)


def test_a_length_in_a_name_that_is_not_the_length_is_noted():
    compiled = compile_condition("close > RSI_14_RSI_13", NAMES, False)
    assert compiled.notes == ((8, "RSI_14_RSI_13 is read as RSI_14, whose length is 14"),)
    assert compile_condition("close > fast_EMA_9", NAMES, False).notes == ()


def test_a_name_of_two_meanings_is_refused():
    ema = SPEC.nodes[0].sheet
    rsi = SPEC.nodes[AT["RSI_14"]].sheet
    names = Names([("a", rsi, {}), ("a_overbought", ema, {}), ("a_over", ema, {})])
    assert names.find("a_overbought", False).expr == OutputValue(1, 0)  # an id goes before an output
    twice = Names([("a", rsi, {}), ("b", ema, {}), ("a", rsi, {})])
    (error,) = compile_condition("a > 1", twice, False).errors
    assert "several" in error.rule


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("close > ‸'bull'", "have an order"),
        ("fast_trend == ‸1", "cannot be compared"),
        ("‸fast_trend > 'bull'", "have an order"),
        ("fast_trend == ‸'up'", "never takes"),
        ("‸'a' == 'a'", "two texts"),
        ("fast_trend == ‸ADX_14_ADX_strength", "same words"),
        ("‸close", "a rule is a condition"),
        ("‸fast_trend", "a rule is a condition"),
        ("‸1", "a rule is a condition"),
        ("close > open and ‸close", "and needs a condition"),
        ("not ‸close", "not needs a condition"),
        ("‸VPFVGSignal_vf_long + 1 > 2", "arithmetic needs a number"),
        ("-‸VPFVGSignal_vf_long > 2", "a sign needs a number"),
        ("VPFVGSignal_vf_long == ‸2", "cannot be compared"),
        ("(‸close > open) > 1", "have an order"),
        ("abs(‸close > open) > 1", "abs needs a number"),
        ("bars_since(‸close) > 1", "bars_since needs a condition"),
        ("(close if volume > 1 else ‸close > open) > 1", "one type"),
        ("‸cloze > open", "unknown name"),
        ("‸abs > 1", "arguments in brackets"),
        ("‸foo(close) > 1", "unknown function"),
        ("‸cross_above(fast, slow)", "unknown function"),
        ("‸abs(close, open) > 1", "abs has 1 arguments"),
        ("‸min(close) > 1", "min has 2 to 20"),
        ("rising(close, ‸0)", "whole constant"),
        ("rising(close, ‸501)", "whole constant"),
        ("rising(close, ‸2.5)", "whole constant"),
        ("rising(close, ‸fast)", "whole constant"),
        ("rising(close, ‸-3)", "whole constant"),
        ("close[‸0] > 1", "whole constant"),
        ("close[‸501] > 1", "whole constant"),
        ("close[‸-1] > 1", "whole constant"),
        ("‸highest(close, 3)[1] > 1", "history belongs to a name"),
        ("‸close[1][2] > 1", "history belongs to a name"),
        ("close ** ‸9 > 1", "exponent"),
        ("close ** ‸0 > 1", "exponent"),
        ("close ** ‸0.5 > 1", "exponent"),
        ("close ** ‸fast > 1", "exponent"),
        ("close in ‸fast", "needs a list"),
        ("close in ‸[]", "needs a list"),
        ("‸[close] > 1", "not part of a rule"),
        ("close in [1, 2] == ‸true", "put what ends with it in brackets"),
        ("close in [1, 2] in ‸[true]", "put what ends with it in brackets"),
        ("1 < close in (1, 2) < ‸3", "put what ends with it in brackets"),
        ("1 in [‸[2]]", "not part of a rule"),
        ("‸close, open", "not part of a rule"),
        ("close‸.real > 1", "not part of a rule"),
        ("‸lambda: 1", "not part of a rule"),
        ("‸__import__('os')", "unknown function"),
        ("close > 1‸; open", "not part of a rule"),
        ("close ‸= 1", "not part of a rule"),
        ("close > open ‸&& volume > 1", "not part of a rule"),
        ("‸!(close > open)", "not part of a rule"),
        ("‸~(close > open)", "not part of a rule"),
        ("close > open ‸AND volume > 1", "not part of a rule"),
        ("close ‸is 1", "not part of a rule"),
        ("close ‸^ 2 > 1", "not part of a rule"),
        ("close > ‸None", "not part of a rule"),
        ("close > ‸1_000", "cannot hold"),
        ("close > ‸1abc", "cannot hold"),
        ("close > ‸1e999", "finite"),
        ("close > ‸€", "cannot hold"),
        ("fast_trend == ‸'bull", "no end"),
        ("fast_trend == ‸'b\\x75ll'", "no end"),
        ("fast_trend == 'b' ‸'ull'", "operator is missing"),
        ("close ‸fast > 1", "operator is missing"),
        ("(close) ‸fast > 1", "operator is missing"),
        ("‸(close > open", "not closed"),
        ("close > open‸)", "not opened"),
        ("close > [open‸)", "not opened"),
        ("close > open and not volume > 1 ‸& fast > 1", "brackets"),
        ("close > open and volume > 1 ‸| fast > 1", "brackets"),
        ("close >‸", "breaks off"),
        ("close > ‸* 2", "breaks off"),
        ("‸", "empty"),
        ("close > " + "(" * 20 + "‸(1" + ")" * 21, "20 deep"),
        ("close > " + "-" * 19 + "‸--------1", "20 deep"),
        ("‸" + "close > 1 and " * 40 + "true", "500 characters"),
        ("close > min(close, ‸*fast)", "not part of a rule"),
    ],
)
def test_what_is_refused(text, part):
    offset = text.index(MARK)
    errors = compile_condition(text.replace(MARK, ""), NAMES, False).errors
    assert any(part in error.rule and error.offset == offset for error in errors), [
        (error.offset, error.rule, error.found) for error in errors
    ]


def test_every_unknown_name_of_a_rule_is_told():
    errors = compile_condition("clos > fats and volume > slo", NAMES, False).errors
    assert [(error.found, error.suggestion) for error in errors] == [
        ("clos", "close"),
        ("fats", "fast"),
        ("slo", "slow"),
    ]


def test_long_but_flat_rules_are_fine():
    assert memory(rule(" or ".join(["close>1"] * 40))) == 0
    assert rule("close in [" + ",".join(str(i) for i in range(100)) + "]")


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("close > open", 0),
        ("close[7] > open", 7),
        ("highest(close, 20) > 1", 19),
        ("highest(close[5], 20) > 1", 24),
        ("rising(close, 3) and close[2] > 1", 3),
        ("crosses_above(fast[2], slow)", 3),
        ("bars_since(close > open[1]) > 3", 501),
    ],
)
def test_memory(text, bars):
    assert memory(rule(text)) == bars
