"""Every registered indicator can be written in a file, and every output of it can be named in a rule."""

import pytest

from shared.indicators.registry import REGISTRY
from shared.strategy.expressions import FUNCTIONS
from shared.strategy.names import full_name
from shared.strategy.schema import WANTED
from tests.unit.strategy.files import plan_of, spec_of

OTHERS = (
    "  - { id: profile, type: VolumeProfile, timeframe: entry, lookback: 50 }\n"
    "  - { id: gaps, type: FVG, timeframe: entry }\n"
)


@pytest.mark.parametrize("type_", REGISTRY)
def test_an_indicator_is_written_and_named(type_):
    sheet = REGISTRY[type_]
    rules = []
    for output in sheet.outputs:
        name = full_name("it", output.name)
        tails = {"number": " > 1", "condition": "", "text": f" == '{output.words[0]}'" if output.words else ""}
        rules.append(f"    - {name}{tails[output.kind]}\n    - not ({name}[1]{tails[output.kind]})\n")
    params = "".join(f", {p.name}: {p.shown(p.default)}" for p in sheet.params)
    plan = plan_of(
        f"timeframes: {{ entry: 15m }}\nindicators:\n{OTHERS}"
        f"  - {{ id: it, type: {type_}, timeframe: entry{params} }}\nlogic:\n  entry_long:\n{''.join(rules)}"
    )
    assert plan.nodes[-1].id == "it"
    assert len(plan.entry_long.members) == 2 * len(sheet.outputs)
    assert plan.nodes[-1].lag == sheet.entry_lag
    assert 0 < plan.warmup_ms <= plan.settle_ms


def test_every_registered_type_is_in_the_list_of_the_format():
    assert set(REGISTRY) <= set(WANTED)


def test_ids_may_be_what_people_write():
    for id_ in ("EMA", "EMA_20", "_x", "trend", "RSI14"):
        assert spec_of(f"timeframes: {{ entry: 1h }}\nindicators: [ {{ id: {id_}, type: EMA, timeframe: 1h }} ]\n")
    assert "EMA" not in FUNCTIONS
