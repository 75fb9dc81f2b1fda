"""Strategies over HTTP: checked whole, stored by the hash of their text, or not at all."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest

from services.api import startup
from tests.support.api import FAST, ROOT, Api, served

BROKEN = FAST.replace("EMA, timeframe: entry, length: 3", "EMMA, timeframe: entry").replace("0.004", "-1")


@pytest.fixture
def api(database: str, redis_url: str) -> Iterator[Api]:
    with served(database, redis_url) as found:
        yield found


def test_a_new_text_is_a_version(api: Api):
    answer = api.trader.post("/api/v1/strategies", json={"text": FAST})
    assert answer.status_code == 201
    made = answer.json()
    assert made["name"] == "fast-cross"
    assert made["version_sha256"] == sha256(FAST.encode()).hexdigest()
    assert made["text"] == FAST
    assert made["variants"] == ["long_only"]
    assert (made["instrument"], made["entry_timeframe"]) == ("BTC/USDT", "1m")
    assert [version["sha256"] for version in made["versions"]] == [made["version_sha256"]]
    assert "fast-cross" in made["explain"]
    assert made["problems"] == []
    assert any("synthetic" in note["message"] for note in made["notes"])
    assert {one["name"]: one["value"] for one in made["parameters"]} == {"fast.length": 3, "slow.length": 8}
    assert api.get("/strategies/fast-cross") == made


def test_the_same_text_again_changes_nothing(api: Api):
    api.upload()
    before = api.rows()
    again = api.trader.post("/api/v1/strategies", json={"text": FAST})
    assert again.status_code == 200
    assert api.rows() == before


def test_another_text_is_the_next_version_and_the_old_one_stays(api: Api):
    api.upload()
    changed = api.trader.post("/api/v1/strategies", json={"text": FAST.replace("length: 3", "length: 4")})
    assert changed.status_code == 201
    versions = [one["sha256"] for one in changed.json()["versions"]]
    assert len(versions) == 2
    assert changed.json()["version_sha256"] == versions[0]
    listed = api.get("/strategies")
    assert (listed["total"], listed["items"][0]["versions"]) == (1, 2)
    old = api.create(version_sha256=versions[1])
    assert old["version_sha256"] == versions[1]
    assert api.create()["version_sha256"] == versions[0]
    assert api.get("/strategies")["items"][0]["runs_active"] == 2


def test_the_name_of_a_file_that_states_none_is_given(api: Api):
    text = FAST.replace("name: fast-cross\n", "")
    answer = api.trader.post("/api/v1/strategies", json={"text": text, "name": "mine"})
    assert answer.status_code == 201
    assert answer.json()["name"] == "mine"
    other = api.trader.post("/api/v1/strategies", json={"text": text, "name": "yours"})
    assert other.status_code == 409
    assert other.json()["type"].endswith("wrong-state")
    assert api.get("/strategies")["total"] == 1


def test_a_broken_text_is_refused_with_every_problem_and_not_stored(api: Api):
    before = api.rows()
    answer = api.trader.post("/api/v1/strategies", json={"text": BROKEN, "name": "fast-cross"})
    assert answer.status_code == 422
    body = answer.json()
    assert body["type"].endswith("invalid-strategy")
    assert len(body["problems"]) >= 2
    for problem in body["problems"]:
        assert set(problem) == {"file", "line", "column", "severity", "where", "message"}
        assert problem["file"] == "fast-cross.yaml"
        assert problem["line"] > 1
    assert api.rows() == before
    assert api.viewer.get("/api/v1/strategies/fast-cross").status_code == 404


@pytest.mark.parametrize(
    "text",
    ["{", "a: &x 1\nb: *x", "\t", "[]", "null", "name: x\x00y", "name: !!python/object:os.system x", "a: 1\n" * 6000],
)
def test_what_is_no_strategy_is_told_by_line(api: Api, text: str):
    checked = api.viewer.post("/api/v1/strategies/validate", json={"text": text}).json()
    assert checked["valid"] is False
    assert checked["explain"] is None
    assert all(problem["line"] >= 1 for problem in checked["problems"])
    assert api.trader.post("/api/v1/strategies", json={"text": text}).status_code == 422
    assert api.get("/strategies")["total"] == 0


def test_a_lone_surrogate_is_no_text(api: Api):
    content = b'{"text": "name: \\ud800"}'
    for path in ("/strategies/validate", "/strategies"):
        answer = api.trader.post(f"/api/v1{path}", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 422)
    assert api.get("/strategies")["total"] == 0


def test_a_name_may_be_any_text(api: Api):
    for name in ("a/b", "ümlaut & spaces", "?x=1", "100%"):
        api.upload(FAST.replace("name: fast-cross", f"name: '{name}'"))
        assert api.viewer.get(f"/api/v1/strategies/{quote(name, safe='')}").json()["name"] == name
        assert api.create(strategy=name)["strategy"] == name
    assert api.get("/strategies")["total"] == 4


def test_validating_stores_nothing(api: Api):
    before = api.rows()
    checked = api.viewer.post("/api/v1/strategies/validate", json={"text": FAST}).json()
    assert (checked["valid"], checked["problems"]) == (True, [])
    assert "crosses_above(fast, slow)" in checked["explain"]
    assert api.rows() == before


def test_shipped_strategies_are_there_from_the_start(database: str, redis_url: str, tmp_path: Path):
    for file in (ROOT / "strategies").glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "broken.yaml").write_text(BROKEN.replace("fast-cross", "broken"))
    with served(database, redis_url, strategies_dir=tmp_path) as api:
        assert [one["name"] for one in api.get("/strategies")["items"]] == sorted(
            p.stem for p in (ROOT / "strategies").glob("*.yaml")
        )
        own = api.get("/strategies/ema-cross")["text"].replace("length: 9", "length: 10")
        api.upload(own)
    with served(database, redis_url, prepare=False, strategies_dir=tmp_path) as api:  # an old file does not win over it
        assert api.get("/strategies/ema-cross")["text"] == own
        assert len(api.get("/strategies/ema-cross")["versions"]) == 2
        changed = own.replace("length: 10", "length: 11")
        (tmp_path / "ema-cross.yaml").write_text(changed)
        startup.prepare(api.app.state.context)
        assert api.get("/strategies/ema-cross")["text"] == changed
        assert len(api.get("/strategies/ema-cross")["versions"]) == 3
