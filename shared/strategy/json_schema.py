"""The JSON Schema of a strategy file, for editors: made from the table of keys and the fact sheets, never by hand.

It says what a schema can say. Names in rules, and what one key asks of another, are told by `validate` only.
"""

from collections.abc import Mapping
from typing import Any

from shared.domain.timeframe import TIMEFRAMES
from shared.indicators.fact_sheet import Indicator, Param
from shared.indicators.registry import REGISTRY
from shared.strategy.predecessor import RISK_MANAGEMENT
from shared.strategy.schema import (
    BAR_SOURCES,
    FILE,
    MOST_LAG,
    Date,
    Duration,
    Form,
    Formula,
    IndicatorKeys,
    Key,
    ListOf,
    MapOf,
    Number,
    Part,
    Side,
    Table,
    Text,
    Truth,
)

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SCALAR = ["string", "number", "boolean"]
ID = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"}

# Rules nest freely, so they refer to themselves
DEFINITIONS: dict[str, Any] = {
    "rule": {"type": ["string", "boolean"], "maxLength": 500},
    "rules": {"type": ["array", "null"], "items": {"$ref": "#/$defs/member"}},
    "group": {
        "type": "object",
        "properties": {"all": {"$ref": "#/$defs/rules"}, "any": {"$ref": "#/$defs/rules"}},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    },
    "member": {"anyOf": [{"$ref": "#/$defs/rule"}, {"$ref": "#/$defs/group"}, {"$ref": "#/$defs/rules"}]},
    "side": {"anyOf": [{"$ref": "#/$defs/member"}, {"type": "null"}]},
}


def json_schema(registry: Mapping[str, Indicator] = REGISTRY) -> dict[str, Any]:
    """JSON Schema, draft 2020-12. Unknown keys are allowed where the loader only notes them."""
    return {
        "$schema": DRAFT,
        "title": "Paperfold strategy",
        **_schema(FILE, registry),
        "$defs": DEFINITIONS,
    }


def _schema(form: Form, registry: Mapping[str, Indicator]) -> dict[str, Any]:
    match form:
        case Table(keys):
            return _table(keys, registry)
        case Part(whole):
            part: dict[str, Any] = _without_required(_table(whole.keys, registry))
            return part
        case ListOf(item, longest):
            return {"type": "array", "items": _schema(item, registry), "maxItems": longest}
        case MapOf(value, longest):
            return {"type": "object", "additionalProperties": _optional(_schema(value, registry)),
                    "maxProperties": longest}  # fmt: skip
        case Text(words, longest):
            return {"enum": list(words)} if words else {"type": SCALAR, "minLength": 1, "maxLength": longest}
        case Truth():
            return {"type": "boolean"}
        case Number():
            return _number(form)
        case Duration():
            return {"type": "string", "pattern": r"^\d+(\.\d+)? ?[smhd]$"}
        case Date():
            return {"type": "string", "pattern": r"^\d{4}-\d{1,2}-\d{1,2}([T ].*)?"}
        case Side():
            return {"$ref": "#/$defs/side"}
        case IndicatorKeys():
            return _indicator(registry)
        case Formula():
            return {"type": ["string", "number"], "maxLength": 500}
        case _:
            return {"type": SCALAR}


def _table(keys: Mapping[str, Key], registry: Mapping[str, Indicator]) -> dict[str, Any]:
    properties = {name: _key(key, registry) for name, key in keys.items()}
    required = [name for name, key in keys.items() if key.required]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _without_required(schema: Any) -> Any:
    """A part may leave out what the whole must have."""
    if isinstance(schema, list):
        return [_without_required(one) for one in schema]
    if isinstance(schema, dict):
        return {word: _without_required(rule) for word, rule in schema.items() if word != "required"}
    return schema


def _key(key: Key, registry: Mapping[str, Indicator]) -> dict[str, Any]:
    about = f"{key.about} ({key.note})" if key.note else key.about
    if key.note:
        return {"description": about}
    own = _schema(key.form, registry)
    return {"description": about, **(own if key.required else _optional(own))}


def _optional(own: dict[str, Any]) -> dict[str, Any]:
    """An empty value counts as a missing key."""
    return {"anyOf": [own, {"type": "null"}]}


def _number(form: Number) -> dict[str, Any]:
    low = "exclusiveMinimum" if form.over else "minimum"
    return {"type": "integer" if form.whole else "number", low: float(form.low), "maximum": float(form.high)}


def _indicator(registry: Mapping[str, Indicator]) -> dict[str, Any]:
    """One branch per type, so that an editor offers the parameters of the type that is written; the predecessor's
    RiskManagement, which is translated, may have any."""
    return {
        "type": "object",
        "required": ["id", "type", "timeframe"],
        "properties": {"id": ID, "type": {"enum": [*registry, RISK_MANAGEMENT]}},
        "allOf": [
            {"if": {"properties": {"type": {"const": sheet.type}}}, "then": _indicator_keys(sheet)}
            for sheet in registry.values()
        ],
    }


def _indicator_keys(sheet: Indicator) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "id": ID,
        "type": {"const": sheet.type, "description": sheet.about},
        "timeframe": {"type": "string", "description": f"a label, or one of {' '.join(TIMEFRAMES)}"},
        "lag": {"type": "integer", "minimum": 0, "maximum": MOST_LAG, "description": "bars that every output is late"},
    }
    if any(wanted.name == "source" for wanted in sheet.inputs):
        about = f"{' '.join(BAR_SOURCES)}, or an output on the same timeframe; default close"
        properties["source"] = {"type": "string", "description": about}
    for wanted in sheet.inputs:
        if wanted.reads is not None:
            properties[wanted.reads[0]] = {**ID, "description": f"id of a {wanted.of_type}; default: the first"}
    for param in sheet.params:
        properties[param.name] = {**_param(param), "description": param.about}
    for name in sheet.unused:
        properties[name] = {"description": "of the predecessor, without effect"}
    optional = {n: s if n in ("id", "type", "timeframe") else _optional(s) for n, s in properties.items()}
    return {"properties": optional, "additionalProperties": False}


def _param(param: Param) -> dict[str, Any]:
    if param.words:
        return {"enum": list(param.words), "default": param.shown(param.default)}
    form = "integer" if param.whole else "number"
    return {"type": form, "minimum": param.low, "maximum": param.high, "default": param.default}
