"""A product and a sum are rounded twice on every processor, also where one instruction could do both."""

from pathlib import Path

from tests.support.machine_code import TARGETS, fused_kernels


def test_no_processor_multiplies_and_adds_in_one_rounding(tmp_path: Path) -> None:
    """LLVM fuses what is marked as contractible. numba marks nothing, so an arm64 laptop folds as a server does."""
    found = fused_kernels(tmp_path)
    assert list(found) == list(TARGETS)
    for target, kernels in found.items():
        assert kernels["as it is"] == [], target
        fusible = {"product_and_sum", "difference_of_products"}  # else this would have looked at nothing
        assert fusible <= set(kernels["permitted"]), target
