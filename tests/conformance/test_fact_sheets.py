"""The registry is whole, and every fact sheet is consistent."""

import pytest

from shared.indicators.fact_sheet import BAR_FIELDS, BAR_TIMES, Indicator
from shared.indicators.registry import REGISTRY
from tests.conformance.cases import VARIANTS, every_type, params_of
from tests.support.compiled_indicators import ROOT
from tests.support.oracles.table import ORACLES


def test_every_file_is_in_the_registry() -> None:
    """A file that holds a fact sheet, that is; what several share has none."""
    texts = {path.stem: path.read_text() for path in (ROOT / "shared" / "indicators").glob("*.py")}
    files = {stem for stem, text in texts.items() if " = Indicator(" in text}
    assert files == {sheet.step.__module__.rpartition(".")[2] for sheet in REGISTRY.values()}
    assert all(name == sheet.type for name, sheet in REGISTRY.items())
    assert set(ORACLES) == set(REGISTRY) == set(VARIANTS)


@every_type
def test_a_fact_sheet_is_consistent(sheet: Indicator) -> None:
    defaults = params_of(sheet, {})
    for param in sheet.params:
        assert param.low <= param.default <= param.high
        assert not param.whole or all(x == int(x) for x in (param.low, param.default, param.high))
        assert not param.words or (param.whole and (param.low, param.high) == (0.0, len(param.words) - 1.0))
        assert param.about, f"what is {param.name}?"
    for output in sheet.outputs:
        assert (output.kind == "text") == bool(output.words)
        assert output.kind == "number" or output.low is output.high is None
        assert output.about, f"what is {output.name or 'the main output'}?"
    for wanted in sheet.inputs:
        if wanted.reads is None:
            assert wanted.name in ("source", *BAR_TIMES, *BAR_FIELDS)
        else:
            REGISTRY[wanted.of_type].output_index(wanted.reads[1])
    assert "pandas" in sheet.oracle or "." in sheet.oracle or " " in sheet.oracle, "an oracle has a source"
    names = [output.name for output in sheet.outputs]
    assert len(set(names)) == len(names)
    flags = [output.immediate for output in sheet.outputs]
    assert flags == sorted(flags), "immediate outputs come last"
    assert any(flags) == (sheet.immediate is not None)
    assert sheet.check is None or sheet.check(*defaults) == ""
    assert sheet.settle(*defaults) >= sheet.warmup(*defaults) >= 1


@pytest.mark.parametrize(
    ("type_", "given_params"),
    [
        pytest.param("RSI", {"overbought": 30, "oversold": 30}, id="RSI whose lines touch"),
        pytest.param("ADX", {"range_threshold": 26}, id="ADX that would trend and range at once"),
        pytest.param("PSAR", {"acceleration": 0.3}, id="PSAR that would begin beyond its maximum"),
        pytest.param("ICHIMOKU", {"conversion": 30}, id="ICHIMOKU whose lines would change places"),
        pytest.param("MACD", {"fast": 26}, id="MACD whose means are one"),
        pytest.param("PPO", {"fast": 30}, id="PPO whose means would change places"),
        pytest.param("KAMA", {"fast": 31}, id="KAMA that would be slowest in a straight market"),
        pytest.param("VolumeProfile", {"min_volume_threshold": 2.1}, id="profile whose bins could all be dropped"),
    ],
)
def test_a_senseless_combination_is_named(type_: str, given_params: dict[str, float]) -> None:
    sheet = REGISTRY[type_]
    assert sheet.check is not None
    assert next(iter(given_params)) in sheet.check(*params_of(sheet, given_params))
