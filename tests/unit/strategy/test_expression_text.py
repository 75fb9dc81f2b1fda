"""An expression written out again reads as it was meant: its text compiles to the same expression."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.strategy.expression_text import expression_text
from shared.strategy.expressions import compile_condition, compile_number
from tests.unit.engine.generated import Names, expressions, rules
from tests.unit.strategy.test_expressions import NAMES, SPEC, price, rule

KNOWN = Names(
    ("close", "open", "fast", "ATR_14", "bars_held"),
    ("VPFVGSignal_vf_long", "RSI_14_overbought"),
    (("fast_trend", ("bull", "bear", "neutral")), ("ADX_14_ADX_strength", ("weak", "strong"))),
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("close + open * 2", "close + (open * 2)"),
        ("-close ** 2", "-(close ** 2)"),
        ("(-5) ** 3", "(-5) ** 3"),
        ("max(close, open, fast)", "max(max(close, open), fast)"),
        ("lowest(low, 10) - 1.5 * ATR_14", "lowest(low, 10) - (1.5 * ATR_14)"),
        ("close[3]", "close[3]"),
        ("close if fast_trend[2] == 'bull' else 0.1", "close if (fast_trend[2] == 'bull') else 0.1"),
        ("close if (VPFVGSignal_vf_long if close > 1 else false) else 1e-9",
         "close if (VPFVGSignal_vf_long if (close > 1) else false) else 1e-09"),
        ("VP_5D + ADX_14_value", "VP_5D_poc_price + ADX_14_ADX_value"),
    ],
)  # fmt: skip
def test_a_price_in_words(text, written):
    assert expression_text(price(text), SPEC.nodes) == written
    assert price(written) == price(text)


@pytest.mark.parametrize(
    "text",
    ["true and close > 1", "not (RSI_14_overbought == 1)", "fast_trend in ['bull', 'bear']", "fast_trend != 'bull'",
     "fast_trend not in ['bull']", "'bear' != fast_trend", "fast_trend == slow_trend", "VPFVGSignal_vf_long[1]",
     "bars_since(true) > 3", "(true if close > 1 else false) == RSI_14_oversold",
     "crosses_above(fast, slow[2]) | rising(close, 3)"],
)  # fmt: skip
def test_a_rule_in_words(text):
    assert rule(expression_text(rule(text), SPEC.nodes)) == rule(text)


@settings(max_examples=300, deadline=None)
@given(st.one_of(rules(KNOWN), expressions(KNOWN)))
def test_any_expression_in_words(text):
    compiled = compile_condition(text, NAMES, True)
    if compiled.expr is not None:
        written = expression_text(compiled.expr, SPEC.nodes)
        again = compile_condition(written, NAMES, True)
        assume(not any("deep" in e.rule or "characters" in e.rule for e in again.errors))
        assert again.expr == compiled.expr, written
    number = compile_number(text, NAMES)
    if number.expr is not None:
        written = expression_text(number.expr, SPEC.nodes)
        again = compile_number(written, NAMES)
        assume(not any("deep" in e.rule or "characters" in e.rule for e in again.errors))
        assert again.expr == number.expr, written
