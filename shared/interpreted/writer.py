"""The interpreted form of the engine, written out: one bar's kernels as one text, for one plan's constants.

Kernels read well and call each other; an interpreter pays for each call, each place that is a sum and each parameter
that is looked up: half of a live step. So what a fold of many bars runs is made of the same text, as numba does for the
other form: constants of the plan (places, parameters, words of `k`) are written in where they are read, sums of
constants are worked out and branches that they decide left out, and a kernel stands where it is called. The operations
on state that are left are the same, on the same doubles, in the same order; nobody needs to read the result.

It rests on the language of kernels (tests/unit/test_kernel_language.py): positional arguments, expressions without
effects but for calls, names that are stored on every way to where they are read.
"""

import ast
import inspect
import itertools
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import FunctionType
from typing import Any, cast

from shared.interpreted.constants import Constants
from shared.interpreted.expansion import Expansion
from shared.interpreted.trees import KERNEL, name_of, walk

MOST_NODES = 400  # of a kernel that stands where it is called; longer ones are called
KEPT = 64  # texts that a process keeps, besides those that somebody runs

# Modules whose kernels most bars run. Others are about orders: they are called as they are.
EVERY_BAR = ("bar", "broker", "decide", "frames", "money", "portfolio", "protection", "rows", "rules", "standing")
WRITTEN = ("shared.indicators.", "shared.kernel", *(f"shared.engine.{name}" for name in EVERY_BAR))


def written_out(
    step: Callable[..., None], text: str, k: Sequence[int], p: Sequence[float], varying: frozenset[int]
) -> Callable[..., None]:
    """`step` of the wiring `text`, written out for these k and p; `varying` words of k are read where they are.

    Runs that differ in nothing else share the result.
    """
    fixed = tuple(0 if at in varying else word for at, word in enumerate(k))
    return _written_out(step, text, fixed, tuple(p), repr(p), varying)


@lru_cache(maxsize=KEPT)
def _written_out(
    step: FunctionType, text: str, k: tuple[int, ...], p: tuple[float, ...], exact: str, varying: frozenset[int]
) -> Callable[..., None]:
    writer = Writer(step.__module__, text)
    root = writer.expansion(step, {"k": Constants(k, varying), "p": Constants(p)})
    made: Callable[..., None] = writer.run(root)
    return made


class Writer:
    """All that one kernel calls, written out for known arguments."""

    def __init__(self, wiring: str, text: str) -> None:
        self._wiring, self._texts = wiring, {wiring: text}
        self._trees: dict[str, dict[str, ast.FunctionDef]] = {}
        self._stored: dict[ast.FunctionDef, Counter[str]] = {}
        self._numbers = itertools.count(1)
        self._scope: dict[str, Any] = {}  # what the text may name
        self._names: dict[Any, str] = {}
        self._expansions: dict[Any, Expansion] = {}
        self._called: dict[Expansion, str] = {}
        self._functions: list[ast.stmt] = []

    def run(self, root: Expansion) -> Any:
        """The text as a function."""
        self._define(root, "step", root.parameters)
        tree = ast.fix_missing_locations(ast.Module(self._functions, []))
        exec(compile(tree, f"<{self._wiring}, written out>", "exec"), self._scope)  # noqa: S102 - of our own kernels
        return self._scope["step"]

    # --- what an expansion asks for ---

    def fresh(self, name: str) -> str:
        """A name that nothing has."""
        return f"{name.partition('__')[0]}__{next(self._numbers)}"

    def named(self, name: str, value: Any) -> ast.Name:
        """A name of something that is no number: a function of Python's or of C's, an exception."""
        if value not in self._names:
            self._names[value] = self.fresh(name)
            self._scope[self._names[value]] = value
        return name_of(self._names[value])

    def is_written(self, function: Any) -> bool:
        """Is it a kernel that most bars run?"""
        return isinstance(function, FunctionType) and function.__module__.startswith((*WRITTEN, self._wiring))

    def may_stand(self, inner: Expansion) -> bool:
        """May it stand where it is called? A part of the wiring is called: each close is in two places."""
        return not inner.is_part and inner.size < MOST_NODES

    def definition(self, function: FunctionType) -> tuple[ast.FunctionDef, Counter[str]]:
        """A kernel's tree, and how often it stores each name."""
        module = function.__module__
        if module not in self._trees:
            text = self._texts.get(module) or inspect.getsource(sys.modules[module])
            found = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
            self._trees[module] = {node.name: node for node in found}
        tree = self._trees[module][function.__name__]
        if tree not in self._stored:
            names = (node for node in walk(tree.body) if isinstance(node, ast.Name))
            self._stored[tree] = Counter(node.id for node in names if isinstance(node.ctx, ast.Store))
        return tree, self._stored[tree]

    def expansion(self, function: FunctionType, known: dict[str, Any]) -> Expansion:
        """A kernel for what is known of its arguments; the same one for the same."""
        key = (function, *((name, type(value), repr(value)) for name, value in known.items()))
        if key not in self._expansions:
            self._expansions[key] = Expansion(self, function, known)
        return self._expansions[key]

    def call(self, inner: Expansion, args: list[ast.expr]) -> ast.expr:
        """A call of a kernel that is written out as a function, without the arguments that are known."""
        wanted = [at for at, name in enumerate(inner.parameters) if not inner.is_constant(name)]
        if inner not in self._called:
            self._called[inner] = KERNEL + self.fresh(inner.function.__name__)
            self._define(inner, self._called[inner], [inner.parameters[at] for at in wanted])
        return ast.Call(name_of(self._called[inner]), [args[at] for at in wanted], [])

    def _define(self, inner: Expansion, name: str, parameters: list[str]) -> None:
        function = ast.parse(f"def {name}({', '.join(parameters)}): pass").body[0]  # its fields differ among Pythons
        cast(ast.FunctionDef, function).body = inner.body or [ast.Pass()]
        self._functions.append(function)
