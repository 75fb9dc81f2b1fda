"""Sections of strategy files drawn from the table of keys: mostly what a key allows, its bounds, and sometimes not."""

from decimal import Decimal

from hypothesis import strategies as st

from shared.strategy.schema import (
    FILE,
    Date,
    Duration,
    Form,
    Formula,
    Key,
    ListOf,
    MapOf,
    Number,
    Part,
    Side,
    Table,
    Text,
    Truth,
    Value,
)  # fmt: skip

SECTIONS = ("risk_management", "equity_protection", "execution", "backtest", "optimization", "variants")
IDS = ("ATR_14", "ADX_14", "VP_5D", "VPFVGSignal", "fast", "VPFVGSignal_vf_atr", "nobody", "fast.length")
FITTING = {"id": "ATR_14", "atr": "ATR_14", "regime": "ADX_14", "vp": "VP_5D", "strength": "VPFVGSignal"}
FORMS = (  # of which a table states one
    ("base_percent", "atr", "price"), ("base_percent", "r_multiple", "price"), ("percent", "atr"),
    ("base_size", "quote", "volatility_target", "risk_pct"),
)  # fmt: skip
ODD = ("", "~", "yes", "-1", "0", "1e9", "'0.1'", "[]", "{}", "[ 1 ]", "{ a: 1 }", "2.5", "x y", "0.0000001", ".inf")
PRICES = ("close", "lowest(low, 5)", "close - 2 * ATR_14", "close > 1", "fast[3]", "nobody", "1 / 0")
RULES = ("close > fast", "{ any: [ close > fast, volume > 1 ] }", "[]", "[ profit_ratio > 1 ]", "true", "close")


@st.composite
def files(draw: st.DrawFn, head: str) -> str:
    """A head, and some of the sections below it."""
    sections = {name: FILE.keys[name] for name in draw(st.lists(st.sampled_from(SECTIONS), unique=True, min_size=1))}
    return head + "".join(f"{name}: {draw(values(key))}\n" for name, key in sections.items())


def values(key: Key, name: str = "") -> st.SearchStrategy[str]:
    """YAML in one line for a key: odd once in thirty."""
    fitting = st.just(FITTING[name]) if name in FITTING and isinstance(key.form, Text) else of(key.form)
    return st.integers(0, 29).flatmap(lambda n: {7: st.sampled_from(ODD), 8: of(key.form)}.get(n, fitting))


def of(form: Form) -> st.SearchStrategy[str]:
    match form:
        case Part(whole):
            return _table(whole)
        case Table():
            return _table(form)
        case ListOf(item):
            return st.lists(of(item), max_size=3).map(lambda items: f"[ {', '.join(items)} ]")
        case MapOf(value):
            return st.lists(of(value), max_size=2).map(
                lambda found: "{ " + ", ".join(f"v{i}: {one}" for i, one in enumerate(found)) + " }"
            )
        case Number():
            return _number(form)
        case Text(words=words):
            return st.sampled_from(words or IDS)
        case Truth():
            return st.sampled_from(("true", "false"))
        case Duration():
            return st.sampled_from(("24h", "90s", "0h", "3650d", "3651d"))
        case Date():
            return st.sampled_from(("2025-07-1", "2025-01-01", "2025-12-31 12:00"))
        case Side():
            return st.sampled_from(RULES)
        case Formula():
            return st.sampled_from(PRICES).map(lambda text: f"'{text}'")
        case Value():
            return st.sampled_from(("5", "9.5", "true", "x"))
    raise AssertionError(form)


def _table(table: Table) -> st.SearchStrategy[str]:
    needed = [name for name, key in table.keys.items() if key.required]
    forms = [form for form in FORMS if set(form) <= set(table.keys)]

    @st.composite
    def entries(draw: st.DrawFn) -> str:
        names = draw(st.lists(st.sampled_from(sorted(table.keys)), unique=True, max_size=5))
        if draw(st.integers(0, 15)):
            stated = [draw(st.sampled_from(form)) for form in forms]
            others = (name for name in names if not any(name in form for form in forms))
            names = list(dict.fromkeys((*needed, *stated, *others)))
        return "{ " + ", ".join(f"{name}: {draw(values(table.keys[name], name))}" for name in names) + " }"

    return entries()


def _number(form: Number) -> st.SearchStrategy[str]:
    places = 0 if form.whole else min(form.decimals or 0, 6)
    inside = st.decimals(form.low, form.high, places=places)
    near = st.decimals(form.low, min(form.high, form.low + 1), places=places)
    edges = st.sampled_from((form.low, form.high, form.low - 1, form.high + 1, form.high + Decimal("0.5")))
    usual = st.one_of(near, inside)
    return st.integers(0, 15).flatmap(lambda n: edges if n == 7 else usual).map(lambda value: f"{value:f}")
