"""What rules mean, bar by bar: text through plan and wiring to the kernels, against outcomes written down by hand.

T: holds, F: does not, -: not ready. One letter per one-minute bar.
"""

import pytest

from shared.domain.bar import Bars
from shared.domain.timeframe import MINUTE_MS
from shared.engine.fold import Fold
from tests.support.differential import fold_of

LETTERS = {(1, 0): "T", (0, 0): "F", (0, 1): "-"}


def bars(closes, opens=None, volumes=None) -> Bars:
    """Bars of these closes. Each opens at the close before and trades 1, unless told otherwise."""
    closes = [float(close) for close in closes]
    opens = [closes[0], *closes[:-1]] if opens is None else [float(price) for price in opens]
    highs = [max(pair) for pair in zip(opens, closes, strict=True)]
    lows = [min(pair) for pair in zip(opens, closes, strict=True)]
    times = [i * MINUTE_MS for i in range(len(closes))]
    return Bars(times, opens, highs, lows, closes, [1.0] * len(closes) if volumes is None else volumes)


def outcomes(
    rule: str, series: Bars, *, enter: str = "", side: str = "long", indicators: str = "", risk: str = ""
) -> str:
    """A rule's outcome at every close: as an exit rule, which is evaluated whether a position is open or not."""
    entry = f'entry_{side}: ["{enter}"], ' if enter else ""
    text = (
        f"timeframes: {{entry: 1m}}\nindicators: [{indicators}]\nrisk_management: {{{risk}}}\n"
        f'logic: {{{entry}exit_{side}: ["{rule}"]}}\nexecution: {{slippage_bps: 0, half_spread_bps: 0}}\n'
    )
    fold = fold_of(text, series)
    return "".join(LETTERS[_step(fold, series, i)] for i in range(len(series.open_ms)))


def _step(fold: Fold, series: Bars, i: int) -> tuple[int, int]:
    before = fold.rule_counts()[-1]
    fold.fold(Bars(*(column[i : i + 1] for column in series)))
    after = fold.rule_counts()[-1]
    assert after.evaluated == before.evaluated + 1
    return after.held - before.held, after.not_ready - before.not_ready


def always(rule: str) -> str:
    """Outcome of a rule at a single bar that closes at 100."""
    return outcomes(rule, bars([100]))


CONDITIONS = {"T": "close > 0", "F": "close < 0", "-": "1 / 0 > 0"}


# --- three values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "table"),
    [
        ("and", {"TT": "T", "TF": "F", "T-": "-", "FT": "F", "FF": "F", "F-": "F", "-T": "-", "-F": "F", "--": "-"}),
        ("or", {"TT": "T", "TF": "T", "T-": "T", "FT": "T", "FF": "F", "F-": "-", "-T": "T", "-F": "-", "--": "-"}),
    ],
)
@pytest.mark.parametrize("as_sign", [False, True])
def test_and_or(word, table, as_sign):
    sign = {"and": "&", "or": "|"}[word] if as_sign else word
    for pair, outcome in table.items():
        left, right = (CONDITIONS[letter] for letter in pair)
        assert always(f"{left} {sign} {right}") == outcome, pair


def test_not():
    assert [always(f"not {CONDITIONS[letter]}") for letter in "TF-"] == ["F", "T", "-"]


@pytest.mark.parametrize("sign", [">", ">=", "<", "<=", "==", "!="])
def test_a_comparison_with_what_is_not_ready_is_not_ready(sign):
    for left, right in (("1 / 0", "1"), ("1", "1 / 0"), ("1 / 0", "1 / 0")):
        assert always(f"{left} {sign} {right}") == "-"


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("1 < 2 < 3", "T"),
        ("1 < 2 < 2", "F"),
        ("3 > 2 >= 2 != 1", "T"),
        ("1 < 2 > 1 / 0", "-"),
        ("2 < 1 < 1 / 0", "F"),  # false and not ready
        ("close in [1, 100]", "T"),
        ("close in [1, 2]", "F"),
        ("close in [100, 1 / 0]", "T"),
        ("close in [1, 1 / 0]", "-"),
        ("close not in [1, 2]", "T"),
        ("close not in [100, 1 / 0]", "F"),
        ("close not in [1, 1 / 0]", "-"),
        ("1 < close in [99, 100]", "T"),
        ("between(close, 100, 100)", "T"),
        ("between(close, 99, 99.9)", "F"),
        ("between(close, 100.1, 200)", "F"),
        ("between(close, 1 / 0, 99)", "F"),
        ("between(close, 1 / 0, 100)", "-"),
        ("between(close, 101, 1 / 0)", "F"),
        ("between(1 / 0, 1, 2)", "-"),
        ("(close > 0) == true", "T"),
        ("(close > 0) == 0", "F"),
        ("(close > 0) != false", "T"),
        ("(1 / 0 > 0) == true", "-"),
        ("(close > 0) == (1 / 0 > 0)", "-"),
        ("true", "T"),
        ("false", "F"),
    ],
)
def test_comparisons(rule, outcome):
    assert always(rule) == outcome


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("(1 if close > 0 else 2) == 1", "T"),
        ("(1 if close < 0 else 2) == 2", "T"),
        ("(1 if 1 / 0 > 0 else 1) == 1", "-"),  # no branch is chosen
        ("(1 if close > 0 else 1 / 0) == 1", "T"),  # the other branch does not count
        ("(1 / 0 if close > 0 else 1) == 1", "-"),
        ("(close > 0) if close > 0 else (close < 0)", "T"),
        ("(1 / 0 > 0) if close < 0 else (close < 0)", "F"),
        ("(1 if close < 0 else 2 if close < 200 else 3) == 2", "T"),
    ],
)
def test_choices(rule, outcome):
    assert always(rule) == outcome


# --- arithmetic ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "2 + 3 * 4 == 14", "(2 + 3) * 4 == 20", "10 - 4 - 3 == 3", "8 / 4 / 2 == 1", "7 // 2 == 3", "-7 // 2 == -4",
        "7 // -2 == -4", "7 % 3 == 1", "-7 % 3 == 2", "7 % -3 == -2", "7.5 % 2 == 1.5", "-0.5 // 1 == -1",
        "2 ** 8 == 256", "-2 ** 2 == -4", "(-2) ** 3 == -8", "close ** 1 == close", "2 * 3 ** 2 == 18",
        "1.1 ** 3 == 1.1 * 1.1 * 1.1", "1.1 ** 8 == 1.1 * 1.1 * 1.1 * 1.1 * 1.1 * 1.1 * 1.1 * 1.1",
        "--close == 100", "+close == 100", "- close + 100 == 0", "1e2 == close", "012 == 12", ".5 + 5. == 5.5",
        "abs(-3) == 3", "abs(3) == 3", "min(3, 2) == 2", "max(3, 2, 7, 5) == 7", "min(4, 3, 2, 1) == 1",
        "sqrt(16) == 4", "sqrt(0) == 0", "floor(2.7) == 2", "floor(-2.1) == -3", "ceil(2.1) == 3", "ceil(-2.7) == -2",
        "round(0.5) == 0", "round(1.5) == 2", "round(2.5) == 2", "round(-0.5) == 0", "round(-1.5) == -2",
        "round(2.4) == 2", "round(2.6) == 3", "floor(1e300) == 1e300", "1e308 * 10 > 1e308", "0.1 + 0.2 != 0.3",
        "not close > 100", "not close > 100 and close == 100", "close > 1 and close > 2 or close < 0",
        "close < 0 and close < 1 or close > 2", "close > 1 & close > 2 | close < 0", "not (close < 1 or close > 200)",
    ],
)  # fmt: skip
def test_arithmetic(expression):
    assert always(expression) == "T"


@pytest.mark.parametrize(
    "expression",
    [
        "1 / 0", "0 / 0", "1 // 0", "1 % 0", "sqrt(-1)", "1 / (close - 100)", "-(1 / 0)", "+(1 / 0)", "1 + 1 / 0",
        "1 / 0 - 1", "0 * (1 / 0)", "(1 / 0) / 1", "1 / (1 / 0)", "(1 / 0) // 1", "(1 / 0) % 1", "(1 / 0) ** 2",
        "abs(1 / 0)", "sqrt(1 / 0)", "floor(1 / 0)", "ceil(1 / 0)", "round(1 / 0)", "min(1, 1 / 0)", "min(1 / 0, 1)",
        "max(1, 1 / 0)", "max(1 / 0, 1)", "max(1, 2, 1 / 0)", "highest(1 / 0, 1)", "lowest(1 / 0, 1)", "close[1]",
        "highest(close, 2)", "lowest(close, 2)", "bars_since(close < 0)", "bars_since(1 / 0 > 0)",
        "1e308 * 10 - 1e308 * 10", "entry_price", "bars_held", "profit_ratio", "r_multiple",
    ],
)  # fmt: skip
def test_what_is_not_ready_stays_so(expression):
    assert always(f"{expression} == 1") == always(f"{expression} != 1") == "-"


# --- memory ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "closes", "expected"),
    [
        ("close > close[1]", [1, 2, 2, 3, 1], "-TFTF"),
        ("close == close[2]", [1, 2, 1, 3, 1], "--TFT"),
        ("close[1] > close[3]", [1, 1, 2, 3, 1, 1], "---TTF"),
        ("open[1] == close[2]", [1, 2, 3, 4], "--TT"),
        ("volume[1] == 1", [1, 2], "-T"),
        ("rising(close, 1)", [1, 2, 2, 3], "-TFT"),
        ("rising(close, 2)", [1, 2, 3, 4, 4, 5, 6], "--TTFFT"),
        ("rising(close, 3)", [3, 2, 3, 4, 5], "-FFFT"),  # one fall refutes what is not ready
        ("rising(close, 3)", [1, 2, 3, 4], "---T"),
        ("falling(close, 2)", [3, 2, 1, 1, 0.5, 0.25], "--TFFT"),
        ("falling(close, 1)", [1, 1, 0.5], "-FT"),
        ("highest(close, 3) == 5", [5, 1, 1, 1, 5], "--TFT"),
        ("lowest(close, 2) == 1", [1, 3, 2, 1, 9], "-TFTT"),
        ("highest(close, 1) == close", [1, 2], "TT"),
        ("highest(1 / (close - 3), 2) > 0", [4, 4, 3, 4, 4], "-T--T"),
        ("highest(close[1], 2) == 4", [4, 4, 1, 1], "--TT"),
        ("highest(close, 2)  -  lowest(close, 2) == 1", [1, 2, 4], "-TF"),
        ("crosses_above(close, 2)", [1, 2, 3, 3, 2, 3, 1, 3], "FFTFFTFT"),
        ("crosses_above(close, 2)", [3, 3], "-F"),  # at the first bar nobody knows what was before
        ("crosses_above(close, open)", [1, 1, 2, 1, 2], "FFTFT"),
        ("crosses_above(close, 1 / (close - 5))", [5, 6, 5, 6], "--F-"),  # 6 was above already
        ("crosses_below(close, 2)", [3, 2, 1, 1, 2, 1, 3, 1], "FFTFFTFT"),
        ("crosses_below(close, 2)", [1, 1], "-F"),
        ("crosses_below(2, close)", [1, 3, 1, 3], "FTFT"),
        ("bars_since(close == 5) == 2", [1, 5, 1, 1, 1, 5, 1, 1], "-FFTFFFT"),
        ("bars_since(close == 5) == 0", [5, 1, 5], "TFT"),
        ("bars_since(1 / (close - 5) > 0) == 1", [6, 5, 6, 4], "FTFT"),  # not ready is no new occasion
        ("bars_since(crosses_above(close, 2)) == 1", [1, 3, 3, 3, 1, 3, 3], "-FTFFFT"),
        ("bars_since(close > 1 and bars_since(close == 9) == 1) == 0", [9, 2, 2, 9, 2], "-TFFT"),
        ("rising(highest(close, 2), 1)", [1, 2, 3, 3, 3], "--TFF"),
        ("(close > 2)", [1, 3], "FT"),
        ("between(close, close[1], close[2])", [3, 1, 2, 1, 2], "-FTFT"),
        ("close in [close[1], close[2]]", [1, 2, 1, 3, 2], "--TFF"),
        ("close > 0 or rising(close, 1)", [1, 1], "TT"),
        ("close < 0 and rising(close, 1)", [1, 1], "FF"),
        # everything is evaluated: what stands beside a false condition remembers all the same
        ("close == 3 and bars_since(close == 1) == 2", [1, 2, 3, 3], "FFTF"),
        ("close != 3 or close[2] == 1", [1, 2, 3, 3], "TTTF"),
        ("(1 if close == 3 else 0) == 1 and close[1] == 2", [2, 3, 3], "FTF"),
        ("(close[2] if close == 3 else close) == 1", [1, 2, 3, 3], "TFTF"),
    ],
)
def test_memory(rule, closes, expected):
    assert outcomes(rule, bars(closes)) == expected


def test_history_reaches_500_bars_back():
    series = bars([7] + [1] * 499 + [2, 3])
    assert outcomes("close[500] == 7", series) == "-" * 500 + "TF"


def test_memory_goes_on_while_a_position_is_open_and_while_none_is():
    closes = [1, 5, 1, 1, 1, 1, 1]
    expected = "-FFTFFF"
    assert outcomes("bars_since(close == 5) == 2", bars(closes)) == expected
    assert outcomes("bars_since(close == 5) == 2", bars(closes), enter="close == 5") == expected


# --- outputs of indicators -------------------------------------------------------------------------------------------

SMA = "{id: mean, type: SMA, timeframe: entry, length: 2}"
EMA = "{id: fast, type: EMA, timeframe: entry, length: 2}"
RSI = "{id: RSI, type: RSI, timeframe: entry, length: 2, overbought: 60, oversold: 40}"


@pytest.mark.parametrize(
    ("rule", "indicator", "closes", "expected"),
    [
        ("close > mean", SMA, [1, 2, 1, 3], "-TFT"),
        ("mean[1] < mean", SMA, [1, 2, 1, 3], "--FT"),
        ("fast_trend == 'bull'", EMA, [2, 3, 4, 1, 9], "-TTFT"),
        ("fast_trend != 'bull'", EMA, [2, 3, 4, 1, 9], "-FFTF"),
        ("'bear' == fast_trend", EMA, [2, 3, 4, 1, 9], "-FFTF"),
        ("fast_trend in ['bear', 'neutral']", EMA, [2, 2, 4, 1], "-TFT"),
        ("fast_trend not in ['bear', 'neutral']", EMA, [2, 2, 4, 1], "-FTF"),
        ("fast_trend[1] == 'bull'", EMA, [2, 3, 4, 1, 9], "--TTF"),
        ("fast_trend == fast_trend[1]", EMA, [2, 3, 4, 1, 9], "--TFF"),
        ("RSI_overbought", RSI, [1, 2, 3, 1, 1], "--TFF"),
        ("not RSI_overbought", RSI, [1, 2, 3, 1, 1], "--FTT"),
        ("RSI_overbought == true", RSI, [1, 2, 3, 1, 1], "--TFF"),
        ("RSI_overbought != 1", RSI, [1, 2, 3, 1, 1], "--FTT"),
        ("RSI_overbought[1]", RSI, [1, 2, 3, 1, 1], "---TF"),
        ("RSI_overbought in [true]", RSI, [1, 2, 3, 1, 1], "--TFF"),
        ("RSI_overbought == RSI_oversold", RSI, [1, 2, 3, 1, 1], "--FFF"),
        ("RSI_overbought | RSI_oversold", RSI, [1, 2, 3, 1, 1], "--TTT"),
        ("RSI_overbought if close > 2 else RSI_oversold", RSI, [1, 2, 3, 1, 1], "--TTT"),
        ("bars_since(RSI_overbought) == 1", RSI, [1, 2, 3, 1, 1], "--FTF"),
    ],
)
def test_outputs(rule, indicator, closes, expected):
    assert outcomes(rule, bars(closes), indicators=indicator) == expected


def test_the_aliases_of_one_output_are_one_value():
    series = bars([1, 2, 3, 1, 2])
    for name in ("fast_EMA_2_trend", "fast_EMA_99_trend", "fast_trend"):
        assert outcomes(f"{name} == 'bull'", series, indicators=EMA) == "-TTFT"


# --- the open position -----------------------------------------------------------------------------------------------

# Decided at the first close, entered at the second bar's open, at 100
ENTERED = [100, 101, 104, 101, 98, 96]
WIDE = "stop_loss: {base_percent: 0.08}"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("entry_price == 50", "-FFFFF"),
        ("bars_held == 3", "-FFT--"),  # closed at the next open: flat again
        ("bars_held == 1", "-T----"),
        ("bars_held >= 1", "-T----"),
        ("profit_ratio > 9", "-FFFFF"),
        ("r_multiple > 9", "-FFFFF"),
        ("profit_ratio == 0.04", "-FT---"),
        ("profit_ratio < -0.03", "-FFFFT"),
        ("close < entry_price", "-FFFT-"),
        ("r_multiple == 0.5", "-FT---"),  # 4 gained, 8 at risk
        ("r_multiple <= -0.25", "-FFFT-"),
        ("profit_ratio[1] == 0.04", "--FTF-"),
        ("falling(profit_ratio, 2)", "--FFT-"),
        ("bars_since(r_multiple > 0.4) == 2", "--FFTF"),
        ("close > 0 or bars_held > 0", "TTTTTT"),
    ],
)
def test_exit_rules_know_a_long(rule, expected):
    assert outcomes(rule, bars(ENTERED), enter="close == 100", risk=WIDE) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("profit_ratio == -0.04", "-FT---"),
        ("profit_ratio > 0.03", "-FFFFT"),
        ("r_multiple == -0.5", "-FT---"),
        ("entry_price == 100 and bars_held == 2", "-FT---"),
    ],
)
def test_exit_rules_know_a_short(rule, expected):
    assert outcomes(rule, bars(ENTERED), enter="close == 100", side="short", risk=WIDE) == expected


def test_without_a_stop_no_multiple_of_its_distance_is_known():
    assert outcomes("r_multiple > 0", bars(ENTERED), enter="close == 100") == "------"


def test_a_second_position_counts_anew():
    assert outcomes("bars_held == 2", bars([100, 101, 101, 100, 101, 101, 101]), enter="close == 100") == "-FT-FT-"


# --- groups ----------------------------------------------------------------------------------------------------------

T, F, N = (f'"{CONDITIONS[letter]}"' for letter in "TF-")


@pytest.mark.parametrize(
    ("side", "enters"),
    [
        (f"[{T}, {T}]", True),
        (f"[{T}, {N}]", False),
        (f"[{T}, {F}]", False),
        (f"{{all: [{T}, {T}]}}", True),
        (f"{{any: [{F}, {T}]}}", True),
        (f"{{any: [{N}, {T}]}}", True),
        (f"{{any: [{N}, {F}]}}", False),
        (f"{{any: [{F}, {{all: [{T}, {T}]}}]}}", True),
        (f"{{any: [{F}, {{all: [{T}, {N}]}}]}}", False),
        (f"{{all: [{{any: [{N}, {T}]}}, {{any: [{F}, {{all: [{T}]}}]}}]}}", True),
        (f"{{all: [{{any: [{N}, {T}]}}, {{any: [{F}, {{all: [{F}]}}]}}]}}", False),
        (f"[{T}, [{T}, {{any: [{F}, {T}]}}]]", True),
        (f"[{T}, [{T}, {{any: [{F}, {N}]}}]]", False),
        (f"{{any: [{{all: []}}, {T}]}}", True),
        ("{any: []}", False),
        ("{all: []}", False),
        ("[]", False),
        (f"[{T}, {{all: []}}]", False),
        (f"[{T}, []]", False),
        ("true", True),
        ("false", False),
        (T, True),
    ],
)
def test_groups_of_rules(side, enters):
    series = bars([100, 100, 100])
    fold = fold_of(f"timeframes: {{entry: 1m}}\nlogic: {{entry_long: {side}}}\n", series)
    fold.fold(series)
    assert (fold.position() is not None) == enters
