"""What risk reads of the file's indicators: an ADX, a volume profile, an ATR; named by id, or the first of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.strategy.document import Scalar
from shared.strategy.logic import read_price
from shared.strategy.names import Names
from shared.strategy.plan import Expr, Node, OutputValue, Regime
from shared.strategy.problems import Problems, nearest, shown
from shared.strategy.schema import REGIMES
from shared.strategy.sections import Section

ONE = Decimal(1)


@dataclass(frozen=True)
class References:
    """Resolves the ids of one risk section, and tells those that name nothing fitting."""

    nodes: Sequence[Node]
    names: Names
    problems: Problems

    def either(self, first: Section, second: Section, key: str) -> Section:
        """The section that states a key which may stand in two."""
        if first.states(key) and second.states(key):
            self.problems.error(first.at(key), first.path(key), f"stands in {second.where} as well")
        return first if first.states(key) else second

    def price(self, section: Section) -> Expr | None:
        tree = section.tree("price")
        if not isinstance(tree, Scalar):
            return None
        return read_price(tree, section.path("price"), self.names, self.problems)

    def regime(self, section: Section, key: str, *owners: Section) -> Regime:
        """Multipliers of a section, with the ADX that the first owner names, else the first in the file."""
        owner = next((o for o in owners if o.states("regime")), section)
        adx = self.node(owner, "regime", "ADX")
        if adx < 0 and not owner.states("regime"):
            self.problems.note(section.at(key), section.path(key), "without effect: the file has no ADX")
        values = section.section(key)
        factors = {name: values.number(name) for name in REGIMES}
        return Regime(adx, **{name: ONE if factor is None else factor for name, factor in factors.items()})

    def atr(self, section: Section, key: str) -> OutputValue | None:
        """The ATR that a key names: an indicator, or an output of one that publishes its own."""
        id_ = section.text(key)
        if id_ is None:
            return None
        found = self.names.outputs(id_)
        if len(found) == 1:
            node, output = found[0]
            sheet = self.nodes[node].sheet
            if sheet.type == "ATR" or sheet.outputs[output].name.endswith("_atr"):
                return OutputValue(node, output)
        self.wrong_id(section, key, "an ATR", [self.nodes[at].id for at in self.of_type("ATR")])
        return None

    def profile(self, section: Section, switch: str) -> int:
        """Node of the volume profile that a switch asks for; -1 when it is off or there is none."""
        if not section.truth(switch):
            return -1
        if not section.states("base_percent"):
            self.problems.error(section.at(switch), section.path(switch), "needs base_percent")
        node = self.node(section, "vp", "VolumeProfile")
        if node < 0 and not section.states("vp") and not self.names.broken:
            rule = "without effect: the file has no VolumeProfile"
            self.problems.note(section.at(switch), section.path(switch), rule)
        return node

    def node(self, section: Section, key: str, type_: str) -> int:
        """The node that a key names by id, else the first of its type; -1 when there is none."""
        fitting = self.of_type(type_)
        id_ = section.text(key)
        if id_ is None:
            return fitting[0] if fitting else -1
        for at in fitting:
            if self.nodes[at].id == id_:
                return at
        self.wrong_id(section, key, f"an indicator of the type {type_}", [self.nodes[at].id for at in fitting])
        return -1

    def of_type(self, type_: str) -> list[int]:
        return [at for at, node in enumerate(self.nodes) if node.sheet.type == type_]

    def wrong_id(self, section: Section, key: str, wanted: str, ids: Sequence[str]) -> None:
        id_ = section.text(key) or ""
        if not self.names.is_broken(id_):
            self.problems.error(section.at(key), section.path(key), f"must be {wanted}", found=shown(id_),
                                allowed=" ".join(ids), suggestion=nearest(id_, ids))  # fmt: skip
