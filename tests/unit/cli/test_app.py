"""`paperfold` itself: exit codes, help, and what it imports."""

import subprocess
import sys

import click
import pytest

from services.cli import app
from services.cli.__main__ import main
from shared.domain.errors import InputError, UnavailableError


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["--help"], 0, id="help"),
        pytest.param(["up", "--help"], 0, id="help of a command"),
        pytest.param(["--version"], 0, id="version"),
        pytest.param(["upp"], 2, id="unknown command"),
        pytest.param(["up", "--market", "moon"], 2, id="unknown choice"),
        pytest.param(["up", "--market", "binance-us", "--sim-rate", "2"], 2, id="options that contradict each other"),
        pytest.param(["up", "--sim-rate", "0"], 2, id="a clock that stands still"),
        pytest.param(["up", "--sim-bars", "nowhere.parquet"], 2, id="a file that is not there"),
    ],
)
def test_exit_codes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == code
    said = capsys.readouterr()
    assert (said.err if code else said.out) != ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(InputError("f.yaml:1:2", "expected a number", "x"), 2, id="bad input"),
        pytest.param(UnavailableError("the API does not answer"), 1, id="a neighbour is down"),
    ],
)
def test_errors_become_one_line_on_stderr(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def fails() -> None:
        raise error

    monkeypatch.setattr(app.LazyGroup, "get_command", lambda *_: fails)
    assert main(["up"]) == code
    assert capsys.readouterr().err == f"paperfold: {error}\n"


def test_an_unknown_command_is_told_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    main(["upp"])
    assert "Did you mean up?" in capsys.readouterr().err


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_of_the_table_exists_and_explains_itself(name: str) -> None:
    command = app.paperfold.get_command(click.Context(app.paperfold), name)
    assert command is not None
    assert command.help


def test_a_wrong_time_is_said_with_what_is_expected(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    assert main(["up", "--market", "sim", "--sim-start", "yesterday", "--data-dir", str(tmp_path)]) == 2
    assert "2023-03-10T00:00Z" in capsys.readouterr().err


def test_a_data_folder_of_another_market_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    (folder := __import__("pathlib").Path(str(tmp_path)) / "market").write_text("binance-us\n", encoding="utf-8")
    assert folder.exists()
    assert main(["up", "--market", "sim", "--data-dir", str(tmp_path)]) == 2
    assert "two markets never share a folder" in capsys.readouterr().err


def test_help_imports_no_command() -> None:
    program = (
        "import sys; from services.cli.__main__ import main; main(['--help']); print('services.cli.up' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
