"""Every broken file is told with the line and column of what is wrong, the value, and what would be right."""

import pytest

from shared.strategy.problems import StrategyError
from tests.unit.strategy.files import HEAD, LOGIC, at, marked, read, with_section

# The mark stands where the problem must point; then parts of its message.
BROKEN = [
    pytest.param("a: ‸- b\n", ["not YAML"], id="syntax"),
    pytest.param("timeframes:\n‸\tentry: 15m\n", ["not YAML", "spaces instead of the tab"], id="tab"),
    pytest.param(HEAD + "name: ‸'open \n", ["not YAML", "unexpected end"], id="quote without end"),
    pytest.param(HEAD + "‸symbol: ETH/USDT\n", ["twice", "line 1", "'symbol'"], id="duplicate key"),
    pytest.param(
        with_section("risk_management: { stop_loss: { base_percent: 0.01, ‸base_percent: 0.02 } }"),
        ["twice"],
        id="nested duplicate key",
    ),
    pytest.param(HEAD + "logic: ‸&x { entry_long: [] }\n", ["anchors", "&x"], id="anchor"),
    pytest.param(HEAD + "logic: ‸*x\n", ["aliases", "*x"], id="alias"),
    pytest.param("name: ‸!!python/object:os.system x\n", ["tags"], id="tag"),
    pytest.param("name: x\n‸---\nname: y\n", ["second document"], id="two documents"),
    pytest.param("‸- a\n- b\n", ["mapping"], id="a list"),
    pytest.param("‸just text\n", ["mapping"], id="a text"),
    pytest.param("‸", ["empty"], id="nothing"),
    pytest.param("‸name: x\n", ["timeframes is missing"], id="no timeframes"),
    pytest.param(
        with_section("‸risk_managment: { stop_loss: { base_percent: 0.01 } }"),
        ["unknown key", "did you mean risk_management"],
        id="misspelt section",
    ),
    pytest.param(
        with_section("risk_management: { ‸stop_los: { base_percent: 0.01 } }"),
        ["risk_management.stop_los", "did you mean stop_loss"],
        id="misspelt key",
    ),
    pytest.param("timeframes: ‸{ entri: 15m }\n", ["entry is missing", "did you mean entri"], id="no entry timeframe"),
    pytest.param("timeframes: { entry: ‸15min }\n", ["'15min'", "1m 3m 5m 15m", "did you mean 15m"], id="timeframe"),
    pytest.param("timeframes: { entry: 15m }\nsymbol: ‸bitcoin!\n", ["BASE/QUOTE", "'bitcoin!'"], id="symbol"),
    pytest.param("timeframes: { entry: 15m }\nexchange: ‸kraken\n", ["'kraken'", "binanceus"], id="exchange"),
    pytest.param(
        "timeframes: { entry: 15m }\nindicators:\n  - { id: a, type: ‸EMMA, timeframe: entry }\n",
        ["unknown indicator", "'EMMA'", "did you mean EMA"],
        id="indicator type",
    ),
    pytest.param(
        "timeframes: { entry: 15m }\nindicators:\n  - ‸{ id: a, type: EMA }\n",
        ["indicators[0]", "timeframe is missing"],
        id="indicator without timeframe",
    ),
    pytest.param(
        "timeframes: { entry: 15m }\nindicators:\n  - { id: a, type: EMA, timeframe: entry, ‸lenght: 9 }\n",
        ["unknown parameter of EMA", "did you mean length"],
        id="unknown parameter",
    ),
    pytest.param(
        "timeframes: { entry: 15m }\nindicators:\n  - { id: a, type: EMA, timeframe: entry, length: ‸0 }\n",
        ["indicators[0].length", "found 0", "1 to 10000"],
        id="parameter out of bounds",
    ),
    pytest.param(
        "timeframes: { entry: 15m }\nindicators:\n  - { id: a, type: EMA, timeframe: entry, length: ‸9.5 }\n",
        ["whole number", "found 9.5"],
        id="parameter not whole",
    ),
    pytest.param(
        "timeframes: { entry: 15m }\nindicators:\n  - { id: a, type: EMA, timeframe: ‸entrie }\n",
        ["unknown timeframe", "did you mean entry"],
        id="indicator timeframe",
    ),
    pytest.param(
        "timeframes: { entry: 15m }\nindicators:\n  - { id: a, type: EMA, timeframe: entry, source: ‸clse }\n",
        ["unknown source", "did you mean close"],
        id="source",
    ),
    pytest.param(
        "timeframes: { entry: 15m }\nindicators:\n  - { id: a, type: ATR, timeframe: entry, ‸source: close }\n",
        ["ATR has no source", "high low close"],
        id="source where there is none",
    ),
    pytest.param(HEAD + "  - { id: ‸fast, type: EMA, timeframe: entry }\n", ["twice", "line 4"], id="duplicate id"),
    pytest.param(HEAD + "  - { id: ‸close, type: EMA, timeframe: entry }\n", ["something else"], id="reserved id"),
    pytest.param(HEAD + "  - { id: ‸my-ema, type: EMA, timeframe: entry }\n", ["letters, digits"], id="id with a dash"),
    pytest.param(
        HEAD + "  - { id: x, type: EMA, timeframe: trend, source: ‸fast }\n",
        ["indicator's timeframe, 1h", "fast on 15m"],
        id="source on another timeframe",
    ),
    pytest.param(
        HEAD + "  - { id: x, type: EMA, timeframe: entry, source: ‸fast_trend }\n", ["a number"], id="text source"
    ),
    pytest.param(HEAD + "  - ‸{ id: x, type: EMA, timeframe: entry, source: x }\n", ["reads itself"], id="cycle"),
    pytest.param(
        HEAD + "  - ‸{ id: x, type: RSI, timeframe: entry, overbought: 20, oversold: 80 }\n",
        ["oversold (80) must be below overbought (20)"],
        id="parameters that contradict",
    ),
    pytest.param(
        HEAD + "logic:\n  entry_long:\n    - close > ‸fats\n", ["unknown name", "fats", "did you mean fast"], id="name"
    ),
    pytest.param(HEAD + 'logic:\n  entry_long:\n    - "close > ‸fats"\n', ["unknown name"], id="name in double quotes"),
    pytest.param(
        HEAD + "logic:\n  entry_long:\n    - 'fast_trend == ''bull'' and ‸fats > 1'\n",
        ["unknown name"],
        id="name behind doubled quotes",
    ),
    pytest.param(
        HEAD + "logic:\n  entry_long:\n    - |\n      close > fast\n      and ‸fats > 1\n",
        ["unknown name"],
        id="literal block",
    ),
    pytest.param(
        HEAD + "logic:\n  entry_long:\n    - >-\n      close > fast\n      and slow < ‸fats\n",
        ["unknown name"],
        id="folded block",
    ),
    pytest.param(
        HEAD + "logic:\n  entry_long:\n    - close > fast and\n      ‸fats > 1\n", ["unknown name"], id="plain, folded"
    ),
    pytest.param(
        HEAD + 'logic:\n  entry_long:\n    - ‸"close >\\x20fats"\n', ["unknown name"], id="behind an escape: the start"
    ),
    pytest.param(HEAD + "logic: { entry_long: [ ‸close ] }\n", ["a rule is a condition"], id="not a condition"),
    pytest.param(
        HEAD + "logic: { entry_long: [ ‸profit_ratio > 0 ] }\n", ["only exit rules"], id="position in an entry"
    ),
    pytest.param(
        HEAD + "logic: { entry_long: [ fast_trend == ‸'bul' ] }\n", ["never takes", "did you mean bull"], id="word"
    ),
    pytest.param(
        HEAD + "logic: { entry_long: [ close > fast, ‸x: y ] }\n", ["all: [...]"], id="rule that is a mapping"
    ),
    pytest.param(HEAD + "logic: { entry_long: [ ‸{ al: [close > fast] } ] }\n", ["all: [...]"], id="misspelt group"),
    pytest.param(HEAD + "logic: { ‸entry_lng: close > fast }\n", ["did you mean entry_long"], id="misspelt side"),
    pytest.param(
        with_section("risk_management: { stop_loss: { base_percent: ‸2% } }"),
        ["must be a number", "'2%'", "did you mean 0.02"],
        id="percent sign",
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: { base_percent: ‸2 } }"), ["0.02 is 2 %", "found 2"], id="percent"
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: { base_percent: ‸0.0000001 } }"), ["6 decimals"], id="decimals"
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: { base_percent: ‸'0.02' } }"),
        ["must be a number", "did you mean 0.02"],
        id="number in quotes",
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: ‸{ base_percent: 0.02, atr: { id: ATR_14, mult: 2 } } }"),
        ["several stops", "base_percent atr"],
        id="two stops",
    ),
    pytest.param(with_section("risk_management: { stop_loss: ‸{} }"), ["states no stop"], id="an empty stop"),
    pytest.param(
        with_section("risk_management: { stop_loss: { use_vp_levels: ‸true } }"),
        ["needs base_percent"],
        id="vp without base",
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: { atr: { id: ‸ATR_41, mult: 2 } } }"),
        ["must be an ATR", "did you mean ATR_14"],
        id="atr of a stop",
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: { price: ‸close > fast } }"),
        ["must be a price"],
        id="price condition",
    ),
    pytest.param(
        with_section("risk_management: { take_profit: { base_percent: 0.1, r_multiple: ‸2 } }"),
        ["several targets"],
        id="two targets",
    ),
    pytest.param(
        with_section("risk_management: { take_profit: { r_multiple: ‸2 } }"),
        ["needs a stop_loss"],
        id="r without a stop",
    ),
    pytest.param(
        with_section(
            "risk_management:\n  take_profit:\n    partial_exits:\n"
            "      - { level: 0.02, percent: 0.5 }\n      - { level: ‸0.01, percent: 0.5 }\n"
        ),
        ["levels rise", "0.02"],
        id="ladder that falls",
    ),
    pytest.param(
        with_section("risk_management: { take_profit: { partial_exits: [ ‸{ level: 0.02 } ] } }"),
        ["percent is missing"],
        id="rung without percent",
    ),
    pytest.param(
        with_section("risk_management: { position_size: { base_size: 0.1, quote: ‸100 } }"),
        ["more than one size"],
        id="two sizes",
    ),
    pytest.param(with_section("risk_management: ‸{ risk_pct: 0.01 }"), ["needs a stop_loss"], id="risk without a stop"),
    pytest.param(
        with_section("risk_management: { position_size: { base_size: 0.1, regime_adjustments: {}, regime: ‸ADX_41 } }"),
        ["the type ADX", "did you mean ADX_14"],
        id="regime of no ADX",
    ),
    pytest.param(
        with_section("equity_protection: { cooldown: ‸24 hours }"),
        ["must be a duration", "s, m, h or d"],
        id="duration",
    ),
    pytest.param(with_section("backtest: { from: ‸2025-02-30 }"), ["no such date", "YYYY-MM-DD"], id="date"),
    pytest.param(
        with_section("backtest: { from: 2025-03-02, to: ‸2025-03-01 }"), ["must not lie before"], id="dates in reverse"
    ),
    pytest.param(with_section("backtest: { cash: ‸-5 }"), ["out of bounds", "found -5"], id="negative cash"),
    pytest.param(with_section("execution: { allow_short: ‸yes }"), ["true or false", "did you mean true"], id="yes"),
    pytest.param(with_section("execution: { slippage_bps: ‸1.234 }"), ["2 decimals"], id="basis points"),
    pytest.param(
        with_section("optimization: { parameters: [ { name: ‸fast.lenght, type: integer, low: 2, high: 9 } ] }"),
        ["no such parameter", "did you mean fast.length"],
        id="search parameter",
    ),
    pytest.param(
        with_section("optimization: { parameters: [ { name: fast.length, type: integer, low: ‸0, high: 9 } ] }"),
        ["a value of length", "1 to 10000"],
        id="search below the bounds",
    ),
    pytest.param(
        with_section("variants: { calm: { risk_management: { stop_loss: { base_percent: ‸5 } } } }"),
        ["variants.calm.risk_management.stop_loss.base_percent"],
        id="in a variant",
    ),
    pytest.param(
        with_section("risk_management: { trailing: ‸{ percent: 0.01 } }"),
        ["risk_management.trailing", "needs a stop_loss", "first risk", "stop_loss.base_percent"],
        id="trailing without a stop",
    ),
    pytest.param(
        with_section("risk_management: { breakeven_at_r: ‸1 }"),
        ["needs a stop_loss", "stop_loss.base_percent"],
        id="break-even without a stop",
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: ‸{ trailing: { percent: 0.01 } } }"),
        ["states no stop: trailing needs one", "first risk", "stop_loss.base_percent"],
        id="a stop that only trails",
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: ‸{ breakeven_at_r: 1 } }"),
        ["states no stop: breakeven_at_r needs one", "stop_loss.base_percent"],
        id="a stop that only breaks even",
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: { base_percent: 0.01, trailing: ‸{ activate_at_r: 1 } } }"),
        ["stop_loss.trailing", "states no distance", "percent or atr"],
        id="trailing without a distance",
    ),
    pytest.param(
        with_section(
            "risk_management: { stop_loss: { base_percent: 0.01,\n"
            "  trailing: ‸{ percent: 0.01, atr: { id: ATR_14, mult: 2 } } } }"
        ),
        ["states two distances", "found percent atr", "percent or atr"],
        id="trailing by two distances",
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: { base_percent: 0.01, trailing: { percent: ‸1 } } }"),
        ["stop_loss.trailing.percent", "0.02 is 2 %", "found 1", "over 0 up to 0.999999"],
        id="trailing by all of the price",
    ),
    pytest.param(
        with_section(
            "risk_management: { stop_loss: { base_percent: 0.01, trailing: { atr: { id: ‸ADX_14, mult: 2 } } } }"
        ),
        ["must be an ATR", "'ADX_14'", "allowed: ATR_14"],
        id="trailing by no ATR",
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: { base_percent: 0.01, trailing: { atr: ‸{ id: ATR_14 } } } }"),
        ["trailing.atr", "mult is missing"],
        id="trailing by an ATR without mult",
    ),
    pytest.param(
        with_section(
            "risk_management: { stop_loss: { base_percent: 0.01, trailing: { percent: 0.1, activate_at_r: ‸-1 } } }"
        ),
        ["activate_at_r", "found -1", "0 to 100"],
        id="trailing before the entry",
    ),
    pytest.param(
        with_section(
            "risk_management: { trailing: { percent: 0.1 },\n"
            "  stop_loss: { base_percent: 0.01, trailing: ‸{ percent: 0.2 } } }"
        ),
        ["stop_loss.trailing", "stands in risk_management as well"],
        id="trailing in two places",
    ),
    pytest.param(
        with_section("risk_management: { breakeven_at_r: 1, stop_loss: { base_percent: 0.01, breakeven_at_r: ‸2 } }"),
        ["stands in risk_management as well"],
        id="break-even in two places",
    ),
    pytest.param(
        with_section("risk_management: { stop_loss: { base_percent: 0.01, breakeven_at_r: ‸0 } }"),
        ["breakeven_at_r", "found 0", "over 0 up to 100"],
        id="break-even at once",
    ),
    pytest.param(
        with_section("risk_management: { time_exit: ‸12 }"), ["time_exit", "must be a mapping", "bars"], id="time exit"
    ),
    pytest.param(
        with_section("risk_management: { time_exit: { bars: ‸0 } }"),
        ["time_exit.bars", "found 0", "1 to 1000000"],
        id="time exit at once",
    ),
    pytest.param(
        with_section("risk_management: { time_exit: { bars: 2 }, take_profit: { time_exit: ‸{ bars: 3 } } }"),
        ["take_profit.time_exit", "stands in risk_management as well"],
        id="time exit in two places",
    ),
    pytest.param(
        with_section("risk_management: { cooldown: { bars: ‸1.5 } }"), ["whole number", "found 1.5"], id="cooldown bars"
    ),
    pytest.param(
        with_section("risk_management: { cooldown: ‸{ after: loss } }"), ["the key bars is missing"], id="cooldown"
    ),
    pytest.param(
        with_section("risk_management: { cooldown: { bars: 3, after: ‸losses } }"),
        ["'losses'", "any loss", "did you mean loss"],
        id="cooldown after what",
    ),
    pytest.param(
        with_section("risk_management: { position_size: { base_size: 0.1, volatility_target: ‸0.2 } }"),
        ["more than one size", "base_size and volatility_target", "one of base_size, quote, risk_pct, volatility"],
        id="volatility beside a size",
    ),
    pytest.param(
        with_section("risk_management: { position_size: { volatility_target: ‸20 } }"),
        ["found 20", "over 0 up to 10"],
        id="volatility in percent",
    ),
    pytest.param(
        with_section("risk_management: { position_size: { volatility_target: 0.2, atr: ‸fast } }"),
        ["must be an ATR", "'fast'", "allowed: ATR_14"],
        id="volatility of no ATR",
    ),
    pytest.param(
        "timeframes: { entry: 15m }\nrisk_management: { position_size: { volatility_target: ‸0.2 } }\n",
        ["position_size.volatility_target", "needs an ATR: there is none in the file"],
        id="volatility without an ATR",
    ),
    pytest.param(
        with_section("equity_protection: { max_daily_loss: ‸0 }"), ["found 0", "over 0 up to 1"], id="daily loss"
    ),
    pytest.param(
        with_section("equity_protection: { max_consecutive_losses: ‸0 }"), ["1 to 1000"], id="consecutive losses"
    ),
    pytest.param(
        with_section("execution: { order_type: ‸limt }"),
        ["'limt'", "market limit stop", "did you mean limit"],
        id="order type",
    ),
    pytest.param(
        with_section("execution: { limit_offset_bps: ‸5 }"),
        ["execution.limit_offset_bps", "needs order_type: limit, which is not stated"],
        id="offset without an order type",
    ),
    pytest.param(
        with_section("execution: { order_type: limit, stop_offset_bps: ‸5 }"),
        ["needs order_type: stop, found order_type: limit"],
        id="offset of another order type",
    ),
    pytest.param(
        with_section("execution: { order_type: limit, limit_offset_bps: ‸1.234 }"), ["2 decimals"], id="limit offset"
    ),
    pytest.param(
        with_section("execution: { order_type: stop, stop_offset_bps: ‸1001 }"), ["0 to 1000"], id="stop offset"
    ),
    pytest.param(
        with_section("execution: { order_type: limit, expire_bars: ‸0 }"), ["found 0", "1 to 1000"], id="expiry"
    ),
    pytest.param(
        with_section("execution: { participation: ‸10 }"),
        ["participation", "0.02 is 2 %", "over 0 up to 1"],
        id="participation",
    ),
    pytest.param(
        with_section("variants: { calm: { risk_management: { breakeven_at_r: ‸1 } } }"),
        ["variants.calm.risk_management.breakeven_at_r", "needs a stop_loss"],
        id="break-even of a variant without a stop",
    ),
]


@pytest.mark.parametrize(("text", "parts"), BROKEN)
def test_a_broken_file_is_told_at_its_place(text, parts):
    text, line, column = marked(text)
    loaded = read(text)
    assert loaded.spec is None
    messages = at(loaded.errors, line, column)
    assert any(all(part in message for part in parts) for message in messages), [str(p) for p in loaded.problems]


def test_a_wanted_indicator_is_refused_by_name():
    from shared.indicators.registry import REGISTRY
    from shared.strategy.load import load

    text = HEAD + "  - { id: m, type: SMA, timeframe: entry }\n" + LOGIC
    without = {name: sheet for name, sheet in REGISTRY.items() if name != "SMA"}
    (problem,) = load(text, "x.yaml", without).errors
    assert problem.message == "indicators[9].type: the indicator SMA is not available yet"


def test_all_problems_are_told_at_once_in_file_order():
    text = (
        "symbol: 12\ntimeframes: { entry: 16m }\nrisk_managment: 1\n"
        "indicators: [ { id: a, type: EMMA, timeframe: 1h } ]\nbacktest: { cash: 0, from: never }\n"
    )
    loaded = read(text)
    assert [problem.line for problem in loaded.errors] == [1, 2, 3, 4, 5, 5]


def test_one_problem_of_an_indicator_is_not_told_again_by_its_readers():
    text = (
        "timeframes: { entry: 15m }\nindicators: [ { id: a, type: EMMA, timeframe: entry } ]\n"
        "logic: { entry_long: [ a > 1, a_trend == 'bull' ] }\n"
    )
    assert [problem.line for problem in read(text).errors] == [2]


def test_a_problem_prints_like_a_compiler_prints_it():
    text = with_section("risk_management: { stop_loss: { base_percent: 2 } }")
    assert str(read(text).errors[0]) == (
        "test.yaml:14:47: error: risk_management.stop_loss.base_percent: out of bounds (a fraction: 0.02 is 2 %), "
        "found 2; allowed: over 0 up to 0.999999"
    )


def test_a_plan_of_a_broken_file_raises_every_problem():
    from shared.strategy.planning import plan_for

    with pytest.raises(StrategyError) as caught:
        plan_for(read("timeframes: { entry: 16m }\nsymbol: 1\n"))
    assert len(caught.value.problems) == 2
    assert "and 1 more" in str(caught.value)
