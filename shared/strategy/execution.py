"""`execution` and `equity_protection`: how orders are sent, what they cost, what ends or suspends trading."""

from decimal import Decimal

from shared.domain.timeframe import DAY_MS
from shared.strategy.plan import CostChoice, EntryOrder, Protection
from shared.strategy.problems import Problems
from shared.strategy.sections import Section

ONE_BPS = Decimal("0.0001")
ZERO = Decimal(0)
OFFSETS = {"limit_offset_bps": "limit", "stop_offset_bps": "stop"}  # key -> the type of entry order that it belongs to


def read_costs(execution: Section, backtest: Section) -> CostChoice:
    """Costs that the file states; `backtest` is the fallback."""
    commission = backtest.number("commission")
    maker, taker = execution.number("commission_maker"), execution.number("commission_taker")
    slippage, spread = execution.number("slippage_bps"), execution.number("half_spread_bps")
    return CostChoice(
        maker=commission if maker is None else maker,
        taker=commission if taker is None else taker,
        slippage=backtest.number("slippage") if slippage is None else slippage * ONE_BPS,
        half_spread=None if spread is None else spread * ONE_BPS,
    )


def read_entry_order(execution: Section, problems: Problems) -> EntryOrder:
    """How entries are sent. Keys of another type of order are told."""
    type_ = execution.text("order_type") or "market"
    for key, owner in OFFSETS.items():
        if execution.states(key) and owner != type_:
            _foreign_offset(execution, key, owner, problems)
    if type_ == "market" and execution.states("expire_bars"):
        rule = "without effect: a market entry fills at the next open"
        problems.note(execution.at("expire_bars"), execution.path("expire_bars"), rule)
    offset, bars = execution.number(f"{type_}_offset_bps"), execution.number("expire_bars")
    return EntryOrder(
        type="limit" if type_ == "limit" else "stop" if type_ == "stop" else "market",
        offset=ZERO if offset is None else offset * ONE_BPS,
        expire_bars=1 if bars is None or type_ == "market" else int(bars),
    )


def _foreign_offset(execution: Section, key: str, owner: str, problems: Problems) -> None:
    """`order_type: market` is a choice; where it is missing, or another, entries would not rest where this asks."""
    place, path = execution.at(key), execution.path(key)
    if execution.text("order_type") == "market":
        problems.note(place, path, "without effect: order_type is market")
    elif not execution.states("order_type"):
        problems.error(place, path, f"needs order_type: {owner}, which is not stated (market)")
    elif execution.path("order_type") not in problems:
        problems.error(place, path, f"needs order_type: {owner}", found=f"order_type: {execution.text('order_type')}")


def read_protection(section: Section, problems: Problems) -> Protection | None:
    """The stated section; None when it is switched off."""
    if not section.truth("enabled", default=True):
        return None
    window, cooldown = section.number("smoothing_window"), section.ms("cooldown")
    drawdown, losses = section.number("drawdown_threshold"), section.number("max_consecutive_losses")
    if not section.states("drawdown_threshold"):
        rule = "no drawdown_threshold stated: a drawdown of 25 % closes and suspends"
        problems.note(section.place, section.where, rule)
    return Protection(
        drawdown=Decimal("0.25") if drawdown is None else drawdown,
        window=1 if window is None else int(window),
        cooldown_ms=DAY_MS if cooldown is None else cooldown,
        total=section.number("max_drawdown_total"),
        daily_loss=section.number("max_daily_loss"),
        losses=None if losses is None else int(losses),
    )
