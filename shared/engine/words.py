"""Names of the words in the engine's vectors. `m`: the run's money state; `k`: what is fixed for the run.

Frames, rule counters, rungs and the protection window follow the named words of `m`; layout.py places them.
"""

# --- m: state --------------------------------------------------------------------------------------------------------
SEQ = 0  # last decision
STATUS = 1  # OPEN | STOPPED | FINISHED
PAUSED = 2
ENDING = 3  # 1: finished as soon as it is flat
STOPPING = 4  # 1: stopped at the end of the bar in which it is flat
BAR_OPEN_MS = 5  # last folded bar
BAR_O, BAR_H, BAR_L = 6, 7, 8  # [ticks] of the last bar that could fill anything
BAR_C = 9  # [ticks] of the last folded bar
NO_TRADE = 10  # 1: the last folded bar has volume 0
LOTS = 11  # [steps] that this bar still lets fill
FILLED = 12  # fills in this bar
ROWED = 13  # 1: this bar's equity row is written

CASH = 14  # [units]
POSITION = 15  # [steps] signed
EQUITY = 16  # [units] at the last base close

ENTRY_MS = 17
ENTRY_PRICE = 18  # [ticks] of all parts, to the nearest
ENTRY_QUANTITY = 19  # [steps]
ENTRY_NOTIONAL = 20  # [units]
EXIT_NOTIONAL = 21  # [units]
FEES = 22  # [units]
WORST, BEST = 23, 24  # [ticks] most adverse and most favourable price that counts
INSIDE = 25  # 1: entered inside the last folded bar, of which only the close counts
BARS_HELD = 26
STOP, FIRST_STOP, STOP_ORDER = 27, 28, 29  # [ticks], [ticks], order; 0: none
STOP_REASON = 30  # REASONS: what set the level last
TRAIL_DISTANCE = 31  # [1e-8] of a stop that trails by an ATR, as published before this bar; not positive: none
TARGET, TARGET_ORDER = 32, 33

CLOSE_ORDER, CLOSE_REASON = 34, 35  # close that waits for the next open; 0: none
CLOSE_TYPE = 36  # ORDER_TYPES: a market order, or the stop that was triggered and not filled whole
WAIT_ORDER, WAIT_SIDE, WAIT_QUANTITY = 37, 38, 39  # entry that waits for an open or rests; 0: none
WAIT_TYPE, WAIT_PRICE = 40, 41  # ORDER_TYPES; [ticks] limit or trigger, 0 of a market order
WAIT_RESTS = 42  # 1: until the market reaches its price; 0: for the next open
WAIT_BEGUN = 43  # 1: a first part of it has opened the position
WAIT_CLOSES = 44  # entry closes since it was decided
# what the deciding close knew of the entry's stop and target; 1e-8 units, -1: not there
WAIT_ADJUST = 45  # [ppm] regime adjustment of the base stop
WAIT_STOP, WAIT_STOP_VP, WAIT_TARGET, WAIT_TARGET_VP = 46, 47, 48, 49

PEAK, PEAK_EVER = 50, 51  # [units]
WINDOW_COUNT, WINDOW_NEXT, WINDOW_SUM = 52, 53, 54
# close_ms from which entries are decided again; 0: not suspended
SUSPENDED_UNTIL, DAY_UNTIL, LOSSES_UNTIL = 55, 56, 57  # by drawdown, a day's loss, losses in a row
DAY_END, DAY_EQUITY = 58, 59  # end of this day (UTC), equity before it
LOSSES = 60  # trades without gain in a row
COOLING = 61  # entry closes that still decide no entry after a trade
M_WORDS = 62

OPEN, STOPPED, FINISHED = 0, 1, 2

RUNG_PRICE, RUNG_QUANTITY, RUNG_ORDER, RUNG_NUMBER = 0, 1, 2, 3  # words of one placed rung; quantity 0: none
RUNG_WORDS = 4

# --- k: fixed for the run ------------------------------------------------------------------------------------------
TICK_E8 = 0  # tick in 1e-8
STEP_E8 = 1  # lot step in 1e-8
UNIT = 2  # quote units of one tick x one step
START_MS = 3
WARMUP_FROM_MS = 4
MAKER_PPM, TAKER_PPM, COST_PPM = 5, 6, 7  # COST: slippage + half-spread
MIN_QUANTITY, MIN_NOTIONAL = 8, 9  # [steps], [units]
PARTICIPATION = 10  # [ppm] of a bar's volume that fills at most; -1: no limit
ENTRY_TYPE, ENTRY_OFFSET, EXPIRE = 11, 12, 13  # ORDER_TYPES, [ppm], entry closes
SIZING, AMOUNT = 14, 15  # BASE_SIZE [ppm] | RISK [ppm] | QUOTE [units] | VOLATILITY
AMOUNT_PER = 16  # of VOLATILITY: equity x AMOUNT / AMOUNT_PER / ATR is the quantity
SIZE_TRENDING, SIZE_RANGING, SIZE_UNCERTAIN = 17, 18, 19  # [ppm]
HAS_STRENGTH = 20
MAX_POSITION = 21  # [ppm]; -1: no cap
STOP_KIND, STOP_PPM = 22, 23  # NONE | BASE | ATR | PRICE; STOP_PPM -1: no base
STOP_TRENDING, STOP_RANGING, STOP_UNCERTAIN = 24, 25, 26  # [ppm]
VP_STOP, VP_BUFFER = 27, 28  # flag, [ppm]
MOVES = 29  # 1: the stop trails or goes to break-even
TRAIL_KIND, TRAIL_PPM, ACTIVATE, BREAKEVEN = 30, 31, 32, 33  # NONE | BASE | ATR, [ppm]; BREAKEVEN -1: none
TARGET_KIND, TARGET_PPM, VP_TARGET = 34, 35, 36  # NONE | BASE | MULTIPLE | PRICE
TIME_EXIT = 37  # entry bars; 0: none
COOL_BARS, COOL_AFTER_ANY = 38, 39  # entry bars; 1: after any trade, 0: after one without gain
PROTECTED, DRAWDOWN, WINDOW, COOLDOWN_MS, TOTAL = 40, 41, 42, 43, 44  # TOTAL [ppm]; -1: none
DAILY_LOSS, LOSSES_MOST = 45, 46  # [ppm], trades; DAILY_LOSS -1, LOSSES_MOST 0: none
ALLOW_SHORT = 47
RUNG_COUNT, RUNGS_AT, RUNGS_K = 48, 49, 50  # placed rungs in m, (level, share) pairs in k [ppm]
WINDOW_AT = 51  # protection window in m
K_WORDS = 52

BASE_SIZE, RISK, QUOTE, VOLATILITY = 0, 1, 2, 3
NONE, BASE, ATR, PRICE, MULTIPLE = 0, 1, 2, 3, 4
