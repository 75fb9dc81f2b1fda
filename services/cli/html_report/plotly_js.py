"""Plotly's JavaScript, out of the Python package that carries it; the package's Python is not imported."""

from importlib.util import find_spec
from pathlib import Path

from shared.domain.errors import InputError

CARRIER = "plotly"
SCRIPT = "package_data/plotly.min.js"


def read() -> str:
    """The script as it may stand in a page. Raises InputError."""
    spec = find_spec(CARRIER)  # which imports nothing of it
    places = [Path(folder) / SCRIPT for folder in (spec.submodule_search_locations or () if spec else ())]
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise InputError("--report", f"the package {CARRIER} with its {SCRIPT} to be installed")
    script = found.read_text(encoding="utf-8")
    if "</script" in script.lower() or "<!--" in script:
        raise InputError("--report", "a script that can stand in a page", f"{CARRIER}'s, which would end it")
    return script
