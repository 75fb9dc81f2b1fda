"""The `risk_management` section as sizing, stop and target of the plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from shared.strategy.document import Scalar
from shared.strategy.logic import read_price
from shared.strategy.names import Names
from shared.strategy.plan import Expr, Node, OutputValue, Regime, Sizing, Stop, Target
from shared.strategy.problems import Problems, nearest, shown
from shared.strategy.schema import REGIMES
from shared.strategy.sections import Section

DEFAULT_SIZE = Decimal("0.1")
ONE = Decimal(1)
ZERO = Decimal(0)


@dataclass(frozen=True)
class RiskReader:
    """Reads one merged section; a variant has its own."""

    nodes: Sequence[Node]
    names: Names
    problems: Problems

    def read(self, risk: Section) -> tuple[Sizing, Stop | None, Target]:
        sizing = self.sizing(risk)
        stop = self.stop(risk) if risk.states("stop_loss") else None
        if sizing.kind == "risk_pct" and not risk.states("stop_loss"):
            self.problems.error(risk.place, risk.where, "risk_pct needs a stop_loss: its distance sets the quantity")
        return sizing, stop, self.target(risk)

    # --- size ------------------------------------------------------------------------------------------------------

    def sizing(self, risk: Section) -> Sizing:
        size = risk.section("position_size")
        by_risk = self.either(size, risk, "risk_pct")
        switch = self.either(size, risk, "use_position_sizing")
        kind = self.kind(size, by_risk, switch)
        cap = self.either(size, risk, "max_position_pct").number("max_position_pct")
        amounts = {"risk_pct": by_risk.number("risk_pct"), "quote": size.number("quote")}
        amount = amounts.get(kind, size.number("base_size"))
        if kind == "risk_pct":
            for key in ("regime_adjustments", "signal_strength_multiplier"):
                if size.states(key):
                    self.problems.note(size.at(key), size.path(key), "without effect beside risk_pct")
            return Sizing(kind, amount or ZERO, None, None, cap)
        if not size.states("base_size", "quote") and not risk.where.startswith("variants."):
            self.problems.note(risk.place, risk.where or "risk_management", "no size stated: 10 % of equity per entry")
        regime = self.regime(size, "regime_adjustments", size) if size.states("regime_adjustments") else None
        strength = self.strength(size) if size.truth("signal_strength_multiplier") else None
        return Sizing(kind, DEFAULT_SIZE if amount is None else amount, regime, strength, cap)

    def kind(self, size: Section, by_risk: Section, switch: Section) -> Literal["base_size", "risk_pct", "quote"]:
        """The one form that is stated; the predecessor's switch decides where a file states two."""
        forms = [key for key in ("base_size", "quote") if size.states(key)]
        has_risk = by_risk.states("risk_pct")
        wants_risk = switch.truth("use_position_sizing", default=has_risk)
        if wants_risk and not has_risk and switch.states("use_position_sizing"):
            where = switch.path("use_position_sizing")
            self.problems.note(switch.at("use_position_sizing"), where, "without effect: no risk_pct is stated")
        if has_risk and not wants_risk:
            where = by_risk.path("risk_pct")
            self.problems.note(by_risk.at("risk_pct"), where, "without effect: use_position_sizing is false")
        if has_risk and wants_risk and forms and switch.states("use_position_sizing"):
            self.problems.note(size.at(forms[0]), size.path(forms[0]), "without effect: use_position_sizing is true")
            return "risk_pct"
        stated = [*forms, *(["risk_pct"] if has_risk and wants_risk else [])]
        if len(stated) > 1:
            place = by_risk.at("risk_pct") if "risk_pct" in stated else size.at(stated[1])
            self.problems.error(place, size.where, "states more than one size", found=" and ".join(stated),
                                allowed="one of base_size, quote, risk_pct")  # fmt: skip
        if "risk_pct" in stated:
            return "risk_pct"
        return "quote" if "quote" in stated else "base_size"

    def either(self, first: Section, second: Section, key: str) -> Section:
        """The section that states a key which may stand in two."""
        if first.states(key) and second.states(key):
            self.problems.error(first.at(key), first.path(key), f"stands in {second.where} as well")
        return first if first.states(key) else second

    def strength(self, size: Section) -> OutputValue | None:
        for at, node in enumerate(self.nodes):
            outputs = [facts.name for facts in node.sheet.outputs]
            if "signal_strength" in outputs and size.text("strength") in (None, node.id):
                return OutputValue(at, outputs.index("signal_strength"))
        if size.states("strength"):
            ids = [n.id for n in self.nodes if any(o.name == "signal_strength" for o in n.sheet.outputs)]
            self.wrong_id(size, "strength", "an indicator with signal_strength", ids)
        else:
            key = "signal_strength_multiplier"
            self.problems.note(size.at(key), size.path(key), "without effect: no indicator has a signal_strength")
        return None

    def regime(self, section: Section, key: str, *owners: Section) -> Regime:
        """Multipliers of a section, with the ADX that the first owner names, else the first in the file."""
        owner = next((o for o in owners if o.states("regime")), section)
        adx = self.node(owner, "regime", "ADX")
        if adx < 0 and not owner.states("regime"):
            self.problems.note(section.at(key), section.path(key), "without effect: the file has no ADX")
        values = section.section(key)
        factors = {name: values.number(name) for name in REGIMES}
        return Regime(adx, **{name: ONE if factor is None else factor for name, factor in factors.items()})

    # --- stop ------------------------------------------------------------------------------------------------------

    def stop(self, risk: Section) -> Stop | None:
        section = risk.section("stop_loss")
        base = section.number("base_percent")
        kind = self.stop_kind(section)
        price = self.price(section)
        atr, mult = self.atr(section.section("atr")) if section.states("atr") else (None, ZERO)
        adjustments = None
        if section.states("adx_adjustments"):
            adjustments = self.regime(section, "adx_adjustments", section, risk.section("position_size"))
            if not section.states("base_percent"):
                where = section.path("adx_adjustments")
                self.problems.note(section.at("adx_adjustments"), where, "without effect: base_percent is not stated")
        vp = self.profile(section, "use_vp_levels") if kind == "base" else -1
        if section.truth("use_vp_levels") and kind != "base":
            place = section.at("use_vp_levels")
            self.problems.error(place, section.path("use_vp_levels"), "needs base_percent as the only form of stop")
        return Stop(kind, base, atr, mult, price, adjustments, vp, section.number("vp_buffer") or ZERO)

    def stop_kind(self, section: Section) -> Literal["base", "atr", "price"]:
        stated = [key for key in ("base_percent", "atr", "price") if section.states(key)]
        is_one = len(stated) == 1 or stated == ["base_percent", "price"]
        if not is_one:
            if not stated and section.truth("use_vp_levels"):
                return "base"  # told as: use_vp_levels needs base_percent
            allowed = "one of base_percent, atr, price (base_percent beside price is its fallback)"
            rule = "states several stops" if stated else "states no stop"
            self.problems.error(section.place, section.where, rule, found=" ".join(stated), allowed=allowed)
        return "price" if "price" in stated else "atr" if "atr" in stated else "base"

    def atr(self, section: Section) -> tuple[OutputValue | None, Decimal]:
        mult = section.number("mult") or ZERO
        id_ = section.text("id")
        if id_ is None:
            return None, mult
        found = self.names.outputs(id_)
        if len(found) == 1:
            node, output = found[0]
            facts = self.nodes[node].sheet.outputs[output]
            if self.nodes[node].sheet.type == "ATR" or facts.name.endswith("_atr"):
                return OutputValue(node, output), mult
        self.wrong_id(section, "id", "an ATR", [node.id for node in self.nodes if node.sheet.type == "ATR"])
        return None, mult

    # --- target ----------------------------------------------------------------------------------------------------

    def target(self, risk: Section) -> Target:
        section = risk.section("take_profit")
        stated = [key for key in ("base_percent", "r_multiple", "price") if section.states(key)]
        if len(stated) > 1:
            self.problems.error(section.at(stated[1]), section.where, "states several targets", found=" ".join(stated),
                                allowed="one of base_percent, r_multiple, price")  # fmt: skip
        if risk.states("take_profit") and not stated and not section.states("partial_exits"):
            self.problems.error(section.place, section.where, "states no target",
                                allowed="base_percent, r_multiple, price or partial_exits")  # fmt: skip
        if "r_multiple" in stated and not risk.states("stop_loss"):
            place = section.at("r_multiple")
            self.problems.error(
                place, section.path("r_multiple"), "needs a stop_loss: it is a multiple of its distance"
            )
        kind = stated[0] if stated else "none"
        if section.truth("use_vp_targets") and kind != "base_percent":
            place = section.at("use_vp_targets")
            self.problems.error(place, section.path("use_vp_targets"), "needs base_percent as the form of target")
        rungs = self.rungs(section)
        amount = section.number(kind) or ZERO
        if kind == "base_percent":
            vp = self.profile(section, "use_vp_targets")
            return Target("base", amount, None, vp, rungs)
        if kind == "price":
            return Target("price", ZERO, self.price(section), -1, rungs)
        return Target("r_multiple" if kind == "r_multiple" else "none", amount, None, -1, rungs)

    def rungs(self, section: Section) -> tuple[tuple[Decimal, Decimal], ...]:
        base = section.number("base_percent")
        rungs: list[tuple[Decimal, Decimal]] = []
        for rung in section.sections("partial_exits"):
            level, percent = rung.number("level"), rung.number("percent")
            if level is None or percent is None:
                continue
            if rungs and level <= rungs[-1][0]:
                rule = f"levels rise: this one is not above {rungs[-1][0]}"
                self.problems.error(rung.at("level"), rung.path("level"), rule, found=str(level))
            elif base is not None and level >= base and not section.truth("use_vp_targets"):
                rule = f"never placed: the target at {base} comes first"
                self.problems.note(rung.at("level"), rung.path("level"), rule)
            rungs.append((level, percent))
        return tuple(rungs)

    # --- references ------------------------------------------------------------------------------------------------

    def price(self, section: Section) -> Expr | None:
        tree = section.tree("price")
        if not isinstance(tree, Scalar):
            return None
        return read_price(tree, section.path("price"), self.names, self.problems)

    def profile(self, section: Section, switch: str) -> int:
        """Node of the volume profile that a switch asks for; -1 when it is off or there is none."""
        if not section.truth(switch):
            return -1
        if not section.states("base_percent"):
            self.problems.error(section.at(switch), section.path(switch), "needs base_percent")
        node = self.node(section, "vp", "VolumeProfile")
        if node < 0 and not section.states("vp") and not self.names.broken:
            self.problems.note(
                section.at(switch), section.path(switch), "without effect: the file has no VolumeProfile"
            )
        return node

    def node(self, section: Section, key: str, type_: str) -> int:
        """The node that a key names by id, else the first of its type; -1 when there is none."""
        fitting = [at for at, node in enumerate(self.nodes) if node.sheet.type == type_]
        id_ = section.text(key)
        if id_ is None:
            return fitting[0] if fitting else -1
        for at in fitting:
            if self.nodes[at].id == id_:
                return at
        self.wrong_id(section, key, f"an indicator of the type {type_}", [self.nodes[at].id for at in fitting])
        return -1

    def wrong_id(self, section: Section, key: str, wanted: str, ids: Sequence[str]) -> None:
        id_ = section.text(key) or ""
        if not self.names.is_broken(id_):
            self.problems.error(section.at(key), section.path(key), f"must be {wanted}", found=shown(id_),
                                allowed=" ".join(ids), suggestion=nearest(id_, ids))  # fmt: skip
