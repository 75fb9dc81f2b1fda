"""Whatever the text, loading answers with problems and never raises; what it accepts, makes a plan."""

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.strategy.explain import explain
from shared.strategy.expressions import FUNCTIONS, compile_condition
from shared.strategy.load import load
from shared.strategy.names import Names
from shared.strategy.planning import plan_for
from tests.unit.strategy.drawn import files
from tests.unit.strategy.files import HEAD, LOGIC, read, spec_of
from tests.unit.strategy.test_load import PREDECESSOR
from tests.unit.strategy.test_predecessor import FOLDER

NAMES = Names(
    (node.id, node.sheet, dict(zip(node.sheet.param_names(), node.params, strict=True)))
    for node in spec_of(HEAD + LOGIC).nodes
)
LINES = [
    line
    for text in (PREDECESSOR, *(path.read_text() for path in FOLDER.glob("*.yaml")))
    for line in text.splitlines(True)
]
WORDS = [
    "close", "open", "fast", "fast_trend", "VPFVGSignal_vf_long", "'bull'", '"x"', "1", "2.5", "1e9", "0", "true",
    "and", "or", "not", "in", "if", "else", "&", "|", "+", "-", "*", "/", "//", "%", "**", "<", ">", "==", "!=",
    "<=", "(", ")", "[", "]", ",", "[1]", "profit_ratio", *FUNCTIONS,
]  # fmt: skip


def check(text: str) -> None:
    loaded = load(text, "fuzz.yaml")
    lines = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029") + 2
    for problem in loaded.problems:
        assert 1 <= problem.line <= lines
        assert problem.column >= 1
        assert problem.message
        str(problem).encode()
    assert (loaded.spec is None) == bool(loaded.errors)
    if loaded.spec is not None:
        for variant in (None, *loaded.spec.variants):
            explain(plan_for(loaded, variant=variant))


@settings(deadline=None)
@given(st.text())
@example("? ")
@example("a: !<tag:yaml.org,2002:str> b")
@example("- - - -\n  :")
@example('"\\x')
@example("&a *a")
@example("%TAG ! x\n---\n")
def test_any_text(text):
    check(text)


@settings(deadline=None)
@given(st.text(alphabet=string.printable + "‸\ud800\ufeff\u2028", max_size=200))
def test_any_value_of_a_known_key(text):
    check(f"timeframes: {{ entry: 15m }}\nrisk_management: {text}\n")


@settings(max_examples=250, deadline=None)
@given(files(HEAD + LOGIC))
def test_sections_of_all_keys(text):
    check(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=40))
def test_lines_of_a_real_file_in_any_order(lines):
    check("".join(lines))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_real_file_with_a_hole_and_a_patch(data):
    start = data.draw(st.integers(0, len(PREDECESSOR)))
    end = data.draw(st.integers(start, min(len(PREDECESSOR), start + 30)))
    patch = data.draw(
        st.one_of(st.text(max_size=5), st.sampled_from(["null", "-1", "1e400", "{}", "[]", "true", "'", "0"]))
    )
    check(PREDECESSOR[:start] + patch + PREDECESSOR[end:])


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), st.booleans())
def test_any_rule(text, is_exit):
    compiled = compile_condition(text, NAMES, is_exit)
    assert (compiled.expr is None) == bool(compiled.errors)
    for error in compiled.errors:
        assert 0 <= error.offset <= len(text)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_as_a_rule(text):
    compiled = compile_condition(text, NAMES, True)
    assert (compiled.expr is None) == bool(compiled.errors)


def test_a_rule_of_any_text_never_breaks_a_file():
    for text in ("'", '"', "\\", "{", "a: b", "- x", "#", "%", "@", "`", "!x", "*x", "&x", "|", ">"):
        read(HEAD + f"logic:\n  entry_long:\n    - {text}\n")


def test_a_hostile_file_is_refused_in_bounded_work():
    profiles = "".join(f"  - {{ id: p{i}, type: VolumeProfile, timeframe: entry }}\n" for i in range(100))
    rules = "".join("    - " + " and ".join(f"n{i}_{k} > 1" for k in range(30)) + "\n" for i in range(500))
    loaded = read("timeframes: { entry: 15m }\nindicators:\n" + profiles + "logic:\n  entry_long:\n" + rules)
    assert len(loaded.errors) == 15_000
    assert sum(problem.suggestion != "" for problem in loaded.errors) <= 50
