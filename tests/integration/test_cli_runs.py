"""Client commands against a real API and a real runner: a run from its start to its end, and every kind of refusal."""

import json

import httpx
import pytest

from tests.support.cli import TOKEN, Shell, bar_file
from tests.support.desk import BUSY, MINUTE_MS
from tests.support.long_runs import lengthen

BROKEN = """
name: broken
symbol: BTC/USDT
timeframes: { entry: 7m }
indicators: [{ id: mean, type: SMAA, timeframe: entry, length: 3 }]
logic: { entry_long: ["close > nowhere"] }
risk_management: { position_size: { base_size: 0.3 } }
"""


def test_a_run_from_start_to_end(shell: Shell) -> None:
    desk = shell.desk
    desk.history(300)
    desk.runner()
    start = shell.ok(
        "start", shell.strategy(BUSY), "--start-at", desk.first_ms + 60 * MINUTE_MS, "--set", "mean.length=4"
    )
    run = start["run_id"]
    desk.minutes(5)
    desk.level(run)

    listed = shell("runs").out
    assert "mean.length=4" in listed
    assert "paper" in listed
    assert shell.ok("runs", "--mode", "backtest") == []
    shown = shell.ok("show", run)
    assert (shown["status"], shown["start_ms"]) == ("running", desk.first_ms + 60 * MINUTE_MS)
    assert (shown["last_bar_ms"], shown["params"]) == (desk.now_ms - MINUTE_MS, {"mean.length": 4})
    assert [one["id"] for one in shell.ok("runs", "--status", "running")] == [run]
    assert shell.ok("runs", "--status", "failed") == []
    assert [one["name"] for one in shell.ok("strategies")] == ["busy"]

    trades = shell.ok("trades", run)
    assert len(trades) == shown["trade_count"] > 10
    assert [one["seq"] for one in trades] == sorted(one["seq"] for one in trades)
    assert shell.ok("trades", run, "--limit", 3) == trades[-3:]

    rules = shell.ok("rules", run)
    assert [(one["side"], one["text"], one["place"]) for one in rules["items"]] == [
        ("entry_long", "close > mean", "1 of 1"), ("exit_long", "close < mean", "1 of 1"),
        ("entry_short", "close < mean", "1 of 1"), ("exit_short", "close > mean", "1 of 1"),
    ]  # fmt: skip
    (evaluated,) = {one["evaluated"] for one in rules["items"]}
    assert desk.first_ms + (evaluated - 1) * MINUTE_MS == rules["as_of_ms"] >= desk.first_ms + 299 * MINUTE_MS
    table = shell("rules", run)
    (line,) = (line for line in table.out.split("exit long")[0].splitlines() if "close > mean" in line)
    first = rules["items"][0]
    assert line.split()[-5:-2] == [f"{first[name]:,}" for name in ("evaluated", "held", "not_ready")]

    for command, status in (("pause", "paused"), ("resume", "running"), ("close", "running")):
        given = shell.ok(command, run)
        assert given["command"]["effective_ms"] is None
        desk.until(lambda: not desk.sql("select from run_commands where effective_ms is null"))
        desk.minutes(2)
        desk.level(run)
        assert shell.ok("show", run)["status"] == status
    assert [one["kind"] for one in shell.ok("show", run)["commands"]] == ["pause", "resume", "close_position"]

    assert shell.ok("parity", run)["equal"]  # while it runs
    assert shell.ok("stop", run, "--wait")["status"] == "stopped"
    verdict = shell.ok("parity", run)
    assert verdict["equal"]
    assert verdict["bars"] > 300
    again = shell("stop", run)
    assert again.code == 1
    assert "has ended: it is stopped" in again.err


def test_a_stop_that_closes_waits_for_its_bar(shell: Shell) -> None:
    desk = shell.desk
    desk.history(90)
    desk.runner()
    run = shell.started(BUSY, "--start-at", desk.first_ms)
    desk.level(run)
    late = shell("stop", run, "--close", "--wait", "--timeout", "0.2")
    assert (late.code, "within 0.2 s" in late.err) == (1, True)
    desk.minutes(3)
    desk.until(lambda: desk.run(run).has_ended)
    shown = shell.ok("show", run)
    assert (shown["status"], shown["position"]["side"]) == ("stopped", "flat")
    assert shell.ok("parity", run)["equal"]


def test_export_is_the_api_s_and_the_backtest_s_document(shell: Shell) -> None:
    desk = shell.desk
    desk.history(500)
    desk.runner()
    run = shell.started(BUSY, "--start-at", desk.first_ms + 200 * MINUTE_MS, "--cash", "5000.5")
    desk.minutes(20)
    desk.level(run)
    out = shell.folder / "run.json"
    assert shell("export", run, "--json", out).code == 0
    answer = httpx.get(
        f"{shell.url}/api/v1/runs/{run}/export", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False
    )
    assert out.read_bytes() == answer.content
    assert shell("export", run, "--json", "-").out.encode() == answer.content

    doc = json.loads(answer.content)
    bars = bar_file(shell.folder / "BTC-USDT.csv", desk.day)
    window = ["--from", doc["bars"]["first_open_ms"], "--to", doc["bars"]["last_open_ms"], "--cash", "5000.5"]
    of_file = shell("backtest", shell.folder / "busy.yaml", "--bars", bars, *window, "--rules", out, "--json", "-")
    assert of_file.out.encode() == answer.content
    of_record = shell(
        "backtest", shell.folder / "busy.yaml", "--instrument", "BTC-USDT", *window, "--json", "-"
    )  # fmt: skip
    assert of_record.out.encode() == answer.content
    assert len(doc["bars"]["gaps"]) == 1

    equal = shell("parity", out, "--strategy", shell.folder / "busy.yaml", "--bars", bars)
    assert (equal.code, equal.out) == (0, f"{out}: equal\n")
    doc["fills"][7]["price"] = "1.00"
    out.write_text(json.dumps(doc), encoding="utf-8")
    different = shell("parity", out, "--strategy", shell.folder / "busy.yaml", "--bars", bars)
    assert different.code == 1
    assert 'fills[7].price is "1.00" in the document' in different.out


def test_a_document_that_breaks_off_leaves_nothing(shell: Shell) -> None:
    desk = shell.desk
    desk.history(300)
    desk.runner()
    run = shell.started(BUSY, "--start-at", desk.first_ms + 200 * MINUTE_MS)
    desk.level(run)
    lengthen(desk.engine, run, 12_000)
    out = shell.folder / "run.json"
    assert shell("export", run, "--json", out).code == 0
    whole = out.read_bytes()
    assert json.loads(whole)["orders"][-1]["event"] == "cancelled"
    desk.sql("update fills set fee = fee + 1e-9 where run_id = :run", run=run)
    said = shell("export", run, "--json", out)
    assert (said.code, "incomplete chunked read" in said.err) == (1, True)
    assert out.read_bytes() == whole
    assert [one.name for one in shell.folder.glob("run.json*")] == ["run.json"]


def test_a_file_is_uploaded_once_and_runs_name_its_version(shell: Shell) -> None:
    shell.desk.history(10)
    first = shell.ok("start", shell.strategy(BUSY))
    assert first == shell.ok("start", "busy") | {"run_id": first["run_id"], "start_ms": first["start_ms"]}
    shell.ok("start", shell.strategy(BUSY.replace("0.3", "0.4"), "other.yaml"))
    newer = shell.ok("strategies")[0]
    assert newer["versions"] == 2
    old = shell.ok("start", shell.folder / "busy.yaml")
    assert old["version_sha256"] == first["version_sha256"] != newer["version_sha256"]
    assert shell.ok("strategies")[0]["version_sha256"] == newer["version_sha256"]  # nothing was uploaded again
    key = ["--idempotency-key", "one"]
    assert shell.ok("start", "busy", *key)["run_id"] == shell.ok("start", "busy", *key)["run_id"]
    stopped = shell.ok("stop", first["run_id"], "--wait")  # nobody ever claimed it
    assert stopped["status"] == "stopped"


def test_what_is_wrong_is_named_and_nothing_is_half_done(shell: Shell) -> None:
    shell.desk.history(10)
    broken = shell("start", shell.strategy(BROKEN, "broken.yaml"))
    assert broken.code == 2
    lines = broken.err.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith(f"{shell.folder / 'broken.yaml'}:") for line in lines)
    busy = shell.strategy(BUSY)
    for arguments, words in [
        (["start", "nobody"], "no strategy is called 'nobody'"),
        (["start", "nobody.yaml"], "no such file"),
        (["start", busy, "--start-at", "2031-01-01"], "not in the future"),
        (["start", busy, "--set", "mean.lenght=3"], "busy.yaml:1:1: error: mean.lenght"),
        (["start", busy, "--set", "mean"], "expected ID.param=value"),
        (["start", busy, "--variant", "none"], "variant"),
        (["start", busy, "--instrument", "BTC"], "BASE/QUOTE"),
        (["start", busy, "--cash", "-1"], "not above 0"),
        (["show", "77"], "run 77 does not exist"),
        (["trades", "77"], "run 77 does not exist"),
        (["export", "77"], "run 77 does not exist"),
        (["pause", "77"], "run 77 does not exist"),
        (["parity", "77"], "run"),
        (["tail", "77"], "run 77 does not exist"),
        (["show", "x"], "not a valid integer"),
        (["parity"], "expected RUN, or --all"),
        (["parity", "a.json"], "--strategy FILE and --bars FILE"),
    ]:
        done = shell(*arguments)
        assert (done.code, words in done.err) == (2, True), (arguments, done)
    assert shell.ok("runs") == []


def test_a_run_that_has_folded_nothing(shell: Shell) -> None:
    shell.desk.history(10)
    run = shell.started(BUSY)
    export = shell("export", run)
    assert (export.code, "has not folded a bar yet" in export.err) == (1, True)
    assert shell.ok("parity", run)["decisions"] == 0
    assert shell.ok("parity", "--all") == []
    assert "no run has folded" in shell("parity", "--all").err


def test_tables_for_people(shell: Shell) -> None:
    desk = shell.desk
    desk.history(60)
    desk.runner()
    run = shell.started(BUSY, "--start-at", desk.first_ms)
    desk.level(run)
    table = shell("runs").out
    assert all(word in table for word in ("busy", "BTC/USDT", "running", "2025-01-01 00:59"))
    assert "busy" in shell("show", run).out
    assert shell("trades", run).out.count("\n") > 5
    assert "equal" in shell("parity", run).out
    stop = shell("stop", run, "--wait")
    assert stop.out == f"Run {run}: stop accepted. It is stopped.\n"
    followed = shell("tail", run)  # of a run that has ended: its last fills, its state, the end
    assert followed.code == 0
    assert " stopped " in followed.out.splitlines()[-1]


def test_a_wrong_token_and_an_api_that_is_away(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERFOLD__API__TOKEN", "nobody-s")
    done = shell("runs")
    assert (done.code, "(401)" in done.err) == (1, True)
    monkeypatch.setenv("PAPERFOLD__API__URL", "http://127.0.0.1:9")
    done = shell("runs")
    assert (done.code, "does not answer" in done.err) == (1, True)
    monkeypatch.delenv("PAPERFOLD__API__URL")
    done = shell("runs")
    assert (done.code, "`paperfold up` starts one" in done.err) == (1, True)


def test_keys_are_given_and_taken_on_the_command_line(shell: Shell) -> None:
    token = shell("keys", "create", "vic", "--role", "viewer").out.strip()
    as_vic = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{shell.url}/api/v1/runs", headers=as_vic, trust_env=False).status_code == 200
    assert httpx.get(f"{shell.url}/api/v1/keys", headers=as_vic, trust_env=False).status_code == 403
    assert shell.ok("keys", "create", "tess", "--role", "trader").keys() == {"name", "role", "token"}
    refused = shell("keys", "create", "vic", "--role", "admin")
    assert (refused.code, "vic has a key" in refused.err) == (1, True)
    assert [(one["name"], one["role"]) for one in shell.ok("keys", "list")] == [
        ("admin", "admin"), ("tess", "trader"), ("vic", "viewer"),
    ]  # fmt: skip
    assert shell("keys", "revoke", "vic").code == 0
    (line,) = (line for line in shell("keys", "list").out.splitlines() if "vic" in line)
    assert line.split()[:2] == ["vic", "viewer"]
    assert line.split()[-1] == "revoked"
    unknown = shell("keys", "revoke", "vic")
    assert (unknown.code, "'vic'" in unknown.err) == (2, True)
    assert token not in shell("keys", "list", "--json").out
