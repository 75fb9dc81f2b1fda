"""`paperfold db psql`: PostgreSQL's own shell, as an analyst; what it and backups need of whoever owns the database."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg2
from sqlalchemy.engine import make_url

from services.cli.backup import backup, restore
from services.cli.stores import started
from shared.store import database as db
from shared.store import migrate
from tests.support.desk import ROOT
from tests.support.store import a_run, engine_of


def shell(url: str, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`paperfold db psql -- ...` of a person at a terminal."""
    names = {name: value for name, value in os.environ.items() if not name.startswith("PAPERFOLD")}
    names |= {"PAPERFOLD__DATABASE__URL": url, "XDG_DATA_HOME": str(folder)}
    command = [sys.executable, "-m", "services.cli", "db", "psql", "--", "-X", "-At", *words]
    return subprocess.run(command, cwd=ROOT, env=names, capture_output=True, text=True, check=False)


def test_the_shell_is_an_analyst_s(database: str, tmp_path: Path) -> None:
    with engine_of(database) as engine, db.begin(engine) as conn:
        run = a_run(conn)

    def said(*words: str) -> "subprocess.CompletedProcess[str]":
        return shell(database, tmp_path, *words)

    assert said("-c", "select current_user, current_setting('timezone')").stdout == "analyst|UTC\n"
    (script := tmp_path / "q.sql").write_text("select strategy from v_runs where run_id = :run", encoding="utf-8")
    assert said("-v", f"run={run.id}", "-f", str(script)).stdout == "a-strategy\n"
    refused = said("-c", "delete from bars")
    assert refused.returncode != 0
    assert "read-only transaction" in refused.stderr
    assert "permission denied" in said("-c", "select * from sessions").stderr


def test_the_shell_and_backups_need_no_superuser(stores_folder: Path, tmp_path: Path) -> None:
    """As under Compose: the services' role owns its database and may make roles, and nothing else."""
    with started(stores_folder / "keeper") as url:
        session = psycopg2.connect(url)
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute("create role keeper login createrole password 'kept'")
            for name in ("one", "two"):
                cursor.execute(f"create database {name} owner keeper")
        session.close()
        keeper = make_url(url).set(username="keeper", password="kept")
        one, two = (keeper.set(database=name).render_as_string(hide_password=False) for name in ("one", "two"))
        migrate.upgrade(one)
        said = shell(one, tmp_path, "-c", "select current_user, count(*) from v_runs")
        assert (said.stdout, said.stderr) == ("analyst|0\n", "")
        backup(one, tmp_path / "one.backup")
        restore(two, tmp_path / "one.backup", "keeper")
        assert shell(two, tmp_path, "-c", "select count(*) from audit").stdout == "1\n"


def test_the_shell_says_when_no_system_is_there(tmp_path: Path) -> None:
    said = shell("", tmp_path, "-c", "select 1")
    assert said.returncode == 1
    assert "no system of yours is running here" in said.stderr
