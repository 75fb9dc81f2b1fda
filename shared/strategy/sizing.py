"""How much an entry buys: exactly one form of size, its multipliers, its cap."""

from decimal import Decimal
from typing import Literal

from shared.strategy.plan import OutputValue, Sizing
from shared.strategy.references import References
from shared.strategy.sections import Section

DEFAULT_SIZE = Decimal("0.1")
ZERO = Decimal(0)
MULTIPLIERS = ("regime_adjustments", "signal_strength_multiplier")
FORMS = ("base_size", "quote", "volatility_target")  # and risk_pct, which may stand outside position_size

Kind = Literal["base_size", "risk_pct", "quote", "volatility_target"]


def read_sizing(risk: Section, refs: References) -> Sizing:
    """The `position_size` section, and what of it may stand beside it in `risk_management`."""
    size = risk.section("position_size")
    by_risk = refs.either(size, risk, "risk_pct")
    switch = refs.either(size, risk, "use_position_sizing")
    cap = refs.either(size, risk, "max_position_pct").number("max_position_pct")
    kind = _kind(size, by_risk, switch, refs)
    amount = (by_risk if kind == "risk_pct" else size).number(kind)
    _note_without_effect(size, kind, refs)
    if kind == "risk_pct":
        return Sizing(kind, amount or ZERO, None, None, cap)
    if kind == "volatility_target":
        return Sizing(kind, amount or ZERO, None, None, cap, _atr(size, refs))
    if not size.states("base_size", "quote") and not risk.where.startswith("variants."):
        refs.problems.note(risk.place, risk.where or "risk_management", "no size stated: 10 % of equity per entry")
    regime = refs.regime(size, "regime_adjustments", size) if size.states("regime_adjustments") else None
    strength = _strength(size, refs) if size.truth("signal_strength_multiplier") else None
    return Sizing(kind, DEFAULT_SIZE if amount is None else amount, regime, strength, cap)


def _kind(size: Section, by_risk: Section, switch: Section, refs: References) -> Kind:
    """The one form that is stated; the predecessor's switch decides where a file states two."""
    forms: list[Kind] = [key for key in FORMS if size.states(key)]  # type: ignore[misc]  # FORMS are kinds
    has_risk = by_risk.states("risk_pct")
    wants_risk = switch.truth("use_position_sizing", default=has_risk)
    if wants_risk and not has_risk and switch.states("use_position_sizing"):
        where = switch.path("use_position_sizing")
        refs.problems.note(switch.at("use_position_sizing"), where, "without effect: no risk_pct is stated")
    if has_risk and not wants_risk:
        where = by_risk.path("risk_pct")
        refs.problems.note(by_risk.at("risk_pct"), where, "without effect: use_position_sizing is false")
    if has_risk and wants_risk and switch.states("use_position_sizing"):
        for form in forms:
            refs.problems.note(size.at(form), size.path(form), "without effect: use_position_sizing is true")
        return "risk_pct"
    stated: list[Kind] = [*forms, "risk_pct"] if has_risk and wants_risk else forms
    if len(stated) > 1:
        place = by_risk.at("risk_pct") if "risk_pct" in stated else size.at(stated[1])
        refs.problems.error(place, size.where, "states more than one size", found=" and ".join(stated),
                            allowed="one of base_size, quote, risk_pct, volatility_target")  # fmt: skip
    return stated[-1] if stated else "base_size"


def _note_without_effect(size: Section, kind: Kind, refs: References) -> None:
    """Multipliers belong to a stated amount; a size by risk or volatility is measured, not adjusted."""
    if kind in ("risk_pct", "volatility_target"):
        for key in MULTIPLIERS:
            if size.states(key):
                refs.problems.note(size.at(key), size.path(key), f"without effect beside {kind}")
    if size.states("atr") and kind != "volatility_target":
        refs.problems.note(size.at("atr"), size.path("atr"), "without effect: it belongs to volatility_target")


def _atr(size: Section, refs: References) -> OutputValue | None:
    if size.states("atr"):
        return refs.atr(size, "atr")
    found = refs.of_type("ATR")
    if not found and not refs.names.broken:
        rule = "needs an ATR: there is none in the file"
        refs.problems.error(size.at("volatility_target"), size.path("volatility_target"), rule)
    return OutputValue(found[0], 0) if found else None


def _strength(size: Section, refs: References) -> OutputValue | None:
    for at, node in enumerate(refs.nodes):
        outputs = [facts.name for facts in node.sheet.outputs]
        if "signal_strength" in outputs and size.text("strength") in (None, node.id):
            return OutputValue(at, outputs.index("signal_strength"))
    if size.states("strength"):
        ids = [n.id for n in refs.nodes if any(o.name == "signal_strength" for o in n.sheet.outputs)]
        refs.wrong_id(size, "strength", "an indicator with signal_strength", ids)
    else:
        key = "signal_strength_multiplier"
        refs.problems.note(size.at(key), size.path(key), "without effect: no indicator has a signal_strength")
    return None
