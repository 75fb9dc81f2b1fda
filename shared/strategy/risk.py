"""The `risk_management` section as the plan's sizing, stop, target, time exit and cooldown."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from shared.strategy.plan import Cooldown, OutputValue, Sizing, Stop, Target, Trailing
from shared.strategy.references import References
from shared.strategy.sections import Section
from shared.strategy.sizing import read_sizing

ZERO = Decimal(0)
FORMS_OF_STOP = ("base_percent", "atr", "price")
FORMS_OF_TARGET = ("base_percent", "r_multiple", "price")
MOVING = ("trailing", "breakeven_at_r")
FIRST_RISK = "its distance is the first risk; stop_loss.base_percent is the simplest"


class Risk(NamedTuple):
    """What a position may cost and bring, and how long it may last."""

    sizing: Sizing
    stop: Stop | None
    target: Target
    time_exit: int | None
    cooldown: Cooldown | None


@dataclass(frozen=True)
class RiskReader(References):
    """Reads one merged section; a variant has its own."""

    def read(self, risk: Section) -> Risk:
        sizing = read_sizing(risk, self)
        stop = self.stop(risk) if risk.states("stop_loss") else None
        if not risk.states("stop_loss"):
            self.needs_stop(risk, sizing)
        return Risk(sizing, stop, self.target(risk), self.time_exit(risk), self.cooldown(risk))

    def needs_stop(self, risk: Section, sizing: Sizing) -> None:
        if sizing.kind == "risk_pct":
            self.problems.error(risk.place, risk.where, "risk_pct needs a stop_loss: its distance sets the quantity")
        for key in MOVING:
            if risk.states(key):
                self.problems.error(risk.at(key), risk.path(key), f"needs a stop_loss: {FIRST_RISK}")

    # --- stop ------------------------------------------------------------------------------------------------------

    def stop(self, risk: Section) -> Stop | None:
        section = risk.section("stop_loss")
        base = section.number("base_percent")
        kind = self.stop_kind(section)
        atr, mult = self.atr_distance(section)
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
        return Stop(kind, base, atr, mult, self.price(section), adjustments, vp, section.number("vp_buffer") or ZERO,
                    self.trailing(self.either(section, risk, "trailing")),
                    self.either(section, risk, "breakeven_at_r").number("breakeven_at_r"))  # fmt: skip

    def stop_kind(self, section: Section) -> Literal["base", "atr", "price"]:
        stated = [key for key in FORMS_OF_STOP if section.states(key)]
        is_one = len(stated) == 1 or stated == ["base_percent", "price"]
        if not is_one:
            if not stated and section.truth("use_vp_levels"):
                return "base"  # told as: use_vp_levels needs base_percent
            allowed = "one of base_percent, atr, price (base_percent beside price is its fallback)"
            rule = "states several stops" if stated else self.no_stop(section)
            self.problems.error(section.place, section.where, rule, found=" ".join(stated), allowed=allowed)
        return "price" if "price" in stated else "atr" if "atr" in stated else "base"

    def no_stop(self, section: Section) -> str:
        moving = next((key for key in MOVING if section.states(key)), "")
        return f"states no stop: {moving} needs one, {FIRST_RISK}" if moving else "states no stop"

    def trailing(self, owner: Section) -> Trailing | None:
        if not owner.states("trailing"):
            return None
        section = owner.section("trailing")
        stated = [key for key in ("percent", "atr") if section.states(key)]
        if len(stated) != 1:
            rule = "states two distances" if stated else "states no distance"
            self.problems.error(section.place, section.where, rule, found=" ".join(stated), allowed="percent or atr")
        atr, mult = self.atr_distance(section)
        return Trailing(section.number("percent"), atr, mult, section.number("activate_at_r") or ZERO)

    def atr_distance(self, owner: Section) -> tuple[OutputValue | None, Decimal]:
        section = owner.section("atr")
        return self.atr(section, "id"), section.number("mult") or ZERO

    # --- target, time ----------------------------------------------------------------------------------------------

    def target(self, risk: Section) -> Target:
        section = risk.section("take_profit")
        stated = [key for key in FORMS_OF_TARGET if section.states(key)]
        if len(stated) > 1:
            self.problems.error(section.at(stated[1]), section.where, "states several targets", found=" ".join(stated),
                                allowed="one of base_percent, r_multiple, price")  # fmt: skip
        if risk.states("take_profit") and not stated and not section.states("partial_exits", "time_exit"):
            self.problems.error(section.place, section.where, "states no target",
                                allowed="base_percent, r_multiple, price, partial_exits or time_exit")  # fmt: skip
        if "r_multiple" in stated and not risk.states("stop_loss"):
            rule = "needs a stop_loss: it is a multiple of its distance"
            self.problems.error(section.at("r_multiple"), section.path("r_multiple"), rule)
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

    def time_exit(self, risk: Section) -> int | None:
        owner = self.either(risk.section("take_profit"), risk, "time_exit")
        bars = owner.section("time_exit").number("bars")
        return None if bars is None else int(bars)

    def cooldown(self, risk: Section) -> Cooldown | None:
        section = risk.section("cooldown")
        bars = section.number("bars")
        return None if bars is None else Cooldown(int(bars), "loss" if section.text("after") == "loss" else "any")
