"""What `make restore` refuses, it refuses before it has written a file, started a container or stopped one."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.compose import env_file
from services.cli import backup_seal
from tests.support.containers import ROOT, docker, environ

pytestmark = [pytest.mark.needs("docker"), pytest.mark.timeout(120)]

WHOLE = (ROOT / "tests" / "data" / "backups" / "0004.backup").read_bytes()  # of a release that sealed none
UNREADABLE = "no backup that pg_restore can read"


def restore(env: Path, file: Path) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-m", "deploy.compose.backup", "--env", str(env), "restore", str(file)]
    return subprocess.run(words, cwd=ROOT, env=environ(), capture_output=True, text=True, timeout=100, check=False)


def sealed(place: Path) -> bytes:
    file = place / "sealed.backup"
    file.write_bytes(WHOLE)
    backup_seal.seal(file)
    found = file.read_bytes()
    file.unlink()
    return found


def flipped(data: bytes, share: float) -> bytes:
    """One byte of it is another."""
    at = round(len(data) * share)
    return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


# Of a whole, sealed backup what is left, and the words of the refusal.
BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", UNREADABLE),
    "text": (lambda _: b"name: a-strategy\n", UNREADABLE),
    "a fifth": (lambda whole: whole[: len(whole) // 5], UNREADABLE),
    "most": (lambda whole: whole[: len(whole) * 19 // 20], UNREADABLE),
    "all but its end": (lambda whole: whole[: -backup_seal.LENGTH - 1], UNREADABLE),
    "a byte of a definition": (lambda whole: flipped(whole, 0.3), "its checksum is another"),
    "a byte of a row": (lambda whole: flipped(whole, 0.9), "its checksum is another"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_is_not_whole_is_refused_before_anything_is_touched(what: str, tmp_path: Path) -> None:
    env, file = tmp_path / ".env.test-refused", tmp_path / "some.backup"
    breaks, words = BROKEN[what]
    file.write_bytes(breaks(sealed(tmp_path)))
    done = restore(env, file)
    assert done.returncode == 1, done
    assert words in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name]
    label = f"label=com.docker.compose.project={env_file.project_of(env)}"
    assert docker("ps", "--all", "--quiet", "--filter", label).split() == []
