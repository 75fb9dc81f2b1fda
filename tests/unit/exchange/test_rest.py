"""The REST client: what it asks, what an answer or a refusal means, and how it keeps to the limits."""

import asyncio
import json

import httpx
import pytest

from shared.domain.errors import InputError, UnavailableError
from shared.domain.timeframe import MINUTE_MS
from shared.exchange.absence import Moment
from shared.exchange.limits import CAUTIOUS_LIMIT, WeightBudget
from shared.exchange.normalise import RateLimit
from shared.exchange.rest import RestClient

T = 1_000 * MINUTE_MS
ROW = [T, "1", "2", "1", "2", "5", T + 59_999, "7", 3, "1", "1", "0"]
EPOCH = 1_700_000_000_000


class Standing:
    """A clock that only moves when it is told to."""

    def __init__(self, rate=1.0):
        self.rate = rate
        self.ms = T + 63_000

    def wall_ms(self):
        return float(self.ms)

    def now_ms(self):
        return self.ms

    def moment(self):
        return Moment(self.ms, self.ms)


def ask(answer, question, clock=None):
    """The result of `question(client)`, and the requests that it made."""
    requests = []

    def respond(request):
        requests.append(request)
        found = answer(request) if callable(answer) else answer
        if isinstance(found, Exception):
            raise found
        return found

    async def run():
        client = RestClient("http://exchange", clock or Standing(), transport=httpx.MockTransport(respond))
        try:
            return await question(client)
        finally:
            await client.close()

    return asyncio.run(run()), requests


def test_klines_are_asked_for_by_open_time():
    answer, (request,) = ask(
        httpx.Response(200, json=[ROW]), lambda client: client.klines("BTC/USDT", T, 5, end_ms=T + MINUTE_MS)
    )
    assert request.method == "GET"
    assert request.url.path == "/api/v3/klines"
    assert dict(request.url.params) == {
        "symbol": "BTCUSDT", "interval": "1m", "startTime": str(T), "limit": "5", "endTime": str(T + MINUTE_MS),
    }  # fmt: skip
    assert [bar.open_ms for bar in answer.bars] == [T]
    assert answer.at == Moment(T + 63_000, T + 63_000)


def test_rows_before_the_question_are_no_answer():
    answer, _ = ask(httpx.Response(200, json=[ROW]), lambda client: client.klines("BTC/USDT", T + MINUTE_MS))
    assert answer.bars == ()


def test_the_time_is_measured_between_two_moments_of_ours():
    found, _ = ask(httpx.Response(200, json={"serverTime": EPOCH}), lambda client: client.time())
    assert (found.server_ms, found.sent_ms, found.received_ms) == (EPOCH, T + 63_000, T + 63_000)


def refusal(status, code, text):
    return httpx.Response(status, json={"code": code, "msg": text})


AGAIN = UnavailableError
ERRORS = [
    pytest.param(refusal(400, -1121, "Invalid symbol."), InputError, "Invalid symbol", id="unknown symbol"),
    pytest.param(refusal(400, -1120, "Invalid interval."), InputError, "Invalid interval", id="unknown interval"),
    pytest.param(refusal(400, -1000, "UNKNOWN"), AGAIN, "-1000 UNKNOWN", id="unknown error"),
    pytest.param(refusal(400, -1001, "Internal error"), AGAIN, "Internal error", id="disconnected inside"),
    pytest.param(refusal(503, -1008, "Server busy"), AGAIN, "Server busy", id="busy"),
    pytest.param(refusal(429, -1003, "Too much"), AGAIN, "Too much", id="too much weight"),
    pytest.param(httpx.Response(403, html="<html>WAF</html>"), AGAIN, "firewall", id="firewall page"),
    pytest.param(httpx.Response(502, html="<html>"), AGAIN, "HTTP 502", id="a page in place of JSON"),
    pytest.param(refusal(451, 0, "restricted"), AGAIN, "country.*REST_URL", id="the wrong country"),
    pytest.param(httpx.Response(200, content=b'[[16,"1"'), AGAIN, "cut or not JSON", id="cut body"),
    pytest.param(httpx.Response(200, html="<html>"), AGAIN, "not JSON", id="a page with 200"),
    pytest.param(httpx.ReadTimeout("slow"), AGAIN, "ReadTimeout", id="timeout"),
    pytest.param(httpx.ConnectError("refused"), AGAIN, "ConnectError", id="refused"),
    pytest.param(httpx.RemoteProtocolError("reset"), AGAIN, "RemoteProtocolError", id="reset"),
]


@pytest.mark.parametrize(("answer", "error", "words"), ERRORS)
def test_a_refusal_is_an_error_with_the_exchanges_words(answer, error, words):
    with pytest.raises(error, match=words):
        ask(answer, lambda client: client.klines("BTC/USDT", T))


@pytest.mark.parametrize("question", ["time", "exchange_info", "klines"])
@pytest.mark.parametrize("body", [{"rows": []}, {"serverTime": "noon"}, 7, None, "x"])
def test_an_answer_of_another_shape_is_no_answer(question, body):
    wanted = ("BTC/USDT", T) if question == "klines" else ()
    with pytest.raises(UnavailableError, match="exchange"):
        ask(httpx.Response(200, json=body), lambda client: getattr(client, question)(*wanted))


def test_exchange_info_teaches_the_limits():
    limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}]
    body = {"serverTime": EPOCH, "rateLimits": limits, "symbols": []}

    async def question(client):
        await client.exchange_info()
        return client.budget.limit

    assert ask(httpx.Response(200, json=body), question)[0] == 6000


def test_who_is_told_to_wait_waits_in_exchange_time():
    clock = Standing(rate=6000.0)
    answers = iter([
        httpx.Response(429, headers={"Retry-After": "120"}, json={"code": -1003, "msg": "Too much"}),
        httpx.Response(200, json=[ROW]),
    ])  # fmt: skip

    async def question(client):
        with pytest.raises(UnavailableError):
            await client.klines("BTC/USDT", T)
        until = client.budget.quiet_until_ms
        asking = asyncio.create_task(client.klines("BTC/USDT", T))
        await asyncio.sleep(0.05)
        assert not asking.done()
        clock.ms = until
        return (await asking).at.exchange_ms - T - 63_000

    assert ask(lambda _: next(answers), question, clock)[0] == 120_000


# --- the budget --------------------------------------------------------------------------------------------------


def test_weight_counts_per_minute_of_exchange_time():
    budget = WeightBudget()
    budget.spend(CAUTIOUS_LIMIT - 1, 10)
    assert budget.wait_until_ms(2, 11, share=1.0) == 60_000
    assert budget.wait_until_ms(1, 11, share=1.0) == 11
    assert budget.wait_until_ms(1, 11, share=0.5) == 60_000
    assert budget.wait_until_ms(2, 60_000, share=1.0) == 60_000
    assert budget.used(60_000) == 0


@pytest.mark.parametrize("name", ["X-MBX-USED-WEIGHT-1M", "x-mbx-used-weight-1m", "X-Mbx-Used-Weight"])
def test_the_exchanges_own_count_holds_when_it_is_higher(name):
    budget = WeightBudget()
    budget.spend(10, 0)
    budget.note_headers({name: "700", "X-MBX-ORDER-COUNT-1M": "5000"}, 0)
    assert budget.used(0) == 700
    budget.note_headers({name: "3"}, 0)
    assert budget.used(0) == 700
    budget.note_headers({name: "many"}, 0)
    assert budget.used(0) == 700


@pytest.mark.parametrize(
    ("retry_after", "text", "until"),
    [
        pytest.param("30", "", EPOCH + 31_000, id="as long as it says"),
        pytest.param(None, "", EPOCH + 40_000, id="until the next minute when it does not say"),
        pytest.param("soon", "", EPOCH + 40_000, id="or says it in words"),
        pytest.param(None, f"IP banned until {EPOCH + 600_000}. Please", EPOCH + 600_000, id="until the ban ends"),
    ],
)
def test_a_refusal_says_how_long_to_be_quiet(retry_after, text, until):
    budget = WeightBudget()
    now = EPOCH + 1_000
    assert EPOCH % MINUTE_MS == 20_000
    budget.note_refusal(retry_after, text, now)
    assert budget.quiet_until_ms == until
    assert budget.wait_until_ms(1, now, 1.0) == until
    assert budget.wait_until_ms(1, until, 1.0) == until


def test_other_limits_than_weight_are_not_ours():
    budget = WeightBudget()
    budget.learn([RateLimit("ORDERS", 10_000, 100), RateLimit("REQUEST_WEIGHT", 60_000, 6000)])
    assert (budget.limit, budget.window_ms) == (6000, 60_000)


def test_the_client_never_sends_anything_but_json_questions():
    _, (request,) = ask(httpx.Response(200, text=json.dumps({})), lambda client: client.ping())
    assert request.content == b""
    assert not [name for name in request.headers if "key" in name.lower() or "auth" in name.lower()]
