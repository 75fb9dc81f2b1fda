"""Machine code of the indicators, kept between runs: compiling them takes longer than all else."""

import pytest

from tests.support.compiled_indicators import CacheOf, cache_in


@pytest.fixture(scope="session")
def kernels(pytestconfig: pytest.Config) -> CacheOf:
    """Folder of machine code for an environment of numba."""
    root = pytestconfig.cache.mkdir("kernels")
    return lambda **environment: cache_in(root, **environment)
