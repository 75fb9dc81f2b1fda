"""The fold: a run's state, advanced by recorded bars and commands. Same inputs, same bits, on any machine.

Rule: this is the only place that advances a run. A backtest, a live run, a recovery and a parity check differ in who
calls it and with which bars, in nothing else.
"""

import hashlib
import struct
from array import array
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import NamedTuple, cast
from zlib import crc32

from shared.domain.bar import Bars
from shared.domain.command import Command, CommandKind
from shared.domain.decision import WIDTH, Decision, decode
from shared.domain.errors import InvariantError, OutOfRangeError
from shared.domain.timeframe import MINUTE_MS, TIMEFRAMES
from shared.engine import commands as act
from shared.engine import words as w
from shared.engine.digest import Chain
from shared.engine.frames import IS_OPEN, START
from shared.engine.layout import Layout, layout_of
from shared.engine.rows import HEAD
from shared.engine.setup import Setup, cash_units, constants
from shared.engine.version import ENGINE_VERSION
from shared.engine.wiring import module_text
from shared.kernel import (
    LIMIT,
    NAN,
    VectorF,
    VectorM,
    column_f,
    column_m,
    is_compiled,
    load_module,
    take_words,
    vector_f,
    vector_m,
    word_bytes,
)
from shared.strategy.plan import Plan, Side
from shared.strategy.rule_places import placed_rules

ACTS: dict[CommandKind, Callable[[VectorM, VectorM, int], None]] = {
    "stop": act.stop_close, "pause": act.pause, "resume": act.resume, "close_position": act.close_position,
}  # fmt: skip
STATUSES = {w.OPEN: "open", w.STOPPED: "stopped", w.FINISHED: "finished"}
SEAL_BYTES = 32
BATCH_ROWS = 4096  # rows that `out` holds when whole series are folded
VARYING = frozenset((w.START_MS, w.WARMUP_FROM_MS))  # words of k in which runs of one plan differ
# Steps worth writing out, which takes 0.04 to 0.15 s and saves 40 % of what comes. Plans have bounds of their own: a
# runner that took over many in one minute never writes out all of them in another.
WRITE_FROM_US, WRITE_WITHIN_US = 120_000, 20_000


class Snapshot(NamedTuple):
    """A fold's state as bytes: a cache of the fold up to `position_ms`, valid for equal `program` only."""

    program: str  # hash of engine version, wiring, constants: what else must be equal
    position_ms: int
    seq: int
    digest: bytes
    f: bytes
    m: bytes  # and behind the vector what the digest goes on from, sealed


class RuleCount(NamedTuple):
    """How often a rule was evaluated, held, and was not ready, warmup included; and which rule of which side it is."""

    side: Side
    place: str  # rule_places.PlacedRule says how it reads
    is_required: bool
    text: str
    evaluated: int
    held: int
    not_ready: int


class Fold:
    """One run in memory."""

    def __init__(self, plan: Plan, setup: Setup) -> None:
        self.plan = plan
        self.setup = setup
        self.layout: Layout = layout_of(plan)
        self.text = module_text(plan, self.layout)
        self._module: ModuleType = load_module(self.text)
        self._k, self._p = constants(plan, self.layout, setup)
        self._step: Callable[..., None] = self._module.step
        self._step_us = 1.0 + sum(MINUTE_MS / TIMEFRAMES[node.timeframe] for node in plan.nodes)  # about
        self._unwritten_us: float = WRITE_FROM_US + crc32(repr((self.text, *self._p)).encode()) % WRITE_WITHIN_US
        self._f: VectorF = vector_f(self.layout.f_length)
        self._m: VectorM = vector_m(self.layout.m_length)
        # A bar's rows, at most: 7 of a late close and 7 of its own; an old position that leaves (a fill and an event
        # for each rung, or its cancellation, the same for target and stop, trade, rest: 6 + 2 a rung), an entry (3, and
        # 2 for the exits it replaces and places, each with 2 and the rungs: 7 + 2 a rung), the new position that leaves
        # (6 + 2 a rung); 7 of protection and a moved stop; 2 at the end. A run's end and commands are taken out alone.
        most = (42 + 6 * len(plan.target.rungs)) * WIDTH
        size = most + (BATCH_ROWS * WIDTH if is_compiled() else 0)
        self._out: VectorM = vector_m(HEAD + size)
        self._out[1], self._out[2] = most, size
        self._chain = Chain()
        for i in range(self.layout.f_length):
            self._f[i] = NAN
        # compiled too its kernels are called one by one: it runs once, and machine code of its own takes 0.5 s to make
        getattr(self._module.start, "py_func", self._module.start)(self._f, self._m, self._k, self._p)
        self._m[w.CASH] = self._m[w.EQUITY] = self._m[w.PEAK] = self._m[w.PEAK_EVER] = cash_units(
            setup.cash, setup.rules
        )
        self._m[w.BAR_OPEN_MS] = setup.warmup_from_ms - MINUTE_MS
        self._m[w.LOTS] = LIMIT  # where nothing limits them

    # --- advancing ---------------------------------------------------------------------------------------------------

    def fold(self, bars: Bars, commands: Sequence[Command] = ()) -> "array[int]":
        """Fold every bar, each after the commands that act at its open; returns the rows of all decisions, in order.

        `commands` hold every command that is not yet folded; those effective after the last bar stay for later. Bars
        must come after `position_ms`. Ends early when the run does. Raises OutOfRangeError.
        """
        rows = array("q")
        waiting = sorted(commands, key=lambda command: command.id)
        at, count = 0, len(bars.open_ms)
        while at < count and not self.has_ended:
            now = bars.open_ms[at]
            self._expect(now)
            due = [command for command in waiting if command.effective_ms <= now]
            if due:
                waiting = [command for command in waiting if command.effective_ms > now]
                self._obey(due, now, rows)
                if self.has_ended:
                    break
            until = min((command.effective_ms for command in waiting), default=None)
            last = (
                count if until is None else next((i for i in range(at + 1, count) if bars.open_ms[i] >= until), count)
            )
            self._run(bars, at, last, rows)
            at = last
        return rows

    def can_stop_now(self, stop: Command) -> bool:
        """Does this stop need no bar: it keeps the position, or there is none? After a stop no other does anything."""
        return self._m[w.STOPPING] == 0 and (not stop.close_position or self._m[w.POSITION] == 0)

    def stop_here(self) -> "array[int]":
        """A stop that needs no bar, after the last folded one."""
        act.stop_keep(self._m, self._out, self.position_ms + MINUTE_MS)
        return self._take()

    def _obey(self, due: list[Command], now: int, rows: "array[int]") -> None:
        """Commands at an open. A first stop that leaves nothing to close acts alone: nothing of this bar happens."""
        stop = next((command for command in due if command.kind == "stop"), None)
        if stop is not None and self.can_stop_now(stop):
            rows += self.stop_here()
            return
        self._guard(self._module.late, now)
        rows += self._take()
        for command in due:
            ACTS[command.kind](self._m, self._out, now)
            rows += self._take()
            if command.kind == "stop":
                break

    def _expect(self, open_ms: int) -> None:
        if open_ms <= self.position_ms:
            raise InvariantError(f"bar @{open_ms}: expected one after {self.position_ms}")

    def _run(self, bars: Bars, first: int, last: int, rows: "array[int]") -> None:
        t = column_m(bars.open_ms)
        o, h, l, c, v = (column_f(column) for column in bars[1:])
        if is_compiled():
            while first < last and not self.has_ended:
                self._expect(t[first])
                if self._is_late(t[first]):
                    self._guard(self._module.late, t[first])
                first = self._guard(self._module.run, t, o, h, l, c, v, first, last)
                rows += self._take()
            return
        self._unwritten_us -= (last - first) * self._step_us
        if self._unwritten_us <= 0:
            self.write_out()
        step = self._step
        f, m, k, p, out = self._f, self._m, self._k, self._p, self._out
        try:
            for i in range(first, last):
                if t[i] <= m[w.BAR_OPEN_MS]:
                    self._expect(t[i])
                step(f, m, k, p, out, t[i], o[i], h[i], l[i], c[i], v[i])
                if out[0]:
                    rows += self._take()
                    if m[w.STATUS] != w.OPEN:
                        break
        except OverflowError as error:
            raise OutOfRangeError(f"bar @{self.position_ms}: a money word is out of range") from error

    def write_out(self) -> None:
        """Interpreted, go on with this plan's constants written into one text: the same bits in 60 % of the time."""
        if self._step is self._module.step and not is_compiled():
            from shared.interpreted.writer import written_out  # nothing to load for a compiled process, or a short one

            self._step = written_out(self._module.step, self.text, self._k, self._p, VARYING)

    def _is_late(self, before: int) -> bool:
        """frames.is_overdue of any frame, read here: a call from Python would load machine code for it."""
        m = self._m
        return any(
            m[frame.words + IS_OPEN] == 1 and m[frame.words + START] + frame.length <= before
            for frame in self.layout.frames
        )

    def _guard(self, call: Callable[..., int], *args: object) -> int:
        try:
            return call(self._f, self._m, self._k, self._p, self._out, *args)
        except OverflowError as error:
            raise OutOfRangeError(f"bar @{self.position_ms}: a money word is out of range") from error

    def _take(self) -> "array[int]":
        """Rows written since the last call, chained into the digest."""
        rows = take_words(self._out, HEAD, HEAD + int(self._out[0]))
        self._out[0] = 0
        self._chain.add(word_bytes(rows))
        return rows

    # --- looking ---------------------------------------------------------------------------------------------------

    @property
    def position_ms(self) -> int:
        """open_ms of the last folded bar; a minute before the first when there is none."""
        return int(self._m[w.BAR_OPEN_MS])

    @property
    def digest(self) -> bytes:
        """Of every decision so far."""
        return self._chain.digest

    @property
    def seq(self) -> int:
        """Number of the last decision."""
        return int(self._m[w.SEQ])

    @property
    def status(self) -> str:
        """open | stopped | finished."""
        return STATUSES[int(self._m[w.STATUS])]

    @property
    def has_ended(self) -> bool:
        return bool(self._m[w.STATUS] != w.OPEN)

    @property
    def is_paused(self) -> bool:
        return bool(self._m[w.PAUSED] == 1)

    @property
    def is_stopping(self) -> bool:
        """Has a stop acted whose close is not done yet?"""
        return bool(self._m[w.STOPPING] == 1) and not self.has_ended

    @property
    def equity(self) -> int:
        """Quote units at the last base close."""
        return int(self._m[w.EQUITY])

    @property
    def cash(self) -> int:
        return int(self._m[w.CASH])

    def position(self) -> dict[str, int] | None:
        """The open position in ticks, steps and units, its stop, target and rungs (0: none); None when flat."""
        m = self._m
        if m[w.POSITION] == 0:
            return None
        return {
            "quantity": int(m[w.POSITION]),
            "entry_ms": int(m[w.ENTRY_MS]),
            "entry_price": int(m[w.ENTRY_PRICE]),
            "entry_notional": int(m[w.ENTRY_NOTIONAL]),
            "entry_quantity": int(m[w.ENTRY_QUANTITY]),
            "fees": int(m[w.FEES]),
            "mark": int(m[w.BAR_C]),
            "stop": int(m[w.STOP]),
            "target": int(m[w.TARGET]),
        }

    def outputs(self) -> list[float]:
        """Every indicator's outputs as rules see them now, in the plan's order."""
        places = zip(self.plan.nodes, self.layout.places, strict=True)
        return [float(self._f[place.out + i]) for node, place in places for i in range(len(node.sheet.outputs))]

    def rule_counts(self) -> list[RuleCount]:
        """Per rule, in the plan's order: evaluated, held, not ready."""
        found = []
        for i, one in enumerate(placed_rules(self.plan)):
            at = self.layout.counters + 3 * i
            counts = (int(self._m[at + j]) for j in range(3))
            found.append(RuleCount(one.side, one.place, one.is_required, one.rule.text, *counts))
        return found

    # --- snapshots -------------------------------------------------------------------------------------------------

    @property
    def program(self) -> str:
        """Hash of everything besides bars and commands that the bits depend on."""
        k = struct.pack(f"<{len(self._k)}q", *self._k)
        p = struct.pack(f"<{len(self._p)}d", *self._p)
        cash = str(self.setup.cash).encode()
        return hashlib.sha256(b"|".join((ENGINE_VERSION.encode(), self.text.encode(), k, p, cash))).hexdigest()

    def snapshot(self) -> Snapshot:
        """State as sealed bytes; NaN as one pattern, so that equal states are equal bytes."""
        f = struct.pack(f"<{len(self._f)}d", *(x if x == x else NAN for x in self._f))
        m = struct.pack(f"<{len(self._m)}q", *self._m) + self._chain.state
        return Snapshot(self.program, self.position_ms, self.seq, self.digest, f, m + _seal(self.digest, f, m))

    def restore(self, snapshot: Snapshot) -> bool:
        """Take over a snapshot's state; False, and nothing happens, when it is another program's or was altered."""
        f, m, seal, size = snapshot.f, snapshot.m[:-SEAL_BYTES], snapshot.m[-SEAL_BYTES:], 8 * len(self._m)
        if snapshot.program != self.program or seal != _seal(snapshot.digest, f, m):
            return False
        for i, x in enumerate(cast(tuple[float, ...], struct.unpack(f"<{len(self._f)}d", f))):
            self._f[i] = x
        for i, word in enumerate(cast(tuple[int, ...], struct.unpack(f"<{len(self._m)}q", m[:size]))):
            self._m[i] = word
        self._chain = Chain(m[size:])
        return True


def _seal(digest: bytes, f: bytes, m: bytes) -> bytes:
    """Hash of a state: a snapshot that a disk or a hand has altered is no state of any fold."""
    return hashlib.sha256(digest + f + m).digest()


def decisions(rows: Sequence[int]) -> list[Decision]:
    """Rows as records."""
    return list(decode(rows))
