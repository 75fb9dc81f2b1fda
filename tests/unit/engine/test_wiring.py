"""Generated text says which kernel reads which place, and nothing else; the parameters of a strategy are not in it."""

import ast
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from shared.engine.layout import layout_of
from shared.engine.wiring import module_text
from shared.strategy.load import load
from shared.strategy.plan import Plan
from shared.strategy.planning import plan_for
from tests.support.differential import strategy
from tests.unit.engine.cases import CASES
from tests.unit.engine.generated import Run, runs

REPLAYS = Path(__file__).resolve().parents[2] / "replay"
# Statements of a wiring, and what expressions they may hold: calls, names, places f[3] and k[40], numbers.
ALLOWED = (
    ast.ImportFrom, ast.alias, ast.FunctionDef, ast.arguments, ast.arg, ast.Expr, ast.Assign, ast.If, ast.For,
    ast.Return, ast.Pass, ast.Call, ast.Name, ast.Load, ast.Store, ast.Subscript, ast.Constant, ast.UnaryOp, ast.USub,
)  # fmt: skip
MODULES = ("shared.engine.", "shared.indicators.", "shared.kernel")


def plan_of(text: str) -> Plan:
    return plan_for(load(text, "case.yaml"))


def text_of(plan: Plan) -> str:
    return module_text(plan, layout_of(plan))


def assert_only_wires(text: str) -> None:
    tree = ast.parse(text)
    docstring, *body = tree.body
    assert isinstance(docstring, ast.Expr)
    for node in (found for statement in body for found in ast.walk(statement)):
        assert isinstance(node, ALLOWED), ast.unparse(node)
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.module.startswith(MODULES)
        elif isinstance(node, ast.Constant):
            assert type(node.value) in (int, float)
            assert math.isfinite(node.value)
        elif isinstance(node, ast.UnaryOp):
            assert isinstance(node.operand, ast.Constant)  # -100.0
        elif isinstance(node, ast.FunctionDef):
            assert [ast.unparse(one) for one in node.decorator_list] in (["kernel"], ["part"])
        elif isinstance(node, ast.Subscript):
            assert isinstance(node.value, ast.Name)
            assert isinstance(node.slice, ast.Constant | ast.Name)
        elif isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name)
            assert not node.keywords
        elif isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Call)
        elif isinstance(node, ast.If):
            assert isinstance(node.test, ast.Call | ast.Name)


@pytest.mark.parametrize("case", CASES)
def test_a_wiring_holds_calls_names_places_and_numbers_only(case: str) -> None:
    assert_only_wires(text_of(plan_of(CASES[case])))


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(runs())
def test_whatever_a_strategy_says_its_wiring_only_wires(run: Run) -> None:
    assume(load(run.text, "generated.yaml").spec is not None)
    assert_only_wires(text_of(plan_of(run.text)))


def test_no_text_of_the_strategy_reaches_the_wiring() -> None:
    text = CASES["market orders only"].replace("fast", "zebra").replace("slow", "okapi").replace("case", "giraffe")
    wiring = text_of(plan_of(text))
    assert not {"zebra", "okapi", "giraffe", "BTC"} & set(wiring.replace("(", " ").replace(",", " ").split())
    assert wiring == text_of(plan_of(CASES["market orders only"]))


@pytest.mark.parametrize(
    ("case", "old", "new"),
    [
        ("base stop", "base_percent: 0.004", "base_percent: 0.05"),
        ("market orders only", "length: 8", "length: 80"),
        ("market orders only", "length: 3", "length: 500"),
        ("signal strength", "lookback: 20", "lookback: 400"),
        ("signal strength", "atr_period: 3", "atr_period: 9"),
        ("ATR stop", "mult: 1.5", "mult: 3"),
        ("smoothed protection", "smoothing_window: 7", "smoothing_window: 700"),
        ("sources and lags", "lag: 2", "lag: 20"),
        ("ladder", "level: 0.001, percent: 0.3", "level: 0.002, percent: 0.9"),
        ("quote", "quote: 1234.56789", "quote: 1"),
    ],
)
def test_parameters_do_not_change_the_wiring(case: str, old: str, new: str) -> None:
    assert old in CASES[case]
    assert text_of(plan_of(CASES[case].replace(old, new))) == text_of(plan_of(CASES[case]))


@pytest.mark.parametrize("name", ["ema-cross", "volume-profile-breakout"])
def test_a_shipped_wiring_reads_as_committed(name: str) -> None:
    """`make replay-accept` writes it anew."""
    assert text_of(plan_of(strategy(name))) == (REPLAYS / name / "wiring.py").read_text(encoding="utf-8")
