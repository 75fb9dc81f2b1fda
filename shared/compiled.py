"""The compiled form of the engine: when it is worth it, and how a process switches it on before the engine is imported.

Runners, the API and the dashboard never call this; a long fold is a child process of theirs.
"""

import hashlib
import importlib
import importlib.util
import os
import pkgutil
import re
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from shared import kernel

COMPILE_FROM_BARS = 50_000  # where nothing is known about the strategy
PACKAGES = ("shared.indicators", "shared.engine")  # kernels
CONSTANTS = ("shared.domain",)  # what they import besides: machine code holds its words as numbers
COMPILER = ("numba", "llvmlite")

# What folds cost in seconds of one machine (bench/forms.py measures them). Only ratios count, which others share.
LOAD_S = 0.4  # numba's import, and machine code from the disk
WIRING_S, WIRING_INDICATOR_S = 1.0, 0.08  # a strategy's own functions
LIBRARY_S, LIBRARY_INDICATOR_S = 12.0, 0.4  # what all strategies call, and once for ever
BAR_S, CLOSE_S, INDICATOR_S = 2.2e-6, 1e-6, 1.3e-6  # interpreted: a bar; an entry close; each indicator at one

MINUTES = {"m": 1, "h": 60, "d": 1440}


def is_quicker(bars: int, strategy: str, root: Path | None = None) -> bool:
    """Would a new process be done sooner with `bars` of this strategy's text if it compiled, or loaded what is there?

    An estimate from the text alone, since a process decides before it imports what reads strategies; a wrong one costs
    time, nothing else.
    """
    entry = re.search(r"\bentry\s*:\s*['\"]?(\d+)([mhd])\b", strategy)
    minutes = int(entry[1]) * MINUTES[entry[2]] if entry else 1
    indicators = len(re.findall(r"\btype\s*:", strategy))
    interpreted_s = bars * (BAR_S + (CLOSE_S + indicators * INDICATOR_S) / max(1, minutes))
    return interpreted_s > LOAD_S + _missing_s(indicators, strategy, (root or default_root()) / _name())


def is_there(strategy: str, root: Path | None = None) -> bool:
    """Did a process that compiles fold this text before?"""
    return _mark((root or default_root()) / _name(), strategy).exists()


def _missing_s(indicators: int, strategy: str, folder: Path) -> float:
    """Seconds of compiling before this strategy's machine code is complete in `folder`."""
    if _mark(folder, strategy).exists():
        return 0.0
    wiring_s = WIRING_S + indicators * WIRING_INDICATOR_S
    if (folder / "library").exists() or any(folder.glob("wiring_*.py")):
        return wiring_s
    return LIBRARY_S + indicators * LIBRARY_INDICATOR_S + wiring_s


def default_root() -> Path:
    """Where machine code is kept between processes, when no folder is configured."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "paperfold"


def switch_on(root: Path | None = None, strategy: str = "") -> None:
    """Compile every kernel that this process declares from now on. An unwritable folder costs time, nothing else.

    `strategy`: text of the one that will be folded, remembered as one whose machine code is there.
    """
    os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")  # before numba is imported: SVML has bits of its own
    folder = _writable(root or default_root()) / _name()
    folder.mkdir(parents=True, exist_ok=True)

    def write_module(name: str, text: str) -> str:
        path = folder / f"{name}.py"
        if not path.exists():
            with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".tmp", delete=False) as part:
                part.write(text)
            os.replace(part.name, path)  # whole or not at all: another process may be loading it
        return str(path)

    kernel.use_numba(str(folder), write_module)
    if strategy:
        _mark(folder, strategy).touch()


def compile_library(root: Path | None = None, part: int = 0, parts: int = 1) -> int:
    """Compile every `parts`-th kernel that strategies may call, in a process that has imported none; how many.

    Parts may be compiled at once by as many processes: what they share is compiled by each, and written whole.
    """
    switch_on(root)
    for package in PACKAGES:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            importlib.import_module(f"{package}.{module.name}")
    return kernel.compile_declared(part, parts)


def remember_library(root: Path | None = None) -> None:
    """All parts of the library are compiled."""
    (_writable(root or default_root()) / _name() / "library").touch()


def _mark(folder: Path, strategy: str) -> Path:
    return folder / f"strategy_{hashlib.sha256(strategy.encode()).hexdigest()[:24]}"


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="paperfold-"))


def _name() -> str:
    """A hash of every kernel source, of what they import, and of the compiler's versions.

    numba does not notice edits in called kernels, nor of imported constants: whatever could change a kernel's meaning
    changes the folder's name.
    """
    versions = " ".join(metadata.version(name) for name in COMPILER)
    digest = hashlib.sha256(f"{versions} {sys.version}".encode())
    for source in sources():
        digest.update(source.read_bytes())
    return digest.hexdigest()[:24]


def sources() -> list[Path]:
    """Files that machine code is made of."""
    found = [Path(kernel.__file__)]
    for package in (*PACKAGES, *CONSTANTS):
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec is not None else []:
            found += sorted(Path(folder).glob("*.py"))
    return found
