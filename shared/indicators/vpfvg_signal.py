"""VPFVGSignal: a fair value gap that the volume profile confirms.

Reversal: the gap lies at a low volume node, where price passes quickly. Continuation: it lies at a high volume node and
the POC has moved its way. Reads the outputs of a VolumeProfile and an FVG as a rule would, after their lag, and its own
ATR of the current bar. A ready profile without a node of a kind leaves that node unknown: no low node is no objection
to a reversal, no high node rules a continuation out.

State: an ATR and the ring of the last `lookback_validation` POCs.
"""

from shared.indicators.atr import WORDS as ATR_WORDS
from shared.indicators.atr import settle as atr_settle
from shared.indicators.atr import start as atr_start
from shared.indicators.atr import step as atr_step
from shared.indicators.atr import warmup as atr_warmup
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, div, index_, is_nan, kernel

HEAD = 0  # ring position of the oldest POC, where this bar's goes
ATR = 1
RING = ATR + ATR_WORDS

LONG, SHORT, TYPE, STRENGTH, NOW_ATR, POC_SHIFT, LVN_DISTANCE, HVN_OVERLAP = range(8)  # outputs
REVERSAL, CONTINUATION, NONE = 0.0, 1.0, 2.0  # words of TYPE


@kernel
def start(
    f: VectorF,
    at: int,
    atr_period: float,
    lvn_dist_multiplier: float,
    poc_shift_multiplier: float,
    hvn_overlap_pct: float,
    lookback_validation: float,
) -> None:
    """No bar seen."""
    f[at + HEAD] = 0.0
    atr_start(f, at + ATR, atr_period)
    for i in range(index_(lookback_validation)):
        f[at + RING + i] = NAN


@kernel
def judge(
    f: VectorF,
    out: int,
    side: float,
    signal: float,
    mid: float,
    hvn: float,
    lvn: float,
    lvn_dist_multiplier: float,
    poc_shift_multiplier: float,
    hvn_overlap_pct: float,
) -> None:
    """Add one side's verdict to the outputs; `side` is 1.0 for longs, -1.0 for shorts."""
    if signal != 1.0 or is_nan(mid):
        return
    atr = f[out + NOW_ATR]
    reach = lvn_dist_multiplier * atr
    nearness = 0.0  # how close the low node is, 0 to 1
    reversal = is_nan(lvn)
    if not is_nan(lvn):
        distance = abs(mid - lvn)
        reversal = distance <= reach
        share = div(distance, reach)
        nearness = 0.0 if is_nan(share) else max(0.0, 1.0 - share)
        best = f[out + LVN_DISTANCE]
        f[out + LVN_DISTANCE] = distance if is_nan(best) else min(best, distance)
    overlap = 0.0
    continuation = False
    if not is_nan(hvn) and atr > 0.0:
        overlap = max(0.0, 1.0 - abs(mid - hvn) / atr)
        # a shift that is not known yet is no shift: the comparison is false
        continuation = f[out + POC_SHIFT] * side > poc_shift_multiplier * atr and overlap >= hvn_overlap_pct
        best = f[out + HVN_OVERLAP]
        f[out + HVN_OVERLAP] = overlap if is_nan(best) else max(best, overlap)
    if not (reversal or continuation):
        return
    strength = 0.5 + 0.5 * max(nearness, overlap)
    f[out + (LONG if side > 0.0 else SHORT)] = 1.0
    f[out + STRENGTH] = strength if is_nan(f[out + STRENGTH]) else max(strength, f[out + STRENGTH])
    if reversal:
        f[out + TYPE] = REVERSAL
    elif f[out + TYPE] == NONE:
        f[out + TYPE] = CONTINUATION


@kernel
def step(
    f: VectorF,
    at: int,
    out: int,
    high: float,
    low: float,
    close: float,
    poc: float,
    hvn: float,
    lvn: float,
    bullish: float,
    bearish: float,
    support_mid: float,
    resistance_mid: float,
    atr_period: float,
    lvn_dist_multiplier: float,
    poc_shift_multiplier: float,
    hvn_overlap_pct: float,
    lookback_validation: float,
) -> None:
    """Take in one bar. The ring keeps POCs that are not ready too, so a shift is ready when both of its ends are."""
    atr_step(f, at + ATR, out + NOW_ATR, high, low, close, atr_period)
    head = f[at + HEAD]
    slot = at + RING + index_(head)
    poc_before = f[slot]
    f[slot] = poc
    f[at + HEAD] = head + 1.0 if head + 1.0 < lookback_validation else 0.0
    if is_nan(f[out + NOW_ATR]) or is_nan(poc) or is_nan(bullish) or is_nan(bearish):
        for k in range(HVN_OVERLAP + 1):
            f[out + k] = NAN
        return
    f[out + LONG] = 0.0
    f[out + SHORT] = 0.0
    f[out + TYPE] = NONE
    f[out + STRENGTH] = NAN
    f[out + POC_SHIFT] = NAN if is_nan(poc_before) else poc - poc_before
    f[out + LVN_DISTANCE] = NAN
    f[out + HVN_OVERLAP] = NAN
    judge(f, out, 1.0, bullish, support_mid, hvn, lvn, lvn_dist_multiplier, poc_shift_multiplier, hvn_overlap_pct)
    judge(f, out, -1.0, bearish, resistance_mid, hvn, lvn, lvn_dist_multiplier, poc_shift_multiplier, hvn_overlap_pct)


VPFVG_SIGNAL = Indicator(
    type="VPFVGSignal",
    about="Fair value gaps confirmed by the volume profile",
    inputs=(
        Input("high"),
        Input("low"),
        Input("close"),
        Input("poc", ("vp", "poc_price"), "VolumeProfile"),
        Input("hvn", ("vp", "nearest_hvn_price"), "VolumeProfile"),
        Input("lvn", ("vp", "nearest_lvn_price"), "VolumeProfile"),
        Input("bullish", ("fvg", "FVG_bullish_signal"), "FVG"),
        Input("bearish", ("fvg", "FVG_bearish_signal"), "FVG"),
        Input("support_mid", ("fvg", "FVG_nearest_support_mid"), "FVG"),
        Input("resistance_mid", ("fvg", "FVG_nearest_resistance_mid"), "FVG"),
    ),
    params=(
        Param("atr_period", 14.0, 1.0, 10_000.0, whole=True, about="of the ATR that distances are measured in"),
        Param("lvn_dist_multiplier", 0.25, 0.0, 1_000.0, about="ATRs between gap and low node of a reversal, at most"),
        Param("poc_shift_multiplier", 0.5, 0.0, 1_000.0, about="ATRs that the POC must have moved for a continuation"),
        Param("hvn_overlap_pct", 0.05, 0.0, 1.0, about="least overlap of gap and high node of a continuation, 0 to 1"),
        Param("lookback_validation", 5.0, 1.0, 10_000.0, whole=True, about="bars over which the POC moves"),
    ),
    outputs=(
        Output("vf_long", "condition", about="reversal or continuation upwards"),
        Output("vf_short", "condition", about="reversal or continuation downwards"),
        Output("signal_type", "text", ("reversal", "continuation", "none"), about="reversal wins, of either side"),
        Output("signal_strength", low=0.5, high=1.0, about="not ready without a signal; of two sides the larger"),
        Output("vf_atr", low=0.0, about="its ATR"),
        Output("vf_poc_shift", about="POC - POC lookback_validation bars ago"),
        Output(
            "vf_lvn_distance", low=0.0, about="middle of a signalling gap to the low node; of two sides the smaller"
        ),
        Output(
            "vf_hvn_overlap", low=0.0, high=1.0, about="of a signalling gap and the high node; of two sides the larger"
        ),
    ),
    start=start,
    step=step,
    size=lambda *params: RING + int(params[4]),
    warmup=lambda atr_period, *_: atr_warmup(atr_period),
    settle=lambda atr_period, *rest: max(atr_settle(atr_period), int(rest[3]) + 1),
    oracle="the two signals written from the strategy format",
    unused=("min_fvg_size",),
    scale="invariant",
)
