"""A run's rules with their counts: the plan says which rules there are, the cache how often each held."""

from collections.abc import Mapping

from services.api.times import iso_or_none
from shared.store.counters import Counts
from shared.store.runs import Run
from shared.strategy.plan import Plan
from shared.strategy.rule_places import PlacedRule, placed_rules

Json = dict[str, object]

NOTHING = Counts(0, 0, 0)


def rules_json(run: Run, plan: Plan, as_of_ms: int | None, counted: Mapping[int, Counts]) -> Json:
    """Every rule of the plan; one that was never counted has zeros."""
    items = [_rule(number, one, counted.get(number, NOTHING)) for number, one in enumerate(placed_rules(plan), 1)]
    return {"as_of_ms": as_of_ms, "as_of_at": iso_or_none(as_of_ms), "from_ms": run.warmup_from_ms, "items": items}


def _rule(number: int, one: PlacedRule, counts: Counts) -> Json:
    return {
        "number": number,
        "side": one.side,
        "place": one.place,
        "required": one.is_required,
        "text": one.rule.text,
        **counts._asdict(),
        "held_ratio": _share(counts.held, counts.evaluated),
        "not_ready_ratio": _share(counts.not_ready, counts.evaluated),
    }


def _share(part: int, whole: int) -> float | None:
    return None if whole == 0 else part / whole
