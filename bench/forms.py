"""From how many bars on is compiling quicker? Measured, beside what shared/compiled.py estimates from a text.

A backtest of few bars in either form, as a process: the difference is what the compiled form costs before its first
bar, with everything on the disk, with the library there and the strategy never seen, and with nothing. A fold in this
process says what a bar costs interpreted, one over arrays is a hundredth of it. CPU time throughout.
"""

import itertools
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import bars, process
from bench.ours import CROSS, STRATEGIES, Ours
from bench.process import CLI, timed
from bench.table import Row, cpu_s, say

FEW = 2_000  # bars of a process
MANY = 30_000  # bars of an interpreted fold
NEW = STRATEGIES / "twenty-new.yaml"
CASES = (
    ("EMA cross on 15m", CROSS, "15m"),
    ("EMA cross on 1m", CROSS, "1m"),
    ("20 indicators on 15m", NEW, "15m"),
    ("20 indicators on 1m", NEW, "1m"),
)
MOST_ROUNDS = 3


def measure(count: int) -> list[Row]:
    """Rows of this topic."""
    with tempfile.TemporaryDirectory(prefix="paperfold-bench-") as folder:
        return list(_rows(min(count, MOST_ROUNDS), Path(folder)))


def _rows(count: int, folder: Path) -> Iterator[Row]:
    bars.write_parquet(bars.generated(FEW), folder / "bars.parquet")
    columns = bars.generated(MANY)
    warm = folder / "warm"
    say("paperfold warm")
    timed([*CLI, "warm"], warm)
    numbers = itertools.count(1)
    for what, path, entry in CASES:
        say(what)
        text = path.read_text(encoding="utf-8").replace("entry: 15m", f"entry: {entry}")
        text = text.replace("entry: 1m", f"entry: {entry}")
        bar_s = _bar_s(folder, text, columns)
        interpreted_s = _process_s(folder, warm, [text] * count, "--interpreted")
        unseen = [_unseen(text, next(numbers)) for _ in range(count)]
        states = {
            "library on the disk, strategy never seen": (
                warm,
                unseen,
                unseen[0].replace("close > 0.0", "close > 0.00"),
            ),
            "all on the disk": (warm, unseen, unseen[0]),
            "nothing on the disk": (folder / f"cold-{next(numbers)}", unseen[:1], unseen[0]),
        }
        for state, (cache, texts, asked) in states.items():
            before_s = _process_s(folder, cache, texts, "--compiled") - interpreted_s
            yield Row(
                f"{what}, {state}", before_s / bar_s, "bars", runs=len(texts),
                note=f"{before_s:.2f} s before the first bar, {bar_s * 1e6:.1f} us a bar interpreted; "
                f"estimated {_estimated(asked, cache, state):,} bars",
            )  # fmt: skip


def _bar_s(folder: Path, text: str, columns: bars.Columns) -> float:
    """CPU seconds of a bar, interpreted, in this process."""
    path = folder / "case.yaml"
    path.write_text(text, encoding="utf-8")
    ours = Ours(path, bars.Columns(*(column.tolist() for column in columns)))
    return min(cpu_s(ours.fold) for _ in range(2)) / MANY


def _process_s(folder: Path, cache: Path, texts: list[str], form: str) -> float:
    """Median CPU seconds of a backtest of few bars by each of these texts."""
    for at, text in enumerate(texts):
        path = folder / f"case-{at}.yaml"
        path.write_text(text, encoding="utf-8")
        timed([*CLI, "backtest", path, "--bars", folder / "bars.parquet", form, "--json", folder / "out.json"], cache)
    return statistics.median(process._cpu[-len(texts) :])


def _unseen(text: str, rules: int) -> str:
    """The strategy with so many rules more, which no process has compiled."""
    more = "".join(f"    - close > 0.0{at + 1} * close\n" for at in range(rules))
    return text.replace("  exit_long:\n", f"{more}  exit_long:\n")


def _estimated(text: str, cache: Path, state: str) -> int:
    """Bars from which compiled.is_quicker says so, to the nearest twentieth."""
    from shared import compiled

    root = Path("/nowhere") if state.startswith("nothing") else cache / "paperfold"
    count = 1_000
    while not compiled.is_quicker(count, text, root):
        count += count // 20
    return count
