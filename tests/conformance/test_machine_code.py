"""What processors may do with doubles besides IEEE's word: two roundings made one, and the smallest made zero."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.machine_code import TARGETS, fused_kernels


def test_no_processor_multiplies_and_adds_in_one_rounding(tmp_path: Path) -> None:
    """LLVM fuses what is marked as contractible. numba marks nothing, so an arm64 laptop folds as a server does."""
    found = fused_kernels(tmp_path)
    assert list(found) == list(TARGETS)
    for target, kernels in found.items():
        assert kernels["as it is"] == [], target
        fusible = {"product_and_sum", "difference_of_products"}  # else this would have looked at nothing
        assert fusible <= set(kernels["permitted"]), target


@pytest.mark.parametrize(
    "modules",
    [
        "services.runner.app psycopg2 redis",
        "services.cli.file_run shared.store.bar_table",
        "services.runner.child numba",
    ],
)
def test_no_library_of_a_process_that_folds_makes_small_numbers_zero(modules: str) -> None:
    """One that is linked with fast mathematics switches that on for its whole process. Means that decay get there: RSI
    of a market that stands still would be 50 in one process and 100 in another.
    """
    imports = "\n".join(f"import {name}" for name in modules.split())
    code = f"{imports}\nimport sys\nprint(sys.float_info.min / float('4'), float('5e-324') * float('1'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["5.562684646268003e-309", "5e-324"]
