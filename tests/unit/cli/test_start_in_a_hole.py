"""A run whose first minutes are missing: an entry frame that was open before them closes late, after the start.

The start is a part of what was folded: the first bar alone does not say whether that close decides.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from services.cli.commands.backtest import Window
from services.cli.document_parity import compare
from services.cli.file_run import run_on
from shared.domain.bar import Bars
from shared.exchange.fees import rates_at
from shared.performance.document import dumps
from shared.strategy.load import load
from shared.strategy.planning import plan_for
from tests.support.differential import RULES
from tests.support.series import MINUTE_MS, Market, bars_of
from tests.unit.engine.cases import text

ALWAYS = text('logic: {entry_long: ["close > 0"]}', "", "position_size: {base_size: 0.5}", entry="15m")
HOLE = range(65, 80)  # minutes; the frame that begins with minute 60 loses its end


@pytest.mark.parametrize("start", [65, 74, 80], ids=["with the hole", "in the hole", "behind the hole"])
def test_its_document_can_be_folded_again(tmp_path: Path, start: int) -> None:
    whole = bars_of(Market(3, 200))
    bars = Bars(*([word for i, word in enumerate(column) if i not in HOLE] for column in whole))  # type: ignore[arg-type]
    first_ms, start_ms = bars.open_ms[0], bars.open_ms[0] + start * MINUTE_MS
    window, rates = Window(start_ms, bars.open_ms[-1], first_ms), rates_at(start_ms)
    plan = plan_for(load(ALWAYS, "case.yaml"))
    folded = run_on(plan, bars, window, RULES, rates.maker_ppm, rates.taker_ppm, None, compiled=False)
    doc: dict[str, Any] = json.loads(dumps(folded.document))
    assert doc["bars"]["start_ms"] == start_ms
    assert doc["bars"]["first_open_ms"] == first_ms + 80 * MINUTE_MS
    decided_ms = doc["orders"][0]["ts_ms"]
    assert decided_ms == first_ms + (75 if start < 75 else 90) * MINUTE_MS - 1

    (tmp_path / "run.json").write_text(dumps(doc), encoding="utf-8")
    (tmp_path / "case.yaml").write_text(ALWAYS, encoding="utf-8")
    rows = zip(*bars, strict=True)
    lines = ["open_time,open,high,low,close,volume", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "bars.csv").write_text("\n".join(lines), encoding="utf-8")
    assert compare(tmp_path / "run.json", tmp_path / "case.yaml", tmp_path / "bars.csv") is None

    doc["orders"][0]["ts_ms"] += 1
    (tmp_path / "run.json").write_text(json.dumps(doc), encoding="utf-8")
    said = compare(tmp_path / "run.json", tmp_path / "case.yaml", tmp_path / "bars.csv")
    assert said is not None
    assert said.startswith("orders[0].ts_ms is")
