"""Where a fault script takes hold: every connection, frame and answer passes its rules on the way out.

No rule is shipped: RULES is empty, so the exchange behaves. A rule is a subclass of Rule that overrides what it
breaks; `create_app(..., rules=...)` takes them, and each sees what the one before it left. Rules see data (exchange
time, stream, text) and answer with data: a lost frame is no frame, a duplicate two, a 429 another Answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Frame:
    """A text frame about to leave on one connection."""

    at_ms: int  # exchange time
    connection: int  # number of the connection, from 1
    stream: str  # "btcusdt@kline_1m"; empty for an answer to a request
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A REST answer, or one instead of a WebSocket handshake."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


class Rule:
    """Breaks nothing."""

    def on_connect(self, at_ms: int, path: str) -> Answer | None:
        """An answer instead of the handshake; None lets it happen."""
        return None

    def on_frame(self, frame: Frame) -> Iterable[Frame]:
        """What leaves instead of the frame."""
        return (frame,)

    def on_answer(self, at_ms: int, path: str, query: dict[str, str], answer: Answer) -> Answer:
        """What leaves instead of the answer."""
        return answer


RULES: tuple[Rule, ...] = ()


def refusal(rules: Sequence[Rule], at_ms: int, path: str) -> Answer | None:
    """The first rule's answer that refuses this connection."""
    return next((answer for rule in rules if (answer := rule.on_connect(at_ms, path)) is not None), None)


def frames(rules: Sequence[Rule], frame: Frame) -> list[Frame]:
    """What the rules make of a frame."""
    out = [frame]
    for rule in rules:
        out = [left for one in out for left in rule.on_frame(one)]
    return out


def answer(rules: Sequence[Rule], at_ms: int, path: str, query: dict[str, str], right: Answer) -> Answer:
    """What the rules make of an answer."""
    for rule in rules:
        right = rule.on_answer(at_ms, path, query, right)
    return right
