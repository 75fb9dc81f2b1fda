"""Names of the words in the engine's vectors. `m`: the run's money state; `k`: what is fixed for the run.

Frames, rule counters, rungs and the protection window follow the named words of `m`; layout.py places them.
"""

# --- m: state --------------------------------------------------------------------------------------------------------
SEQ = 0  # last decision
STATUS = 1  # OPEN | STOPPED | FINISHED
PAUSED = 2
ENDING = 3  # 1: finished as soon as it is flat
STOPPING = 4  # 1: stopped at the end of this bar
BAR_OPEN_MS = 5  # last folded bar
BAR_O, BAR_H, BAR_L = 6, 7, 8  # [ticks] of the last bar that could fill anything
BAR_C = 9  # [ticks] of the last folded bar
NO_TRADE = 10  # 1: the last folded bar has volume 0
FILLED = 11  # fills in this bar
ROWED = 12  # 1: this bar's equity row is written

CASH = 13  # [units]
POSITION = 14  # [steps] signed
EQUITY = 15  # [units] at the last base close

ENTRY_MS = 16
ENTRY_PRICE = 17  # [ticks]
ENTRY_QUANTITY = 18  # [steps]
ENTRY_NOTIONAL = 19  # [units]
EXIT_NOTIONAL = 20  # [units]
FEES = 21  # [units]
WORST, BEST = 22, 23  # [ticks] most adverse and most favourable price that counts
BARS_HELD = 24
STOP, FIRST_STOP, STOP_ORDER = 25, 26, 27  # [ticks], [ticks], order; 0: none
TARGET, TARGET_ORDER = 28, 29

CLOSE_ORDER, CLOSE_REASON = 30, 31  # market close that waits for the next open; 0: none
WAIT_ORDER, WAIT_SIDE, WAIT_QUANTITY = 32, 33, 34  # entry that waits for an open or rests; 0: none
# what the deciding close knew of the entry's stop and target; 1e-8 units, -1: not there
WAIT_ADJUST = 35  # [ppm] regime adjustment of the base stop
WAIT_STOP, WAIT_STOP_VP, WAIT_TARGET, WAIT_TARGET_VP = 36, 37, 38, 39

PEAK, PEAK_EVER = 40, 41  # [units]
WINDOW_COUNT, WINDOW_NEXT, WINDOW_SUM = 42, 43, 44
SUSPENDED_UNTIL = 45  # close_ms from which entries are decided again; 0: not suspended
WAIT_TYPE, WAIT_PRICE = 46, 47  # ORDER_TYPES; [ticks] limit or trigger, 0 of a market order
WAIT_RESTS = 48  # 1: until the market reaches its price; 0: for the next open
WAIT_CLOSES = 49  # entry closes since it was decided
INSIDE = 50  # 1: the position was entered inside the last folded bar
STOP_REASON = 51  # REASONS: what set the level last
TRAIL_DISTANCE = 52  # [1e-8] of a stop that trails by an ATR, as published before this bar; not positive: none
COOLING = 53  # entry closes that still decide no entry
LOSSES, LOSSES_UNTIL = 54, 55  # trades without gain in a row; close_ms from which they are forgotten, 0: not yet
DAY_END, DAY_EQUITY, DAY_UNTIL = 56, 57, 58  # this day's end; equity before it; close_ms from which entries go on
M_WORDS = 59

OPEN, STOPPED, FINISHED = 0, 1, 2

RUNG_PRICE, RUNG_QUANTITY, RUNG_ORDER, RUNG_NUMBER = 0, 1, 2, 3  # words of one placed rung; quantity 0: none
RUNG_WORDS = 4

# --- k: fixed for the run ------------------------------------------------------------------------------------------
TICK_E8 = 0  # tick in 1e-8
UNIT = 1  # quote units of one tick x one step
START_MS = 2
WARMUP_FROM_MS = 3
MAKER_PPM, TAKER_PPM, COST_PPM = 4, 5, 6  # COST: slippage + half-spread
MIN_QUANTITY, MIN_NOTIONAL = 7, 8  # [steps], [units]
SIZING, AMOUNT = 9, 10  # BASE_SIZE [ppm] | RISK [ppm] | QUOTE [units] | VOLATILITY
SIZE_TRENDING, SIZE_RANGING, SIZE_UNCERTAIN = 11, 12, 13  # [ppm]
HAS_STRENGTH = 14
MAX_POSITION = 15  # [ppm]; -1: no cap
STOP_KIND, STOP_PPM = 16, 17  # NONE | BASE | ATR | PRICE; STOP_PPM -1: no base
STOP_TRENDING, STOP_RANGING, STOP_UNCERTAIN = 18, 19, 20  # [ppm]
VP_STOP, VP_BUFFER = 21, 22  # flag, [ppm]
TARGET_KIND, TARGET_PPM, VP_TARGET = 23, 24, 25  # NONE | BASE | MULTIPLE | PRICE
PROTECTED, DRAWDOWN, WINDOW, COOLDOWN_MS, TOTAL = 26, 27, 28, 29, 30  # TOTAL [ppm]; -1: none
ALLOW_SHORT = 31
RUNG_COUNT, RUNGS_AT, RUNGS_K = 32, 33, 34  # placed rungs in m, (level, share) pairs in k [ppm]
WINDOW_AT = 35  # protection window in m
ENTRY_TYPE, ENTRY_OFFSET, EXPIRE = 36, 37, 38  # ORDER_TYPES, [ppm], entry closes
MOVES = 39  # 1: the stop trails or goes to break-even
TRAIL_KIND, TRAIL_PPM, ACTIVATE, BREAKEVEN = 40, 41, 42, 43  # NONE | BASE | ATR, [ppm]; BREAKEVEN -1: none
TIME_EXIT = 44  # entry bars; 0: none
COOL_BARS, COOL_AFTER_ANY = 45, 46  # entry bars, 1: after any trade, 0: after one without gain
AMOUNT_PER = 47  # of VOLATILITY: equity x AMOUNT / AMOUNT_PER / ATR is the quantity
DAILY_LOSS, LOSSES_MOST = 48, 49  # [ppm], trades; DAILY_LOSS -1, LOSSES_MOST 0: none
K_WORDS = 50

BASE_SIZE, RISK, QUOTE, VOLATILITY = 0, 1, 2, 3
NONE, BASE, ATR, PRICE, MULTIPLE = 0, 1, 2, 3, 4
