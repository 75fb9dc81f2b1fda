"""Notes that need more than the file: the trading rules of the instrument it will run on."""

from decimal import Decimal

from shared.strategy.plan import Node
from shared.strategy.problems import Problem
from shared.strategy.spec import Spec


def tick_notes(spec: Spec, tick_size: Decimal) -> tuple[Problem, ...]:
    """Values of the file that are finer than the instrument's prices."""
    found: list[Problem] = []
    for node, place in zip(spec.nodes, spec.places, strict=True):
        pips = _param(node, "min_gap_pips")
        if pips is not None and 0 < pips < tick_size:
            rule = f"below one tick ({tick_size} in {spec.instrument}): every gap is larger"
            found.append(Problem(spec.file, *place, "note", f"{node.id}.min_gap_pips", rule, f"{pips.normalize():f}"))
    return tuple(found)


def _param(node: Node, name: str) -> Decimal | None:
    names = node.sheet.param_names()
    return Decimal(repr(node.params[names.index(name)])) if name in names else None
