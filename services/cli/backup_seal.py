"""The last line of a backup: the sha256 of all that stands before it. Needs no library.

pg_restore reads its format to the end of that and no further, so a sealed file is still one that it alone can put back.
It finds half a file, and data that does not unpack; a changed byte in names, types and definitions only this finds.
"""

import hashlib
import re
from pathlib import Path

LINE = b"\nsha256 %s\n"
LENGTH = len(LINE % (b"0" * 64))
_SEAL = re.compile(rb"\nsha256 ([0-9a-f]{64})\n")


def seal(file: Path) -> None:
    """Add the line to a file that has none."""
    digest = _digest(file, file.stat().st_size)
    with file.open("ab") as out:
        out.write(LINE % digest)


def is_intact(file: Path) -> bool | None:
    """Whether the bytes are those that were sealed; None: it has no seal, as backups of older releases."""
    size = file.stat().st_size - LENGTH
    if size < 0:
        return None
    with file.open("rb") as found:
        found.seek(size)
        line = _SEAL.fullmatch(found.read())
    return None if line is None else line[1] == _digest(file, size)


def _digest(file: Path, size: int) -> bytes:
    """Of the first `size` bytes, in hex."""
    digest = hashlib.sha256()
    with file.open("rb") as found:
        while size > 0 and (block := found.read(min(size, 1 << 20))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest().encode()
