"""`make backup` and `make restore`, as far as they go without containers."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.compose import backup, env_file

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """\
SET client_encoding = 'UTF8';
COPY public.alembic_version (version_num) FROM stdin;
0007
\\.


COPY public.market (id, market, fingerprint) FROM stdin;
1\tsim\tsim:ab12
\\.
"""


def test_the_manifest_is_read_from_rows() -> None:
    rows = backup.first_rows(SCRIPT)
    assert rows == {
        "alembic_version": {"version_num": "0007"},
        "market": {"id": "1", "market": "sim", "fingerprint": "sim:ab12"},
    }
    assert backup.first_rows(SCRIPT.replace("1\tsim\tsim:ab12\n", "")).keys() == {"alembic_version"}


def test_it_needs_no_library(tmp_path: Path) -> None:
    words = ["-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import deploy.compose.backup"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backup", "there"], ".env.none is not there"),
        (["restore", "nowhere"], "nowhere is not there"),
        (["backup"], "required: file"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, words: list[str], said: str) -> None:
    command = [sys.executable, "-m", "deploy.compose.backup", "--env", str(tmp_path / ".env.none"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode != 0
    assert said in done.stderr


def test_a_backup_has_somewhere_to_go_before_it_begins(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env_file.write(env, "sim")
    words = ["--env", str(env), "backup", str(tmp_path / "away" / "a.backup")]
    command = [sys.executable, "-m", "deploy.compose.backup", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, f"{tmp_path / 'away'} is no folder that can be written\n")


def test_a_name_that_is_taken_meanwhile_keeps_its_file(tmp_path: Path) -> None:
    part, file = tmp_path / "a.part", tmp_path / "a.backup"
    part.write_text("new", encoding="utf-8")
    file.write_text("old", encoding="utf-8")
    with pytest.raises(SystemExit, match="never written over another"):
        backup.put(part, file)
    assert file.read_text(encoding="utf-8") == "old"


def test_a_disk_without_second_names_takes_a_backup_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part, file = tmp_path / "a.part", tmp_path / "a.backup"
    part.write_text("new", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)  # what such a disk answers
    backup.put(part, file)
    assert file.read_text(encoding="utf-8") == "new"


def test_an_exchange_of_a_new_file_goes_on_where_the_record_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text("MARKET=sim\n", encoding="utf-8")
    backup.go_on_from(tmp_path / ".env", "2023-11-27T03:12Z", is_new=False)
    assert "PAPERFOLD__SIM__START=2023-11-27T03:12Z in .env" in capsys.readouterr().out
    assert (tmp_path / ".env").read_text(encoding="utf-8") == "MARKET=sim\n"
    backup.go_on_from(tmp_path / ".env", "2023-11-27T03:12Z", is_new=True)
    assert (tmp_path / ".env").read_text(encoding="utf-8").splitlines()[-1] == "PAPERFOLD__SIM__START=2023-11-27T03:12Z"


@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_make_wants_to_know_the_file(verb: str) -> None:
    done = subprocess.run(["make", "--no-print-directory", verb], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout.strip()) == (2, "FILE=... names the backup")
