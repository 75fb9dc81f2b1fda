"""Rule text as Python's syntax tree: only the tokens that rules know get that far, and every node finds its column.

`&` and `|` bind like `and` and `or` here, as an author expects who writes `close > 1 & volume > 2`; Python would bind
them tighter than the comparisons. Where the two readings differ in silence (both kinds mixed) brackets are asked for.
"""

import ast
import keyword
import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from shared.strategy.scalars import TRUTH

LONGEST = 500
DEEPEST = 20

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>'[^'\\]*'|"[^"\\]*")
    |(?P<sign>\*\*|//|<=|>=|==|!=|&&|\|\||<>|=<|=>|[-+*/%<>&|()\[\],=!^~.;:{}@?])""",
    re.VERBOSE | re.ASCII,
)
_WORDS = ("and", "or", "not", "in", "if", "else")
_INSTEAD = {
    "&&": "and", "||": "or", "!": "not", "~": "not", "=": "==", "<>": "!=", "=<": "<=", "=>": ">=", "^": "**",
    "is": "==", "AND": "and", "OR": "or", "NOT": "not", "And": "and", "Or": "or", "Not": "not", "IN": "in",
}  # fmt: skip
_SIGNS = ("**", "//", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "<", ">", "&", "|", "(", ")", "[", "]", ",")


class RuleError(Exception):
    """What is wrong with a rule, and where in its text (offset from 0)."""

    def __init__(self, offset: int, rule: str, found: str = "", allowed: str = "", suggestion: str = "") -> None:
        super().__init__(rule)
        self.offset = offset
        self.rule = rule
        self.found = found
        self.allowed = allowed
        self.suggestion = suggestion


@dataclass(frozen=True)
class Parsed:
    """A syntax tree, and the map from its columns to offsets in the rule's text."""

    body: ast.expr
    texts: tuple[str, ...]  # text constants; the tree holds their indexes as bytes
    columns: tuple[int, ...]
    offsets: tuple[int, ...]

    def offset(self, node: ast.AST) -> int:
        return self._offset(getattr(node, "col_offset", 0))

    def _offset(self, column: int) -> int:
        return self.offsets[max(0, bisect_right(self.columns, column) - 1)]


def parse(text: str) -> Parsed:
    """The syntax tree of one rule. Raises RuleError."""
    if len(text) > LONGEST:
        raise RuleError(0, f"a rule has at most {LONGEST} characters", str(len(text)))
    tokens = _tokens(text)
    if not tokens:
        raise RuleError(0, "the rule is empty")
    _check_brackets(tokens)
    _check_neighbours(tokens)
    _check_mixture(tokens)
    return _to_tree(tokens, len(text))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            what = "the text has no end" if text[at] in "'\"" else "a rule cannot hold this"
            raise RuleError(at, what, repr(text[at : at + 12]))
        kind = str(match.lastgroup)
        if kind != "space":
            _check_token(kind, match[0], at)
            tokens.append(_Token(kind, match[0], at))
        at = match.end()
    return tokens


def _check_token(kind: str, text: str, at: int) -> None:
    is_keyword = kind == "name" and keyword.iskeyword(text) and text not in _WORDS and text not in TRUTH
    if is_keyword or (kind == "sign" and text not in _SIGNS) or (kind == "name" and text in _INSTEAD):
        raise RuleError(at, "not part of a rule", repr(text), suggestion=_INSTEAD.get(text, ""))
    if kind == "number" and abs(float(text)) == float("inf"):
        raise RuleError(at, "a number must be finite", text)


def _check_brackets(tokens: list[_Token]) -> None:
    open_: list[_Token] = []
    for token in tokens:
        if token.text in ("(", "["):
            open_.append(token)
            if len(open_) > DEEPEST:
                raise RuleError(token.offset, f"brackets are nested at most {DEEPEST} deep")
        elif token.text in (")", "]") and (not open_ or open_.pop().text + token.text not in ("()", "[]")):
            raise RuleError(token.offset, "a bracket closes that was not opened", repr(token.text))
    if open_:
        raise RuleError(open_[-1].offset, "a bracket is not closed", repr(open_[-1].text))


def _check_neighbours(tokens: list[_Token]) -> None:
    """Two values side by side, as in `close EMA_20`: Python would point elsewhere, or join two texts."""
    for token, following in pairwise(tokens):
        ends = token.kind in ("number", "text") or token.text in (")", "]") or _is_operand(token)
        if ends and (following.kind in ("number", "text") or _is_operand(following)):
            raise RuleError(following.offset, "an operator is missing before this", repr(following.text))


def _is_operand(token: _Token) -> bool:
    return token.kind == "name" and token.text not in _WORDS


def _check_mixture(tokens: list[_Token]) -> None:
    """`a and b | c` reads differently in Python and in other rule languages: refuse, do not choose."""
    seen: list[set[str]] = [set()]
    for token, following in zip(tokens, [*tokens[1:], _Token("end", "", 0)], strict=True):
        if token.text in ("(", "["):
            seen.append(set())
        elif token.text in (")", "]"):
            seen.pop()
        elif token.text == ",":
            seen[-1] = set()
        elif token.text in ("and", "or", "&", "|") or (token.text == "not" and following.text != "in"):
            seen[-1].add("signs" if token.text in "&|" else "words")
            if len(seen[-1]) == 2:
                rule = "& and | beside and, or, not need brackets: it would not be clear which binds first"
                raise RuleError(token.offset, rule, repr(token.text))


def _to_tree(tokens: list[_Token], end: int) -> Parsed:
    source, columns, offsets, texts = "(", [0], [tokens[0].offset], []
    for token in tokens:
        columns.append(len(source))
        offsets.append(token.offset)
        if token.kind == "text":
            texts.append(token.text[1:-1])
        source += _python(token, len(texts) - 1) + " "
    try:
        body = ast.parse(source + ")", mode="eval").body
    except SyntaxError as error:
        # Python counts from 1 and points behind the end where something is missing
        column = (error.offset or 1) - 1
        offset = offsets[max(0, bisect_right(columns, column) - 1)] if column < len(source) else end
        found = next((repr(t.text) for t in tokens if t.offset == offset), "the end")
        raise RuleError(offset, "the rule breaks off or does not fit together here", found) from None
    except (ValueError, MemoryError, RecursionError):
        raise RuleError(0, f"the rule is nested more than {DEEPEST} deep") from None
    return Parsed(body, tuple(texts), tuple(columns), tuple(offsets))


def _python(token: _Token, index: int) -> str:
    if token.kind == "text":
        return f'b"{index}"'  # ASCII only, so that Python's byte columns are columns
    if token.kind == "number":
        # 012 is 12; a huge whole number stays exact for `n` checks only when it is one
        return str(int(token.text)) if token.text.isdigit() else repr(float(token.text))
    if token.kind == "name" and token.text in TRUTH:
        return str(TRUTH[token.text])
    return {"&": "and", "|": "or"}.get(token.text, token.text)
