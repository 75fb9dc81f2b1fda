"""YAML text as a tree of nodes that know their place. Nothing is ever constructed: no tags, no anchors, no aliases.

Only the parser's events are used (pure Python loader), so that the limits hold while the text is read, not after.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from shared.strategy.problems import START, Place, Problems, shown

LARGEST_BYTES = 256 * 1024
MOST_NODES = 5_000
DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as text. `plain`: written without quotes, so that it may be a number, a truth value or null."""

    text: str
    plain: bool
    place: Place
    source: str = field(repr=False, compare=False)  # the whole file
    at: int = 0  # index of its first character in `source`
    style: str = ""  # "", ', ", | or >

    def place_at(self, offset: int) -> Place:
        """Place in the file of text[offset]; the value's start where escapes make that unknowable."""
        at = _source_index(self, offset)
        if at is None:
            return self.place
        before = self.source[self.at : at]
        line_breaks = before.count("\n")
        column = len(before) - before.rfind("\n") if line_breaks else self.place.column + len(before)
        return Place(self.place.line + line_breaks, column)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple["Tree", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping and its value."""

    key: str
    place: Place
    value: "Tree"


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping, in file order."""

    entries: dict[str, Entry]
    place: Place

    def get(self, key: str) -> "Tree | None":
        """Value of a key; None when it is missing or null."""
        entry = self.entries.get(key)
        return None if entry is None or is_null(entry.value) else entry.value


Tree = Scalar | Items | Entries


def is_null(tree: Tree) -> bool:
    """True for a value that was left empty: `key:`, `~` or `null`."""
    return isinstance(tree, Scalar) and tree.plain and tree.text in ("", "~", "null", "Null", "NULL")


def read_document(text: str, problems: Problems) -> Entries | None:
    """The file's mapping, or None when it cannot be read; says why in `problems`."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LARGEST_BYTES:
        problems.error(START, "", "a strategy file has at most 256 KB", found=f"{size} bytes")
        return None
    builder = _Builder(text, problems)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
            if builder.is_refused:
                return None
    except yaml.MarkedYAMLError as error:
        place = _place(error, len(text)) or builder.last
        problems.error(place, "", _said(error), suggestion=_hint(text, place))
        return None
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        problems.error(place, "", "not YAML: a character that text may not hold", found=f"U+{error.character:04X}")
        return None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        # PyYAML passes on what int() and chr() say of absurd escapes and directives
        problems.error(builder.last, "", "not YAML: an escape or directive that cannot be read")
        return None
    return builder.root()


class _Builder:
    """Takes events, keeps the open collections on a stack of its own (no recursion), and refuses early."""

    def __init__(self, text: str, problems: Problems) -> None:
        self.text = text
        self.problems = problems
        self.last = START
        self.is_refused = False
        self._documents = 0
        self._nodes = 0
        self._open: list[_Open] = []
        self._root: Tree | None = None

    def root(self) -> Entries | None:
        if isinstance(self._root, Entries):
            return self._root
        if self._root is None or is_null(self._root):
            self.problems.error(START, "", "the file is empty", allowed="a strategy as YAML")
        else:
            self.problems.error(self._root.place, "", "a strategy is a mapping of keys to values")
        return None

    def take(self, event: yaml.Event) -> None:
        mark = event.start_mark
        if mark is None:  # the pure parser marks every event; its types do not say so
            return
        self.last = place = Place(mark.line + 1, mark.column + 1)
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse(place, "one file is one strategy: a second document begins here")
        elif isinstance(event, NodeEvent):
            self._node(event, place, mark.index)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self._place(self._open.pop().close())

    def _node(self, event: NodeEvent, place: Place, at: int) -> None:
        self._nodes += 1
        if isinstance(event, AliasEvent):
            self._refuse(place, "aliases are not read here: write the value out", f"*{event.anchor}")
        elif event.anchor is not None:
            self._refuse(place, "anchors are not read here: write the value out", f"&{event.anchor}")
        elif getattr(event, "tag", None) is not None:
            self._refuse(place, "tags are not read here", str(event.tag))  # type: ignore[attr-defined]
        elif self._nodes > MOST_NODES:
            self._refuse(place, f"a strategy file has at most {MOST_NODES} values")
        elif len(self._open) >= DEEPEST:
            self._refuse(place, f"values are nested at most {DEEPEST} deep")
        elif isinstance(event, ScalarEvent):
            self._scalar(event, place, at)
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            self._open.append(_Open(isinstance(event, MappingStartEvent), place))

    def _scalar(self, event: ScalarEvent, place: Place, at: int) -> None:
        bad = next((c for c in event.value if (c < " " and c not in "\n\t") or "\ud800" <= c <= "\udfff"), "")
        if bad:
            self._refuse(place, "text may not hold control characters", f"U+{ord(bad):04X}")
            return
        # An empty value stands where its parent ends; its mark is good enough
        style = event.style or ""
        self._place(Scalar(event.value, style == "", place, self.text, at, style))

    def _place(self, tree: Tree) -> None:
        if not self._open:
            self._root = tree
            return
        parent = self._open[-1]
        if not parent.is_mapping:
            parent.items.append(tree)
        elif parent.key is None:
            if not isinstance(tree, Scalar):
                self._refuse(tree.place, "a key is one word")
            else:
                parent.key = tree
        else:
            key, parent.key = parent.key, None
            if key.text in parent.entries:
                first = parent.entries[key.text].place
                self.problems.error(key.place, "", f"the key stands here twice, first in line {first.line}",
                                    found=shown(key.text))  # fmt: skip
            else:
                parent.entries[key.text] = Entry(key.text, key.place, tree)

    def _refuse(self, place: Place, rule: str, found: str = "") -> None:
        self.problems.error(place, "", rule, found=shown(found) if found else "")
        self.is_refused = True


class _Open:
    """A collection whose end has not come yet."""

    def __init__(self, is_mapping: bool, place: Place) -> None:
        self.is_mapping = is_mapping
        self.place = place
        self.items: list[Tree] = []
        self.entries: dict[str, Entry] = {}
        self.key: Scalar | None = None

    def close(self) -> Tree:
        return Entries(self.entries, self.place) if self.is_mapping else Items(tuple(self.items), self.place)


def _place(error: yaml.MarkedYAMLError, end: int) -> Place | None:
    """Where the mistake is: what runs to the end of the file without closing is told where it begins."""
    mark = error.problem_mark
    if mark is None or (mark.index >= end and error.context_mark is not None):
        mark = error.context_mark
    return None if mark is None else Place(mark.line + 1, mark.column + 1)


def _said(error: yaml.MarkedYAMLError) -> str:
    parts = (error.problem, error.context)
    return "not YAML: " + ", ".join(" ".join(part.split()) for part in parts if part)


def _hint(text: str, place: Place) -> str:
    lines = text.split("\n")
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return "spaces instead of the tab" if "\t" in line[: len(line) - len(line.lstrip())] else ""


def _source_index(scalar: Scalar, offset: int) -> int | None:
    """Index in the source of text[offset]. Folding changes only white space, so the other characters line up."""
    at = scalar.at + (1 if scalar.style in ("'", '"') else 0)
    if scalar.style in ("|", ">"):
        at = scalar.source.find("\n", at) + 1
    found = at
    for char in _solid(scalar.text[: offset + 1]):
        while at < len(scalar.source) and scalar.source[at].isspace():
            at += 1
        if at >= len(scalar.source) or scalar.source[at] != char:
            return None  # an escape of a quoted value
        found = at
        at += 2 if scalar.style == "'" and char == "'" else 1
    return found


def _solid(text: str) -> Iterator[str]:
    return (char for char in text if not char.isspace())
