"""Decision records and rows are two spellings of one value; array literals hold what they are given."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.decision import NOTES, ORDER_EVENTS, ORDER_TYPES, REASONS, EquityPoint, Fill, Note, OrderEvent, Trade
from shared.domain.errors import DivergenceError
from shared.domain.instrument import InstrumentRules
from shared.store.arrays import array
from shared.store.rows import LAYOUT, Scale, columns, from_row, to_row

RULES = {
    "cents": InstrumentRules("BTC/USDT", Decimal("0.01"), Decimal("0.00001"), Decimal(0), Decimal(10)),
    "trailing zeros": InstrumentRules("A/USDT", Decimal("0.01000000"), Decimal("1.00000000"), Decimal(0), Decimal(0)),
    "odd steps": InstrumentRules("B/USDT", Decimal("0.05"), Decimal("25"), Decimal(0), Decimal(0)),
    "many decimals": InstrumentRules("C/BTC", Decimal("0.00000001"), Decimal("0.00000001"), Decimal(0), Decimal(0)),
}

BOUND = 2**62
words = st.integers(-BOUND, BOUND)
counts = st.integers(0, BOUND)
ms = st.integers(0, 2**45)
side = st.sampled_from([1, -1])
bit = st.sampled_from([0, 1])
reason = st.one_of(st.integers(0, len(REASONS) - 1), st.integers(101, 120))
decisions = st.one_of(
    st.builds(
        OrderEvent, counts, counts, ms, st.integers(0, len(ORDER_EVENTS) - 1), side,
        st.integers(0, len(ORDER_TYPES) - 1), counts, counts, reason,
    ),
    st.builds(Fill, counts, counts, ms, side, counts, counts, words, bit, reason, bit, counts),
    st.builds(Trade, counts, side, ms, ms, counts, counts, counts, words, words, counts, counts, reason),
    st.builds(EquityPoint, counts, ms, words, words, words),
    st.builds(Note, counts, ms, st.integers(0, len(NOTES) - 1), words),
)  # fmt: skip


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES.keys())
@given(decision=decisions)
def test_a_decision_survives_its_row(rules: InstrumentRules, decision: OrderEvent) -> None:
    scale = Scale.of(rules)
    assert from_row(scale, type(decision), 1, to_row(scale, decision)) == decision


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES.keys())
def test_money_is_the_domain_s_text(rules: InstrumentRules) -> None:
    row = dict(
        zip(columns(Fill), to_row(Scale.of(rules), Fill(1, 1, 0, 1, 12_345, 678, -9, 0, 1, 0, 677)), strict=True)
    )
    assert f"{row['price']:f}" == rules.price_text(678)
    assert f"{row['reference']:f}" == rules.price_text(677)
    assert f"{row['quantity']:f}" == rules.quantity_text(12_345)
    assert f"{row['fee']:f}" == rules.quote_text(-9)


@pytest.mark.parametrize("record", LAYOUT, ids=lambda record: record.__name__)
def test_every_field_has_a_form_and_a_column(record: type[Fill]) -> None:
    assert len(record._fields) == len(LAYOUT[record][1]) == len(columns(record))
    differ = {(field, column) for field, column in zip(record._fields, columns(record), strict=True) if field != column}
    assert differ <= {("flags", "no_trade")}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("price", Decimal("1.005"), id="half a tick"),
        pytest.param("fee", Decimal("1e-9"), id="part of a unit"),
        pytest.param("side", "up", id="an unknown word"),
        pytest.param("reason", "partial_x", id="an unknown rung"),
    ],
)
def test_a_row_that_no_fold_wrote_is_told_by_its_place(column: str, value: object) -> None:
    scale = Scale.of(RULES["cents"])
    row = list(to_row(scale, Fill(9, 1, 0, 1, 5, 678, 9, 0, 1, 0, 677)))
    row[columns(Fill).index(column)] = value
    with pytest.raises(DivergenceError, match=f"fills run 3 seq 9: {column} was not written by a fold"):
        from_row(scale, Fill, 3, row)


@pytest.mark.parametrize(
    ("values", "literal"),
    [
        pytest.param([], "{}", id="nothing"),
        pytest.param([1, None, -5], "{1,NULL,-5}", id="integers and NULL"),
        pytest.param([0.1, 1e-05, 100.0], "{0.1,1e-05,100.0}", id="floats, shortest"),
        pytest.param([Decimal("0E-8"), Decimal("1.50")], "{0E-8,1.50}", id="decimals"),
        pytest.param(['a"b\\c', "NULL", "x,y"], '{"a\\"b\\\\c","NULL","x,y"}', id="text is quoted"),
        pytest.param([b"\x00\xff"], '{"\\\\x00ff"}', id="bytes"),
        pytest.param([True, False], "{True,False}", id="truth values"),
    ],
)
def test_an_array_literal(values: list[object], literal: str) -> None:
    assert array(values) == literal
