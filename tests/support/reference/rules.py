"""The rule language, evaluated bar by bar with three-valued logic.

None stands for "not ready", whatever the type. Every part of an expression is evaluated at every entry bar and keeps
the list of all its values; `name[3]`, `crosses_above` and the like look them up there.

Values of oracles agree with the engine's but for their last digits. An expression that reads one and comes so near to
saying something else that those digits decide is `doubtful` from then on.
"""

import ast
import io
import math
import tokenize
from collections import defaultdict
from collections.abc import Callable, Set
from functools import reduce

Value = float | bool | str | None
Read = Callable[[str], Value]

CONSTANTS = {"true": True, "false": False}
SPELLED = {"&": "and", "|": "or"}  # with the precedence of the words, as their authors read them


NEAR = 1e-9  # relative; to 100 where numbers are smaller


class Expression:
    """One rule or price expression. `next` must be called exactly once per entry bar, oldest first."""

    def __init__(self, text: str, approximate: Set[str] = frozenset()) -> None:
        self.text = text
        self.doubtful = False
        self._tree = ast.parse(_spelled(" ".join(text.split())), mode="eval").body
        self._past: dict[ast.expr, list[Value]] = defaultdict(list)
        self._inexact = bool(self.names & approximate)

    @property
    def names(self) -> set[str]:
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        names = {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name) and id(node) not in called}
        return names - set(CONSTANTS)

    def next(self, read: Read) -> Value:
        return self._value(self._tree, read)

    def _value(self, node: ast.expr, read: Read) -> Value:
        value = self._compute(node, read)
        if isinstance(value, float) and math.isnan(value):
            value = None
        self._past[node].append(value)
        return value

    def _compute(self, node: ast.expr, read: Read) -> Value:
        match node:
            case ast.Constant(value=bool() | str() as value):
                return value
            case ast.Constant(value=int() | float() as value):
                return float(value)
            case ast.Name(id=name):
                return CONSTANTS[name] if name in CONSTANTS else read(name)
            case ast.Subscript(value=ast.Name() as name, slice=ast.Constant(value=int() as k)) if 1 <= k <= 500:
                self._value(name, read)
                return self._ago(name, k)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self._value(operand, read)
                return None if value is None else -value
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negation(self._value(operand, read))
            case ast.BoolOp(op=op, values=parts):
                values = [self._value(part, read) for part in parts]
                return every(values) if isinstance(op, ast.And) else some(values)
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as exponent)) if 1 <= exponent <= 8:
                value = self._value(left, read)
                return None if value is None else reduce(lambda product, _: product * value, range(exponent - 1), value)
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(op, self._value(left, read), self._value(right, read))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self._comparison(left, ops, comparators, read)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition, yes, no = (self._value(part, read) for part in (test, body, orelse))
                return None if condition is None else yes if condition else no
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(node, name, args, read)
        raise ValueError(f"{self.text!r}: {ast.unparse(node)!r} is not part of the rule language")

    def _comparison(self, left: ast.expr, ops: list[ast.cmpop], right: list[ast.expr], read: Read) -> Value:
        results: list[Value] = []
        last = self._value(left, read)
        for op, node in zip(ops, right, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                if not isinstance(node, ast.List | ast.Tuple):
                    raise ValueError(f"{self.text!r}: `in` needs a list")
                found = some([self._compare(ast.Eq(), last, self._value(item, read)) for item in node.elts])
                results.append(found if isinstance(op, ast.In) else negation(found))
            else:
                value = self._value(node, read)
                results.append(self._compare(op, last, value))
                last = value
        return every(results)

    def _call(self, call: ast.Call, name: str, args: list[ast.expr], read: Read) -> Value:
        if name in ("rising", "falling", "highest", "lowest"):
            node, n = args[0], _constant(args[1])
            self._value(node, read)
            if name in ("rising", "falling"):
                op = ast.Gt() if name == "rising" else ast.Lt()
                return every([self._compare(op, self._ago(node, k), self._ago(node, k + 1)) for k in range(n)])
            window = [self._ago(node, k) for k in range(n)]
            if any(value is None for value in window):
                return None
            return max(window) if name == "highest" else min(window)
        values = [self._value(arg, read) for arg in args]
        match name:
            case "crosses_above" | "crosses_below":
                a, b = args
                before, now = (ast.LtE(), ast.Gt()) if name == "crosses_above" else (ast.GtE(), ast.Lt())
                return every([self._compare(before, self._ago(a, 1), self._ago(b, 1)), self._compare(now, *values)])
            case "bars_since":
                before = self._past[call][-1] if self._past[call] else None
                return 0.0 if values[0] is True else None if before is None else before + 1.0
            case "between":
                value, low, high = values
                return every([self._compare(ast.LtE(), low, value), self._compare(ast.LtE(), value, high)])
        if name not in FUNCTIONS:
            raise ValueError(f"{self.text!r}: no function {name!r}")
        if any(value is None for value in values):
            return None
        if name in ("floor", "ceil", "round", "sqrt"):
            self._doubt(2 * values[0], round(2 * values[0]) if math.isfinite(values[0]) else values[0])
        return FUNCTIONS[name](*values)

    def _compare(self, op: ast.cmpop, a: Value, b: Value) -> bool | None:
        self._doubt(a, b)
        return compare(op, a, b)

    def _arithmetic(self, op: ast.operator, a: Value, b: Value) -> float | None:
        value = arithmetic(op, a, b)
        if isinstance(op, ast.Div | ast.FloorDiv | ast.Mod):
            self._doubt(b, 0.0)
        if isinstance(op, ast.FloorDiv | ast.Mod) and value is not None and math.isfinite(a / b):
            self._doubt(a / b, round(a / b))
        return value

    def _doubt(self, a: Value, b: Value) -> None:
        """Two numbers that the last digits hold apart, or together."""
        if self._inexact and isinstance(a, float) and isinstance(b, float | int):
            self.doubtful |= abs(a - b) <= NEAR * max(abs(a), abs(b), 100.0)

    def _ago(self, node: ast.expr, k: int) -> Value:
        past = self._past[node]
        return past[-1 - k] if k < len(past) else None


def every(values: list[Value]) -> bool | None:
    """False beats not ready, not ready beats true."""
    conditions = [_condition(value) for value in values]
    return False if False in conditions else None if None in conditions else True


def some(values: list[Value]) -> bool | None:
    conditions = [_condition(value) for value in values]
    return True if True in conditions else None if None in conditions else False


def negation(value: Value) -> bool | None:
    return None if _condition(value) is None else not value


def _condition(value: Value) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is not a condition")


def compare(op: ast.cmpop, a: Value, b: Value) -> bool | None:
    if a is None or b is None:
        return None
    match op:
        case ast.Lt():
            return a < b
        case ast.LtE():
            return a <= b
        case ast.Gt():
            return a > b
        case ast.GtE():
            return a >= b
        case ast.Eq():
            return a == b
        case ast.NotEq():
            return a != b
    raise ValueError(f"no comparison {type(op).__name__}")


def arithmetic(op: ast.operator, a: Value, b: Value) -> float | None:
    """float64; dividing by zero, and so // and % by it, is not ready."""
    if a is None or b is None:
        return None
    match op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div():
            return None if b == 0 else a / b
        case ast.FloorDiv():
            return None if b == 0 else a // b
        case ast.Mod():
            return None if b == 0 else a % b
    raise ValueError(f"no operator {type(op).__name__}")


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: float(function(x)) if math.isfinite(x) else x


FUNCTIONS: dict[str, Callable[..., float | None]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else None,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "round": _whole(round),  # ties to even
}


def _constant(node: ast.expr) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    raise ValueError(f"{ast.unparse(node)!r}: expected a constant whole number")


def _spelled(text: str) -> str:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return " ".join(SPELLED.get(token.string, token.string) for token in tokens).strip()


class Logic:
    """A side of `logic`: rules nested in all/any groups. Empty is never."""

    def __init__(self, tree: object, approximate: Set[str] = frozenset()) -> None:
        self._rules: list[Expression] = []
        self._approximate = approximate
        self._tree = self._read(tree)

    @property
    def names(self) -> set[str]:
        return set().union(*(rule.names for rule in self._rules))

    @property
    def doubtful(self) -> bool:
        return any(rule.doubtful for rule in self._rules)

    def next(self, read: Read) -> bool:
        values = {id(rule): rule.next(read) for rule in self._rules}
        return self._holds(self._tree, values)

    def _read(self, tree: object) -> object:
        match tree:
            case None:
                return ("all", [])
            case list():
                return ("all", [self._read(part) for part in tree])
            case {"all": parts} | {"any": parts} if len(tree) == 1:
                return (next(iter(tree)), [self._read(part) for part in parts or []])
            case str() | bool():
                rule = Expression(str(tree).lower() if isinstance(tree, bool) else tree, self._approximate)
                self._rules.append(rule)
                return rule
        raise ValueError(f"not a rule: {tree!r}")

    def _holds(self, tree: object, values: dict[int, Value]) -> bool:
        if isinstance(tree, Expression):
            return values[id(tree)] is True
        how, parts = tree
        held = [self._holds(part, values) for part in parts]
        return bool(held) and (all(held) if how == "all" else any(held))
