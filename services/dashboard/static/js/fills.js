// Fills of a run as markers, each on the bar that holds it. Loaded as far back as the chart goes.
import { floorTo } from "./bars.js";

const PAGE = 500;
const STOPS = new Set(["stop", "trailing", "breakeven", "liquidation", "protection", "daily_loss"]);

export class FillBook {
  constructor(run) {
    this.run = run;
    this.bySeq = new Map();
    this.complete = false;
    this.oldest = Infinity;
    this.total = 0;
  }

  get size() { return this.bySeq.size; }

  // Whatever is new, and older ones until `from_ms` is covered. True when something was found.
  async cover(fromMs) {
    const before = this.size;
    await this.page(0);
    while (!this.complete && this.oldest > fromMs) await this.page(this.size);
    return this.size !== before;
  }

  async page(offset) {
    const answer = await fetch(`/data/runs/${this.run}/fills?limit=${PAGE}&offset=${offset}&order=desc`);
    if (!answer.ok) throw new Error(await answer.text());
    const { items, total } = await answer.json();
    const known = this.size;
    for (const fill of items) {
      this.bySeq.set(fill.seq, fill);
      this.oldest = Math.min(this.oldest, fill.ts_ms);
    }
    this.complete = this.size >= total || (offset > 0 && this.size === known);
    // More new ones than a page holds: go on until one is known
    if (offset === 0 && known > 0 && this.size === known + PAGE) await this.page(PAGE);
  }

  // How many there are from one time to another.
  between(fromMs, toMs) {
    let count = 0;
    for (const fill of this.bySeq.values()) count += fill.ts_ms >= fromMs && fill.ts_ms <= toMs;
    return count;
  }

  // Markers for bars of `length` ms from `fromMs` on; words only where there is room for them.
  markers(length, fromMs, colours, words) {
    const sorted = [...this.bySeq.values()].sort((a, b) => a.seq - b.seq);
    return sorted.filter((fill) => fill.ts_ms >= fromMs).map((fill) => {
      const buys = fill.side === "buy", entry = fill.reason === "entry";
      return {
        time: floorTo(fill.ts_ms, length) / 1000,
        position: buys ? "belowBar" : "aboveBar",
        shape: buys ? "arrowUp" : "arrowDown",
        color: colours[kind(fill)],
        text: words ? label(fill, entry, buys) : "",
        id: String(fill.seq),
        size: words ? 1 : 0.8,
      };
    });
  }
}

function kind(fill) {
  if (fill.reason === "entry") return fill.side === "buy" ? "accent" : "short";
  if (fill.reason === "target" || fill.reason.startsWith("partial_")) return "candleUp";
  return STOPS.has(fill.reason) ? "candleDown" : "warn";
}

function label(fill, entry, buys) {
  return entry ? (buys ? "long" : "short") : fill.reason.replaceAll("_", " ");
}
