"""Instrument rules for a backtest on a file: shipped ones, or a file of them."""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from shared.domain.errors import InputError
from shared.domain.instrument import InstrumentRules
from shared.exchange.rules import shipped_rules

FIELDS = ("tick_size", "lot_step", "min_quantity", "min_notional")


def rules_for(instrument: str, path: Path | None) -> InstrumentRules:
    """Rules of `--rules`: an exported document, its `instrument` part, or the fields alone, as JSON; else shipped."""
    if path is None:
        return shipped_rules(instrument)
    try:
        given: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--rules {path}: {error}") from error
    given = given.get("instrument", given) if isinstance(given, dict) else given
    if not isinstance(given, dict) or not all(name in given for name in FIELDS):
        raise InputError(str(path), f"an object with {', '.join(FIELDS)}")
    try:
        tick, step, quantity, notional = (Decimal(str(given[name])) for name in FIELDS)
    except InvalidOperation as error:
        raise InputError(str(path), "decimal numbers", [given[name] for name in FIELDS]) from error
    source, captured = str(given.get("source", "file")), int(given.get("captured_ms", 0))
    return InstrumentRules(instrument, tick, step, quantity, notional, source, captured)
