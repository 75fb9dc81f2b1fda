"""Rules as typed expressions: a whitelist over Python's syntax tree, every name resolved, every type checked.

Nothing is ever evaluated here. All problems of one rule are found in one pass: what is wrong counts as any type.
"""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

from shared.strategy.names import Names
from shared.strategy.plan import MEMORY_OPS, POSITION_NAMES, Apply, Const, Expr, Op
from shared.strategy.problems import nearest, shown
from shared.strategy.rule_text import DEEPEST, Parsed, RuleError, parse

LONGEST_MEMORY = 500  # bars that name[k], rising, highest ... may reach back
HIGHEST_POWER = 8
MOST_ARGUMENTS = 20

AnyKind = Literal["number", "condition", "text", "any"]

ARITHMETIC: dict[type[ast.operator], Op] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.FloorDiv: "floordiv", ast.Mod: "mod",
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], Op] = {
    ast.Gt: "gt", ast.GtE: "ge", ast.Lt: "lt", ast.LtE: "le", ast.Eq: "eq", ast.NotEq: "ne",
}  # fmt: skip

# name -> (operator, forms of its arguments, type of its value); a bars argument is a constant and becomes `n`
FUNCTIONS: dict[str, tuple[Op, tuple[str, ...], AnyKind]] = {
    "abs": ("abs", ("number",), "number"),
    "min": ("min", ("number", "..."), "number"),
    "max": ("max", ("number", "..."), "number"),
    "sqrt": ("sqrt", ("number",), "number"),
    "floor": ("floor", ("number",), "number"),
    "ceil": ("ceil", ("number",), "number"),
    "round": ("round", ("number",), "number"),
    "crosses_above": ("crosses_above", ("number", "number"), "condition"),
    "crosses_below": ("crosses_below", ("number", "number"), "condition"),
    "rising": ("rising", ("number", "bars"), "condition"),
    "falling": ("falling", ("number", "bars"), "condition"),
    "highest": ("highest", ("number", "bars"), "number"),
    "lowest": ("lowest", ("number", "bars"), "number"),
    "bars_since": ("bars_since", ("condition",), "number"),
    "between": ("between", ("number", "number", "number"), "condition"),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression and its type. `words`: of a text output; `literal`: a text constant, which has no words yet."""

    expr: Expr
    kind: AnyKind
    words: tuple[str, ...] = ()
    literal: str | None = None
    name: str = ""


WRONG = Typed(Const(0.0), "any")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a text means, or why it means nothing; notes are (offset, text)."""

    expr: Expr | None
    errors: tuple[RuleError, ...]
    notes: tuple[tuple[int, str], ...] = ()


def compile_condition(text: str, names: Names, is_exit: bool) -> Compiled:
    """A rule: its value is a condition."""
    return _compile(text, names, is_exit, "condition", "a rule is a condition, such as close > open")


def compile_number(text: str, names: Names) -> Compiled:
    """A price expression: its value is a number. No position exists yet when it is evaluated."""
    return _compile(text, names, False, "number", "must be a price, not a condition or text")


def memory(expr: Expr) -> int:
    """Earlier entry bars that an expression needs before its value no longer depends on where it started."""
    if not isinstance(expr, Apply):
        return 0
    inner = max((memory(arg) for arg in expr.args), default=0)
    if expr.op not in MEMORY_OPS:
        return inner
    own = {"crosses_above": 1, "crosses_below": 1, "highest": expr.n - 1, "lowest": expr.n - 1}
    # bars_since has no end: what has not held for as long as a rule can look back counts as never
    return inner + own.get(expr.op, LONGEST_MEMORY if expr.op == "bars_since" else expr.n)


def _compile(text: str, names: Names, is_exit: bool, kind: AnyKind, rule: str) -> Compiled:
    try:
        parsed = parse(text)
    except RuleError as error:
        return Compiled(None, (error,))
    checker = _Checker(parsed, names, is_exit)
    typed = checker.visit(parsed.body, 1)
    if typed.kind not in (kind, "any"):
        what = f"{typed.name} is {_a(typed.kind)}" if typed.name else _a(typed.kind)
        checker.wrong(parsed.body, rule, what)
    errors = tuple(checker.errors)
    return Compiled(None if errors else typed.expr, errors, tuple(checker.notes))


class _Checker:
    """Types one syntax tree, node by node."""

    def __init__(self, parsed: Parsed, names: Names, is_exit: bool) -> None:
        self.parsed = parsed
        self.names = names
        self.is_exit = is_exit
        self.errors: list[RuleError] = []
        self.notes: list[tuple[int, str]] = []

    def visit(self, node: ast.expr, depth: int) -> Typed:
        if depth > DEEPEST:
            if not any("deep" in error.rule for error in self.errors):
                self.wrong(node, f"a rule is nested at most {DEEPEST} deep")
            return WRONG
        method = self.NODES.get(type(node))
        return method(self, node, depth) if method else self.wrong(node, "not part of a rule", type(node).__name__)

    def wrong(self, node: ast.AST, rule: str, found: str = "", allowed: str = "", suggestion: str = "") -> Typed:
        self.errors.append(RuleError(self.parsed.offset(node), rule, found, allowed, suggestion))
        return WRONG

    def constant(self, node: ast.Constant, depth: int) -> Typed:
        if isinstance(node.value, bool):
            return Typed(Const(float(node.value)), "condition")
        if isinstance(node.value, (int, float)):
            return Typed(Const(float(node.value)), "number")
        if isinstance(node.value, bytes):
            return Typed(Const(0.0), "text", literal=self.parsed.texts[int(node.value)])
        return self.wrong(node, "not part of a rule", shown(str(node.value)))

    def name(self, node: ast.Name, depth: int) -> Typed:
        meaning = self.names.find(node.id, self.is_exit)
        if meaning is not None:
            if meaning.note:
                self.notes.append((self.parsed.offset(node), meaning.note))
            return Typed(meaning.expr, meaning.kind, meaning.words, name=node.id)
        if self.names.is_broken(node.id):
            return WRONG
        if self.names.is_replaced(node.id):
            rule = "of RiskManagement, which is not an indicator here; exit rules know entry_price and r_multiple"
            return self.wrong(node, rule, node.id)
        if node.id in POSITION_NAMES:
            return self.wrong(node, "only exit rules know the position", node.id)
        if node.id in FUNCTIONS:
            return self.wrong(node, "a function needs its arguments in brackets", node.id)
        if found := self.names.outputs(node.id):
            ids = " ".join(self.names.indicators[at][0] for at, _ in found)
            return self.wrong(node, "the name may mean an output of several indicators", node.id, allowed=ids)
        return self.wrong(node, "unknown name", node.id, suggestion=self.names.suggestion(node.id, self.is_exit))

    def history(self, node: ast.Subscript, depth: int) -> Typed:
        if not isinstance(node.value, ast.Name):
            return self.wrong(node, "history belongs to a name: highest(close[1], 20), not highest(close, 20)[1]")
        typed = self.name(node.value, depth)
        bars = self.bars(node.slice, node.value.id)
        return replace(typed, expr=Apply("past", (typed.expr,), bars))

    def unary(self, node: ast.UnaryOp, depth: int) -> Typed:
        is_not = isinstance(node.op, ast.Not)
        inner = self.need(node.operand, "condition" if is_not else "number", "not" if is_not else "a sign", depth + 1)
        if is_not:
            return Typed(Apply("not", (inner.expr,)), "condition")
        if isinstance(node.op, ast.UAdd):
            return Typed(inner.expr, "number")
        is_literal = isinstance(inner.expr, Const)
        return Typed(Const(-inner.expr.value) if is_literal else Apply("neg", (inner.expr,)), "number")  # type: ignore[union-attr]

    def binary(self, node: ast.BinOp, depth: int) -> Typed:
        left = self.need(node.left, "number", "arithmetic", depth + 1)
        if isinstance(node.op, ast.Pow):
            return self.power(node, left)
        right = self.need(node.right, "number", "arithmetic", depth + 1)
        op = ARITHMETIC.get(type(node.op))
        if op is None:
            return self.wrong(node, "not part of a rule", type(node.op).__name__)
        return Typed(Apply(op, (left.expr, right.expr)), "number")

    def power(self, node: ast.BinOp, left: Typed) -> Typed:
        n = node.right.value if isinstance(node.right, ast.Constant) else None
        if isinstance(n, float) and n.is_integer():
            n = int(n)
        if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= HIGHEST_POWER:
            return self.wrong(node.right, f"the exponent of ** is a whole number from 1 to {HIGHEST_POWER}")
        return Typed(Apply("pow", (left.expr,), n), "number")

    def logic(self, node: ast.BoolOp, depth: int) -> Typed:
        word: Op = "and" if isinstance(node.op, ast.And) else "or"
        parts = [self.need(value, "condition", word, depth + 1).expr for value in node.values]
        return Typed(joined(word, parts), "condition")

    def choice(self, node: ast.IfExp, depth: int) -> Typed:
        test = self.need(node.test, "condition", "if", depth + 1)
        then, other = self.visit(node.body, depth + 1), self.visit(node.orelse, depth + 1)
        for typed, part in ((then, node.body), (other, node.orelse)):
            if typed.kind == "text":
                return self.wrong(part, "if and else choose between numbers or conditions", "text")
        if "any" not in (then.kind, other.kind) and then.kind != other.kind:
            return self.wrong(node.orelse, f"both branches have one type: {then.kind}", _a(other.kind))
        return Typed(Apply("where", (then.expr, test.expr, other.expr)), then.kind)

    def comparison(self, node: ast.Compare, depth: int) -> Typed:
        parts: list[Expr] = []
        left_node, left = node.left, self.visit(node.left, depth + 1)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            if left_node is not node.left and isinstance(left_node, (ast.List, ast.Tuple)):
                return self.wrong(right_node, "a list is not compared any further: put what ends with it in brackets")
            if isinstance(op, (ast.In, ast.NotIn)):
                parts.append(self.membership(left_node, left, op, right_node, depth))
                right = WRONG
            else:
                right = self.visit(right_node, depth + 1)
                parts.append(self.compare(left_node, left, op, right_node, right))
            left_node, left = right_node, right
        return Typed(joined("and", parts), "condition")

    def membership(self, node: ast.expr, left: Typed, op: ast.cmpop, right: ast.expr, depth: int) -> Expr:
        if not isinstance(right, (ast.List, ast.Tuple)) or not right.elts:
            return self.wrong(right, "`in` needs a list: in ['bull', 'neutral']").expr
        equal = [self.compare(node, left, ast.Eq(), item, self.visit(item, depth + 1)) for item in right.elts]
        found = joined("or", equal)
        return Apply("not", (found,)) if isinstance(op, ast.NotIn) else found

    def compare(self, left_node: ast.expr, left: Typed, op: ast.cmpop, right_node: ast.expr, right: Typed) -> Expr:
        """One pair. Texts become the index of their word; 1 and 0 beside a condition become true and false."""
        word = COMPARISONS.get(type(op))
        if word is None:
            return self.wrong(left_node, "not part of a rule", type(op).__name__).expr
        if "any" in (left.kind, right.kind):
            return WRONG.expr
        if left.kind == right.kind == "number":
            return Apply(word, (left.expr, right.expr))
        if word not in ("eq", "ne"):
            place = right_node if left.kind == "number" else left_node
            return self.wrong(place, "only numbers have an order", f"{_a(left.kind)} and {_a(right.kind)}").expr
        if left.kind == right.kind == "text":
            return self.texts(word, left_node, left, right_node, right)
        if {left.kind, right.kind} == {"condition"} or _is_bit(left, right) or _is_bit(right, left):
            return Apply(word, (left.expr, right.expr))
        found = " with ".join(f"{t.name} ({t.kind})" if t.name else _a(t.kind) for t in (left, right))
        return self.wrong(right_node, "these types cannot be compared", found).expr

    def texts(self, word: Op, left_node: ast.expr, left: Typed, right_node: ast.expr, right: Typed) -> Expr:
        if left.literal is None and right.literal is None:
            if left.words != right.words:
                return self.wrong(right_node, "the two never take the same words", right.name).expr
            return Apply(word, (left.expr, right.expr))
        if left.literal is not None and right.literal is not None:
            return self.wrong(left_node, "two texts are compared", shown(left.literal)).expr
        output, literal, place = (left, right, right_node) if left.literal is None else (right, left, left_node)
        text = literal.literal or ""
        if text not in output.words:
            return self.wrong(place, f"{output.name} never takes this text", shown(text),
                              " ".join(output.words), nearest(text.lower(), output.words)).expr  # fmt: skip
        return Apply(word, (output.expr, Const(float(output.words.index(text)))))

    def call(self, node: ast.Call, depth: int) -> Typed:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            rule = "unknown function" if name else "only a function's name may stand before a bracket"
            return self.wrong(node, rule, name, allowed="" if name else " ".join(FUNCTIONS),
                              suggestion=nearest(name, FUNCTIONS, 3) if name else "")  # fmt: skip
        op, forms, kind = FUNCTIONS[name]
        is_open = forms[-1] == "..."
        if not (2 <= len(node.args) <= MOST_ARGUMENTS if is_open else len(node.args) == len(forms)):
            wanted = f"2 to {MOST_ARGUMENTS}" if is_open else str(len(forms))
            return self.wrong(node, f"{name} has {wanted} arguments", str(len(node.args)))
        if is_open:
            forms = ("number",) * len(node.args)
        n = 0
        args: list[Expr] = []
        for form, arg in zip(forms, node.args, strict=True):
            if form == "bars":
                n = self.bars(arg, "")
            else:
                args.append(self.need(arg, form, name, depth + 1).expr)
        if is_open:
            return Typed(reduce(lambda a, b: Apply(op, (a, b)), args), kind)
        return Typed(Apply(op, tuple(args), n), kind)

    def bars(self, node: ast.expr, name: str) -> int:
        """A constant number of bars; 0 and a problem when it is not one."""
        n = node.value if isinstance(node, ast.Constant) else None
        if isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= LONGEST_MEMORY:
            return n
        now = name if name and isinstance(n, int) and n == 0 else ""
        found = str(n)[:20] if isinstance(n, (int, float)) else ""
        self.wrong(node, f"a number of bars is a whole constant from 1 to {LONGEST_MEMORY}", found, suggestion=now)
        return 0

    def need(self, node: ast.expr, kind: str, what: str, depth: int) -> Typed:
        typed = self.visit(node, depth)
        if typed.kind in (kind, "any"):
            return typed
        found = f"{typed.name} is {_a(typed.kind)}" if typed.name else _a(typed.kind)
        return self.wrong(node, f"{what} needs {_a(kind)}", found)

    NODES: "dict[type[ast.expr], Callable[..., Typed]]" = {  # noqa: RUF012
        ast.Constant: constant, ast.Name: name, ast.Subscript: history, ast.UnaryOp: unary, ast.BinOp: binary,
        ast.BoolOp: logic, ast.IfExp: choice, ast.Compare: comparison, ast.Call: call,
    }  # fmt: skip


def joined(op: Op, parts: Sequence[Expr]) -> Expr:
    """`and` or `or` over all parts, as a balanced tree: the same truth, little depth."""
    if len(parts) == 1:
        return parts[0]
    half = (len(parts) + 1) // 2
    return Apply(op, (joined(op, parts[:half]), joined(op, parts[half:])))


def _is_bit(condition: Typed, bit: Typed) -> bool:
    return condition.kind == "condition" and bit.expr in (Const(0.0), Const(1.0)) and bit.kind == "number"


def _a(kind: str) -> str:
    return kind if kind == "text" else f"a {kind}"
