"""Requests on a stream connection, request weights, and the place where faults take hold."""

import json

import pytest

from services.exchange_sim import faults
from services.exchange_sim.faults import Answer, Frame, Rule
from services.exchange_sim.limits import BAN_AFTER, Limits
from services.exchange_sim.requests import Subscription, respond

DAY = 1_704_412_800_000
STREAM = "btcusdt@kline_1m"


def ask(text, subscription=None, is_flat=False):
    sent = text if isinstance(text, str) else json.dumps(text)
    return json.loads(respond(sent, subscription or Subscription(), is_flat))


def test_a_subscription_from_beginning_to_end():
    wants = Subscription()
    assert ask({"method": "SUBSCRIBE", "params": [STREAM, "nope@nothing"], "id": 1}, wants) == {"result": None, "id": 1}
    assert ask({"method": "LIST_SUBSCRIPTIONS", "id": 3}, wants) == {"result": [STREAM, "nope@nothing"], "id": 3}
    assert ask({"method": "UNSUBSCRIBE", "params": ["nope@nothing", "x"], "id": 312}, wants) == {
        "result": None,
        "id": 312,
    }
    assert ask({"method": "LIST_SUBSCRIPTIONS", "id": 4}, wants) == {"result": [STREAM], "id": 4}


def test_the_combined_property():
    wants = Subscription()
    assert ask({"method": "GET_PROPERTY", "params": ["combined"], "id": 2}, wants) == {"result": False, "id": 2}
    assert ask({"method": "SET_PROPERTY", "params": ["combined", True], "id": 5}, wants) == {"result": None, "id": 5}
    assert ask({"method": "GET_PROPERTY", "params": ["combined"], "id": 2}, wants) == {"result": True, "id": 2}


ERRORS = [
    pytest.param("{", 3, "Invalid JSON: expected value at line 1 column", None, id="not JSON"),
    pytest.param("[]", 2, "Invalid request: invalid type", None, id="not an object"),
    pytest.param({"id": 1}, 2, "Invalid request: missing field `method` at line 1 column 9", 1, id="no method"),
    pytest.param({"method": "JUMP", "id": 1}, 2,
                 "Invalid request: unknown variant `JUMP`, expected one of `SUBSCRIBE`, ", 1, id="another method"),
    pytest.param({"method": "SUBSCRIBE", "params": [STREAM], "id": -1}, 2,
                 "Invalid request: request ID must be an unsigned integer", -1, id="an id below zero"),
    pytest.param({"method": "SUBSCRIBE", "params": [STREAM], "id": "a"}, 2, "unsigned integer", "a", id="a word"),
    pytest.param({"method": "SUBSCRIBE", "params": STREAM, "id": 1}, 2, "Invalid request", 1, id="params no list"),
    pytest.param({"method": "SUBSCRIBE", "params": [], "id": 1}, 2, "Invalid request", 1, id="no streams"),
    pytest.param({"method": "SUBSCRIBE", "params": [f"s{n}" for n in range(1025)], "id": 19}, 4,
                 "Too many subscriptions", 19, id="1025 streams"),
    pytest.param({"method": "SET_PROPERTY", "params": ["combined", "yes"], "id": 1}, 1,
                 "Invalid value type: expected Boolean", 1, id="a property of another type"),
    pytest.param({"method": "GET_PROPERTY", "params": ["colour"], "id": 1}, 0, "Unknown property", 1, id="another"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "message", "number"), ERRORS)
def test_errors_in_both_shapes(text, code, message, number):
    flat = ask(text, is_flat=True)
    assert flat["code"] == code
    assert flat["msg"].startswith(message) or message in flat["msg"]
    wrapped = ask(text)
    assert wrapped == {"error": flat} | ({} if number is None else {"id": number})


def test_1024_streams_are_allowed():
    wants = Subscription()
    assert ask({"method": "SUBSCRIBE", "params": [f"s{n}" for n in range(1024)], "id": 1}, wants)["result"] is None
    assert ask({"method": "SUBSCRIBE", "params": ["s1"], "id": 2}, wants)["result"] is None
    assert ask({"method": "SUBSCRIBE", "params": ["one more"], "id": 3}, wants)["error"]["code"] == 4
    assert len(wants.streams) == 1024


def test_weight_is_counted_per_address_and_exchange_minute():
    limits = Limits()
    assert limits.charge("a", 20, DAY) == ({"X-MBX-USED-WEIGHT": "20", "X-MBX-USED-WEIGHT-1M": "20"}, None)
    assert limits.charge("a", 2, DAY + 59_999)[0]["X-MBX-USED-WEIGHT-1M"] == "22"
    assert limits.charge("b", 2, DAY + 59_999)[0]["X-MBX-USED-WEIGHT-1M"] == "2"
    assert limits.charge("a", 1, DAY + 60_000)[0]["X-MBX-USED-WEIGHT-1M"] == "1"


def test_too_much_weight_is_429_and_going_on_is_418():
    limits = Limits()
    assert limits.charge("a", 6000, DAY + 10_500)[1] is None
    refused = limits.charge("a", 2, DAY + 10_500)[1]
    assert (refused.status, refused.headers["Retry-After"]) == (429, "50")
    body = json.loads(refused.body)
    assert body["code"] == -1003
    assert body["msg"].startswith("Too much request weight used; current limit is 6000 request weight per 1 MINUTE.")
    for _ in range(BAN_AFTER - 1):
        assert limits.charge("a", 2, DAY + 20_000)[1].status == 429
    banned = limits.charge("a", 2, DAY + 30_000)[1]
    until = DAY + 30_000 + 120_000
    assert (banned.status, banned.headers["Retry-After"]) == (418, "120")
    assert json.loads(banned.body)["msg"].startswith(f"Way too much request weight used; IP banned until {until}.")
    assert limits.charge("a", 2, until - 1)[1].status == 418
    assert limits.charge("b", 2, until - 1)[1] is None
    assert limits.charge("a", 2, until)[1] is None


def test_bans_grow():
    limits, now, lengths = Limits(1), DAY, []
    for _ in range(14):
        while (out := limits.charge("a", 2, now)[1]).status == 429:
            pass
        lengths.append(int(out.headers["Retry-After"]))
        now += lengths[-1] * 1000
    assert lengths[:3] == [120, 240, 480]
    assert lengths[-1] == 3 * 86_400


class Twice(Rule):
    def on_frame(self, frame):
        return (frame, frame)


class DropAcks(Rule):
    def on_frame(self, frame):
        return (frame,) if frame.stream else ()


class Busy(Rule):
    def on_connect(self, at_ms, path):
        return Answer(503, "busy")

    def on_answer(self, at_ms, path, query, answer):
        return Answer(500, "")


def test_no_rule_changes_nothing():
    frame, right = Frame(1, 1, STREAM, "x"), Answer(200, "{}")
    assert faults.RULES == ()
    for rules in ((), (Rule(),)):
        assert faults.frames(rules, frame) == [frame]
        assert faults.answer(rules, 1, "/", {}, right) == right
        assert faults.refusal(rules, 1, "/ws") is None


def test_rules_see_what_the_one_before_left():
    frame = Frame(1, 1, STREAM, "x")
    assert faults.frames((Twice(), Twice()), frame) == [frame] * 4
    assert faults.frames((DropAcks(), Twice()), Frame(1, 1, "", "x")) == []
    assert faults.refusal((Rule(), Busy()), 1, "/ws") == Answer(503, "busy")
    assert faults.answer((Busy(),), 1, "/", {}, Answer(200, "{}")).status == 500
