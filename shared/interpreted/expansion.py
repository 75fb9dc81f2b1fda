"""One kernel for arguments of which some are known: their values written in, what it calls standing in its place."""

import ast
import builtins
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from shared.interpreted.constants import Constants, folded, folded_call
from shared.interpreted.trees import (
    KERNEL,
    Block,
    Then,
    as_expression,
    branch,
    is_atom,
    is_pure,
    name_of,
    over_words,
    placed,
    rebuilt,
    renaming,
    store,
    walk,
    ways_out,
)

if TYPE_CHECKING:
    from shared.interpreted.writer import Writer

NOTHING = ast.Constant(None)
FEW_TIMES = 8  # a loop of so many rounds is written out


class Expansion:
    """`known`: values of parameters, vectors of constants included. Its text is made when somebody asks for it."""

    def __init__(self, writer: "Writer", function: FunctionType, known: dict[str, Any]) -> None:
        self.function = function
        self._writer = writer
        self._tree, self.stored = writer.definition(function)
        self.parameters = [argument.arg for argument in self._tree.args.args]
        self._known = {name: value for name, value in known.items() if name not in self.stored}
        self._before: Block | None = []  # lines ahead of the one that is being made; None: it may not be reached
        self._has_called = False  # does this line call a kernel already, so that what it reads may change?

    @cached_property
    def body(self) -> Block:
        """Its statements."""
        return self._block(self._tree.body)

    @property
    def is_part(self) -> bool:
        return any(isinstance(found, ast.Name) and found.id == "part" for found in self._tree.decorator_list)

    @cached_property
    def size(self) -> int:
        """Nodes of its statements."""
        return sum(1 for _ in walk(self.body))

    @cached_property
    def is_pure(self) -> bool:
        """Does it store nothing that its caller could see?"""
        return is_pure(self.body)

    @cached_property
    def expression(self) -> ast.expr | None:
        """All of it as one expression, if it is one."""
        return as_expression(self.body)

    @cached_property
    def uses(self) -> Counter[str]:
        """How often the expression reads each name."""
        return Counter(node.id for node in walk([self.expression or NOTHING]) if isinstance(node, ast.Name))

    @cached_property
    def ways(self) -> Block | None:
        """Its statements without a return, if they can be told so."""
        return ways_out(self.body)

    @cached_property
    def own(self) -> set[str]:
        """Names that they store."""
        nodes = (node for node in walk(self.ways or []) if isinstance(node, ast.Name))
        return {node.id for node in nodes if isinstance(node.ctx, ast.Store)}

    def is_constant(self, parameter: str) -> bool:
        """Is nothing read of this parameter?"""
        return parameter in self._known and not isinstance(self._known[parameter], Constants)

    # --- statements --------------------------------------------------------------------------------------------------

    def _block(self, lines: Sequence[ast.stmt]) -> Block:
        made: Block = []
        for line in lines:
            kept, self._before, self._has_called = self._before, [], False
            found = self._statement(line)
            made += [*self._before, *found]
            self._before = kept
            if found and isinstance(found[-1], ast.Return):
                break
        return made

    def _statement(self, node: ast.stmt) -> Block:
        match node:
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._assign(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                return [ast.AugAssign(cast(ast.Name, self._expr(target)), op, self._expr(value))]
            case ast.If():
                return self._if(node)
            case ast.For():
                return self._for(node)
            case ast.While(test=test, body=body):
                return [ast.While(self._maybe(test), self._block(body) or [ast.Pass()], [])]
            case ast.Return(value=ast.Call() as call):
                return self._whole_call(call, lambda value: [ast.Return(value)])
            case ast.Return(value=value):
                return [ast.Return(None if value is None else self._expr(value))]
            case ast.Expr(value=ast.Call() as call):
                return self._whole_call(call, lambda value: [] if is_pure([value]) else [ast.Expr(value)])
            case ast.Raise(exc=ast.expr() as error):
                return [ast.Raise(self._expr(error), None)]
            case ast.Expr() | ast.Pass():
                return []
            case ast.Break() | ast.Continue():
                return [node]
        raise TypeError(f"{self.function.__name__}: {type(node).__name__} is not in the language")

    def _assign(self, target: ast.expr, value: ast.expr) -> Block:
        if isinstance(value, ast.Call):
            place = self._maybe(target)  # which Python works out after the value
            return self._whole_call(value, lambda given: [ast.Assign([place], given)])
        found = self._expr(value)
        if isinstance(target, ast.Name) and isinstance(found, ast.Constant) and self._is_stored_once(target.id):
            self._known[target.id] = found.value
            return []
        return [ast.Assign([self._expr(target)], found)]

    def _is_stored_once(self, name: str) -> bool:
        return self.stored[name] == 1 and name not in self.parameters

    def _if(self, node: ast.If) -> Block:
        lines, test = self._test(node.test)
        if isinstance(test, ast.Constant):
            return lines + self._block(node.body if test.value else node.orelse)
        return lines + branch(test, self._block(node.body), self._block(node.orelse))

    def _test(self, node: ast.expr) -> tuple[Block, ast.expr]:
        """A condition, and lines before it: a call that is all of it comes first and always, whatever it does."""
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=ast.Call() as call):
                lines, test = self._test(call)
                return lines, folded(node.op, test) or ast.UnaryOp(node.op, test)
            case ast.Call():
                name = self._writer.fresh("holds")
                match self._whole_call(node, lambda value: [store(name, value)]):
                    case [ast.Assign(value=value)]:
                        return [], value
                    case lines:
                        return lines, name_of(name)
        return [], self._expr(node)

    def _for(self, node: ast.For) -> Block:
        """A loop: each round written out, over the words that it reads, or as it is."""
        name, bounds = cast(ast.Name, node.target).id, cast(ast.Call, self._expr(node.iter))
        known = [cast(int, arg.value) for arg in bounds.args if isinstance(arg, ast.Constant)]
        if len(known) == len(bounds.args) and self._is_stored_once(name):
            rounds = range(*known)
            if len(rounds) <= FEW_TIMES and not any(isinstance(n, ast.Break | ast.Continue) for n in walk(node.body)):
                return [line for at in rounds for line in self._round(name, at, node.body)]
        body = self._block(node.body) or [ast.Pass()]
        return [over_words(name, self._writer.fresh(name), bounds, body) or ast.For(node.target, bounds, body, [])]

    def _round(self, name: str, at: int, body: Sequence[ast.stmt]) -> Block:
        self._known[name] = at
        made = self._block(body)
        del self._known[name]
        return made

    # --- expressions -------------------------------------------------------------------------------------------------

    def _maybe(self, node: ast.expr) -> ast.expr:
        """An expression that is not always evaluated, or more than once: nothing of it can be done before."""
        kept, self._before = self._before, None
        made = self._expr(node)
        self._before = kept
        return made

    def _expr(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.Constant():
                return node
            case ast.Name():
                return self._name(node)
            case ast.Subscript(value=ast.Name(id=name) as vector, slice=slice_, ctx=ctx):
                place, known = self._expr(slice_), self._known.get(name)
                word = known.at(place) if isinstance(known, Constants) else None
                return word or ast.Subscript(self._name(vector), place, ctx)
            case ast.BinOp(left=left, op=op, right=right):
                a, b = self._expr(left), self._expr(right)
                return folded(op, a, b) or ast.BinOp(a, op, b)
            case ast.UnaryOp(op=op, operand=operand):
                a = self._expr(operand)
                return folded(op, a) or ast.UnaryOp(op, a)
            case ast.Compare(left=left, ops=ops, comparators=[right, *more]):
                a, b = self._expr(left), self._expr(right)
                found = None if more else folded(ops[0], a, b)
                return found or ast.Compare(a, ops, [b, *map(self._maybe, more)])
            case ast.BoolOp():
                return self._bool_op(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                a = self._expr(test)
                if isinstance(a, ast.Constant):
                    return self._expr(body if a.value else orelse)
                return ast.IfExp(a, self._maybe(body), self._maybe(orelse))
            case ast.Tuple(elts=items, ctx=ctx):
                return ast.Tuple([self._expr(item) for item in items], ctx)
            case ast.Call():
                return self._call(node)
        raise TypeError(f"{self.function.__name__}: {type(node).__name__} is not in the language")

    def _name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Store):
            return node
        if self.is_constant(node.id):
            return ast.Constant(self._known[node.id])
        if node.id in self.stored or node.id in self.parameters:
            return node
        value = self._global(node.id)
        return ast.Constant(value) if type(value) in (int, float) else self._writer.named(node.id, value)

    def _global(self, name: str) -> Any:
        scope = self.function.__globals__
        return scope[name] if name in scope else getattr(builtins, name)

    def _bool_op(self, node: ast.BoolOp) -> ast.expr:
        """Without what changes nothing, and up to what decides."""
        decisive = isinstance(node.op, ast.Or)
        values: list[ast.expr] = []
        for at, one in enumerate(node.values):
            value = self._maybe(one) if at else self._expr(one)
            if not isinstance(value, ast.Constant):
                values.append(value)
            elif bool(value.value) == decisive:
                values.append(value)
                break
        if len(values) > 1:
            return ast.BoolOp(node.op, values)
        return values[0] if values else ast.Constant(not decisive)

    # --- calls -------------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> ast.expr:
        """A call inside an expression."""
        function, args = self._called(node)
        if not self._writer.is_written(function):
            return self._native(function, args)
        inner = self._inner(function, args)
        value = self._in_place(inner, args)
        if value is not None:
            return value
        if self._before is None or self._has_called or not inner.is_pure or inner.ways is None:
            return self._outside(inner, args)
        result = self._writer.fresh(function.__name__)
        self._before += self._lines(inner, inner.ways, args, lambda value: [store(result, value)])
        return name_of(result)

    def _whole_call(self, node: ast.Call, then: Then) -> Block:
        """A call that is all of a statement: the callee's own, and what becomes of its value."""
        function, args = self._called(node)
        if not self._writer.is_written(function):
            return then(self._native(function, args))
        inner = self._inner(function, args)
        value = self._in_place(inner, args)
        if value is not None:
            return then(value)
        if inner.ways is not None and self._writer.may_stand(inner):
            return self._lines(inner, inner.ways, args, then)
        return then(self._outside(inner, args))

    def _called(self, node: ast.Call) -> tuple[Any, list[ast.expr]]:
        match node.func:
            case ast.Attribute(value=ast.Name(id=module), attr=name):  # math.floor, in kernel.py
                function = getattr(self._global(module), name)
            case ast.Name(id=name):
                function = self._global(name)
            case _:
                raise TypeError(f"{self.function.__name__}: calls by name only")
        return function, [self._expr(arg) for arg in node.args]

    def _inner(self, function: FunctionType, args: list[ast.expr]) -> "Expansion":
        known: dict[str, Any] = {}
        for name, arg in zip(function.__code__.co_varnames, args, strict=False):
            if isinstance(arg, ast.Constant):
                known[name] = arg.value
            elif isinstance(arg, ast.Name) and isinstance(self._known.get(arg.id), Constants):
                known[name] = self._known[arg.id]
        return self._writer.expansion(function, known)

    def _native(self, function: Any, args: list[ast.expr]) -> ast.expr:
        """A call of something that is not written out."""
        found = folded_call(function, args)
        if found is not None:
            return found
        is_kernel = isinstance(function, FunctionType)
        self._has_called = self._has_called or is_kernel
        return ast.Call(self._writer.named((KERNEL if is_kernel else "") + function.__name__, function), args, [])

    def _outside(self, inner: "Expansion", args: list[ast.expr]) -> ast.expr:
        self._has_called = True
        return self._writer.call(inner, args)

    def _in_place(self, inner: "Expansion", args: list[ast.expr]) -> ast.expr | None:
        """A callee that is one expression; None where it is none, or an argument would be worked out twice."""
        if inner.expression is None or not is_pure(args):
            return None
        given = dict(zip(inner.parameters, args, strict=True))
        again = [name for name, arg in given.items() if inner.uses[name] > 1 and not is_atom(arg)]
        if again and (self._before is None or self._has_called):
            return None
        for name in again:
            given[name] = self._kept(name, given[name], cast(Block, self._before))
        found: ast.expr = rebuilt(inner.expression, renaming(given))
        return found

    def _kept(self, name: str, value: ast.expr, lines: Block) -> ast.Name:
        """The value under a name of its own."""
        fresh = self._writer.fresh(name)
        lines.append(store(fresh, value))
        return name_of(fresh)

    def _lines(self, inner: "Expansion", ways: Block, args: list[ast.expr], then: Then) -> Block:
        """A callee's statements, under names of their own."""
        lines: Block = []
        given: dict[str, ast.expr] = {}
        for name, arg in zip(inner.parameters, args, strict=True):
            is_same = isinstance(arg, ast.Constant | ast.Name) and name not in inner.stored
            given[name] = arg if is_same else self._kept(name, arg, lines)
        for name in sorted(inner.own - given.keys()):
            given[name] = name_of(self._writer.fresh(name))
        return lines + placed(ways, renaming(given), then)
