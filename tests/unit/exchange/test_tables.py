"""The dated fees, the shipped rules, and what may never stand in the exchange's code."""

import ast
import re
from decimal import Decimal
from pathlib import Path

import pytest

from shared.domain.errors import InputError
from shared.domain.instrument import parse_instrument
from shared.exchange.fees import FEES, rates_at
from shared.exchange.rules import _SHIPPED, shipped_rules

ROOT = Path(__file__).resolve().parents[3]
CODE = sorted([*ROOT.glob("shared/exchange/*.py"), *ROOT.glob("services/ingest/*.py")])


@pytest.mark.parametrize(
    ("ms", "maker", "taker"),
    [
        pytest.param(0, 1_000, 1_000, id="at first"),
        pytest.param(-1, 1_000, 1_000, id="before all time"),
        pytest.param(1_776_815_999_999, 4_000, 6_000, id="the last millisecond of 2026-04-21"),
        pytest.param(1_776_816_000_000, 0, 200, id="from 2026-04-22"),
        pytest.param(4_000_000_000_000, 0, 200, id="until someone says otherwise"),
    ],
)
def test_fees_are_those_in_force(ms, maker, taker):
    assert rates_at(ms)[1:] == (maker, taker)


def test_fee_rows_rise():
    assert list(FEES) == sorted(FEES)
    assert FEES[0].effective_from_ms == 0


def test_shipped_rules_say_what_they_are():
    rules = shipped_rules("btcusdt")
    assert (rules.tick_size, rules.lot_step, rules.min_notional) == (Decimal("0.01"), Decimal("0.00001"), Decimal(1))
    assert (rules.source, rules.captured_ms) == ("shipped", 0)
    with pytest.raises(InputError, match=r"rules are shipped for BTC/USDT"):
        shipped_rules("FOO/BAR")


@pytest.mark.parametrize("name", _SHIPPED)
def test_every_shipped_row_is_a_rule(name):
    assert shipped_rules(name).instrument == parse_instrument(name) == name


def test_exchange_access_is_get_and_stream_only():
    """Paper cannot trade: where HTTP is spoken, GET is the only verb there is."""
    speakers = []
    for path in CODE:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not names & {"requests", "aiohttp", "urllib.request", "http.client"}, path
        if "httpx" in names:
            speakers.append(path.name)
            called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            assert not called & {"post", "put", "patch", "delete", "request", "send", "stream", "build_request"}, path
    assert sorted(speakers) == ["rest.py", "sim.py"]


@pytest.mark.parametrize("path", CODE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_signed_and_no_key_is_in_the_code(path):
    text = path.read_text(encoding="utf-8")
    for word in (r"signature", r"apikey", r"api_key", r"secret_key", r"recvWindow", r"listenKey", r"/order\b", r"hmac",
                 r"userDataStream", r"X-MBX-APIKEY"):  # fmt: skip
        assert not re.search(word, text, re.IGNORECASE), f"{word} in {path}"


def test_the_exchanges_words_stay_with_the_exchange():
    for path in ROOT.glob("services/ingest/*.py"):
        text = path.read_text(encoding="utf-8")
        assert "Kline" not in text.replace(".klines(", ""), path
