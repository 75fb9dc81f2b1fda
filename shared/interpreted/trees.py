"""Syntax trees of kernels: copied with other names, and turned so that a kernel can stand where it is called."""

import ast
from collections.abc import Callable, Iterable
from typing import Any, cast

Block = list[ast.stmt]
Then = Callable[[ast.expr], Block]  # what becomes of the value of a call
Swap = Callable[[ast.AST], ast.AST | None]  # what stands in a node's place; None: itself, rebuilt

KERNEL = "kernel_"  # names of functions that may change what vectors hold


class Returned(ast.Return):
    """What a kernel returns that will stand in place, until its caller says what becomes of it."""


def name_of(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def store(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def branch(test: ast.expr, body: Block, orelse: Block) -> Block:
    """`if`; nothing where both ways are empty."""
    return [ast.If(test, body or [ast.Pass()], orelse)] if body or orelse else []


def is_atom(node: ast.AST) -> bool:
    """Is it as cheap to read as a name, and the same each time as long as nothing is stored?"""
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant | ast.Name)
    return isinstance(node, ast.Constant | ast.Name)


def walk(block: Iterable[ast.AST]) -> list[ast.AST]:
    """All nodes of a block but operators and contexts, in a third of ast.walk's time, which would be most of all."""
    found = list(block)
    for node in found:  # which grows
        if not isinstance(node, ast.Name | ast.Constant):
            for name in node._fields:
                value = getattr(node, name)
                if isinstance(value, list):
                    found += value
                elif isinstance(value, ast.expr | ast.stmt):
                    found.append(value)
    return found


def is_pure(block: Iterable[ast.AST]) -> bool:
    """Does it store in names only, and call nothing that stores elsewhere?"""
    return not any(
        (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.Name) and node.id.startswith(KERNEL))
        for node in walk(block)
    )


def rebuilt(node: ast.AST, swap: Swap) -> Any:
    """A copy in which `swap` has replaced nodes, outermost first. What it gives is not looked into."""
    found = swap(node)
    if found is not None:
        return found
    fields = {}
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            fields[name] = [rebuilt(item, swap) for item in value]
        else:
            fields[name] = rebuilt(value, swap) if isinstance(value, ast.expr | ast.stmt) else value
    return type(node)(**fields)


def renaming(given: dict[str, ast.expr]) -> Swap:
    """Names become what is given for them; one that is stored must become a name."""

    def swap(node: ast.AST) -> ast.AST | None:
        if not isinstance(node, ast.Name):
            return None
        found = given.get(node.id, node)
        if isinstance(node.ctx, ast.Store):
            return ast.Name(cast(ast.Name, found).id, ast.Store())
        return found

    return swap


def placed(block: Block, swap: Swap, then: Then) -> Block:
    """A copy of a block from `ways_out` with other names, in which `then` says what becomes of the value."""
    made: Block = []
    for line in block:
        if isinstance(line, Returned):
            made += then(rebuilt(line, swap).value)
        elif isinstance(line, ast.If):
            made += branch(
                rebuilt(line.test, swap), placed(line.body, swap, then), placed(line.orelse, swap, then)
            )  # fmt: skip
        else:
            made.append(rebuilt(line, swap))
    return made


def over_words(name: str, word: str, bounds: ast.Call, body: Block) -> ast.stmt | None:
    """`for name in range(...)` over words f[first:last] instead of their places, each under the name `word`.

    None where the body reads more by `name` than f[name] of one vector, or stores elsewhere than in names.
    """
    vectors: set[str] = set()

    def swap(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.Subscript(value=ast.Name(id=vector), slice=ast.Name(id=index)) if index == name:
                vectors.add(vector)
                return name_of(word)
        return None

    over = [rebuilt(line, swap) for line in body]
    if len(vectors) != 1 or not is_pure(body):
        return None
    if any(isinstance(node, ast.Name) and node.id == name for node in walk(over)):
        return None
    args = [*([ast.Constant(0)] if len(bounds.args) == 1 else []), *bounds.args]
    words = ast.Subscript(name_of(vectors.pop()), ast.Slice(*args), ast.Load())
    return ast.For(ast.Name(word, ast.Store()), words, over, [])


def as_expression(block: Block) -> ast.expr | None:
    """`if a: return b`, ..., `return c` as one expression; None of any other block."""
    match block:
        case [ast.Return(value=value), *_]:
            return value
        case [ast.If(test=test, body=body, orelse=orelse), *rest]:
            chosen, other = as_expression(body), as_expression([*orelse, *rest])
            return None if chosen is None or other is None else ast.IfExp(test, chosen, other)
    return None


def ends(block: Block) -> bool:
    """Does no way through a block lead behind it?"""
    match block:
        case [*_, ast.Return() | ast.Raise()]:
            return True
        case [*_, ast.If(body=body, orelse=orelse)]:
            return ends(body) and ends(orelse)
    return False


def ways_out(block: Block) -> Block | None:
    """A block that never returns: a value is marked as Returned, and what follows stands in the way that goes on.

    None where two ways go on, or one leads out of a loop.
    """
    for at, line in enumerate(block):
        if isinstance(line, ast.Return):
            return block[:at] if line.value is None else [*block[:at], Returned(line.value)]
        if isinstance(line, ast.If) and returns(line):
            rest = block[at + 1 :]
            if rest and not ends(line.body) and not ends(line.orelse):
                return None
            body, orelse = (ways_out(way if ends(way) else [*way, *rest]) for way in (line.body, line.orelse))
            return None if body is None or orelse is None else block[:at] + branch(line.test, body, orelse)
        if returns(line):
            return None
    return block


def returns(line: ast.stmt) -> bool:
    """Does a way through this statement return?"""
    match line:
        case ast.Return():
            return True
        case ast.If(body=body, orelse=orelse) | ast.For(body=body, orelse=orelse) | ast.While(body=body, orelse=orelse):
            return any(map(returns, body)) or any(map(returns, orelse))
    return False
