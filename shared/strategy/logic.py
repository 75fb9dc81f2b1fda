"""The sides of the logic as groups of compiled rules."""

from dataclasses import replace

from shared.strategy.document import Entries, Items, Scalar, Tree, is_null
from shared.strategy.expressions import Compiled, compile_condition, compile_number
from shared.strategy.names import Names
from shared.strategy.plan import Const, Expr, Group, Rule, Side
from shared.strategy.problems import Problems, shown

NEVER = Group("all", ())


def read_side(tree: Tree, side: Side, where: str, names: Names, problems: Problems) -> Group:
    """Rules of one side: all of a list must hold."""
    return _Reader(side.startswith("exit"), names, problems).group(tree, where)


def read_price(scalar: Scalar, where: str, names: Names, problems: Problems) -> Expr | None:
    """A price expression of risk management."""
    return report(compile_number(scalar.text, names), scalar, where, problems)


def report(compiled: Compiled, scalar: Scalar, where: str, problems: Problems) -> Expr | None:
    """Moves the problems of a text to their places in the file."""
    for error in compiled.errors:
        problems.error(scalar.place_at(error.offset), where, error.rule, found=error.found, allowed=error.allowed,
                       suggestion=error.suggestion)  # fmt: skip
    for offset, note in compiled.notes:
        problems.note(scalar.place_at(offset), where, note)
    return compiled.expr


def rules_in(group: Group) -> tuple[Rule, ...]:
    """Every rule of a group, in file order."""
    found: list[Rule] = []
    for member in group.members:
        found.extend((member,) if isinstance(member, Rule) else rules_in(member))
    return tuple(found)


class _Reader:
    def __init__(self, is_exit: bool, names: Names, problems: Problems) -> None:
        self.is_exit = is_exit
        self.names = names
        self.problems = problems

    def group(self, tree: Tree, where: str) -> Group:
        if isinstance(tree, Scalar):
            rule = self.rule(tree, where)
            return Group("all", (rule,)) if rule is not None else NEVER
        if isinstance(tree, Items):
            return self.members(tree, "all", where)
        return self.named(tree, where)

    def named(self, tree: Entries, where: str) -> Group:
        """{all: [...]} or {any: [...]}."""
        key = next(iter(tree.entries), "")
        if len(tree.entries) != 1 or key not in ("all", "any"):
            found = " ".join(tree.entries)
            rule = "must be one of all: [...] and any: [...] (a rule that holds `: ` needs quotes)"
            self.problems.error(tree.place, where, rule, found=shown(found) if found else "")
            return NEVER
        value = tree.entries[key].value
        if is_null(value):
            return replace(NEVER, kind="any" if key == "any" else "all")
        if not isinstance(value, Items):
            self.problems.error(value.place, f"{where}.{key}", "must be a list of rules")
            return NEVER
        return self.members(value, key, f"{where}.{key}")

    def members(self, items: Items, kind: str, where: str) -> Group:
        members: list[Rule | Group] = []
        seen: set[Expr | Group] = set()
        for i, tree in enumerate(items.items):
            path = f"{where}[{i}]"
            member = self.rule(tree, path) if isinstance(tree, Scalar) else self.group(tree, path)
            if member is None:
                continue
            if isinstance(member, Group) and not member.members:
                self.problems.note(tree.place, path, "an empty group never holds")
            meaning = member.expr if isinstance(member, Rule) else member
            if meaning in seen and not isinstance(meaning, Const):
                self.problems.note(tree.place, path, "the same rule stands here twice")
            seen.add(meaning)
            members.append(member)
        return Group("any" if kind == "any" else "all", tuple(members))

    def rule(self, scalar: Scalar, where: str) -> Rule | None:
        if is_null(scalar):
            self.problems.error(scalar.place, where, "the rule is empty")
            return None
        expr = report(compile_condition(scalar.text, self.names, self.is_exit), scalar, where, self.problems)
        return None if expr is None else Rule(" ".join(scalar.text.split()), expr)
