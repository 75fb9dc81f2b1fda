"""A run's document against a backtest on a bar file over the same window: everything that the document states.

The file knows nothing of people's commands: a run that was paused or stopped between its bars differs from it.
"""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from shared.domain.errors import InputError

Json = dict[str, Any]

# Parts in the order in which they are compared; what a file cannot know is left out of them.
PARTS = (
    "engine_version", "strategy", "instrument", "costs", "bars", "orders", "fills", "trades", "equity", "open_position",
    "stats", "breakdowns", "digest",
)  # fmt: skip
UNKNOWN = {"instrument": ("source", "captured_ms")}  # to a file
NEEDED = ("strategy", "instrument", "bars", "stats")


def compare(path: Path, strategy: Path, bars_file: Path) -> str | None:
    """The first difference in words; None when there is none. Raises InputError for files that cannot be read."""
    from services.cli.strategy_file import read
    from shared.compiled import is_quicker, switch_on
    from shared.store.bar_files import read_bars

    doc = read_document(path)
    bars = read_bars(bars_file).bars
    text = read(strategy)
    compiled = is_quicker(len(bars.open_ms), text)
    if compiled:
        switch_on(strategy=text)  # before the engine is imported
    return difference(doc, _again(path, doc, strategy, bars, compiled))


def read_document(path: Path) -> Json:
    """An exported document. Raises InputError when it is none."""
    try:
        doc = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(str(path), f"an exported document ({error})") from error
    missing = [name for name in NEEDED if not isinstance(doc, dict) or not isinstance(doc.get(name), dict)]
    if missing:
        raise InputError(str(path), f"an exported document, which has {', '.join(missing)}")
    return doc  # type: ignore[no-any-return]


def difference(recorded: Json, folded: Json) -> str | None:
    """The first place at which two documents differ."""
    for part in PARTS:
        left, right = (_known(part, doc.get(part)) for doc in (recorded, folded))
        found = _differs(part, left, right)
        if found is not None:
            return found
    return None


def _again(path: Path, doc: Json, strategy: Path, bars: Any, compiled: bool) -> Json:
    """The document that the backtest of this file writes."""
    from services.cli.commands.backtest import Window
    from services.cli.file_run import run_on
    from services.cli.rules_file import rules_for
    from services.cli.strategy_file import checked
    from shared.exchange.fees import rates_at
    from shared.performance.document import dumps
    from shared.strategy.planning import plan_for

    stated, window = doc["strategy"], doc["bars"]
    try:
        cash = Decimal(doc["stats"]["starting_balance"])
        start = int(window.get("start_ms", window["first_open_ms"]))  # older documents do not say it
        last, warmup = (int(window[name]) for name in ("last_open_ms", "warmup_from_ms"))
        params, variant, instrument = dict(stated["params"]), stated["variant"], str(doc["instrument"]["name"])
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise InputError(str(path), f"an exported document ({error!r})") from error
    loaded = checked(strategy)
    known = {} if loaded.spec is None else {node.id for node in loaded.spec.nodes}
    ours = {name: value for name, value in params.items() if name.partition(".")[0] in known}
    plan = plan_for(loaded, variant=variant, overrides=ours, instrument=instrument)
    rates = rates_at(start)
    rules = rules_for(instrument, path)
    again = run_on(
        plan, bars, Window(start, last, warmup), rules, rates.maker_ppm, rates.taker_ppm, cash, compiled
    )  # fmt: skip
    return json.loads(dumps(again.document))  # type: ignore[no-any-return]


def _known(part: str, value: Any) -> Any:
    hidden = UNKNOWN.get(part, ())
    return {k: v for k, v in value.items() if k not in hidden} if hidden and isinstance(value, dict) else value


def _differs(place: str, recorded: Any, folded: Any) -> str | None:
    if recorded == folded:
        return None
    if isinstance(recorded, dict) and isinstance(folded, dict):
        for name in [*recorded, *(name for name in folded if name not in recorded)]:
            found = _differs(f"{place}.{name}", recorded.get(name), folded.get(name))
            if found is not None:
                return found
    if isinstance(recorded, list) and isinstance(folded, list):
        for at, (left, right) in enumerate(zip(recorded, folded, strict=False)):
            found = _differs(f"{place}[{at}]", left, right)
            if found is not None:
                return found
        return f"{place}: the document has {len(recorded)}, the backtest {len(folded)}"
    return f"{place} is {_spell(recorded)} in the document, {_spell(folded)} in the backtest"


def _spell(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:197] + "..."
