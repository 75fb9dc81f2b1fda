"""The `optimization` section: the search space, checked against the fact sheets."""

from decimal import Decimal

from shared.indicators.fact_sheet import Param
from shared.strategy.document import Scalar
from shared.strategy.nodes import Indicators, allowed_text, bounds
from shared.strategy.problems import Problems, nearest, shown
from shared.strategy.scalars import number, truth
from shared.strategy.sections import Section
from shared.strategy.spec import SearchParameter


def read_search(section: Section, indicators: Indicators, problems: Problems) -> tuple[SearchParameter, ...]:
    """The parameters to search, in file order."""
    known = {f"{node.id}.{param.name}": param for node in indicators.nodes for param in node.sheet.params}
    unused = {f"{node.id}.{name}" for node in indicators.nodes for name in node.sheet.unused}
    found: dict[str, SearchParameter] = {}
    for item in section.sections("parameters"):
        name = item.text("name")
        if name is None:
            continue
        if name in unused or name.partition(".")[0] in indicators.names.replaced:
            problems.note(item.at("name"), item.path("name"), "without effect: the parameter is unused", found=name)
        elif name not in known:
            problems.error(item.at("name"), item.path("name"), "no such parameter of the file's indicators",
                           found=shown(name), suggestion=nearest(name, known, 4))  # fmt: skip
        elif name in found:
            problems.error(item.at("name"), item.path("name"), "the parameter stands here twice", found=name)
        else:
            found[name] = _parameter(item, name, known[name], problems)
    return tuple(found.values())


def _parameter(item: Section, name: str, param: Param, problems: Problems) -> SearchParameter:
    values = {key: _value(item, key, param, problems) for key in ("low", "high", "default")}
    low, high = values["low"], values["high"]
    type_ = item.text("type") or "float"
    if low is not None and high is not None and low > high:
        problems.error(item.at("high"), item.path("high"), "must not be below low", found=f"{high:g}")
    if type_ in ("integer", "float") and not (item.states("low", "choices") and item.states("high", "choices")):
        problems.error(item.place, item.where, f"the type {type_} needs low and high")
    if param.words and type_ != "categorical":
        problems.error(item.place, item.where, "a parameter of words is categorical", allowed=allowed_text(param))
    if type_ == "categorical" and not item.states("choices"):
        problems.error(item.place, item.where, "the type categorical needs choices")
    step = item.tree("step")
    width = number(step) if isinstance(step, Scalar) else None
    if isinstance(step, Scalar) and (width is None or not 0 < width <= Decimal(10) ** 9):
        problems.error(item.at("step"), item.path("step"), "must be a number above 0", found=shown(step.text))
        width = None
    choices = [_choice(tree, item, param, problems) for tree in item.trees("choices") if isinstance(tree, Scalar)]
    if item.truth("log_scale") and low is not None and low <= 0:
        problems.error(item.at("log_scale"), item.path("log_scale"), "needs a low above 0")
    return SearchParameter(
        name=name,
        type=type_,
        low=low,
        high=high,
        step=None if width is None else float(width),
        choices=tuple(choice for choice in choices if choice is not None),
        log_scale=item.truth("log_scale"),
        default=values["default"],
    )


def _value(item: Section, key: str, param: Param, problems: Problems) -> float | None:
    tree = item.tree(key)
    return _bounded(tree, item.path(key), param, problems) if isinstance(tree, Scalar) else None


def _choice(tree: Scalar, item: Section, param: Param, problems: Problems) -> float | None:
    return _bounded(tree, item.path("choices"), param, problems)


def _bounded(scalar: Scalar, where: str, param: Param, problems: Problems) -> float | None:
    if scalar.text in param.words:
        return float(param.words.index(scalar.text))
    form = bounds(param)
    is_true = truth(scalar)
    value = number(scalar) if is_true is None else Decimal(is_true)
    is_outside = value is None or not form.low <= value <= form.high or (form.whole and value != int(value))
    if value is None or is_outside or param.words:
        problems.error(scalar.place, where, f"must be a value of {param.name}", found=shown(scalar.text),
                       allowed=allowed_text(param))  # fmt: skip
        return None
    return float(value)
