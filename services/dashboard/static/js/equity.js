// Equity and drawdown with plotly, whose script is large and loaded after everything else.
import { faded, onTheme, palette } from "./palette.js";
import { onZone, shifted } from "./times.js";

const POINTS = 2000, AGAIN_MS = 3000;

export class Equity {
  constructor(place, { run, quote, cash, note }) {
    Object.assign(this, { place, run, quote, note, cash: Number(cash), items: [], last: 0 });
    onTheme(() => this.draw());
    onZone(() => this.draw());
    this.ready = script(place.dataset.plotly);
    this.load();
  }

  // Soon, and not more often than every few seconds.
  follow() {
    if (!this.waiting) this.waiting = setTimeout(() => { this.waiting = 0; this.load(); }, Math.max(0, this.last + AGAIN_MS - Date.now()));
  }

  async load() {
    this.last = Date.now();
    try {
      const answer = await fetch(`/data/runs/${this.run}/equity?points=${POINTS}`);
      if (!answer.ok) return;
      const { items, thinned, total } = await answer.json();
      this.items = items.map(([ms, equity]) => [ms, Number(equity)]);
      this.note.textContent = thinned ? `${items.length.toLocaleString("en")} of ${total.toLocaleString("en")} points; highs and lows are kept` : "";
      await this.ready;
      this.draw();
    } catch { /* the next bar asks again */ }
  }

  draw() {
    const { Plotly } = window;
    if (!Plotly) return;
    if (this.items.length < 2) return this.empty();
    if (this.place.firstChild?.className === "empty") this.place.replaceChildren();
    const c = palette();
    const x = this.items.map(([ms]) => new Date(shifted(ms)).toISOString().slice(0, 19));
    let peak = this.cash;
    const equity = this.items.map(([, value]) => value);
    const drawdown = equity.map((value) => { peak = Math.max(peak, value); return value / peak - 1; });
    const deepest = Math.min(...drawdown);
    const line = { type: "scatter", mode: "lines", x };
    const axis = { gridcolor: c.line, linecolor: c.line, zeroline: false, tickfont: { color: c.muted }, automargin: true, fixedrange: true };
    // No <b> in a template: plotly would write it as a style attribute, which the policy forbids
    Plotly.react(this.place, [
      { ...line, y: equity, name: "Equity", line: { color: c.accent, width: 1.6 }, hovertemplate: `%{y:${this.cash < 100 ? ",.8~f" : ",.2f"}} ${this.quote}<extra></extra>` },
      { ...line, y: drawdown, name: "Drawdown", yaxis: "y2", fill: "tozeroy", fillcolor: faded(c.candleDown, 0.18), line: { color: c.candleDown, width: 1.2 }, hovertemplate: "%{y:.2%} from the peak<extra></extra>" },
    ], {
      paper_bgcolor: c.card, plot_bgcolor: c.card, font: { family: c.face, size: 11, color: c.muted },
      margin: { l: 12, r: 16, t: 10, b: 28 }, showlegend: false, hovermode: "x", dragmode: "zoom", uirevision: "kept",
      hoverlabel: { bgcolor: c.card, bordercolor: c.lineStrong, font: { color: c.text, family: c.face, size: 12 }, align: "left" },
      xaxis: { ...axis, fixedrange: false, type: "date", anchor: "y2", hoverformat: "%Y-%m-%d %H:%M", showspikes: true, spikemode: "across", spikethickness: 1, spikedash: "dot", spikecolor: c.lineStrong },
      yaxis: { ...axis, domain: [0.34, 1], tickformat: ",.6~f", nticks: 6 },
      yaxis2: { ...axis, domain: [0, 0.27], tickformat: deepest > -0.005 ? ".2%" : ".1%", range: [Math.min(deepest * 1.08, -0.001), 0], nticks: 4 },
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: this.cash, y1: this.cash, line: { color: c.lineStrong, width: 1, dash: "dot" } }],
    }, { displayModeBar: false, responsive: true, doubleClick: "reset" });
  }

  empty() {
    const text = document.createElement("p");
    text.className = "empty";
    text.textContent = "No equity point yet: there is one for every bar after the start.";
    this.place.replaceChildren(text);
  }
}

export function script(address) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = address;
    element.onload = resolve;
    element.onerror = () => reject(new Error("plotly.js could not be loaded"));
    document.head.append(element);
  });
}
