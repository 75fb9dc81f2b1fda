"""Names in rules: what each one means, in our spelling and in the predecessor's.

An output is `ID_output` and the main one also plain `ID`; an output whose own name begins with its id keeps it once.
Names never depend on parameters: `fast_EMA_20` stays the EMA `fast` when its length becomes 25.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.indicators.fact_sheet import BAR_FIELDS, Indicator, Kind
from shared.strategy.plan import POSITION_NAMES, BarValue, Const, Expr, OutputValue, PositionValue
from shared.strategy.predecessor import CLOSING
from shared.strategy.problems import probably

MOST_SUGGESTIONS = 50


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name stands for."""

    expr: Expr
    kind: Kind
    words: tuple[str, ...] = ()
    note: str = ""


class Names:
    """The names of one file, by its indicators in plan order."""

    def __init__(
        self,
        indicators: Iterable[tuple[str, Indicator, Mapping[str, float]]],
        broken: Iterable[str] = (),
        replaced: Iterable[str] = (),
    ) -> None:
        self.broken = frozenset(broken)  # ids of indicators that have problems of their own
        self.replaced = frozenset(replaced)  # ids of the predecessor's RiskManagement
        self.closing = frozenset(f"{id_}_{output}" for id_ in self.replaced for output in CLOSING)
        self.indicators = tuple(indicators)  # id, fact sheet, default parameters
        self._suggested = 0
        self._by_rank: list[dict[str, list[tuple[int, int]]]] = [{}, {}, {}]
        for node, (id_, sheet, _) in enumerate(self.indicators):
            self._enter(0, id_, node, 0)
            for output, facts in enumerate(sheet.outputs):
                self._enter(1, full_name(id_, facts.name), node, output)
                for alias in _aliases(id_, sheet.type, facts.name):
                    self._enter(2, alias, node, output)

    def find(self, name: str, is_exit: bool) -> Meaning | None:
        """Meaning of a name; None when it has none here."""
        if name in BAR_FIELDS:
            return Meaning(BarValue(name), "number")  # type: ignore[arg-type]
        if name in POSITION_NAMES and is_exit:
            return Meaning(PositionValue(name), "number")  # type: ignore[arg-type]
        found = self.outputs(name)
        if not found and is_exit and name in self.closing:
            return Meaning(Const(0.0), "condition", note=f"{name} is false here: stop and target close by themselves")
        return self._meaning(*found[0], name) if len(found) == 1 else None

    def outputs(self, name: str) -> list[tuple[int, int]]:
        """(node, output) of every indicator output that a name may mean; more than one: ambiguous."""
        for table in self._by_rank:
            if name in table:
                return table[name]
        return self._with_length(name)

    def is_broken(self, name: str) -> bool:
        """True for a name that probably belongs to an indicator whose own problems are told elsewhere."""
        return any(name == id_ or name.startswith(id_ + "_") for id_ in self.broken)

    def is_replaced(self, name: str) -> bool:
        """True for an output of what is no indicator here."""
        return any(name == id_ or name.startswith(id_ + "_") for id_ in self.replaced)

    def suggestion(self, name: str, is_exit: bool) -> str:
        """What a name was probably meant to be. The first few only: a hostile file has thousands."""
        self._suggested += 1
        if self._suggested > MOST_SUGGESTIONS:
            return ""
        position = POSITION_NAMES if is_exit else ()
        return probably(name, [*BAR_FIELDS, *position, *(key for table in self._by_rank[:2] for key in table)])

    def _enter(self, rank: int, name: str, node: int, output: int) -> None:
        meanings = self._by_rank[rank].setdefault(name, [])
        if (node, output) not in meanings:
            meanings.append((node, output))

    def _meaning(self, node: int, output: int, name: str) -> Meaning:
        id_, sheet, params = self.indicators[node]
        facts = sheet.outputs[output]
        note = ""
        if match := _length_in(name, id_, sheet.type):
            length = params.get("length", params.get("period"))
            if length is not None and float(match[1]) != length:
                note = f"{name} is read as {full_name(id_, facts.name)}, whose length is {length:g}"
        return Meaning(OutputValue(node, output), facts.kind, facts.words, note)

    def _with_length(self, name: str) -> list[tuple[int, int]]:
        """`fast_EMA_20`, `RSI_14_RSI_13_overbought`: id, type, a length, and perhaps an output."""
        found = []
        for node, (id_, sheet, _) in enumerate(self.indicators):
            if match := _length_in(name, id_, sheet.type):
                outputs = [facts.name for facts in sheet.outputs]
                wanted = match[2] or outputs[0]
                if wanted in outputs:
                    found.append((node, outputs.index(wanted)))
        return found


def full_name(id_: str, output: str) -> str:
    """How a rule names an output."""
    if output == "":
        return id_
    return output if output == id_ or output.startswith(id_ + "_") else f"{id_}_{output}"


def _aliases(id_: str, type_: str, output: str) -> tuple[str, ...]:
    if output == "":
        return (f"{id_}_value",)
    short = output.removeprefix(type_ + "_")
    return (f"{id_}_{output}", f"{id_}_{short}")


def _length_in(name: str, id_: str, type_: str) -> re.Match[str] | None:
    if not name.startswith(f"{id_}_{type_}_"):
        return None
    return re.fullmatch(r"_(\d{1,6})(?:_(\w+))?", name[len(id_) + 1 + len(type_) :])
