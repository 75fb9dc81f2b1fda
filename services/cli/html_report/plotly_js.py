"""Plotly's JavaScript, out of the Python package that carries it; the package's Python is not used."""

from importlib import resources

from shared.domain.errors import InputError

CARRIER = "plotly"
PATH = ("package_data", "plotly.min.js")


def read() -> str:
    """The script as it may stand in a page. Raises InputError."""
    try:
        script = resources.files(CARRIER).joinpath(*PATH).read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        raise InputError("--report", f"the package {CARRIER} with {'/'.join(PATH)} to be installed") from None
    if "</script" in script.lower() or "<!--" in script:
        raise InputError("--report", "a script that can stand in a page", f"{CARRIER}'s, which would end it")
    return script
