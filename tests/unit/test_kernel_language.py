"""The language of kernels, checked over every @kernel function of indicators/ and engine/.

What is not in the lists below does not pass: constructs that numba would compile to other bits than Python gives, or
that hide a cost. Types are followed as far as literals, annotations and declarations show them.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, get_type_hints

import pytest

from shared.kernel import OWN, VectorF, VectorM

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / "shared" / "indicators").glob("*.py"), *(ROOT / "shared" / "engine").glob("*.py")])

ALLOWED: tuple[type[ast.AST], ...] = (
    ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.While, ast.If, ast.Expr, ast.Pass, ast.Break,
    ast.Continue, ast.Raise, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.Call, ast.Constant,
    ast.Subscript, ast.Name, ast.Tuple, ast.Load, ast.Store, ast.And, ast.Or, ast.Not, ast.USub, ast.Add, ast.Sub,
    ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip
BUILTINS = {"min", "max", "abs", "range"}
VECTORS = {VectorF: "float", VectorM: "int"}


def kernels_of(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Functions under @kernel."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(d, ast.Name) and d.id == "kernel" for d in node.decorator_list
        ):
            yield node


class Check:
    """Problems of one kernel. Types are "int", "float", "bool", or None where nothing shows them."""

    def __init__(self, function: ast.FunctionDef, module: ModuleType | SimpleNamespace) -> None:
        self.function = function
        self.module = vars(module)
        self.problems: list[str] = []
        self.arguments = [argument.arg for argument in function.args.args]
        self.vectors: dict[str, str] = {}
        self.types: dict[str, str | None] = {}
        for argument in function.args.args:
            hint = self._hint(argument.annotation)
            if hint in ("VectorF", "VectorM"):
                self.vectors[argument.arg] = VECTORS[VectorF if hint == "VectorF" else VectorM]
            else:
                self.types[argument.arg] = hint
        self.stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}

    def run(self) -> list[str]:
        body = self.function.body
        documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        body = body[1:] if documented else body
        for node in (n for statement in body for n in ast.walk(statement)):
            self._node(node)
        for _ in range(2):  # types of names that are used before the line that shows their type
            self.found, self.problems = list(self.problems), []
            self._types(body)
            self.problems = self.found + [p for p in self.problems if p not in self.found]
        self._flow(body, set(self.arguments))
        return self.problems

    def _problem(self, node: ast.AST, text: str) -> None:
        line = f"{self.function.name}:{getattr(node, 'lineno', 0)}: {text}"
        if line not in self.problems:
            self.problems.append(line)

    # --- constructs ---

    def _node(self, node: ast.AST) -> None:
        if not isinstance(node, ALLOWED):
            self._problem(node, f"{type(node).__name__} is not in the language")
        if isinstance(node, ast.Constant) and type(node.value) not in (int, float, bool, str):
            self._problem(node, f"constant {node.value!r}")
        if isinstance(node, ast.Call):
            self._call(node)
        if isinstance(node, ast.Raise) and not (
            isinstance(node.exc, ast.Call)
            and isinstance(node.exc.func, ast.Name)
            and node.exc.func.id.endswith("Error")
        ):
            self._problem(node, "only `raise SomeError(words)`")
        if isinstance(node, ast.For) and not (
            isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name) and node.iter.func.id == "range"
        ):
            self._problem(node, "loops run over range()")
        if isinstance(node, (ast.For, ast.While)) and node.orelse:
            self._problem(node, "else of a loop")
        if isinstance(node, ast.Subscript) and not (
            isinstance(node.value, ast.Name) and (node.value.id in self.vectors or node.value.id in self.stored)
        ):
            self._problem(node, "only vectors have elements")

    def _call(self, node: ast.Call) -> None:
        if not isinstance(node.func, ast.Name):
            return  # the attribute is a problem already
        name = node.func.id
        declared = self.module.get(name)
        known = name in BUILTINS or name in OWN or getattr(declared, "is_kernel", False) or name.endswith("Error")
        if not known:
            self._problem(node, f"{name}() is neither a kernel nor in kernel.py")
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            self._problem(node, "arguments are positional")

    # --- types ---

    def _hint(self, annotation: ast.expr | None) -> str | None:
        text = "" if annotation is None else ast.unparse(annotation)
        return text if text in ("int", "float", "bool", "VectorF", "VectorM") else None

    def _type(self, node: ast.expr) -> str | None:
        match node:
            case ast.Constant(value=value):
                return type(value).__name__
            case ast.Name(id=name):
                if name in self.types:
                    return self.types[name]
                value = self.module.get(name)
                return type(value).__name__ if type(value) in (int, float, bool) else None
            case ast.Subscript(value=ast.Name(id=name)):
                return self.vectors.get(name)
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return "bool"
            case ast.BoolOp(values=values):
                return self._same(node, [self._type(value) for value in values])
            case ast.UnaryOp(operand=operand):
                return self._type(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(op, self._type(left), self._type(right))
            case ast.IfExp(body=body, orelse=orelse):
                return self._same(node, [self._type(body), self._type(orelse)])
            case ast.Call(func=ast.Name(id=name), args=arguments):
                if name in ("min", "max"):
                    return self._same(node, [self._type(argument) for argument in arguments])
                if name == "abs":
                    return self._type(arguments[0])
                return self._returned(name)
        return None

    def _arithmetic(self, op: ast.operator, left: str | None, right: str | None) -> str | None:
        if isinstance(op, ast.Div) or "float" in (left, right):
            return "float"
        return "int" if left == right == "int" else None

    def _returned(self, name: str) -> str | None:
        declared = OWN.get(name) or self.module.get(name)
        try:
            returned = get_type_hints(declared).get("return")
        except (TypeError, NameError):
            return None
        return returned.__name__ if returned in (int, float, bool) else None

    def _same(self, node: ast.AST, types: list[str | None]) -> str | None:
        known = {t for t in types if t is not None}
        if len(known) > 1:
            self._problem(node, f"mixes {' and '.join(sorted(known))}")
        return known.pop() if len(known) == 1 else None

    def _types(self, body: list[ast.stmt]) -> None:
        for node in (n for statement in body for n in ast.walk(statement)):
            match node:
                case ast.Assign(targets=[target], value=value):
                    self._store(target, self._type(value))
                case ast.AnnAssign(target=target, value=value) if value is not None:
                    self._store(target, self._type(value))
                case ast.AugAssign(target=target, op=op, value=value):
                    self._store(target, self._arithmetic(op, self._type(target), self._type(value)))
                case ast.For(target=ast.Name() as target):
                    self._store(target, "int")
                case ast.Return(value=value) if value is not None:
                    self._same(node, [self._type(value), self._hint(self.function.returns)])
                case ast.Compare(left=left, comparators=others):
                    self._same(node, [self._type(side) for side in (left, *others)])
                case ast.expr():
                    self._type(node)

    def _store(self, target: ast.expr, type_: str | None) -> None:
        if isinstance(target, ast.Name):
            known = self.types.setdefault(target.id, type_)
            self.types[target.id] = self._same(target, [known, type_]) or known
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            self._same(target, [self.vectors.get(target.value.id), type_])

    # --- one-armed assignments ---

    def _flow(self, body: list[ast.stmt], before: set[str]) -> set[str] | None:
        """Names that are surely assigned after `body`; None when nothing comes after it."""
        sure = set(before)
        for statement in body:
            match statement:
                case ast.If(test=test, body=yes, orelse=no):
                    self._reads(test, sure)
                    ends = [end for end in (self._flow(yes, sure), self._flow(no, sure)) if end is not None]
                    if not ends:
                        return None
                    sure = set.intersection(*ends)
                case ast.For(target=target, iter=iterated, body=inner):
                    self._reads(iterated, sure)
                    names = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
                    self._flow(inner, sure | names)
                case ast.While(test=test, body=inner):
                    self._reads(test, sure)
                    self._flow(inner, sure)
                case ast.Return() | ast.Raise() | ast.Break() | ast.Continue():
                    self._reads(statement, sure)
                    return None
                case _:
                    self._reads(statement, sure)
                    sure |= {
                        n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                    }
        return sure

    def _reads(self, node: ast.AST, sure: set[str]) -> None:
        augmented = [node.target] if isinstance(node, ast.AugAssign) else []
        for name in [n for n in ast.walk(node) if isinstance(n, ast.Name)]:
            if (isinstance(name.ctx, ast.Load) or name in augmented) and name.id in self.stored - sure:
                self._problem(name, f"{name.id} is assigned on one way to this line only")


def namespace(module: ModuleType) -> SimpleNamespace:
    """A module's names; its kernels, own and imported, are marked."""
    names: dict[str, Any] = {}
    for name, value in vars(module).items():
        names[name] = value
        source = getattr(value, "__module__", "") if callable(value) else ""
        if source.startswith("shared.") and value.__name__ in declared_in(source):
            names[name] = Marked(value)
    return SimpleNamespace(**names)


class Marked:
    """A kernel, known to be one."""

    is_kernel = True

    def __init__(self, function: Any) -> None:
        self.__annotations__ = get_type_hints(function)


def declared_in(module: str) -> set[str]:
    """Names of the kernels that a module declares."""
    source = importlib.import_module(module).__file__
    assert source is not None
    return {function.name for function in kernels_of(ast.parse(Path(source).read_text()))}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_kernels_speak_the_language(path: Path) -> None:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    names = namespace(module)
    problems = [p for function in kernels_of(ast.parse(path.read_text())) for p in Check(function, names).run()]
    assert not problems, "\n".join(problems)


def test_kernels_are_found() -> None:
    counted = {path.stem: len(list(kernels_of(ast.parse(path.read_text())))) for path in FILES}
    assert counted["ema"] == 2
    assert counted["volume_profile"] == 7


BODIES = {
    "a ** 2.0": "Pow",
    "round(a, 2)": "round()",
    "int(a)": "int()",
    "float(n)": "float()",
    "math.exp(a)": "Attribute",
    "sum(f)": "sum()",
    "f[0:2]": "Slice",
    "[x for x in f]": "ListComp",
    "(lambda: a)()": "Lambda",
    "f.append(a)": "Attribute",
    "step(f, 0, close=a)": "positional",
    "a if n > 1 else 1": "mixes float and int",
    "min(a, 0)": "mixes float and int",
    "a > n": "mixes float and int",
    "n << 2": "LShift",
    "a is None": "Is",
    "f'{a}'": "JoinedStr",
}


@pytest.mark.parametrize(("expression", "words"), BODIES.items())
def test_the_check_sees_an_expression_outside_the_language(expression: str, words: str) -> None:
    assert any(words in problem for problem in problems_of(f"b = {expression}"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("if a > 0.0:\n    b = a\nf[0] = b", "b is assigned on one way", id="one-armed assignment"),
        pytest.param("for i in range(n):\n    b = a\nf[0] = b", "b is assigned on one way", id="assigned in a loop"),
        pytest.param("while a > b:\n    b = a", "b is assigned on one way", id="read before the loop assigns it"),
        pytest.param("b += a", "b is assigned on one way", id="augmented before it is assigned"),
        pytest.param("b = 0\nif a > 0.0:\n    b = a", "mixes float and int", id="a name of two types"),
        pytest.param("f[0] = n", "mixes float and int", id="an int among the floats"),
        pytest.param("m[0] = a", "mixes float and int", id="a float among the ints"),
        pytest.param("return n", "mixes float and int", id="a return of another type"),
        pytest.param("try:\n    b = a\nfinally:\n    f[0] = a", "Try", id="try"),
        pytest.param("with a:\n    f[0] = a", "With", id="with"),
        pytest.param("global x\nx = a", "Global", id="global"),
        pytest.param("for x in f:\n    f[0] = x", "range()", id="a loop over something else"),
    ],
)
def test_the_check_sees_a_statement_outside_the_language(body: str, words: str) -> None:
    assert any(words in problem for problem in problems_of(body))


@pytest.mark.parametrize(
    "body",
    [
        "if a > 0.0:\n    b = a\nelse:\n    b = 0.0\nf[0] = b",
        "if a > 0.0:\n    return a\nelse:\n    b = 1.0\nf[0] = b",
        "b = 0.0\nif a > 0.0:\n    b = a\nf[0] = b",
        "b = 0.0\nfor i in range(n):\n    b += f[i] * i\nf[0] = b / n",
        "m[0] = index_(a) + n\nf[0] = max(a, 0.0)",
    ],
)
def test_the_check_lets_the_language_pass(body: str) -> None:
    assert problems_of(body) == []


def problems_of(body: str) -> list[str]:
    """Problems of a kernel with this body, over f, m, a float a and an int n."""
    indented = body.replace("\n", "\n    ")
    source = f"@kernel\ndef step(f: VectorF, m: VectorM, a: float, n: int) -> float:\n    {indented}\n"
    (function,) = kernels_of(ast.parse(source))
    return Check(function, SimpleNamespace(step=SimpleNamespace(is_kernel=True))).run()
