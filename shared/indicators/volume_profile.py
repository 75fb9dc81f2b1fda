"""VolumeProfile: how much was traded at which price, over the last `lookback` bars, and the levels that stand out.

A profile is made at the close of every bar whose number (open time in timeframes) is a multiple of `update_frequency`,
once `lookback` bars have been seen; between, and when no bar of the window traded, the last one stands. The range from
the lowest low to the highest high of the bars that traded is cut into `price_bins` equal bins; a bar's volume is shared
equally by the bins it touches, oldest bar first. The point of control (POC) is the fullest bin; the value area grows
from it by its larger neighbour until it holds `value_area_pct` of the volume (J. Dalton, Mind over Markets, bin by
bin); high and low volume nodes (HVN, LVN) are bins well above and below the mean bin.

State: an ATR, the standing profile's levels, its edges and volumes, and the ring of the window.
"""

from shared.indicators.atr import WORDS as ATR_WORDS
from shared.indicators.atr import settle as atr_settle
from shared.indicators.atr import start as atr_start
from shared.indicators.atr import step as atr_step
from shared.indicators.fact_sheet import BAR_NUMBER, Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, floor_, index_, is_nan, kernel

LEVELS = 10  # standing outputs: the first ten, in this order, both in the state and in the output block
POC, VAH, VAL, TOTAL, POC_VOLUME, AREA_VOLUME, AVERAGE_VOLUME, POC_STRENGTH, AREA_WIDTH, BALANCE = range(LEVELS)
KEPT = 10  # volume of the bins that are not under the threshold
WIDTH = 11  # of a bin; 0: the whole window at one price
NOW_ATR = 12
SEEN = 13  # bars
HEAD = 14  # ring position of the next bar; once the ring is full, of the oldest
ATR = 15
EDGES = ATR + ATR_WORDS  # price_bins + 1 words, rising; then price_bins volumes, then the ring: low, high, volume

HVN_PRICE, LVN_PRICE, IS_HVN, IS_LVN, SPIKE, BREAKOUT = range(LEVELS, 16)  # outputs
ABOVE_POC, BELOW_POC, IN_AREA, TO_POC, TO_VAH, TO_VAL = range(16, 22)  # immediate outputs


@kernel
def start(
    f: VectorF,
    at: int,
    lookback: float,
    price_bins: float,
    value_area_pct: float,
    update_frequency: float,
    min_volume_threshold: float,
    hvn_threshold: float,
    lvn_threshold: float,
    atr_period: float,
    atr_multiplier: float,
) -> None:
    """No bar seen, no profile."""
    for i in range(LEVELS):
        f[at + i] = NAN
    for i in range(LEVELS, EDGES + 2 * index_(price_bins) + 1 + 3 * index_(lookback)):
        f[at + i] = 0.0
    atr_start(f, at + ATR, atr_period)
    f[at + NOW_ATR] = NAN


@kernel
def bin_of(f: VectorF, edges: int, top: int, width: float, price: float) -> int:
    """The last of the bins 0..top whose lower edge is at or below `price`; prices lie within the edges."""
    k = index_(min(floor_((price - f[edges]) / width), top + 0.0)) if width > 0.0 else 0
    # the quotient is rounded, and may be one bin off: the edges decide
    while k < top and f[edges + k + 1] <= price:
        k += 1
    while k > 0 and f[edges + k] > price:
        k -= 1
    return k


@kernel
def share_out(f: VectorF, edges: int, top: int, width: float, bars: int, end: int) -> None:
    """Add the volumes of the ring's bars from word `bars` up to `end` to the bins they touch, in this order."""
    volumes = edges + top + 2
    for bar in range(bars, end, 3):
        volume = f[bar + 2]
        if volume > 0.0:
            first = bin_of(f, edges, top, width, f[bar])
            while first > 0 and f[edges + first] >= f[bar]:  # a low on an edge touches the bin below it too
                first -= 1
            last = bin_of(f, edges, top, width, f[bar + 1])
            share = volume / (last - first + 1.0)
            for k in range(volumes + first, volumes + last + 1):
                f[k] += share


@kernel
def make(
    f: VectorF, at: int, lookback: float, price_bins: float, value_area_pct: float, min_volume_threshold: float
) -> None:
    """Replace the standing profile by that of the full ring, unless nothing was traded in it."""
    bins = index_(price_bins)
    top = bins - 1
    edges = at + EDGES
    volumes = edges + bins + 1
    ring = volumes + bins
    end = ring + 3 * index_(lookback)
    oldest = ring + 3 * index_(f[at + HEAD])

    lowest = 1e300
    highest = -1e300
    total = 0.0
    for i in range(2):  # from the oldest bar to the ring's end, then from its beginning
        for bar in range(oldest if i == 0 else ring, end if i == 0 else oldest, 3):
            if f[bar + 2] > 0.0:
                lowest = min(lowest, f[bar])
                highest = max(highest, f[bar + 1])
                total += f[bar + 2]
    if total == 0.0:
        return

    width = (highest - lowest) / price_bins
    for k in range(bins):
        f[edges + k] = lowest + k * width
        f[volumes + k] = 0.0
    f[edges + bins] = highest
    f[at + WIDTH] = width
    f[at + TOTAL] = total
    f[at + AVERAGE_VOLUME] = total / lookback
    if width == 0.0:  # one price, one bin: no nodes, so its volume is in no bin
        f[at + POC] = lowest
        f[at + VAH] = lowest
        f[at + VAL] = lowest
        f[at + KEPT] = total
        f[at + POC_VOLUME] = total
        f[at + AREA_VOLUME] = total
        f[at + POC_STRENGTH] = 1.0
        f[at + AREA_WIDTH] = 0.0
        f[at + BALANCE] = 1.0
        return

    share_out(f, edges, top, width, oldest, end)
    share_out(f, edges, top, width, ring, oldest)

    threshold = min_volume_threshold / 100.0 * total
    kept = 0.0
    poc = 0
    for k in range(bins):
        if f[volumes + k] < threshold:
            f[volumes + k] = 0.0
        kept += f[volumes + k]
        if f[volumes + k] > f[volumes + poc]:
            poc = k
    f[at + KEPT] = kept

    low = poc
    high = poc
    area = f[volumes + poc]
    wanted = value_area_pct / 100.0 * kept
    while area < wanted and (low > 0 or high < top):
        if low > 0 and (high == top or f[volumes + low - 1] >= f[volumes + high + 1]):
            low -= 1
            area += f[volumes + low]
        else:
            high += 1
            area += f[volumes + high]

    below = 0.0
    for k in range(poc):
        below += f[volumes + k]
    above = 0.0
    for k in range(poc + 1, bins):
        above += f[volumes + k]

    f[at + POC] = (f[edges + poc] + f[edges + poc + 1]) / 2.0
    f[at + VAH] = (f[edges + high] + f[edges + high + 1]) / 2.0
    f[at + VAL] = (f[edges + low] + f[edges + low + 1]) / 2.0
    f[at + POC_VOLUME] = f[volumes + poc]
    f[at + AREA_VOLUME] = area
    f[at + POC_STRENGTH] = f[volumes + poc] / total
    f[at + AREA_WIDTH] = f[at + VAH] - f[at + VAL]
    f[at + BALANCE] = min(below, above) / max(below, above) if max(below, above) > 0.0 else 1.0


@kernel
def nodes(
    f: VectorF, at: int, out: int, close: float, price_bins: float, hvn_threshold: float, lvn_threshold: float
) -> None:
    """Write what the standing profile's nodes are to this close."""
    bins = index_(price_bins)
    edges = at + EDGES
    volumes = edges + bins + 1
    mean = f[at + KEPT] / price_bins
    hvn_above = hvn_threshold * mean
    lvn_below = lvn_threshold * mean
    hvn_distance = 1e300
    lvn_distance = 1e300
    for k in range(bins):
        volume = f[volumes + k]
        is_hvn = volume > hvn_above
        is_lvn = 0.0 < volume < lvn_below
        if is_hvn or is_lvn:
            centre = (f[edges + k] + f[edges + k + 1]) / 2.0
            distance = abs(centre - close)
            if is_hvn and distance < hvn_distance:  # strictly: the lower one on a tie
                hvn_distance = distance
                f[out + HVN_PRICE] = centre
            if is_lvn and distance < lvn_distance:
                lvn_distance = distance
                f[out + LVN_PRICE] = centre
    f[out + IS_HVN] = 0.0
    f[out + IS_LVN] = 0.0
    if f[edges] <= close <= f[edges + bins]:
        volume = f[volumes + bin_of(f, edges, bins - 1, f[at + WIDTH], close)]
        f[out + IS_HVN] = 1.0 if volume > hvn_above else 0.0
        f[out + IS_LVN] = 1.0 if 0.0 < volume < lvn_below else 0.0


@kernel
def immediate(f: VectorF, out: int, lagged: int, close: float) -> None:
    """Where this close stands to the levels at f[lagged]."""
    poc = f[lagged + POC]
    vah = f[lagged + VAH]
    val = f[lagged + VAL]
    if is_nan(poc):
        for k in range(ABOVE_POC, TO_VAL + 1):
            f[out + k] = NAN
        return
    f[out + ABOVE_POC] = 1.0 if close > poc else 0.0
    f[out + BELOW_POC] = 1.0 if close < poc else 0.0
    f[out + IN_AREA] = 1.0 if val <= close <= vah else 0.0
    f[out + TO_POC] = close - poc
    f[out + TO_VAH] = close - vah
    f[out + TO_VAL] = close - val


@kernel
def step(
    f: VectorF,
    at: int,
    out: int,
    number: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    lookback: float,
    price_bins: float,
    value_area_pct: float,
    update_frequency: float,
    min_volume_threshold: float,
    hvn_threshold: float,
    lvn_threshold: float,
    atr_period: float,
    atr_multiplier: float,
) -> None:
    """Take in one bar; make the profile if it is due."""
    atr_step(f, at + ATR, at + NOW_ATR, high, low, close, atr_period)
    head = f[at + HEAD]
    slot = at + EDGES + 2 * index_(price_bins) + 1 + 3 * index_(head)
    f[slot] = low
    f[slot + 1] = high
    f[slot + 2] = volume
    f[at + HEAD] = head + 1.0 if head + 1.0 < lookback else 0.0
    f[at + SEEN] += 1.0

    previous_poc = f[at + POC]
    if f[at + SEEN] >= lookback and number % update_frequency == 0.0:
        make(f, at, lookback, price_bins, value_area_pct, min_volume_threshold)

    for k in range(LEVELS):
        f[out + k] = f[at + k]
    for k in range(LEVELS, ABOVE_POC):
        f[out + k] = NAN
    if not is_nan(f[at + POC]):
        nodes(f, at, out, close, price_bins, hvn_threshold, lvn_threshold)
        f[out + SPIKE] = 1.0 if volume > 1.5 * f[at + AVERAGE_VOLUME] else 0.0
        if not is_nan(previous_poc) and not is_nan(f[at + NOW_ATR]):
            f[out + BREAKOUT] = 1.0 if abs(f[at + POC] - previous_poc) > f[at + NOW_ATR] * atr_multiplier else 0.0
    immediate(f, out, out, close)


def warmup(lookback: float, update_frequency: float) -> int:
    """Bars until a profile stands, wherever in the grid the first one falls (bars missing from the grid delay it)."""
    return int(lookback) + int(update_frequency) - 1


def combination(price_bins: float, min_volume_threshold: float) -> str:
    """The fullest bin holds at least a share of 1 / price_bins; a higher threshold could leave nothing at all."""
    if min_volume_threshold * price_bins <= 100.0:
        return ""
    return f"min_volume_threshold ({min_volume_threshold:g}) must be at most 100 / price_bins ({100.0 / price_bins:g})"


VOLUME_PROFILE = Indicator(
    type="VolumeProfile",
    about="Volume by price over a window: point of control, value area, high and low volume nodes",
    inputs=(Input(BAR_NUMBER), Input("high"), Input("low"), Input("close"), Input("volume")),
    params=(
        Param("lookback", 480.0, 1.0, 50_000.0, whole=True, about="bars in the window"),
        Param("price_bins", 50.0, 2.0, 1_000.0, whole=True, about="bins between the lowest and the highest price"),
        Param("value_area_pct", 70.0, 1.0, 100.0, about="percent of the volume inside the value area"),
        Param("update_frequency", 1.0, 1.0, 50_000.0, whole=True, about="bars between two profiles"),
        Param("min_volume_threshold", 0.01, 0.0, 50.0, about="bins below this percentage of the total count as empty"),
        Param("hvn_threshold", 1.5, 0.0, 1_000.0, about="a high volume node holds more than this many mean bins"),
        Param("lvn_threshold", 0.5, 0.0, 1_000.0, about="a low volume node holds less than this many mean bins"),
        Param("atr_period", 14.0, 1.0, 10_000.0, whole=True, about="of the ATR that measures a POC breakout"),
        Param("atr_multiplier", 2.0, 0.0, 1_000.0, about="ATRs that the POC must jump within one bar to break out"),
    ),
    outputs=(
        Output("poc_price", about="price of the fullest bin"),
        Output("vah_price", about="value area high"),
        Output("val_price", about="value area low"),
        Output("total_volume", low=0.0, about="of the window"),
        Output("poc_volume", low=0.0, about="in the fullest bin"),
        Output("value_area_volume", low=0.0, about="inside the value area"),
        Output("average_volume", low=0.0, about="per bar of the window"),
        Output("poc_strength", low=0.0, high=1.0, about="share of the fullest bin in the total"),
        Output("value_area_width", low=0.0, about="from VAL to VAH"),
        Output("profile_balance", low=0.0, high=1.0, about="volume below and above the POC, the smaller by the larger"),
        Output("nearest_hvn_price", about="high volume node nearest to the close; not ready where there is none"),
        Output("nearest_lvn_price", about="low volume node nearest to the close; not ready where there is none"),
        Output("is_hvn", "condition", about="the close lies in a high volume node"),
        Output("is_lvn", "condition", about="the close lies in a low volume node"),
        Output("volume_spike", "condition", about="volume above 1.5 times the average"),
        Output("poc_breakout", "condition", about="the POC moved by more than atr_multiplier ATRs at this bar"),
        Output("price_above_poc", "condition", about="the current close is above the POC", immediate=True),
        Output("price_below_poc", "condition", about="the current close is below the POC", immediate=True),
        Output("price_in_value_area", "condition", about="the current close is between VAL and VAH", immediate=True),
        Output("dist_to_poc", about="current close - POC", immediate=True),
        Output("dist_to_vah", about="current close - VAH", immediate=True),
        Output("dist_to_val", about="current close - VAL", immediate=True),
    ),
    start=start,
    step=step,
    size=lambda lookback, price_bins, *_: EDGES + 2 * int(price_bins) + 1 + 3 * int(lookback),
    warmup=lambda lookback, price_bins, value_area_pct, update_frequency, *_: warmup(lookback, update_frequency),
    # one bar more than the window: poc_breakout compares two profiles
    settle=lambda lookback, price_bins, value_area_pct, update_frequency, *rest: max(
        warmup(lookback, update_frequency) + 1, atr_settle(rest[3])
    ),
    oracle="a NumPy profile written from the strategy format",
    entry_lag=1,
    scale="linear",
    check=lambda lookback, price_bins, value_area_pct, update_frequency, min_volume_threshold, *_: combination(
        price_bins, min_volume_threshold
    ),
    immediate=immediate,
)
