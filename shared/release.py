"""Which release this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def package_version() -> str:
    """The distribution's version."""
    try:
        return version("paperfold")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0+unknown"
