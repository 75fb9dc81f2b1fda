"""Third-party scripts, served out of the Python packages that carry them; none is committed, none is fetched.

Their packages are found without being imported. A script whose bytes are not those that its package recorded, or of a
build other than the one that was tried, is not served: the dashboard then refuses to start.
"""

import base64
import csv
import hashlib
import importlib.metadata
import mmap
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import InputError

BANNER_BYTES = 400
CHUNK_BYTES = 64 * 1024
_VERSION = re.compile(rb"\bv(\d+\.\d+\.\d+)")
_STYLE_ID = re.compile(rb'getElementById\("([0-9a-f]{64})"\)')  # plotly's maps, which nobody here draws


@dataclass(frozen=True, slots=True)
class Script:
    """One script on disk. `sha256` is hex."""

    name: str
    carrier: str  # the installed distribution, with its version
    version: str
    path: Path
    sha256: str
    style_ids: tuple[str, ...]  # of style elements that it adds unless the page has elements with these ids

    @property
    def tag(self) -> str:
        """Part of its address, so that browsers may keep it for ever."""
        return self.sha256[:16]

    def gzipped(self) -> Iterator[bytes]:
        """Its bytes as a gzip stream. Made for each who asks: once per browser, and kept by none of us."""
        packer = zlib.compressobj(6, wbits=zlib.MAX_WBITS + 16)
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield packer.compress(chunk)
        yield packer.flush()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a script comes from. `sha256`: the one build that will do; None: what its package recorded."""

    name: str
    distribution: str
    path: str
    sha256: str | None = None


SOURCES = (
    Source(
        "lightweight-charts.js",
        "litecharts",  # 0.2.0 carries the standalone production build of 5.1.0
        "litecharts/js/lightweight-charts.js",
        "756b0ba9f58930226d6b8b9d47ad310448ab85d799ea1f7c2c02304777c10b52",
    ),
    Source("plotly.js", "plotly", "plotly/package_data/plotly.min.js"),
)


def find_scripts(sources: tuple[Source, ...] = SOURCES) -> dict[str, Script]:
    """Scripts by name, each checked. Raises InputError."""
    return {source.name: _find(source) for source in sources}


def _find(source: Source) -> Script:
    try:
        distribution = importlib.metadata.distribution(source.distribution)
    except importlib.metadata.PackageNotFoundError:
        raise InputError(source.name, f"expected the package {source.distribution} to be installed") from None
    path = Path(str(distribution.locate_file(source.path)))
    if not path.is_file():
        raise InputError(source.name, "expected a file of the installed package", path)
    digest = _digest(path)
    expected = source.sha256 or _recorded(distribution, source.path)
    if digest.hex() != expected:
        raise InputError(str(path), f"expected the build with sha256 {expected}", digest.hex())
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        found = _VERSION.search(text, 0, BANNER_BYTES)
        style_ids = tuple(sorted({name.decode() for name in _STYLE_ID.findall(text)}))
        version = "unknown" if found is None else found.group(1).decode()
    return Script(source.name, f"{source.distribution} {distribution.version}", version, path, digest.hex(), style_ids)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _recorded(distribution: importlib.metadata.Distribution, path: str) -> str:
    """The hash in the distribution's RECORD, as hex; empty when it has none."""
    for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        if len(row) > 1 and row[0] == path:
            _, _, text = row[1].partition("=")
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
    return ""
