"""A strategy file's text as a checked spec. Every problem is found, in one pass, and nothing is ever raised."""

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal

from shared.domain.errors import InputError
from shared.domain.instrument import parse_instrument
from shared.domain.timeframe import TIMEFRAMES
from shared.indicators.fact_sheet import Indicator
from shared.indicators.registry import REGISTRY
from shared.strategy.document import Entries, Entry, Tree, is_null, read_document
from shared.strategy.execution import read_costs, read_entry_order, read_protection
from shared.strategy.logic import NEVER, read_side, rules_in
from shared.strategy.nodes import IndicatorReader, Indicators
from shared.strategy.plan import SIDES, Group, Side
from shared.strategy.planning import settle_ms
from shared.strategy.problems import START, Problems, nearest, shown
from shared.strategy.risk import Risk, RiskReader
from shared.strategy.schema import FILE, MOST_RULES, MOST_WARMUP_MINUTES, RISK
from shared.strategy.search import read_search
from shared.strategy.sections import Section, read_section
from shared.strategy.spec import Behaviour, Loaded, Spec

DEFAULT_INSTRUMENT = "BTC/USDT"
DEFAULT_CASH = Decimal(10_000)


def load(text: str, file: str, registry: Mapping[str, Indicator] = REGISTRY) -> Loaded:
    """Reads a strategy. `file` names it in problems and, without its extension, is the default name."""
    problems = Problems(file)
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    document = read_document(text, problems)
    spec = None if document is None else _Loader(document, file, sha256, registry, problems).spec()
    return Loaded(None if problems.has_errors() else spec, problems.sorted(), sha256)


class _Loader:
    def __init__(
        self, document: Entries, file: str, sha256: str, registry: Mapping[str, Indicator], problems: Problems
    ) -> None:
        self.document = document
        self.file = file
        self.sha256 = sha256
        self.registry = registry
        self.problems = problems

    def spec(self) -> Spec | None:
        top = read_section(self.document, FILE, "", self.problems)
        if top is None:
            return None
        timeframes = self.timeframes(top)
        reader = IndicatorReader(self.registry, timeframes, self.problems)
        indicators = reader.read(top.trees("indicators"))
        base = self.behaviour(top.section("logic"), top.section("risk_management"), indicators)
        variants = self.variants(top, base, indicators)
        backtest, execution = top.section("backtest"), top.section("execution")
        protection = top.section("equity_protection")
        spec = Spec(
            name=top.text("name") or _stem(self.file),
            version=top.text("version") or "",
            description=top.text("description") or "",
            file=self.file,
            sha256=self.sha256,
            instrument=self.instrument(top),
            exchange=top.text("exchange") or "binanceus",
            timeframes=timeframes,
            nodes=indicators.nodes,
            places=tuple(section.place for section in indicators.sections),
            base=base,
            variants=variants,
            protection=read_protection(protection, self.problems) if top.states("equity_protection") else None,
            allow_short=execution.truth("allow_short", default=True),
            costs=read_costs(execution, backtest),
            cash=backtest.number("cash") or DEFAULT_CASH,
            from_ms=backtest.ms("from"),
            to_ms=backtest.ms("to"),
            search=read_search(top.section("optimization"), indicators, self.problems),
            entry_order=read_entry_order(execution, self.problems),
            participation=execution.number("participation"),
        )
        self.check_whole(spec, top)
        return spec

    def timeframes(self, top: Section) -> dict[str, str]:
        frames = {label: name for label, name in top.map("timeframes").items() if isinstance(name, str)}
        if top.states("timeframes") and "entry" not in frames and "timeframes.entry" not in self.problems:
            rule = "the label entry is missing: the bars on which rules are evaluated"
            self.problems.error(top.at("timeframes"), "timeframes", rule, suggestion=nearest("entry", frames))
        for label, name in frames.items():
            if label in TIMEFRAMES and label != name:
                rule = f"the label {label} would mean {name}"
                self.problems.error(top.at("timeframes"), "timeframes", rule)
        return frames

    def instrument(self, top: Section) -> str:
        text = top.text("symbol")
        if text is None:
            if not top.states("symbol"):
                self.problems.note(START, "symbol", f"not stated: {DEFAULT_INSTRUMENT}")
            return DEFAULT_INSTRUMENT
        try:
            return parse_instrument(text)
        except InputError as error:
            self.problems.error(top.at("symbol"), "symbol", f"must be {error.rule}", found=shown(text))
            return DEFAULT_INSTRUMENT

    # --- logic and risk --------------------------------------------------------------------------------------------

    def behaviour(self, logic: Section, risk: Section, indicators: Indicators) -> Behaviour:
        sides = {side: self.side(logic, side, indicators) or NEVER for side in SIDES}
        return self.checked(Behaviour(sides, *self.risk(risk, indicators)), logic, indicators)

    def side(self, logic: Section, side: Side, indicators: Indicators) -> Group | None:
        tree = logic.tree(side)
        return None if tree is None else read_side(tree, side, logic.path(side), indicators.names, self.problems)

    def risk(self, section: Section, indicators: Indicators) -> Risk:
        return RiskReader(indicators.nodes, indicators.names, self.problems).read(section)

    def variants(self, top: Section, base: Behaviour, indicators: Indicators) -> dict[str, Behaviour]:
        found: dict[str, Behaviour] = {}
        for name, variant in top.map("variants").items():
            if isinstance(variant, Section):
                found[name] = self.variant(variant, base, indicators)
        return found

    def variant(self, variant: Section, base: Behaviour, indicators: Indicators) -> Behaviour:
        logic = variant.section("logic")
        sides = dict(base.sides)
        for side in SIDES:
            if variant.states(side) and logic.states(side):
                self.problems.error(variant.at(side), variant.path(side), f"stands in {logic.where} as well")
            own = self.side(variant, side, indicators) or self.side(logic, side, indicators)
            if own is not None:
                sides[side] = own
        risk = Risk(base.sizing, base.stop, base.target, base.time_exit, base.cooldown)
        own_risk = variant.tree("risk_management")
        if own_risk is not None:
            tree = merged(self.document.get("risk_management"), own_risk)
            section = read_section(tree, RISK, variant.path("risk_management"), self.problems)
            if section is not None:
                risk = self.risk(section, indicators)
        return self.checked(Behaviour(sides, *risk), variant, indicators)

    def checked(self, behaviour: Behaviour, section: Section, indicators: Indicators) -> Behaviour:
        rules = [rule for group in behaviour.sides.values() for rule in rules_in(group)]
        if len(rules) > MOST_RULES:
            rule = f"a plan has at most {MOST_RULES} rules"
            self.problems.error(section.place, section.where, rule, found=str(len(rules)))
        closing = indicators.names.closing
        if behaviour.stop is None and any(closing.intersection(re.findall(r"\w+", rule.text)) for rule in rules):
            rule = "a rule relies on its stop, and risk_management states no stop_loss"
            for one in indicators.replaced:
                self.problems.error(one.section.place, one.section.where, rule)
        return behaviour

    # --- what concerns the whole -----------------------------------------------------------------------------------

    def check_whole(self, spec: Spec, top: Section) -> None:
        if spec.from_ms is not None and spec.to_ms is not None and spec.from_ms > spec.to_ms:
            backtest = top.section("backtest")
            self.problems.error(backtest.at("to"), "backtest.to", "must not lie before backtest.from")
        for behaviour in (spec.base, *spec.variants.values()):
            if "entry" in spec.timeframes and not self.problems.has_errors():
                minutes = settle_ms(spec.nodes, behaviour, spec.entry_timeframe) // 60_000
                if minutes > MOST_WARMUP_MINUTES:
                    rule = f"history before the start is at most {MOST_WARMUP_MINUTES} minutes"
                    self.problems.error(top.at("indicators"), "indicators", rule, found=str(minutes))
        self.note_sides(spec, top)

    def note_sides(self, spec: Spec, top: Section) -> None:
        behaviours = (spec.base, *spec.variants.values())
        place = top.section("logic").place
        short = any(behaviour.sides["entry_short"].members for behaviour in behaviours)
        if short and spec.allow_short:
            rule = "shorts are synthetic: a spot venue has none; no borrow cost is paid"
            self.problems.note(top.section("logic").at("entry_short"), "logic.entry_short", rule)
        elif short:
            rule = "never evaluated: execution.allow_short is false"
            self.problems.note(top.section("logic").at("entry_short"), "logic.entry_short", rule)
        long = any(behaviour.sides["entry_long"].members for behaviour in behaviours)
        if not long and not (short and spec.allow_short) and not self.problems.has_errors():
            self.problems.note(place, "logic", "no entry rule: this strategy never trades")
        for side in ("long", "short"):
            self.note_exit(spec.base, side, top)

    def note_exit(self, base: Behaviour, side: str, top: Section) -> None:
        entry: Side = "entry_long" if side == "long" else "entry_short"
        exit_: Side = "exit_long" if side == "long" else "exit_short"
        by_risk = (base.stop, base.time_exit, base.target.kind != "none" or None, base.target.rungs or None)
        if base.sides[entry].members and not base.sides[exit_].members and by_risk == (None,) * 4:
            logic = top.section("logic")
            rule = f"no exit: neither {exit_}, stop, target nor time_exit"
            self.problems.note(logic.at(entry), logic.path(entry), rule)


def merged(base: Tree | None, own: Tree) -> Tree:
    """`own` over `base`, key by key; an empty value removes a key; lists and values replace."""
    if not isinstance(base, Entries) or not isinstance(own, Entries):
        return own
    entries = dict(base.entries)
    for key, entry in own.entries.items():
        before = entries.get(key)
        value = entry.value if before is None or is_null(entry.value) else merged(before.value, entry.value)
        entries[key] = Entry(key, entry.place, value)
    return Entries(entries, own.place)


def _stem(file: str) -> str:
    name = file.replace("\\", "/").rsplit("/", 1)[-1]
    stem = name.rsplit(".", 1)[0] if name.endswith((".yaml", ".yml")) else name
    return stem[:100] or "strategy"
