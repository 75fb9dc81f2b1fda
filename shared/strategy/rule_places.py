"""Where each rule of a plan stands: its side, its place in the side's list, and whether the side needs it."""

from collections.abc import Iterator
from typing import NamedTuple

from shared.strategy.plan import SIDES, Group, Plan, Rule, Side


class PlacedRule(NamedTuple):
    """One rule in its side. `place`: `2 of 3`; inside a group `3 of 3, any 1 of 2`."""

    rule: Rule
    side: Side
    place: str
    is_required: bool  # the side cannot hold without it: no `any` of several stands between


def placed_rules(plan: Plan) -> Iterator[PlacedRule]:
    """Every rule of the four sides, in the order in which the engine counts them."""
    for side in SIDES:
        yield from _members(getattr(plan, side), side, (), True)


def _members(group: Group, side: Side, above: tuple[str, ...], is_required: bool) -> Iterator[PlacedRule]:
    count = len(group.members)
    is_required = is_required and (group.kind == "all" or count == 1)
    # a side's list says nothing of itself, all of it must hold; a group of one is no group
    kind = "" if group.kind == "all" and not above else f"{group.kind} "
    for number, member in enumerate(group.members, 1):
        place = (*above, f"{kind}{number} of {count}") if count > 1 else above
        if isinstance(member, Group):
            yield from _members(member, side, place, is_required)
        else:
            yield PlacedRule(member, side, ", ".join(place) or "1 of 1", is_required)
