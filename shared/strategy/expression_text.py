"""An expression as the text of a rule: what `explain` shows where a plan has kept no words of its author."""

from collections.abc import Sequence

from shared.strategy.names import full_name
from shared.strategy.plan import Apply, BarValue, Const, Expr, Node, OutputValue, PositionValue

SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%",
    "gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!=", "and": "and", "or": "or",
}  # fmt: skip
COUNTED = ("rising", "falling", "highest", "lowest")
OF_CONDITIONS = ("and", "or", "not", "bars_since")
CONDITIONS = (
    "gt", "ge", "lt", "le", "eq", "ne", "and", "or", "not", "between", "crosses_above", "crosses_below", "rising",
    "falling",
)  # fmt: skip


def expression_text(expr: Expr, nodes: Sequence[Node]) -> str:
    """Text that compiles to the same expression again (a constant alone counts as a number)."""
    text = _Writer(nodes).text(expr, is_condition=_is_condition(expr, nodes))
    return text[1:-1] if text.startswith("(") else text


class _Writer:
    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes

    def text(self, expr: Expr, is_condition: bool) -> str:
        match expr:
            case Const(value):
                return _truth(value) if is_condition else _number(value)
            case BarValue(name) | PositionValue(name):
                return name
            case OutputValue(node, output):
                return full_name(self.nodes[node].id, self.nodes[node].sheet.outputs[output].name)
            case Apply("where", (then, test, other)):
                kept = self.text(then, is_condition), self.text(test, True), self.text(other, is_condition)
                return "({} if {} else {})".format(*kept)
            case Apply("eq" | "ne"):
                return self.equality(expr)
            case Apply():
                return _joined(expr, [self.text(arg, expr.op in OF_CONDITIONS) for arg in expr.args])

    def equality(self, expr: Apply) -> str:
        """Texts are words again, not their places in the words of an output."""
        words = next((found for arg in expr.args if (found := _words(arg, self.nodes))), ())
        is_condition = any(_is_condition(arg, self.nodes) for arg in expr.args)
        args = [
            repr(words[int(arg.value)]) if words and isinstance(arg, Const) else self.text(arg, is_condition)
            for arg in expr.args
        ]
        return _joined(expr, args)


def _joined(expr: Apply, args: list[str]) -> str:
    if expr.op in SIGNS:
        return f"({args[0]} {SIGNS[expr.op]} {args[1]})"
    match expr.op:
        case "pow":
            return f"({args[0]} ** {expr.n})"
        case "neg":
            return f"(-{args[0]})"
        case "not":
            return f"(not {args[0]})"
        case "past":
            return f"{args[0]}[{expr.n}]"
    return f"{expr.op}({', '.join([*args, str(expr.n)] if expr.op in COUNTED else args)})"


def _number(value: float) -> str:
    text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return f"({text})" if value < 0 else text


def _truth(value: float) -> str:
    return "true" if value else "false"


def _is_condition(expr: Expr, nodes: Sequence[Node]) -> bool:
    match expr:
        case OutputValue(node, output):
            return nodes[node].sheet.outputs[output].kind == "condition"
        case Apply("where", (then, _, other)):
            return _is_condition(then, nodes) or _is_condition(other, nodes)
        case Apply("past", (of,)):
            return _is_condition(of, nodes)
        case Apply(op):
            return op in CONDITIONS
    return False


def _words(expr: Expr, nodes: Sequence[Node]) -> tuple[str, ...]:
    if isinstance(expr, Apply) and expr.op == "past":
        return _words(expr.args[0], nodes)
    return nodes[expr.node].sheet.outputs[expr.output].words if isinstance(expr, OutputValue) else ()
