"""The compiled form of the engine, switched on for this process before the engine is imported.

Worth it for long series only: numba's import and a warm cache cost about half a second, which is what interpreting
50,000 bars takes. Runners, the API and the dashboard never call this; a long fold is a child process of theirs.
"""

import os
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
    folder = root or default_root()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(folder)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="paperfold-"))
    kernel.use_numba(kernel.cache_folder(folder, PACKAGES))
