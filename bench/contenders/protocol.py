"""How a contender is spoken to. Stands alone, for each runs in an interpreter of its own: nothing of ours is imported.

`python with_X.py BARS.npz` loads the bars, runs once, and answers with a line of JSON: who it is, its trades, what the
first run took. Then, for every line on its input, it runs once more and answers with the times; a line may name which
of its runs is meant. At the end of its input it says how much memory it held. With `--once`: load, run, leave, as a
person's script does.
"""

import json
import os
import sys
import time

# The strategy of strategies/ema-cross-floor.yaml.
FAST, SLOW, STOP, FEE, SHARE, CASH = 20, 50, 0.02, 0.001, 0.95, 10_000_000.0
MINUTE_MS = 60_000


def serve(name, version, load, run, **others):
    """`load(path)` gives what runs take. `run` gives [(entry_ms, exit_ms)] of closed trades, and equity at the end."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    bars = load(sys.argv[1])
    (trades, final), first = measured(run, bars)
    if "--once" in sys.argv:
        return
    say(out, {"name": name, "version": version, "trades": trades, "final": final, **first})
    for line in sys.stdin:
        say(out, measured(others.get(line.strip(), run), bars)[1])
    say(out, {"peak_mb": peak_mb()})


def measured(run, bars):
    wall, cpu = time.perf_counter(), time.process_time()
    found = run(bars)
    return found, {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}


def say(out, answer):
    out.write(json.dumps(answer) + "\n")
    out.flush()


def peak_mb():
    """The most memory this process ever held at once; rusage would begin with its parent's."""
    with open("/proc/self/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
