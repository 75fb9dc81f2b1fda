"""The parameters that a tuning form offers."""

from services.api.library import parameters, spec_of
from services.api.schemas import Parameter

FILE = """\
timeframes: { entry: 1h }
indicators: [ { id: mean, type: VWAP, timeframe: 1h, anchor: week } ]
optimization: { parameters: [ { name: mean.mult, type: float, low: 1, high: 3 } ] }
"""


def test_a_choice_comes_with_its_words_and_a_number_with_its_bounds() -> None:
    anchor, mult = (Parameter.model_validate(one) for one in parameters(spec_of(FILE, "x.yaml")))
    assert (anchor.name, anchor.words, anchor.words[int(anchor.value)]) == ("mean.anchor", ["day", "week"], "week")
    assert (mult.name, mult.low, mult.high, mult.words) == ("mean.mult", 1.0, 3.0, [])
