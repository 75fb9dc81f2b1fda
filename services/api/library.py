"""Strategies as the API shows them. A version's text is data: it is read, checked and explained, never run."""

from collections import OrderedDict
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection

from shared.store import strategies
from shared.store.runs import Run
from shared.strategy.explain import explain
from shared.strategy.load import load
from shared.strategy.plan import Plan
from shared.strategy.planning import plan_for
from shared.strategy.problems import StrategyError
from shared.strategy.spec import Loaded, Spec

CACHED = 256  # versions; each about 100 KB


@lru_cache(maxsize=CACHED)
def read(text: str, name: str) -> Loaded:
    """A strategy file's text, checked. `name` is what it is called when it does not say."""
    return load(text, f"{name}.yaml")


def spec_of(text: str, name: str) -> Spec:
    """The spec of a text. Raises StrategyError with every problem."""
    loaded = read(text, name)
    if loaded.spec is None:
        raise StrategyError(loaded.errors)
    return loaded.spec


def in_words(spec: Spec) -> str | None:
    """The plan in words, as `paperfold explain` prints it."""
    return explain(plan_for(spec))


def parameters(spec: Spec) -> list[dict[str, object]]:
    """Every parameter with its value and bounds: those of the search space where the file states one."""
    searched = {one.name: one for one in spec.search}
    found: list[dict[str, object]] = []
    for node in spec.nodes:
        for param, value in zip(node.sheet.params, node.params, strict=True):
            name = f"{node.id}.{param.name}"
            search = searched.get(name)
            low = param.low if search is None or search.low is None else search.low
            high = param.high if search is None or search.high is None else search.high
            whole = param.whole if search is None else search.type == "integer"
            type_ = "integer" if whole else "float"
            words = list(param.words)
            found.append({"name": name, "value": value, "low": low, "high": high, "type": type_, "words": words})
    return found


def head(spec: Spec) -> dict[str, object]:
    """What lists show of a version."""
    return {
        "name": spec.name,
        "description": spec.description,
        "instrument": spec.instrument,
        "entry_timeframe": spec.entry_timeframe,
        "variants": list(spec.variants),
        "version_sha256": spec.sha256,
        "parameters": parameters(spec),
    }


class Plans:
    """Plans of runs. Versions never change and a run's choices neither, so that each is made once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Plan] = OrderedDict()

    def of(self, conn: Connection, run: Run) -> Plan:
        """What the run folds."""
        key = (run.strategy_version, run.variant, run.instrument, *sorted(run.params.items()))
        plan = self._kept.get(key)
        if plan is None:
            version = strategies.get_version(conn, run.strategy_version)
            spec = spec_of(version.text, version.strategy)
            plan = plan_for(spec, variant=run.variant, overrides=run.params, instrument=run.instrument)
            self._kept[key] = plan
            if len(self._kept) > CACHED:
                self._kept.popitem(last=False)
        return plan


def may_short(plan: Plan) -> bool:
    """Whether runs of this plan can hold a short, which a spot venue has only on paper."""
    return plan.allow_short and bool(plan.entry_short.members)


def shipped(folder: Path) -> list[tuple[str, str]]:
    """(name, text) of the strategy files of a folder, by name."""
    return [(file.stem, file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.yaml"))]
