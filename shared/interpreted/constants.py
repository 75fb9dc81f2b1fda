"""What is known ahead: words of vectors, and what operators and Python's own functions give of constants."""

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, cast

from shared.interpreted.trees import is_atom

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.USub: operator.neg,
    ast.Not: operator.not_,
}  # fmt: skip
FUNCTIONS = (int, abs, min, max, math.isnan)


class Constants:
    """A vector whose words are known, but for those that vary."""

    def __init__(self, words: Sequence[Any], varying: frozenset[int] = frozenset()) -> None:
        self._words, self._varying = words, varying

    def at(self, place: ast.expr) -> ast.expr | None:
        """The word at a place that is known."""
        if not isinstance(place, ast.Constant) or place.value in self._varying:
            return None
        return ast.Constant(self._words[cast(int, place.value)])


def folded(op: ast.AST, *operands: ast.expr) -> ast.expr | None:
    """What an operator gives of constants; None where one is none, or Python refuses."""
    values = [operand.value for operand in operands if isinstance(operand, ast.Constant)]
    if len(values) < len(operands) or type(op) not in OPERATORS:
        return None
    try:
        return ast.Constant(OPERATORS[type(op)](*values))
    except ZeroDivisionError:
        return None


def folded_call(function: Any, args: Sequence[ast.expr]) -> ast.expr | None:
    """What a function gives of constants, or a comparison that says what isnan, min and max of two say; else None."""
    values = [arg.value for arg in args if isinstance(arg, ast.Constant)]
    if function in FUNCTIONS and len(values) == len(args):
        return ast.Constant(function(*values))
    if function is math.isnan and is_atom(args[0]):
        return ast.Compare(args[0], [ast.NotEq()], [args[0]])
    if function in (min, max) and len(args) == 2 and all(map(is_atom, args)):
        first, second = args
        order: ast.cmpop = ast.Lt() if function is min else ast.Gt()
        return ast.IfExp(ast.Compare(second, [order], [first]), second, first)
    return None
