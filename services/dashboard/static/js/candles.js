// The candle chart: bars with volume below, fills on their bars, stop and target of the open position as lines.
import { BarBook, floorTo } from "./bars.js";
import { FillBook } from "./fills.js";
import { faded, onTheme, palette } from "./palette.js";
import { onZone, shifted, stamp } from "./times.js";

const EARLY = 80; // older bars are asked for when so few are left on the left
const MARGIN = 5; // bars that are left free on the right
const WORD_PX = 55; // room that a marker with a word needs
const FOLLOW_MS = 1000;
const MANY = 200; // new bars that are drawn one by one
const two = (n) => String(n).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export class Candles {
  // `endMs`: the last bar of a run that has ended, where its chart begins; null: the chart begins at now.
  constructor(place, { run, instrument, timeframe, legend, note, crowd, latest, endMs = null }) {
    Object.assign(this, { place, instrument, legend, note, crowd, latest, endMs, isCrowded: false, lines: [], position: null, words: true, lastFollow: 0, wanted: null });
    this.fills = new FillBook(run);
    const lib = this.lib = window.LightweightCharts;
    // The logo would come with a style element, which the policy forbids: the page's foot has the attribution
    this.chart = lib.createChart(place, { autoSize: true, layout: { attributionLogo: false } });
    this.candles = this.chart.addSeries(lib.CandlestickSeries, { priceLineStyle: lib.LineStyle.Dotted });
    this.candles.applyOptions({ autoscaleInfoProvider: (original) => this.scaled(original()) });
    this.volume = this.chart.addSeries(lib.HistogramSeries, { priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false }, 1);
    this.markers = lib.createSeriesMarkers(this.candles, []);
    this.chart.panes()[1].setStretchFactor(0.18);
    this.chart.timeScale().subscribeVisibleLogicalRangeChange(() => this.moved());
    this.chart.subscribeCrosshairMove((at) => this.describe(at));
    this.latest.addEventListener("click", () => this.goHome());
    this.paint();
    onTheme(() => { this.paint(); this.draw(); this.drawLines(); });
    onZone(() => this.paint());
    this.show(timeframe, this.endMs);
  }

  // Another timeframe shows the same time.
  change(timeframe) { return this.show(timeframe, this.edge()); }

  // The moment at the right edge of the picture; null: now. One that was asked for is kept until the picture leaves its bar.
  edge() {
    if (this.isLoading) return this.asked;
    const to = this.range?.to ?? Infinity, all = this.book.all;
    const last = Math.min(all.length - 1, Math.floor(to) - MARGIN - 1), bar = all[Math.max(0, last)];
    if (bar === undefined || this.book.atEnd && last === all.length - 1) return null;
    return this.asked !== null && floorTo(this.asked, this.book.length) === bar[0] ? this.asked : bar[0];
  }

  // Bars whose right edge is a moment, or now.
  async show(timeframe, edgeMs = null) {
    const book = this.book = new BarBook(this.instrument, timeframe, edgeMs);
    [this.asked, this.isLoading] = [edgeMs, true];
    this.say("Loading bars");
    try {
      await book.start();
      if (book !== this.book) return; // another one was chosen meanwhile
      this.setPrecision();
      this.draw();
      const edge = edgeMs === null ? book.all.length : this.at(edgeMs) + 1;
      this.look(edge - this.roomFor(), edge + MARGIN);
      this.isLoading = false;
      this.say(book.all.length ? "" : "No bars of this instrument are recorded yet.");
      await this.loadFills();
    } catch (error) {
      this.say(`Bars could not be loaded: ${error.message}`);
    }
  }

  // The chart takes a range with its next picture, which may be long in coming, and tells the one of the last picture till then.
  look(from, to) {
    const wanted = this.wanted = { from, to };
    this.chart.timeScale().setVisibleLogicalRange(wanted);
    requestAnimationFrame(() => { if (this.wanted === wanted) this.wanted = null; });
  }

  get range() { return this.wanted ?? this.chart.timeScale().getVisibleLogicalRange(); }

  // Index of the bar that holds a moment, else of the next one.
  at(ms) {
    const all = this.book.all, wanted = floorTo(ms, this.book.length);
    let low = 0, high = Math.max(0, all.length - 1);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (all[middle][0] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  roomFor() { return Math.max(40, Math.round(this.place.clientWidth / 9)); }

  // Ticks are drawn at once; what is closed, and volume, come from the API at most once a second.
  touch(bar, isClosed) {
    const forming = this.book.touch(bar);
    if (forming && this.book.items.length) this.append([forming]);
    if (isClosed) this.follow();
  }

  follow() {
    if (this.waiting) return;
    this.waiting = setTimeout(async () => {
      this.waiting = 0;
      this.lastFollow = Date.now();
      const book = this.book, closed = book.items.length;
      try {
        await book.follow();
        if (book !== this.book) return;
        if (closed === 0 || book.items.length - closed > MANY) this.draw();
        else this.append(book.all.slice(closed - 1));
        if (book.all.length) this.say("");
      } catch { /* the next bar asks again */ }
    }, Math.max(0, this.lastFollow + FOLLOW_MS - Date.now()));
  }

  append(bars) {
    for (const bar of bars) {
      this.candles.update(this.candle(bar));
      this.volume.update(this.bar(bar));
    }
  }

  async loadFills() {
    const book = this.book;
    if (book.first === null) return;
    const found = await this.fills.cover(book.first, this.untilMs);
    if (book !== this.book) return;
    const wasCrowded = this.isCrowded;
    this.isCrowded = found === null;
    this.crowd.hidden = !this.isCrowded;
    if (found || wasCrowded !== this.isCrowded) this.drawMarkers();
  }

  get untilMs() { return this.book.atEnd ? Infinity : this.book.last + this.book.length; }

  // What the button beside the timeframes brings back: now, or the end of a run that has ended.
  goHome() { return this.show(this.book.timeframe, this.endMs); }

  showWhetherAway(range) {
    const { book, endMs } = this, home = endMs === null ? book.all.length - 1 : this.at(endMs);
    const isLoaded = endMs === null ? book.atEnd : book.holds(endMs);
    this.latest.hidden = isLoaded && range.from <= home && home <= range.to;
  }

  async moved() {
    const range = this.range;
    if (!range) return;
    if (this.hasRoom(range) !== this.words) this.drawMarkers();
    this.showWhetherAway(range);
    if (this.loading || this.book.items.length === 0) return;
    if (range.from <= EARLY) await this.older();
    else if (range.to >= this.book.items.length - EARLY) await this.newer();
  }

  // Words beside markers only where they do not cover each other.
  hasRoom(range) {
    const all = this.book.all, at = (index) => all[Math.min(all.length - 1, Math.max(0, Math.floor(index)))]?.[0] ?? 0;
    return this.fills.between(at(range.from), at(range.to) + this.book.length) * WORD_PX < this.place.clientWidth;
  }

  async older() {
    this.loading = true;
    const book = this.book, before = book.items.length;
    try {
      if (!await book.older() || book !== this.book) return;
      const added = book.items.length - before;
      this.draw();
      if (this.wanted) this.look(this.wanted.from + added, this.wanted.to + added); // the last picture moves by itself
      await this.loadFills();
    } catch { /* scrolling on asks again */ } finally { this.loading = false; }
  }

  // More bars on the right leave the picture where it is.
  async newer() {
    if (this.book.atEnd) return;
    this.loading = true;
    const book = this.book;
    try {
      if (!await book.newer() || book !== this.book) return;
      const range = this.range;
      this.draw();
      this.look(range.from, range.to);
      await this.loadFills();
    } catch { /* scrolling on asks again */ } finally { this.loading = false; }
  }

  // Bring a span of time into view: bars around it are loaded when it is not among those that are here.
  async reveal(fromMs, toMs) {
    if (!this.book.holds(fromMs) || !this.book.holds(toMs)) await this.show(this.book.timeframe, toMs);
    const from = this.at(fromMs), to = this.at(toMs), room = Math.max(15, (this.roomFor() - (to - from)) / 2);
    this.look(from - room, to + room);
  }

  setPosition(position) {
    const key = JSON.stringify([position.side, position.entry_price, position.stop, position.target, position.rungs]);
    if (key === this.positionKey) return;
    [this.positionKey, this.position] = [key, position];
    this.drawLines();
  }

  draw() {
    const all = this.book.all;
    this.candles.setData(all.map((bar) => this.candle(bar)));
    this.volume.setData(all.map((bar) => this.bar(bar)));
    this.drawMarkers();
  }

  drawMarkers() {
    const first = this.book.first, range = this.range;
    this.words = !range || this.hasRoom(range);
    const markers = first === null || this.isCrowded ? [] : this.fills.markers(this.book.length, first, this.colours, this.words, this.untilMs);
    this.markers.setMarkers(markers);
    // For those who do not see the picture
    this.place.setAttribute("aria-label", `${this.book.timeframe} candles: ${this.book.all.length} bars, ${markers.length} fills on them${this.isCrowded ? " (too many to draw)" : ""}${this.spanned()}. The table of trades says the same in words.`);
  }

  spanned() { return this.book.first === null ? "" : `, from ${stamp(this.book.first)} to ${stamp(this.book.last)}`; }

  drawLines() {
    for (const line of this.lines) this.candles.removePriceLine(line);
    this.lines = [];
    const { position, colours: c, lib } = this;
    if (!position || position.side === "flat") return;
    const line = (price, color, title, lineStyle) => {
      if (price !== null && price !== undefined) {
        this.lines.push(this.candles.createPriceLine({ price: Number(price), color, title, lineStyle, lineWidth: 1, axisLabelVisible: true }));
      }
    };
    line(position.entry_price, position.side === "long" ? c.accent : c.short, "entry", lib.LineStyle.Solid);
    line(position.stop, c.candleDown, "stop", lib.LineStyle.Dashed);
    line(position.target, c.candleUp, "target", lib.LineStyle.Dashed);
    for (const rung of position.rungs || []) line(rung.price, faded(c.candleUp, 0.6), rung.reason.replaceAll("_", " "), lib.LineStyle.Dotted);
  }

  // Stop and target belong into the picture, unless they are so far off that the bars would be flat.
  scaled(info) {
    const range = info?.priceRange, position = this.position;
    if (!range || !position || position.side === "flat") return info;
    const room = (range.maxValue - range.minValue) * 1.2;
    for (const text of [position.stop, position.target]) {
      const price = text === null || text === undefined ? NaN : Number(text);
      if (price > range.maxValue && price - range.maxValue < room) range.maxValue = price;
      if (price < range.minValue && range.minValue - price < room) range.minValue = price;
    }
    return info;
  }

  candle([ms, open, high, low, close]) { return { time: ms / 1000, open, high, low, close }; }
  bar([ms, open, , , close, volume]) { return { time: ms / 1000, value: volume, color: faded(close >= open ? this.colours.candleUp : this.colours.candleDown, 0.45) }; }

  setPrecision() {
    const price = this.book.all.at(-1)?.[4] ?? 1;
    const precision = price >= 100 ? 2 : price >= 1 ? 4 : Math.min(10, 4 - Math.floor(Math.log10(price)));
    this.precision = precision;
    this.candles.applyOptions({ priceFormat: { type: "price", precision, minMove: 10 ** -precision } });
  }

  describe(at) {
    const bar = at?.seriesData?.get(this.candles);
    if (!bar) return this.legend.replaceChildren();
    const volume = at.seriesData.get(this.volume)?.value;
    const parts = [["", stamp(bar.time * 1000)], ["O", bar.open], ["H", bar.high], ["L", bar.low], ["C", bar.close]];
    const texts = parts.map(([name, value]) => [name, typeof value === "number" ? value.toFixed(this.precision) : value]);
    if (volume !== undefined) texts.push(["V", volume.toFixed(3)]);
    this.legend.replaceChildren(...texts.flatMap(([name, value]) => {
      const strong = document.createElement("b");
      strong.textContent = value;
      return [`${name} `, strong, "  "];
    }));
  }

  say(text) { this.note.textContent = text; }

  paint() {
    const c = this.colours = palette();
    this.chart.applyOptions({
      layout: { background: { color: c.card }, textColor: c.muted, fontFamily: c.face, fontSize: 11, panes: { separatorColor: c.line, separatorHoverColor: c.lineStrong } },
      grid: { vertLines: { color: faded(c.line, 0.6) }, horzLines: { color: faded(c.line, 0.6) } },
      rightPriceScale: { borderColor: c.line },
      timeScale: { borderColor: c.line, timeVisible: true, secondsVisible: false, rightOffset: MARGIN, minBarSpacing: 0.3, tickMarkFormatter: tick },
      crosshair: { mode: this.lib.CrosshairMode.Normal },
      localization: { timeFormatter: (time) => stamp(time * 1000) },
    });
    this.candles.applyOptions({ upColor: c.candleUp, downColor: c.candleDown, wickUpColor: c.candleUp, wickDownColor: c.candleDown, borderVisible: false });
  }
}

// Kind of tick: 0 year, 1 month, 2 day, 3 and 4 time
function tick(time, kind) {
  const at = new Date(shifted(time * 1000));
  const clock = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  if (kind > 2) return clock;
  const day = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
  if (clock !== "00:00") return `${day} ${clock}`; // local time: the chart's days begin at midnight UTC
  return kind === 0 ? String(at.getUTCFullYear()) : kind === 1 ? MONTHS[at.getUTCMonth()] : day;
}
