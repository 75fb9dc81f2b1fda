"""What rules say, evaluated by the reference."""

import pytest

from tests.support.reference.rules import Expression


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        pytest.param("x > 2", [False, None, True, True], id="a comparison with a value that is not ready"),
        pytest.param("x > 2 and y > 9", [False, False, False, False], id="false beats not ready"),
        pytest.param("x > 2 or y > 0", [True, True, True, True], id="true beats not ready"),
        pytest.param("not x > 2", [True, None, False, False], id="not of not ready"),
        pytest.param("x > 2 & y < 4 | y == 1", [True, None, True, False], id="signs bind like words"),
        pytest.param("1 <= y < 3", [True, True, False, False], id="chained"),
        pytest.param("x / (y - 1)", [None, None, 1.5, 4 / 3], id="division by zero is not ready"),
        pytest.param("x ** 3", [1.0, None, 27.0, 64.0], id="a power"),
        pytest.param("-7 // y + -7 % y", [-7.0, -4 + 1.0, -3 + 2.0, -2 + 1.0], id="floor and remainder"),
        pytest.param("y[2]", [None, None, 1.0, 2.0], id="two bars ago"),
        pytest.param("crosses_above(y, 2.5)", [False, False, True, False], id="crosses above"),
        pytest.param("rising(y, 2)", [None, None, True, True], id="rising"),
        pytest.param("highest(y, 3)", [None, None, 3.0, 4.0], id="highest waits for n"),
        pytest.param("bars_since(y == 2)", [None, 0.0, 1.0, 2.0], id="bars since"),
        pytest.param("between(y, 2, 3)", [False, True, True, False], id="between includes both ends"),
        pytest.param("y in [1, 4]", [True, False, False, True], id="in a list"),
        pytest.param("word == 'bull'", [True, False, None, True], id="text"),
        pytest.param("1 if x > 2 else 0", [0.0, None, 1.0, 1.0], id="either"),
        pytest.param("round(y + 0.5)", [2.0, 2.0, 4.0, 4.0], id="ties to even"),
        pytest.param("sqrt(2 - y)", [1.0, 0.0, None, None], id="the root of a negative"),
    ],
)
def test_a_rule_over_four_bars(rule, values):
    columns = {"x": [1.0, None, 3.0, 4.0], "y": [1.0, 2.0, 3.0, 4.0], "word": ["bull", "bear", None, "bull"]}
    expression = Expression(rule)
    assert [expression.next(lambda name, j=j: columns[name][j]) for j in range(4)] == values


@pytest.mark.parametrize(
    "rule", ["__import__('os')", "x.real", "[y for y in x]", "lambda: 1", "x ** 9", "f(x)", "x[y]"]
)
def test_nothing_else_is_a_rule(rule):
    with pytest.raises(ValueError, match=r"rule language|no function|no operator"):
        Expression(rule).next(lambda _: 1.0)
