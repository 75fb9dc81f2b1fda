"""The compiled form of the engine, switched on for this process before the engine is imported.

Worth it for long series only: numba's import and a warm cache cost about half a second, which is what interpreting
50,000 bars takes. Runners, the API and the dashboard never call this; a long fold is a child process of theirs.
"""

import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

from shared import kernel

COMPILE_FROM_BARS = 50_000
PACKAGES = ("shared.indicators", "shared.engine")


def default_root() -> Path:
    """Where machine code is kept between processes, when no folder is configured."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "paperfold"


def switch_on(root: Path | None = None) -> None:
    """Compile every kernel that this process declares from now on. An unwritable folder costs time, nothing else."""
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


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="paperfold-"))


def _name() -> str:
    """A hash of every kernel source and of the compiler's versions.

    numba does not notice edits in called kernels: whatever could change a kernel's meaning changes the folder's name.
    """
    import llvmlite
    import numba

    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__} {sys.version}".encode())
    sources = [Path(kernel.__file__)]
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec is not None else []:
            sources += sorted(Path(folder).glob("*.py"))
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:24]
