"""The `indicators` section as nodes of the plan: timeframes, parameters, lags, and who reads whom."""

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from shared.domain.timeframe import TIMEFRAMES
from shared.indicators.fact_sheet import BAR_FIELDS, Indicator, Input, Param
from shared.strategy.document import Entries, Scalar, Tree, is_null
from shared.strategy.expressions import FUNCTIONS
from shared.strategy.names import Names
from shared.strategy.plan import POSITION_NAMES, InputRef, Node
from shared.strategy.predecessor import DIFFERENT, RISK_MANAGEMENT, translation
from shared.strategy.problems import Place, Problems, nearest, shown
from shared.strategy.scalars import TRUTH
from shared.strategy.schema import BAR_SOURCES, MOST_LAG, WANTED, Number, Text, whole
from shared.strategy.sections import Section, bounds_text, read_number, read_text

COMMON = ("id", "type", "timeframe", "source", "lag")
STAND_IN = "1m"  # so that rules know the names of an indicator in a file that will not load anyway
RESERVED = (*BAR_FIELDS, *BAR_SOURCES, *POSITION_NAMES, *FUNCTIONS, *TRUTH)
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


@dataclass
class Draft:
    """One indicator as its author wrote it, not yet connected."""

    id: str
    sheet: Indicator
    timeframe: str
    section: Section
    params: dict[str, float]
    lag: int
    source: Scalar | None
    reads: dict[str, Scalar] = field(default_factory=dict)  # key -> id of another indicator


@dataclass(frozen=True)
class Indicators:
    """The connected nodes, in plan order, their names, and where each one stands in the file."""

    nodes: tuple[Node, ...]
    names: Names
    sections: tuple[Section, ...]
    replaced: tuple["Replaced", ...]


@dataclass(frozen=True)
class Replaced:
    """A RiskManagement of the predecessor: no indicator here, but its id stands in rules."""

    id: str
    timeframe: str
    section: Section
    tree: Entries


class IndicatorReader:
    """Reads the section of one file."""

    def __init__(self, registry: Mapping[str, Indicator], frames: Mapping[str, str], problems: Problems) -> None:
        self.registry = registry
        self.frames = frames  # label -> timeframe
        self.problems = problems
        self.broken: list[str] = []
        self.replaced: list[Replaced] = []

    def read(self, trees: Sequence[Tree]) -> Indicators:
        drafts: list[Draft] = []
        for i, tree in enumerate(trees):
            errors = self.problems.count()
            earlier = {one.id: one.section.place for one in drafts} | {r.id: r.section.place for r in self.replaced}
            draft = self._draft(tree, f"indicators[{i}]", earlier)
            if draft is not None:
                drafts.append(draft)
            if self.problems.count() > errors:
                self._remember_broken(tree)
        found = connect(drafts, self.broken, self.replaced, self.problems)
        for one in self.replaced:
            where = f"{RISK_MANAGEMENT} is not an indicator here and is left out; what it says is written as"
            rule = f"{where} {translation(one.tree, one.timeframe, found.nodes)}"
            self.problems.note(one.section.place, one.section.where, rule)
        return found

    def _remember_broken(self, tree: Tree) -> None:
        id_ = tree.get("id") if isinstance(tree, Entries) else None
        if isinstance(id_, Scalar):
            self.broken.append(id_.text)

    def _draft(self, tree: Tree, where: str, earlier: Mapping[str, Place]) -> Draft | None:
        if not isinstance(tree, Entries):
            self.problems.error(tree.place, where, "an indicator is a mapping", allowed="id type timeframe ...")
            return None
        section = Section(where, tree.place, places={e.key: e.value.place for e in tree.entries.values()})
        id_ = self._id(tree, section, earlier)
        timeframe = self._timeframe(tree, section)
        type_ = tree.get("type")
        if isinstance(type_, Scalar) and type_.text == RISK_MANAGEMENT:
            if id_ is not None and timeframe is not None:
                self.replaced.append(Replaced(id_, timeframe, section, tree))
            return None
        sheet = self._sheet(tree, section)
        if sheet is None:
            return None
        reads = {i.reads[0]: i for i in sheet.inputs if i.reads is not None}
        self._unknown_keys(tree, section, sheet, reads)
        if sheet.type in DIFFERENT:
            self.problems.note(section.place, section.where, DIFFERENT[sheet.type])
        lag = self._lag(tree, section, sheet, timeframe)
        params = {param.name: self._param(tree, section, param) for param in sheet.params}
        are_fine = not any(section.path(name) in self.problems for name in params)
        if sheet.check is not None and are_fine and (rule := sheet.check(*params.values())):
            self.problems.error(section.place, where, rule)
        named = {key: self._scalar(tree, section, key) for key in reads}
        if id_ is None or timeframe is None:
            return None
        source = self._scalar(tree, section, "source") if _has_source(sheet) else None
        found = {key: scalar for key, scalar in named.items() if scalar is not None}
        return Draft(id_, sheet, timeframe, section, params, lag, source, found)

    def _id(self, tree: Entries, section: Section, earlier: Mapping[str, Place]) -> str | None:
        scalar = self._scalar(tree, section, "id", is_required=True)
        if scalar is None:
            return None
        id_ = scalar.text
        if not _ID.fullmatch(id_):
            rule, found = "an id has letters, digits and _, and begins with a letter", shown(id_)
        elif id_ in RESERVED or keyword.iskeyword(id_):
            rule, found = "the id means something else in rules", id_
        elif id_ in earlier:
            rule, found = f"the id stands here twice, first in line {earlier[id_].line}", id_
        else:
            return id_
        self.problems.error(scalar.place, section.path("id"), rule, found=found)
        return None

    def _sheet(self, tree: Entries, section: Section) -> Indicator | None:
        scalar = self._scalar(tree, section, "type", is_required=True)
        if scalar is None or scalar.text in self.registry:
            return None if scalar is None else self.registry[scalar.text]
        where = section.path("type")
        if scalar.text in WANTED:
            self.problems.error(scalar.place, where, f"the indicator {scalar.text} is not available yet")
        else:
            folded = {name.lower(): name for name in self.registry}
            meant = folded.get(scalar.text.lower()) or nearest(scalar.text, self.registry)
            allowed = " ".join(self.registry)
            self.problems.error(scalar.place, where, "unknown indicator", found=shown(scalar.text), allowed=allowed,
                                suggestion=meant)  # fmt: skip
        return None

    def _timeframe(self, tree: Entries, section: Section) -> str | None:
        scalar = self._scalar(tree, section, "timeframe", is_required=True)
        if scalar is None:
            return None
        if scalar.text in self.frames:
            return self.frames[scalar.text]
        if scalar.text in TIMEFRAMES:
            return scalar.text
        if f"timeframes.{scalar.text}" in self.problems:
            return STAND_IN  # a label whose own timeframe is wrong: said there, once
        allowed = [*self.frames, *TIMEFRAMES]
        self.problems.error(scalar.place, section.path("timeframe"), "unknown timeframe", found=shown(scalar.text),
                            allowed=" ".join(allowed), suggestion=nearest(scalar.text.lower(), allowed))  # fmt: skip
        return None

    def _unknown_keys(self, tree: Entries, section: Section, sheet: Indicator, reads: Mapping[str, Input]) -> None:
        known = [*COMMON, *sheet.param_names(), *reads, *sheet.unused]
        if not _has_source(sheet):
            known.remove("source")
        for entry in tree.entries.values():
            path = section.path(entry.key)
            if entry.key in sheet.unused:
                self.problems.note(entry.place, path, "accepted without effect: the predecessor's, unused")
            elif entry.key == "source" and "source" not in known:
                inputs = " ".join(i.name for i in sheet.inputs if i.name in BAR_FIELDS)
                self.problems.error(entry.place, path, f"{sheet.type} has no source: it reads {inputs}")
            elif entry.key in ("params", "parameters"):
                self.problems.error(entry.place, path, "parameters are written flat, beside id and type")
            elif entry.key not in known:
                within = max(2, len(entry.key) // 2)
                self.problems.error(entry.place, path, f"unknown parameter of {sheet.type}", allowed=" ".join(known),
                                    suggestion=nearest(entry.key, known, within))  # fmt: skip

    def _lag(self, tree: Entries, section: Section, sheet: Indicator, timeframe: str | None) -> int:
        is_entry = timeframe == self.frames.get("entry")
        default = sheet.entry_lag if is_entry else 0
        scalar = self._scalar(tree, section, "lag")
        if scalar is not None:
            stated = read_number(scalar, whole(0, MOST_LAG), section.path("lag"), self.problems)
            default = default if stated is None else int(stated)
        elif sheet.entry_lag and not is_entry and timeframe is not None:
            why = (
                "lag 0: the last closed bar counts (the predecessor's shift on a higher timeframe undid its look-ahead)"
            )
            self.problems.note(section.place, section.where, why)
        if default:
            bars = "1 bar" if default == 1 else f"{default} bars"
            why = "as stated" if scalar is not None else f"default of {sheet.type} on the entry timeframe"
            what = " (except outputs that read the current close)" if any(o.immediate for o in sheet.outputs) else ""
            self.problems.note(section.place, section.where, f"lag {default}: every output is {bars} old{what}, {why}")
        return default

    def _param(self, tree: Entries, section: Section, param: Param) -> float:
        scalar = self._scalar(tree, section, param.name)
        if scalar is None:
            return param.default
        where = section.path(param.name)
        if param.words:
            word = read_text(scalar, Text(param.words), where, self.problems)
            return param.default if word is None else float(param.words.index(word))
        value = read_number(scalar, bounds(param), where, self.problems)
        return param.default if value is None else float(value)

    def _scalar(self, tree: Entries, section: Section, key: str, *, is_required: bool = False) -> Scalar | None:
        value = tree.entries[key].value if key in tree.entries else None
        if isinstance(value, Scalar) and not is_null(value):
            return value
        if value is not None and not isinstance(value, Scalar):
            self.problems.error(value.place, section.path(key), "must be one value")
        elif is_required:
            self.problems.error(section.place, section.where, f"the key {key} is missing")
        return None


def bounds(param: Param) -> Number:
    """What a parameter may be, as its fact sheet says."""
    return Number(Decimal(repr(param.low)), Decimal(repr(param.high)), decimals=None, whole=param.whole)


def allowed_text(param: Param) -> str:
    """The same in words."""
    if param.words:
        return " ".join(param.words)
    return ("a whole number, " if param.whole else "") + bounds_text(bounds(param))


def connect(
    drafts: Sequence[Draft], broken: Sequence[str], replaced: Sequence[Replaced], problems: Problems
) -> Indicators:
    """Nodes in file order, except that what a node reads stands before it."""
    file_names = Names(((d.id, d.sheet, d.params) for d in drafts), broken)
    inputs = [_inputs(at, drafts, file_names, problems) for at in range(len(drafts))]
    order: list[int] = []
    waiting = list(range(len(drafts)))
    while waiting:
        ready = next((at for at in waiting if all(ref.node in (-1, *order) for ref in inputs[at])), None)
        if ready is None:
            first = drafts[waiting[0]]
            problems.error(
                first.section.place, first.section.where, "the indicator reads itself, through others or not"
            )
            ready = waiting[0]
        order.append(ready)
        waiting.remove(ready)
    place = {at: i for i, at in enumerate(order)}
    nodes = []
    for at in order:
        draft = drafts[at]
        refs = tuple(ref if ref.node < 0 else InputRef(None, place[ref.node], ref.output) for ref in inputs[at])
        nodes.append(Node(draft.id, draft.sheet, draft.timeframe, refs, tuple(draft.params.values()), draft.lag))
    known = ((node.id, node.sheet, drafts[at].params) for node, at in zip(nodes, order, strict=True))
    names = Names(known, broken, (one.id for one in replaced))
    return Indicators(tuple(nodes), names, tuple(drafts[at].section for at in order), tuple(replaced))


def _inputs(at: int, drafts: Sequence[Draft], names: Names, problems: Problems) -> list[InputRef]:
    draft = drafts[at]
    refs: list[InputRef] = []
    for wanted in draft.sheet.inputs:
        if wanted.reads is not None:
            refs.append(_read(draft, wanted, *wanted.reads, drafts, names, problems))
        elif wanted.name == "source":
            refs.append(_source(draft, drafts, names, problems))
        else:
            refs.append(InputRef(wanted.name))  # type: ignore[arg-type]  # one of BAR_FIELDS or BAR_TIMES
    return refs


def _source(draft: Draft, drafts: Sequence[Draft], names: Names, problems: Problems) -> InputRef:
    """`source` of the file: a price of the bar, or an output on the same timeframe."""
    text = "close" if draft.source is None else draft.source.text
    if draft.source is None or text in BAR_SOURCES:
        return InputRef(text)  # type: ignore[arg-type]
    found = names.outputs(text)
    where, place = draft.section.path("source"), draft.source.place
    if len(found) != 1:
        if not names.is_broken(text):
            meant = nearest(text, BAR_SOURCES) or names.suggestion(text, False)
            allowed = f"{' '.join(BAR_SOURCES)}, or an output on {draft.timeframe}"
            problems.error(place, where, "unknown source", found=shown(text), allowed=allowed, suggestion=meant)
        return InputRef("close")
    node, output = found[0]
    if drafts[node].timeframe != draft.timeframe:
        rule = f"a source has the indicator's timeframe, {draft.timeframe}"
        problems.error(place, where, rule, found=f"{text} on {drafts[node].timeframe}")
    elif drafts[node].sheet.outputs[output].kind != "number":
        problems.error(place, where, "a source is a number", found=f"{text}: {drafts[node].sheet.outputs[output].kind}")
    else:
        return InputRef(None, node, output)
    return InputRef("close")


def _read(
    draft: Draft, wanted: Input, key: str, output: str, drafts: Sequence[Draft], names: Names, problems: Problems
) -> InputRef:
    """Another indicator's output: the one named by id, else the first of its type on the same timeframe."""
    fitting = [
        d for d in drafts if d.sheet.type == wanted.of_type and d.timeframe == draft.timeframe and d is not draft
    ]
    named = draft.reads.get(key)
    chosen = next((d for d in fitting if named is None or d.id == named.text), None)
    if chosen is not None:
        return InputRef(None, drafts.index(chosen), chosen.sheet.output_index(output))
    place: Place = draft.section.place if named is None else named.place
    if named is None:
        if not names.broken:
            rule = f"{draft.sheet.type} needs a {wanted.of_type} on {draft.timeframe}: there is none in the file"
            problems.error(place, draft.section.path(key), rule)
    elif not names.is_broken(named.text):
        ids = [d.id for d in fitting]
        rule = f"must be an indicator of the type {wanted.of_type} on {draft.timeframe}"
        problems.error(place, draft.section.path(key), rule, found=shown(named.text), allowed=" ".join(ids),
                       suggestion=nearest(named.text, ids))  # fmt: skip
    return InputRef("close")


def _has_source(sheet: Indicator) -> bool:
    return any(wanted.name == "source" for wanted in sheet.inputs)
