"""What was run: the strategy, the market, the window, the costs, and how to know it again."""

from services.cli.html_report.forms import count, counted, words
from services.cli.html_report.markup import Child, Html, el
from services.cli.html_report.material import Json, Material
from services.cli.times import when
from shared.domain.timeframe import MINUTE_MS

MOST_GAPS = 5  # that are named


def header(of: Material) -> Html:
    doc = of.doc
    strategy, bars = doc["strategy"], doc["bars"]
    name = strategy["name"] + (f" : {strategy['variant']}" if strategy["variant"] else "")
    return el(
        "header",
        el("p", "Paperfold · report of a run", class_="brand"),
        el("h1", name),
        el(
            "p",
            f"{doc['instrument']['name']} · {of.entry_timeframe} · {when(bars['first_open_ms'])} to "
            f"{when(bars['last_open_ms'])} UTC · {counted(bars['count'], 'minute')}",
            class_="lead",
        ),
        el("dl", [_fact(label, *told) for label, told in _facts(of) if told], class_="facts"),
        el("p", SHORTS, class_="message warn") if of.allows_shorts else None,
        el("p", _gaps(bars["gaps"]), class_="message warn") if bars["gaps"] else None,
    )


SHORTS = (
    "Shorts are synthetic: a spot market lends nothing. They are booked as if it did, and no borrowing cost is paid, "
    "so their results are better than any venue's would be."
)


def _facts(of: Material) -> list[tuple[str, tuple[Child, ...]]]:
    doc = of.doc
    strategy, rules, costs, bars = doc["strategy"], doc["instrument"], doc["costs"], doc["bars"]
    params = ", ".join(f"{name} = {value}" for name, value in strategy["params"].items())
    sizes = f"tick {rules['tick_size']}, lot {rules['lot_step']}, at least {rules['min_quantity']} {of.base}"
    folded = f"folded from {when(bars['warmup_from_ms'])}, trading from {when(bars['first_open_ms'])}"
    return [
        ("Version", (el("code", strategy["version_sha256"]),)),
        ("Digest", (el("code", doc["digest"]), el("small", " of every decision"))),
        ("Engine", (doc["engine_version"],)),
        ("Costs", (_costs(costs),)),
        ("Instrument", (f"{sizes} and {rules['min_notional']} {of.quote} ({rules['source']} rules)",)),
        ("Bars", (f"{folded}; {_gap_count(bars['gaps']) if bars['gaps'] else 'no gaps'}",)),
        ("Parameters", (params,) if params else ()),
    ]


def _fact(label: str, *told: Child) -> Html:
    return el("div", el("dt", label), el("dd", told))


def _costs(costs: Json) -> str:
    """Rates of ppm as percent: 1000 ppm is 0.1%."""
    names = ("taker_ppm", "maker_ppm", "slippage_ppm", "half_spread_ppm")
    return ", ".join(f"{words(name.removesuffix('_ppm'))} {costs[name] / 10_000:g}%" for name in names)


def _gap_count(gaps: list[list[int]]) -> str:
    missing = sum(end - start for start, end in gaps) // MINUTE_MS
    return f"{counted(len(gaps), 'gap')}, {counted(missing, 'minute')} missing"


def _gaps(gaps: list[list[int]]) -> str:
    named = ", ".join(f"{when(start)} to {when(end - MINUTE_MS)}" for start, end in gaps[:MOST_GAPS])
    more = f" and {count(len(gaps) - MOST_GAPS)} more" if len(gaps) > MOST_GAPS else ""
    return f"The bars have {_gap_count(gaps)}: {named}{more}. Nothing was decided in them."
