"""A strategy file as plain values: YAML with the numbers a person wrote, the chosen variant laid over it.

Numbers with a point or an exponent stay decimals; only `true` and `false` are booleans; dates stay text.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from tests.support.reference import by_oracle, indicators

SIDES = ("entry_long", "exit_long", "entry_short", "exit_short")
NOT_OF_AN_INDICATOR = ("id", "type", "timeframe", "source", "lag", "vp", "fvg")
DEFAULTS = indicators.DEFAULTS | by_oracle.DEFAULTS
LAGGED_ON_ENTRY = (*indicators.LAGGED_ON_ENTRY, *by_oracle.LAGGED_ON_ENTRY)
DURATIONS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


_SCALARS: list[tuple[str, str, str, Callable[[str], object]]] = [
    ("!null", r"~|null|Null|NULL|", "~nN\0", lambda _: None),
    ("!truth", r"true|True|TRUE|false|False|FALSE", "tTfF", lambda text: text.lower() == "true"),
    ("!whole", r"[-+]?[0-9]+", "-+0123456789", int),
    ("!decimal", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789", Decimal),
]
for _tag, _pattern, _first, _read in _SCALARS:
    _Loader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), [c if c != "\0" else "" for c in _first])
    _Loader.add_constructor(_tag, lambda loader, node, read=_read: read(loader.construct_scalar(node)))


@dataclass(frozen=True, slots=True)
class Indicator:
    id: str
    type: str
    timeframe: str
    source: str
    lag: int
    params: Mapping[str, float]
    reads: Mapping[str, str]  # vp and fvg, where the file names them


@dataclass(frozen=True, slots=True)
class Strategy:
    entry: str  # timeframe
    indicators: tuple[Indicator, ...]
    logic: Mapping[str, object]
    risk: Mapping[str, Any]
    protection: Mapping[str, Any]
    execution: Mapping[str, Any]
    backtest: Mapping[str, Any]

    def named(self, id_: str) -> Indicator:
        return next(indicator for indicator in self.indicators if indicator.id == id_)

    def first(self, type_: str, timeframe: str | None = None) -> str | None:
        """Id of the first indicator of a type, on a timeframe if one is given."""
        found = (i.id for i in self.indicators if i.type == type_ and timeframe in (None, i.timeframe))
        return next(found, None)


def load(text: str, variant: str | None = None) -> Strategy:
    tree = yaml.load(text, Loader=_Loader)  # a SafeLoader
    logic = dict(tree.get("logic") or {})
    risk = tree.get("risk_management") or {}
    if variant is not None:
        chosen = tree["variants"][variant] or {}
        logic |= chosen.get("logic") or {side: rules for side, rules in chosen.items() if side in SIDES}
        risk = _merged(risk, chosen.get("risk_management") or {})
    return Strategy(
        entry=tree["timeframes"]["entry"],
        indicators=tuple(_indicator(entry, tree["timeframes"]) for entry in tree.get("indicators") or []),
        logic=logic,
        risk=risk,
        protection=tree.get("equity_protection") or {},
        execution=tree.get("execution") or {},
        backtest=tree.get("backtest") or {},
    )


def duration_ms(text: str) -> int:
    return int(Decimal(text[:-1]) * DURATIONS_MS[text[-1]])


def decimal_of(value: object) -> Decimal:
    return Decimal(str(value))


def _indicator(entry: Mapping[str, Any], timeframes: Mapping[str, str]) -> Indicator:
    type_ = {known.lower(): known for known in DEFAULTS}[entry["type"].lower()]
    timeframe = entry.get("timeframe", timeframes["entry"])
    timeframe = timeframes.get(timeframe, timeframe)
    params: dict[str, float] = dict(DEFAULTS[type_])
    for name, value in entry.items():
        if name not in NOT_OF_AN_INDICATOR:
            name = {"length": "period", "period": "length"}.get(name, name) if name not in params else name
            if name not in params:
                raise ValueError(f"{entry['id']}: unknown parameter {name!r}")
            words = by_oracle.WORDS.get(type_, {}).get(name)
            params[name] = float(words.index(value) if words else value)
    default_lag = 1 if type_ in LAGGED_ON_ENTRY and timeframe == timeframes["entry"] else 0
    return Indicator(
        id=entry["id"],
        type=type_,
        timeframe=timeframe,
        source=entry.get("source", "close"),
        lag=int(entry.get("lag", default_lag)),
        params=params,
        reads={name: entry[name] for name in ("vp", "fvg") if name in entry},
    )


def _merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Key by key, at every depth."""
    merged = dict(base)
    for key, value in change.items():
        both_maps = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both_maps else value
    return merged
