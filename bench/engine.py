"""The engine over a million bars beside a hand-fused loop, vectorbt, backtesting.py and nautilus_trader.

Everyone makes the same trades before anybody's time counts: entry and exit minutes are equal, and a difference ends the
run, each on a line. Each contender is a process of its own; one run each in turn, CPU time, a round as often as asked
(the slowest less often: `runs`). Then twenty indicators on every minute, and the volume profile strategy, in this one.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")

from bench import bars, peers
from bench.ours import SHIPPED, STRATEGIES, Ours
from bench.peers import Contender
from bench.table import Row, Series, cpu_s, rounds, say

BREAKOUT = SHIPPED / "volume-profile-breakout.yaml"
MOST_APART = 0.01  # of equity at the end: prices and quantities are rounded by some, sized otherwise by others
SHOWN = 20


def measure(count: int) -> list[Row]:
    """Rows of this topic."""
    with tempfile.TemporaryDirectory(prefix="paperfold-bench-") as folder:
        say("a million bars")
        columns = bars.generated()
        rows = _contest(count, columns, Path(folder))
        from shared import compiled

        compiled.switch_on(Path(folder) / "cache" / "paperfold")
        return rows + _alone(count, columns)


# --- beside others ---------------------------------------------------------------------------------------------------


def _contest(count: int, columns: bars.Columns, folder: Path) -> list[Row]:
    file = folder / "bars.npz"
    bars.write_arrays(columns, file)
    environment = {"XDG_CACHE_HOME": str(folder / "cache")}
    absent = [peer for peer in peers.OTHERS if peer.python is None]
    for peer in absent:
        say(peer.missing)
    contenders: dict[str, Contender] = {}
    for peer in (peers.FUSED, peers.OURS, *(peer for peer in peers.OTHERS if peer not in absent)):
        say(peer.name)
        if peer.runs > count:  # it compiles: what it measures with is a process that loads
            Contender(peer, file, environment).close()
        contenders[peer.name] = Contender(peer, file, environment)
    ours = contenders[peers.OURS.name]
    notes = {name: same(ours, contender) for name, contender in contenders.items() if contender is not ours}
    notes[peers.OURS.name] = f"{len(ours.trades)} trades, final {ours.first['final']:,.0f}"
    found = _rounds(count, contenders)
    peak = {name: contender.close() for name, contender in contenders.items()}
    return _contest_rows(found, contenders, notes, peak) + [
        Row(peer.name, 0.0, "ms", note=peer.missing) for peer in absent
    ]


def same(ours: Contender, other: Contender) -> str:
    """What agrees, and why the rest does not. Raises with a line for each trade that differs."""
    mine, theirs = ours.trades, other.trades
    apart = [
        f"  trade {at}: {a} here, {b} there"
        for at, (a, b) in enumerate(zip(_padded(mine, theirs), _padded(theirs, mine), strict=True))
        if a != b
    ]
    if apart:
        raise AssertionError("\n".join([f"{other.peer.name}: {len(apart)} trades differ", *apart[:SHOWN]]))
    final, my_final = other.first["final"], ours.first["final"]
    off = final / my_final - 1.0
    if abs(off) > MOST_APART:
        raise AssertionError(f"{other.peer.name}: ends with {final:,.0f}, we with {my_final:,.0f}")
    say(f"{other.peer.name}: {len(theirs)} trades, all on equal minutes; equity {off:+.3%}: {other.peer.money}")
    return (
        f"{other.first['version']}; the same {len(theirs)} trades, final {final:,.0f} ({off:+.2%}: {other.peer.money})"
    )


def _padded(trades: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    return [*trades, *[None] * (len(others) - len(trades))]


def _rounds(count: int, contenders: dict[str, Contender]) -> dict[str, Series]:
    """CPU seconds of each, one run each a round; a slow one leaves after its most."""
    kinds = {peers.FUSED.name: ("loop",) * 3, peers.OURS.name: ("step", "fold")}
    found: dict[str, list[float]] = {}
    for at in range(count):
        say(f"round {at + 1} of {count}")
        for name, contender in contenders.items():
            if at < contender.peer.runs:
                runs = kinds.get(name, ("",))
                times = [float(contender.run(kind)["cpu_s"]) for kind in runs]
                if name == peers.OURS.name:
                    for kind, time_s in zip(runs, times, strict=True):
                        found.setdefault(kind, []).append(time_s)
                else:
                    found.setdefault(name, []).append(min(times))
    return {name: Series(values) for name, values in found.items()}


def _contest_rows(
    found: dict[str, Series], contenders: dict[str, Contender], notes: dict[str, str], peak: dict[str, float]
) -> list[Row]:
    floor, fold, ours = found[peers.FUSED.name], found["fold"], peers.OURS.name
    rows = [
        floor.row("EMA cross, hand-fused loop", "ms", 1e3, peak_mb=peak[peers.FUSED.name],
                  note=notes[peers.FUSED.name]),
        found["step"].row("EMA cross, our step over arrays", "ms", 1e3, ratio=found["step"].over(floor),
                          reference="fused loop", peak_mb=peak[ours]),
        fold.row("EMA cross, our fold (rows, digest)", "ms", 1e3, ratio=fold.over(floor), reference="fused loop",
                 budget="<= 20x", met=fold.over(floor) <= 20.0, peak_mb=peak[ours], note=notes[ours]),
    ]  # fmt: skip
    for name in contenders:
        if name not in (peers.FUSED.name, ours):
            times = found[name].over(fold)
            budget = {"budget": ">= 5x", "met": times >= 5.0} if name.startswith("vectorbt") else {}
            rows.append(found[name].row(f"EMA cross, {name}", "ms", 1e3, ratio=times, reference="our fold",
                                        peak_mb=peak[name], note=notes[name], **budget))  # fmt: skip
    return rows


# --- ours and a loop of its own ---------------------------------------------------------------------------------------


def agrees(name: str, ours: Ours, loop: Callable[[Any], Any]) -> str:
    """Ours against a fused loop: equal minutes of entry and exit, equity within 1e-4. Raises when not."""
    from bench.fused import trades_table

    table = trades_table()
    count, equity, _ = loop(table)
    theirs = [(int(a), int(b)) for a, b in table[:count]]
    mine, my_equity = ours.trades()
    if mine != theirs:
        raise AssertionError(f"{name}: {len(mine)} trades here, {len(theirs)} in the fused loop, and not the same")
    if abs(my_equity / equity - 1.0) > 1e-4:
        raise AssertionError(f"{name}: equity {my_equity} here and {equity} in the fused loop")
    return f"the same {count} trades, final {equity:,.0f} and {my_equity:,.0f}"


def _alone(count: int, columns: bars.Columns) -> list[Row]:
    from bench import fused

    say("compiling")
    into, cash = fused.trades_table(), 10_000_000.0
    twenty, new, breakout = (
        Ours(path, columns) for path in (STRATEGIES / "twenty.yaml", STRATEGIES / "twenty-new.yaml", BREAKOUT)
    )

    def floor(table: Any = into) -> Any:
        return fused.twenty(*columns, cash, 0.95, table)

    agreed = agrees("twenty indicators", twenty, floor)
    calls: dict[str, Callable[[], float]] = {"floor": lambda: min(cpu_s(floor) for _ in range(3))}
    for name, ours in (("twenty", twenty), ("new", new), ("breakout", breakout)):
        calls[f"{name} step"] = lambda ours=ours: cpu_s(ours.step_alone)
        calls[f"{name} fold"] = lambda ours=ours: cpu_s(ours.fold)
    for call in calls.values():
        call()
    say(f"{count} rounds")
    found = rounds(count, calls)
    base, step, fold = found["floor"], found["twenty step"], found["twenty fold"]
    return [
        base.row("20 indicators on 1m, hand-fused loop", "ms", 1e3, note=agreed),
        step.row("20 indicators, our step over arrays", "ms", 1e3, ratio=step.over(base), reference="its fused loop"),
        fold.row("20 indicators, our fold", "ms", 1e3, ratio=fold.over(base), reference="its fused loop",
                 budget="<= 60x", met=fold.over(base) <= 60.0, note="an equity row a minute"),
        found["new step"].row("20 indicators of other kinds on 1m, our step over arrays", "ms", 1e3),
        found["new fold"].row("20 indicators of other kinds on 1m, our fold", "ms", 1e3),
        found["breakout step"].row("volume-profile-breakout, our step over arrays", "ms", 1e3),
        found["breakout fold"].row("volume-profile-breakout, our fold", "ms", 1e3, budget="<= 1 s",
                                   met=found["breakout fold"].median <= 1.0),
    ]  # fmt: skip
