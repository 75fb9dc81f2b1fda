"""docs/orders.md is true: engine and reference both give the rows of every example, and every feature has one.

The numbers of the page were worked out by hand; a row that changes here is a change of the engine's meaning.
"""

import re

import pytest

from shared.kernel import is_compiled
from tests.support.differential import bars_of, engine_answer, first_difference, reference_answer
from tests.support.order_examples import PAGE, Example, aligned, blocks, laid_over, page, shown

FEATURES: dict[str, tuple[str, ...]] = {
    "Market entry and exit": ("A rule buys, a rule sells", "Lowered to the cash"),
    "Limit entry": (
        "Filled inside the bar",
        "Limit beyond the open",
        "Expiry",
        "Replaced by a newer decision",
        "Cancelled by an exit signal",
    ),
    "Stop entry": ("Trigger touched", "Trigger below the open"),
    "Stop loss": ("Stop touched", "Stop above the open", "After an entry inside the same bar"),
    "Trailing stop": ("By percent", "By ATR", "From a gain in R on"),
    "Break-even": ("Stop at the entry price",),
    "Target": ("Percent of the fill price", "Target below the open", "Multiple of R", "Expression"),
    "Ladder": ("Several rungs and the target in one bar", "A rung, then the stop"),
    "Stop and target in one bar": ("The stop wins",),
    "Time exit": ("After two bars",),
    "Cooldown": ("Two closes without an entry",),
    "Reversal": ("Long to short in one step",),
    "Participation": (
        "Partial entry, partial close",
        "A stop that fills in part",
        "An exit before the entry is whole",
    ),
    "Sizing": ("By risk", "By volatility"),
    "Daily loss": ("Out for the rest of the day",),
    "Consecutive losses": ("Two in a row",),
    "Drawdown protection": ("Close, suspend, resume", "The end of the run"),
    "Liquidation": ("A short to ruin",),
    "Commands": ("Pause and resume", "Close the position", "Stop and close", "Stop and keep"),
    "Minutes without volume": ("Market orders only",),
    "Costs": ("A taker pays slippage, spread and fee", "A maker pays a fee only"),
}
BEFORE = ("The order of things in a bar", "How to read an example")
TEXT = PAGE.read_text(encoding="utf-8")
SAID = page(TEXT)

EVERY_EXAMPLE = pytest.mark.parametrize(
    "example", [pytest.param(example, id=f"{example.section}: {example.title}") for example in SAID.examples]
)


@EVERY_EXAMPLE
def test_the_engine_gives_the_rows_of_an_example(example: Example) -> None:
    assert not is_compiled()
    answer = engine_answer(example.strategy, bars_of(example.bars), example.commands, rules=SAID.rules, cash=SAID.cash)
    assert aligned(shown(answer.rows)) == aligned(example.rows)


@EVERY_EXAMPLE
def test_the_reference_gives_the_rows_of_an_example(example: Example) -> None:
    answer = reference_answer(example.strategy, example.bars, example.commands, rules=SAID.rules, cash=SAID.cash)
    assert aligned(shown(answer.rows)) == aligned(example.rows)


@EVERY_EXAMPLE
def test_both_agree_on_what_the_page_leaves_out(example: Example) -> None:
    """Equity, the values of notes, which order an event is of, how the position stands at the end."""
    how = {"rules": SAID.rules, "cash": SAID.cash}
    ours = engine_answer(example.strategy, bars_of(example.bars), example.commands, **how)
    difference = first_difference(ours, reference_answer(example.strategy, example.bars, example.commands, **how))
    assert difference is None, difference.words


def test_every_feature_has_its_examples() -> None:
    found: dict[str, tuple[str, ...]] = {}
    for example in SAID.examples:
        found[example.section] = (*found.get(example.section, ()), example.title)
    assert found == FEATURES


def test_every_feature_says_what_happens_at_the_open_inside_and_at_the_close() -> None:
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    said = {section.splitlines()[0]: re.findall(r"^- \*\*(\w+)\*\*: ", section, re.MULTILINE) for section in sections}
    assert said == {name: [] for name in BEFORE} | {name: ["Open", "Inside", "Close"] for name in FEATURES}


def test_every_feature_is_linked_at_the_top() -> None:
    top = TEXT.split("\n## ")[0]
    anchors = [section.lower().replace(" ", "-") for section in FEATURES]
    assert re.findall(r"\(#([a-z-]+)\)", top) == anchors


def test_every_fence_is_read() -> None:
    fences = re.findall(r"^\s*(?:```|~~~)", TEXT, re.MULTILINE)
    assert len(fences) == 2 * len(list(blocks(TEXT))) == 2 * (2 + 3 * len(SAID.examples))


@pytest.mark.parametrize(
    ("found", "written"),
    [
        pytest.param("```rows", "```text", id="a fence of another kind"),
        pytest.param("```bars", "```json\n{}\n```\n\n```bars", id="a fence too many"),
        pytest.param("time  ", "when  ", id="a column of another name"),
        pytest.param("   1000\n", "\n", id="a cell too few"),
        pytest.param("entry\n1", "entry  12\n1", id="a cell too many"),
    ],
)
def test_a_page_that_cannot_be_read_is_refused(found: str, written: str) -> None:
    assert found in TEXT
    with pytest.raises(ValueError, match="expected"):
        page(TEXT.replace(found, written, 1))


def test_an_example_replaces_keys_of_a_section_and_leaves_the_others() -> None:
    base = "a: {x: 1, y: {z: 2}}\nb: {w: 3}\n"
    assert laid_over(base, "a: {y: {v: 4}}\nc: [5]\n") == "a:\n  x: 1\n  y:\n    v: 4\nb:\n  w: 3\nc:\n- 5\n"
