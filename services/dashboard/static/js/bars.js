// Bars of one instrument and timeframe, as the API has them: newest first loaded, older ones on request.
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const PAGE = 1000, MOST = 100_000;

export const timeframeMs = (name) => Number.parseInt(name, 10) * UNIT_MS[name.at(-1)];
export const floorTo = (ms, length) => Math.floor(ms / length) * length;

export class BarBook {
  constructor(instrument, timeframe) {
    this.instrument = instrument;
    this.timeframe = timeframe;
    this.length = timeframeMs(timeframe);
    this.items = []; // closed ones, oldest first
    this.forming = null;
    this.complete = false; // nothing older exists
  }

  get all() { return this.forming ? [...this.items, this.forming] : this.items; }
  get first() { return this.items[0]?.[0] ?? this.forming?.[0] ?? null; }

  async newest() {
    const page = await this.ask({ limit: PAGE });
    this.items = page.items;
    this.take(page.forming);
    this.complete = page.items.length === 0;
  }

  // What came after the last closed bar that we have.
  async follow() {
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
