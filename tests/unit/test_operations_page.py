"""docs/operations.md names things; each of them exists, and what calls for a person is in it."""

import re
from collections.abc import Iterable
from pathlib import Path

import click
import pytest
import yaml

from services.cli.app import paperfold
from shared.settings import PREFIX, Settings
from tests.support.exported import families

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
WORDS = re.findall(r"`([^`\n]+)`", PAGE)  # what is written as code, within a line
RULES = yaml.safe_load((ROOT / "deploy" / "compose" / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
ALERTS = {rule["alert"]: rule["expr"] for group in RULES["groups"] for rule in group["rules"]}
HANDBOOK = PAGE[PAGE.index("## When something fails") : PAGE.index("## Sizing")]


def texts(*folders: str) -> str:
    files = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".sql"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def missing(names: Iterable[str], known: Iterable[str], *, at_least: int) -> list[str]:
    """Names that nobody knows; and there are so many that the page was read as it is meant."""
    names, known = set(names), set(known)
    assert len(names) >= at_least, names
    return sorted(names - known)


def test_every_metric_exists() -> None:
    assert missing(re.findall(r"\bpaperfold_[a-z_]+", PAGE), families(), at_least=9) == []


def test_every_alert_exists_and_each_is_in_the_handbook() -> None:
    named = re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", HANDBOOK)
    others = {"PostgreSQL"}
    assert missing(set(named) - others, ALERTS, at_least=8) == []
    assert sorted(ALERTS.keys() - set(named)) == []


def settings() -> set[str]:
    return {
        f"{PREFIX}{section}__{key}".upper()
        for section, field in Settings.model_fields.items()
        for key in field.annotation.model_fields  # type: ignore[union-attr]
    }


def test_every_setting_exists() -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+", PAGE)) - {f"{PREFIX}SECTION__KEY"}
    assert missing(named, settings(), at_least=5) == []


def test_every_line_of_the_env_file_exists() -> None:
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    known = set(re.findall(r"\$\{([A-Z_]+)", compose))
    table = PAGE[PAGE.index("| in `.env` | is |") : PAGE.index("## Kubernetes")]
    assert missing(re.findall(r"`([A-Z_]+)`", table), known, at_least=20) == []
    assert missing(re.findall(r"`(RUNNER_[A-Z]+|POSTGRES_[A-Z_]+)\b", PAGE), known, at_least=4) == []


def found(command: click.Command, words: list[str]) -> click.Command:
    """The command that words lead to; its arguments follow, in capitals."""
    for word in words:
        if not isinstance(command, click.Group) or not re.fullmatch("[a-z-]+", word):
            return command
        inner = command.get_command(click.Context(command), word)
        assert inner is not None, f"{command.name} has no {word}"
        command = inner
    return command


@pytest.mark.parametrize("text", sorted({word for word in WORDS if word.startswith("paperfold ")}))
def test_every_command_exists(text: str) -> None:
    words = [word for word in text.split()[1:] if word != "..."]
    command = found(paperfold, [word for word in words if not word.startswith("--")])
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--") and word != "--"} <= options


def test_every_target_of_make_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert missing(re.findall(r"`make ([a-z-]+)", PAGE), targets, at_least=5) == []
    known = re.findall(r"\$\(([A-Z]+)\)|\$\(if \$\(([A-Z]+)\)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    given = re.findall(r"`(?:make [a-z-]+ )?([A-Z]+)=", PAGE)
    assert missing(set(given) - {"RUNNER_CAPACITY"}, {name for pair in known for name in pair}, at_least=3) == []


def test_every_event_is_one_that_is_logged() -> None:
    """What a service says, and what the log of a run says."""
    code = texts("services", "shared")
    events = set(re.findall(r"`([a-z]+(?:_[a-z]+)+|released|claimed)`", HANDBOOK))
    views = {name for name in events if re.match(r"v_", name)}
    named = {name for name in events - views if not re.match("paperfold_", name)}
    assert len(named) >= 12
    assert sorted(name for name in named if not re.search(rf"""["' .]{name}["' \n,(.]""", code)) == []


def test_every_view_and_table_exists() -> None:
    columns = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
    assert (
        missing(re.findall(r"`(v_[a-z_]+)`", PAGE), re.findall(r"^### (v_[a-z_]+)$", columns, re.MULTILINE), at_least=3)
        == []
    )


def test_every_file_and_page_exists() -> None:
    links = re.findall(r"\]\(([^)#]+\.md)", PAGE)
    assert (
        missing(links, {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}, at_least=2)
        == []
    )
    paths = re.findall(r"\b((?:deploy|tests|shared)/[\w./-]+\w)", PAGE)
    assert len(paths) >= 4
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_failure_says_where_it_shows_what_happens_and_what_to_do() -> None:
    rows = [line for line in HANDBOOK.splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 20
    assert [row for row in rows if len(re.split(r" \| ", row.strip("| "))) != 4 or "|  |" in row] == []


def test_the_strategies_of_the_sizing_table_are_those_that_are_shipped() -> None:
    table = re.findall(r"^\| ([a-z-]+) \| (\d+[mh]) \| \d+ \| \d+ \|$", PAGE, re.MULTILINE)
    shipped = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["timeframes"]["entry"]
        for path in (ROOT / "strategies").glob("*.yaml")
    }
    assert dict(table) == shipped
