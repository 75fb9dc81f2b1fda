"""What it means that an indicator agrees with its oracle."""

import numpy as np

from shared.indicators.fact_sheet import Indicator

# TYPE.output, or how it begins: differences of prices. They are as exact as the prices are, however small they are.
DIFFERENCES = (
    "VolumeProfile.dist_", "VolumeProfile.value_area_w", "VPFVGSignal.vf_", "LINREG.slope", "MACD.",
)  # fmt: skip
# Places between two levels, 0 at one of them: there they are as exact as the 1 between the levels is.
PLACES = ("BBANDS.percent_b",)
# Small differences of means, in percent of one of them: as exact as 100 is.
PERCENTAGES = ("PPO.", "TRIX.")
PRICES = ("source", "open", "high", "low", "close")


def assert_agree(
    sheet: Indicator, ours: np.ndarray, oracle: dict[str, np.ndarray], given: dict[str, np.ndarray], where: str
) -> None:
    """Every output, not ready at the same bars, else within 1e-9 of each other, relative; near 0, what cancelled.

    `given` are the input columns by name, `where` names what was run.
    """
    assert set(oracle) == {output.name for output in sheet.outputs}, where
    prices = np.concatenate([np.abs(given[name]) for name in PRICES if name in given] or [np.zeros(1)])
    largest = np.max(prices, initial=0.0, where=~np.isnan(prices))
    for k, output in enumerate(sheet.outputs):
        floor = 1e-12 * largest if f"{sheet.type}.{output.name}".startswith(DIFFERENCES) else 0.0
        if f"{sheet.type}.{output.name}" in PLACES:
            floor = 1e-12
        if f"{sheet.type}.".startswith(PERCENTAGES):
            floor = 1e-12 * 100.0
        if output.low is not None and output.high is not None:
            floor = 1e-12 * (output.high - output.low)
        np.testing.assert_allclose(
            ours[:, k], oracle[output.name], rtol=1e-9, atol=floor, err_msg=f"{where}: {output.name or 'main'}"
        )
