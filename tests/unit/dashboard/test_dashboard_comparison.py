"""Runs side by side: what differs, and what is best of what stands on enough."""

from typing import Any

from services.dashboard import comparison


def run(**given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "mode": "paper", "instrument": "BTC/USDT", "entry_timeframe": "15m", "variant": None,
        "version_sha256": "a" * 64, "engine_version": "2", "cash": "10000.00000000", "quote": "USDT", "start_ms": 0,
        "last_bar_ms": None, "params": {},
    }  # fmt: skip
    return usual | given


def test_settings_that_differ_are_marked_and_parameters_that_one_run_sets_are_rows() -> None:
    lines = comparison.setup([run(), run(mode="backtest", params={"fast.length": 5})])
    assert [line.label for line in lines if line.differs] == ["Mode", "fast.length"]
    assert [cell.text for cell in lines[-1].cells] == ["as in the file", "5"]


def cells(key: str, *values: tuple[float | None, int]) -> list[comparison.Cell]:
    """The cells of a figure, of runs with (value, over how many)."""
    stats = [{key: value, "n": {key: n}, "reasons": {}, "days": n} for value, n in values]
    lines = [line for _, group in comparison.results(stats) for line in group]
    (found,) = [line.cells for line in lines if line.label != "Days" and any(cell.text != "–" for cell in line.cells)]
    return found


def test_the_best_is_marked_among_figures_that_stand_on_enough() -> None:
    assert [cell.best for cell in cells("sharpe", (9.9, 3), (1.5, 90), (None, 90), (0.5, 40))] == [
        False,
        True,
        False,
        False,
    ]
    assert [cell.best for cell in cells("max_drawdown_ratio", (0.2, 90), (0.1, 90))] == [False, True]


def test_equal_ones_and_a_single_one_are_not_best() -> None:
    assert not any(cell.best for cell in cells("sharpe", (1.5, 90), (1.5, 90)))
    assert not any(cell.best for cell in cells("sharpe", (1.5, 90), (9.0, 2)))
    assert not any(cell.best for cell in cells("profit_ratio", (-0.1, 90), (0.0, 0)))  # it has not begun
    assert not any(cell.best for cell in cells("fees_abs", (1.5, 90), (9.0, 90)))
