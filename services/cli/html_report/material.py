"""What a report is made of: the document of a run, and what the document leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.cli.html_report.candles import Candles

if TYPE_CHECKING:
    from services.cli.rules_table import RuleLine

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Material:
    """`counted_until_ms`: of the last bar that the rules' counts know. `text` None: it is not at hand."""

    doc: Json
    candles: Candles
    entry_timeframe: str
    allows_shorts: bool
    rules: "Sequence[RuleLine]"
    counted_until_ms: int | None
    text: str | None

    @property
    def base(self) -> str:
        return str(self.doc["instrument"]["name"]).partition("/")[0]

    @property
    def quote(self) -> str:
        return str(self.doc["instrument"]["name"]).partition("/")[2]

    @property
    def stats(self) -> Json:
        return dict(self.doc["stats"])

    @property
    def cash(self) -> float:
        return float(self.doc["stats"]["starting_balance"])

    @property
    def has_filled(self) -> bool:
        """Whether the equity can have moved at all."""
        return bool(self.doc["fills"])
