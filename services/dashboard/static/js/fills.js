// Fills of a run as markers, each on the bar that holds it. Loaded for the time that the chart holds.
import { floorTo } from "./bars.js";

const PAGE = 500, MOST_PAGES = 20; // more than ten thousand markers say nothing, and take seconds to draw
const STOPS = new Set(["stop", "trailing", "breakeven", "liquidation", "protection", "daily_loss"]);

// Oldest first a page never changes once it is full: fills are only ever added. So a page is asked for once, and which one
// holds a moment is found by halving.
export class FillBook {
  constructor(run, mostPages = MOST_PAGES) {
    Object.assign(this, { run, mostPages });
    this.bySeq = new Map();
    this.pages = new Map(); // number, from the oldest on -> its fills
    this.total = 0;
  }

  get size() { return this.bySeq.size; }

  // Whatever there is from one time to another. True when something was found that was not known; null when they are more
  // than can be drawn, and then they are not loaded.
  async cover(fromMs, toMs = Infinity) {
    const before = this.size;
    let number = await this.find(fromMs);
    const last = toMs === Infinity ? this.lastNumber : await this.find(toMs);
    if (last - number >= this.mostPages) return null;
    while ((await this.known(number)).at(-1)?.ts_ms <= toMs && number < this.lastNumber) number += 1;
    return this.size !== before;
  }

  get lastNumber() { return Math.max(0, Math.ceil(this.total / PAGE) - 1); }

  // The first page that reaches a moment.
  async find(ms) {
    if (this.pages.get(this.lastNumber)?.length !== PAGE) await this.page(this.lastNumber);
    else await this.page(this.lastNumber + 1); // a full one never changes: are there more?
    let low = 0, high = this.lastNumber;
    if ((await this.known(high))[0]?.ts_ms < ms) return high;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await this.known(middle)).at(-1).ts_ms < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async known(number) { return this.pages.get(number) ?? this.page(number); }

  async page(number) {
    const answer = await fetch(`/data/runs/${this.run}/fills?limit=${PAGE}&offset=${number * PAGE}&order=asc`);
    if (!answer.ok) throw new Error(await answer.text());
    const { items, total } = await answer.json();
    this.total = total;
    this.pages.set(number, items);
    for (const fill of items) this.bySeq.set(fill.seq, fill);
    return items;
  }

  // How many there are from one time to another.
  between(fromMs, toMs) {
    let count = 0;
    for (const fill of this.bySeq.values()) count += fill.ts_ms >= fromMs && fill.ts_ms <= toMs;
    return count;
  }

  // Markers for bars of `length` ms between two times; words only where there is room for them.
  markers(length, fromMs, colours, words, toMs = Infinity) {
    const sorted = [...this.bySeq.values()].sort((a, b) => a.seq - b.seq);
    return sorted.filter((fill) => fill.ts_ms >= fromMs && fill.ts_ms < toMs).map((fill) => {
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
