"""The published schema agrees with the loader: what it can refuse, both refuse; what loads, it accepts."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings

from shared.indicators.registry import REGISTRY
from shared.strategy.document import Entries, Items, Tree, is_null, read_document
from shared.strategy.json_schema import json_schema
from shared.strategy.problems import Problems
from shared.strategy.scalars import number, truth
from tests.unit.strategy.drawn import files
from tests.unit.strategy.files import HEAD, LOGIC, read, with_section
from tests.unit.strategy.test_load import PREDECESSOR, STRATEGIES
from tests.unit.strategy.test_predecessor import FOLDER

SCHEMA = json_schema()
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def plain(tree: Tree) -> Any:
    """A document as an editor's YAML 1.2 reader would hand it to a validator."""
    if isinstance(tree, Entries):
        return {key: plain(entry.value) for key, entry in tree.entries.items()}
    if isinstance(tree, Items):
        return [plain(item) for item in tree.items]
    if is_null(tree):
        return None
    if (is_true := truth(tree)) is not None:
        return is_true
    value = number(tree)
    return tree.text if value is None else int(value) if value == int(value) else float(value)


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """JSON Schema as far as ours goes; an unknown word fails."""
    return all(_holds(word, rule, schema, value) for word, rule in schema.items())


def _holds(word: str, rule: Any, schema: dict[str, Any], value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match word:
        case "$schema" | "$defs" | "title" | "description" | "default" | "then":
            return True
        case "$ref":
            return accepts(SCHEMA["$defs"][rule.rsplit("/", 1)[-1]], value)
        case "type":
            names = [rule] if isinstance(rule, str) else rule
            return any(
                is_number and (name == "number" or value == int(value)) if name in ("number", "integer")
                else isinstance(value, TYPES[name])
                for name in names
            )  # fmt: skip
        case "enum":
            return value in rule
        case "const":
            return value == rule
        case "anyOf":
            return any(accepts(one, value) for one in rule)
        case "allOf":
            return all(accepts(one, value) for one in rule)
        case "not":
            return not accepts(rule, value)
        case "if":
            return not accepts(rule, value) or accepts(schema["then"], value)
        case "minimum":
            return not is_number or value >= rule
        case "maximum":
            return not is_number or value <= rule
        case "exclusiveMinimum":
            return not is_number or value > rule
        case "minLength":
            return not isinstance(value, str) or len(value) >= rule
        case "maxLength":
            return not isinstance(value, str) or len(value) <= rule
        case "pattern":
            return not isinstance(value, str) or re.search(rule, value) is not None
        case "items":
            return not isinstance(value, list) or all(accepts(rule, item) for item in value)
        case "maxItems":
            return not isinstance(value, list) or len(value) <= rule
        case "required":
            return not isinstance(value, dict) or all(name in value for name in rule)
        case "minProperties":
            return not isinstance(value, dict) or len(value) >= rule
        case "maxProperties":
            return not isinstance(value, dict) or len(value) <= rule
        case "properties":
            return not isinstance(value, dict) or all(accepts(rule[k], v) for k, v in value.items() if k in rule)
        case "additionalProperties":
            rest = (
                {k: v for k, v in value.items() if k not in schema.get("properties", {})}
                if isinstance(value, dict)
                else {}
            )
            return not rest if rule is False else all(accepts(rule, v) for v in rest.values())
    raise AssertionError(f"the schema uses a word that this test does not know: {word}")


def is_accepted(text: str) -> bool:
    document = read_document(text, Problems("x"))
    assert document is not None
    return accepts(SCHEMA, plain(document))


def test_it_is_json():
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize(
    "text",
    [*(path.read_text() for path in (*STRATEGIES, *FOLDER.glob("*.yaml"))), PREDECESSOR, HEAD + LOGIC,
     with_section("risk_management: { stop_loss: { price: fast, base_percent: 0.1 }, take_profit: }"),
     "timeframes: { entry: 1h }\n"],
)  # fmt: skip
def test_what_loads_is_accepted(text):
    assert read(text).errors == ()
    assert is_accepted(text)


@pytest.mark.parametrize(
    "text",
    [
        "name: x\n",
        "timeframes: { entry: 16m }\n",
        with_section("risk_management: { stop_loss: { base_percent: 2 } }"),
        with_section("risk_management: { stop_loss: { base_percent: '0.1' } }"),
        with_section("risk_management: { time_exit: { bars: 0 } }"),
        with_section("risk_management: { time_exit: {} }"),
        with_section("risk_management: { stop_loss: { base_percent: 0.1, trailing: { percent: 1 } } }"),
        with_section("risk_management: { stop_loss: { base_percent: 0.1, breakeven_at_r: 0 } }"),
        with_section("risk_management: { cooldown: { bars: 1, after: win } }"),
        with_section("risk_management: { position_size: { volatility_target: 11 } }"),
        with_section("execution: { order_type: limt }"),
        with_section("execution: { order_type: limit, limit_offset_bps: 1001 }"),
        with_section("execution: { order_type: stop, expire_bars: 0 }"),
        with_section("execution: { participation: 0 }"),
        with_section("equity_protection: { max_daily_loss: 2 }"),
        with_section("equity_protection: { max_consecutive_losses: 1.5 }"),
        with_section("equity_protection: { smoothing_window: 1.5 }"),
        with_section("equity_protection: { cooldown: 24 }"),
        with_section("execution: { allow_short: yes }"),
        with_section("variants: { a: { risk_management: { risk_pct: 3 } } }"),
        HEAD + "  - { id: a, type: EMA, timeframe: entry, lenght: 9 }\n" + LOGIC,
        HEAD + "  - { id: a, type: EMA, timeframe: entry, length: 0 }\n" + LOGIC,
        HEAD + "  - { id: a, type: NOPE, timeframe: entry }\n" + LOGIC,
        HEAD + "  - { id: a b, type: RiskManagement, timeframe: entry }\n" + LOGIC,
        HEAD + "logic: { entry_long: { al: [] } }\n",
    ],
)
def test_what_it_can_refuse_both_refuse(text):
    assert read(text).errors != ()
    assert not is_accepted(text)


@settings(max_examples=250, deadline=None)
@given(files(HEAD + LOGIC))
def test_whatever_loads_is_accepted(text):
    if read(text).errors == ():
        assert is_accepted(text)


def test_every_parameter_of_every_indicator_is_offered():
    branches = {b["if"]["properties"]["type"]["const"]: b["then"]["properties"]
                for b in SCHEMA["properties"]["indicators"]["anyOf"][0]["items"]["allOf"]}  # fmt: skip
    for type_, sheet in REGISTRY.items():
        assert set(sheet.param_names()) <= set(branches[type_])
