"""A checked strategy file: everything but the choice of variant and parameters, which make a Plan of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from shared.strategy.plan import Cooldown, CostChoice, EntryOrder, Group, Node, Protection, Side, Sizing, Stop, Target
from shared.strategy.problems import Place, Problem


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a variant may change: logic and risk."""

    sides: Mapping[Side, Group]
    sizing: Sizing
    stop: Stop | None
    target: Target
    time_exit: int | None = None  # entry bars
    cooldown: Cooldown | None = None


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One dimension of the search space, and the bounds that a tuning form offers."""

    name: str  # ID.param
    type: str  # integer | float | categorical | boolean
    low: float | None
    high: float | None
    step: float | None
    choices: tuple[float, ...]
    log_scale: bool
    default: float | None


@dataclass(frozen=True, slots=True)
class Spec:
    """One strategy version."""

    name: str
    version: str  # of the format, as the file says
    description: str
    file: str
    sha256: str
    instrument: str
    exchange: str
    timeframes: Mapping[str, str]  # label -> timeframe
    nodes: tuple[Node, ...]  # with the file's parameters
    places: tuple[Place, ...]  # of the nodes in the file
    base: Behaviour
    variants: Mapping[str, Behaviour]
    protection: Protection | None
    allow_short: bool
    costs: CostChoice
    cash: Decimal
    from_ms: int | None
    to_ms: int | None
    search: tuple[SearchParameter, ...]
    entry_order: EntryOrder
    participation: Decimal | None  # fraction of a base bar's volume that may fill

    @property
    def entry_timeframe(self) -> str:
        return self.timeframes["entry"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What reading a file gave: a spec unless there are errors, and everything worth saying."""

    spec: Spec | None
    problems: tuple[Problem, ...]
    sha256: str

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def notes(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "note")
