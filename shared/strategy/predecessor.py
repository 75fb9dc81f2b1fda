"""What the predecessor's files write that is written otherwise here, or means something else.

Its RiskManagement was an indicator that followed a position of its own: stop and target in ATRs of the entry, the stop
moved to the entry price at a gain. Here that is `risk_management`; the note that says so is made from the parameters.
"""

from collections.abc import Sequence
from decimal import Decimal

from shared.strategy.document import Entries, Scalar
from shared.strategy.plan import Node
from shared.strategy.scalars import number, truth

RISK_MANAGEMENT = "RiskManagement"

# What the predecessor's indicator of that type did otherwise
DIFFERENT = {
    "VPFVGSignal": "signal_type and signal_strength are computed, and both sides have reversals and continuations (the "
    "predecessor gave constants, longs only reversals, shorts only continuations)",
}

# Its outputs that say that its stop or target was met: here that closes the position by itself
CLOSING = (
    "exit_long_risk", "exit_short_risk", "long_stop_hit", "short_stop_hit", "long_target_hit", "short_target_hit",
)  # fmt: skip
DEFAULTS = {
    "atr_period": Decimal(14),
    "initial_stop_atr_mult": Decimal("0.5"),
    "trailing_stop_atr_mult": Decimal(1),
    "target_atr_mult": Decimal(2),
    "breakeven_r_mult": Decimal(1),
}


def translation(tree: Entries, timeframe: str, nodes: Sequence[Node]) -> str:
    """The risk_management section that says what the parameters of a RiskManagement say."""
    value = {name: _number(tree, name) for name in DEFAULTS}
    id_, addition = _atr(value["atr_period"], timeframe, nodes)
    first = value["initial_stop_atr_mult"]
    stop = [_distance(id_, first)]
    switch = tree.get("enable_trailing")
    if not isinstance(switch, Scalar) or truth(switch) is not False:
        gain = _plain(value["breakeven_r_mult"])
        stop.append(f"breakeven_at_r: {gain}")
        stop.append(f"trailing: {{ {_distance(id_, value['trailing_stop_atr_mult'])}, activate_at_r: {gain} }}")
    target = f"take_profit: {{ r_multiple: {_plain(round(value['target_atr_mult'] / first, 6))} }}"
    return f"risk_management: {{ stop_loss: {{ {', '.join(stop)} }}, {target} }}{addition}"


def _number(tree: Entries, name: str) -> Decimal:
    scalar = tree.get(name)
    value = number(scalar) if isinstance(scalar, Scalar) else None
    return DEFAULTS[name] if value is None or not 0 < value <= 100 else value


def _atr(period: Decimal, timeframe: str, nodes: Sequence[Node]) -> tuple[str, str]:
    """Id of the ATR to write, and the indicator to add where the file has none of that period."""
    for node in nodes:
        if node.sheet.type == "ATR" and node.timeframe == timeframe and node.params == (float(period),):
            return node.id, ""
    id_ = f"ATR_{_plain(period)}"
    return id_, f", with {{ id: {id_}, type: ATR, timeframe: {timeframe}, period: {_plain(period)} }} in indicators"


def _distance(id_: str, mult: Decimal) -> str:
    return f"atr: {{ id: {id_}, mult: {_plain(mult)} }}"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
