"""Bits that runs rest on, as short hashes: what every indicator says, and what every case of the engine decides.

Golden replays hold some strategies to the bit; oracles hold every indicator to nine digits. What lies between, a sum in
another order, would let an upgrade fold every run of an indicator anew to other bits under the same ENGINE_VERSION:
`diverged`, where `superseded` is meant. And a state that is laid out anew would make the snapshots of that version lie.
Markets are the same on every machine and Python, so hashes are too.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import Any
from zlib import crc32

from shared.domain.bar import Bars
from shared.engine.fold import Fold
from shared.indicators.registry import REGISTRY
from tests.support.differential import fold_of
from tests.support.series import Market, bars_of
from tests.unit.engine.cases import CASES, commands_over
from tests.unit.engine.order_cases import ORDER_CASES

SMALL = {
    "length": 5, "lookback": 30, "period": 6, "rsi_length": 5, "fast": 3, "slow": 9, "signal": 4, "price_bins": 11,
}  # fmt: skip
FORMS: tuple[tuple[str, str, int, dict[str, int]], ...] = (
    ("default", "1m", 0, {}), ("small", "1m", 0, SMALL), ("lagged", "5m", 2, SMALL),
)  # fmt: skip
SERIES = Market(91, 2_600, ("holes", "quiet", "still", "wide", "jumps", "off_tick", "volumes"))
STEEP = Market(92, 1_300, ("holes", "quiet"), "37", "0.0001", 250_000)  # moves as large as prices: bits show
BEHIND = Market(93, 1_200, ("holes", "wide", "jumps", "quiet"))


def indicator_files() -> Iterator[tuple[str, str]]:
    """A strategy of all indicators as they stand, one with small windows, and one on a higher timeframe with a lag."""
    for name, timeframe, lag, small in FORMS:
        lines = []
        for type_, sheet in REGISTRY.items():
            stated = "".join(f", {key}: {value}" for key, value in small.items() if key in sheet.param_names())
            lines.append(f"  - {{ id: it_{type_}, type: {type_}, timeframe: {timeframe}, lag: {lag}{stated} }}\n")
        yield name, f"symbol: BTC/USDT\ntimeframes: {{ entry: 1m }}\nindicators:\n{''.join(lines)}"


def indicator_bits() -> dict[str, str]:
    """Of each indicator and market: a hash of its outputs after every bar, and of its state after the last."""
    found: dict[str, str] = {}
    for name, text in indicator_files():
        for place, market in (("wild", SERIES), ("steep", STEEP)):
            bars = bars_of(market)
            fold = fold_of(text, bars)
            for node, digest in zip(fold.plan.nodes, _hashes(fold, bars), strict=True):
                found[f"{node.sheet.type} {name} {place} #{_named(repr(node.params), market)}"] = digest
    return found


def all_bits() -> dict[str, str]:
    """Everything of this module, by name."""
    return {**indicator_bits(), **case_bits()}


def changed(kept: dict[str, str], found: dict[str, str]) -> list[str]:
    """Names whose bits are not what they were; what is new or gone has not changed."""
    return [name for name, bits in found.items() if kept.get(name, bits) != bits]


def _hashes(fold: Fold, bars: Bars) -> list[str]:
    """A hash for each indicator of the fold."""
    hashes: list[Any] = [hashlib.sha256() for _ in fold.plan.nodes]
    sizes = [len(node.sheet.outputs) for node in fold.plan.nodes]
    for i in range(len(bars.open_ms)):
        fold.fold(Bars(*(column[i : i + 1] for column in bars)))
        words, at = fold.outputs(), 0
        for one, size in zip(hashes, sizes, strict=True):
            one.update(_bytes(words[at : at + size]))
            at += size
    for one, node, place in zip(hashes, fold.plan.nodes, fold.layout.places, strict=True):
        at = fold._k[place.state_k]
        one.update(_bytes(fold._f[at : at + node.sheet.size(*node.params)]))
    return [one.hexdigest()[:16] for one in hashes]


def case_bits() -> dict[str, str]:
    """Of each case of the engine's tests, with commands: a hash of its decisions and of its state after them."""
    found: dict[str, str] = {}
    bars = bars_of(BEHIND)
    for name, text in (CASES | ORDER_CASES).items():
        number = crc32(name.encode())
        fold = fold_of(text, bars)
        fold.fold(bars, commands_over(bars, number, number % 5, stops=False))
        state = fold.snapshot()
        found[f"{name} #{_named(text, BEHIND)}"] = hashlib.sha256(state.digest + state.f + state.m).hexdigest()[:16]
    return found


def _bytes(words: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(words)}d", *(word if word == word else float("nan") for word in words))


def _named(text: str, market: Market) -> str:
    """What else than the engine sets the bits: a case that is written otherwise is another case."""
    return f"{crc32((text + repr(tuple(market))).encode()):08x}"
