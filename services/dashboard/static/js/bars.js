// Bars of one instrument and timeframe, as the API has them: a window that is loaded at its end, or around a moment, and
// grows to both sides on request. Only a window that reaches to now is told what happens.
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const PAGE = 1000, MOST = 100_000;

export const timeframeMs = (name) => Number.parseInt(name, 10) * UNIT_MS[name.at(-1)];
export const floorTo = (ms, length) => Math.floor(ms / length) * length;

export class BarBook {
  // `aroundMs`: a moment in the middle of the window; null: the window ends now.
  constructor(instrument, timeframe, aroundMs = null) {
    this.instrument = instrument;
    this.timeframe = timeframe;
    this.length = timeframeMs(timeframe);
    this.untilMs = aroundMs === null ? null : floorTo(aroundMs, this.length) + (PAGE / 2) * this.length;
    this.atEnd = aroundMs === null; // nothing newer exists
    this.items = []; // closed ones, oldest first
    this.forming = null;
    this.complete = false; // nothing older exists
  }

  get all() { return this.forming ? [...this.items, this.forming] : this.items; }
  get first() { return this.items[0]?.[0] ?? this.forming?.[0] ?? null; }

  get last() { return this.all.at(-1)?.[0] ?? null; }
  holds(ms) { return this.first !== null && ms >= this.first && (this.atEnd || ms < this.last + this.length); }

  async start() {
    if (this.atEnd) return this.newest();
    const page = await this.ask({ to_ms: this.untilMs - 1, limit: PAGE });
    this.items = page.items;
    if (this.last === null) { // everything is newer
      this.atEnd = true;
      return this.newest();
    }
    return this.last < this.untilMs - this.length ? this.newer() : true;
  }

  async newest() {
    const page = await this.ask({ limit: PAGE });
    this.items = page.items;
    this.take(page.forming);
    this.complete = page.items.length === 0;
  }

  // The bars after those that we have; true when there were any.
  async newer() {
    if (this.atEnd || this.items.length >= MOST) return false;
    const page = await this.ask({ from_ms: this.last + this.length, limit: PAGE });
    this.merge(page.items);
    this.atEnd = page.items.length < PAGE;
    if (this.atEnd) this.take(page.forming);
    return page.items.length > 0;
  }

  // What came after the last closed bar that we have.
  async follow() {
    if (!this.atEnd) return undefined;
    const from = this.items.at(-1)?.[0];
    if (from === undefined) return this.newest();
    const page = await this.ask({ from_ms: from, limit: 5000 });
    this.merge(page.items);
    this.take(page.forming);
  }

  async older() {
    if (this.complete || this.first === null || this.items.length >= MOST) return false;
    const before = this.items.length;
    const page = await this.ask({ to_ms: this.first - 1, limit: PAGE });
    this.merge(page.items);
    this.complete = this.items.length === before;
    return !this.complete;
  }

  // A tick or a closed minute: only what the forming bar shows. Volume waits for the API, which counts it once.
  touch([ms, open, high, low, close, volume]) {
    if (!this.atEnd) return null;
    const start = floorTo(ms, this.length);
    const last = this.items.at(-1)?.[0];
    if (last !== undefined && start <= last) return null;
    if (this.length === UNIT_MS.m) this.forming = [start, open, high, low, close, volume];
    else if (this.forming?.[0] === start) {
      const [, o, h, l, , v] = this.forming;
      this.forming = [start, o, Math.max(h, high), Math.min(l, low), close, v];
    } else if (!this.forming || start > this.forming[0]) this.forming = [start, open, high, low, close, volume];
    else return null;
    return this.forming;
  }

  take(forming) {
    const last = this.items.at(-1)?.[0] ?? -1;
    this.forming = forming && forming[0] > last ? forming : null;
  }

  merge(items) {
    const found = new Map(this.items.map((bar) => [bar[0], bar]));
    for (const bar of items) found.set(bar[0], bar);
    this.items = [...found.values()].sort((a, b) => a[0] - b[0]);
  }

  async ask(more) {
    const params = new URLSearchParams({ instrument: this.instrument, timeframe: this.timeframe, ...more });
    const answer = await fetch(`/data/bars?${params}`);
    if (answer.status === 404) return { items: [], forming: null }; // an instrument without a bar
    if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
    return answer.json();
  }
}
