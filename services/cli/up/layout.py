"""Where things are kept: the data folder of a market, its secrets, the stores' folder, and sockets with short names.

<data>/admin.token  database.password  database.url     secrets, 0600
<data>/system.json                                      the running system: addresses, token, processes; 0600
<data>/logs/  sim/  lock
<data>/stores/{postgres,valkey,sockets}                 of the user that the stores run as, 0700
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from services.cli.up.owner import Owner, can_enter, make_folder, make_private, public_home, store_owner

SOCKET_PATH_LIMIT = 100  # bytes with the socket's own name: Linux takes 107, macOS 103
LONGEST_SOCKET = "/.s.PGSQL.5432.lock"


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores' folder, its sockets, and the user that it belongs to."""

    home: Path
    sockets: Path
    owner: Owner | None


def data_root() -> Path:
    """Where the data folders of all markets are."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "paperfold"


def cache_root() -> Path:
    """Where what can be made again is kept: machine code of strategies."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "paperfold"


def make_data(folder: Path) -> Path:
    """The data folder, made when missing. As root others may pass through it, to what belongs to the stores' user."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        make_folder(place, 0o711 if os.geteuid() == 0 else 0o700)
    return folder.resolve()


def make_stores(data: Path) -> Stores:
    """The stores' folder: inside the data folder, or, where its user cannot get there, in a public place."""
    owner = store_owner()
    # Of the path, so that a copy of the folder is not a second door to the same data; and of a word made with the
    # folder, so that a folder made anew does not find the old one's.
    name = hashlib.sha256(f"{data} {secret(data / 'stores.id')}".encode()).hexdigest()[:12]
    inside = data / "stores"
    if owner is None or inside.exists() or can_enter(owner, data):
        make_private(inside, owner)
        home = inside
    else:
        home = public_home(name, owner)
    sockets = home / "sockets"
    if len(os.fsencode(f"{sockets}{LONGEST_SOCKET}")) > SOCKET_PATH_LIMIT:
        sockets = Path("/tmp") / f"paperfold-{os.geteuid()}-{name}"  # noqa: S108  checked by make_private
    make_private(sockets, owner)
    return Stores(home, sockets, owner)


def secret(path: Path) -> str:
    """The secret in a file that only we can read, made when missing."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32) + "\n")
    return path.read_text(encoding="utf-8").strip()


def write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
