// Returns of several runs in one chart; the table below is loaded again when one of them changes.
import { script } from "./equity.js";
import { listen } from "./live.js";
import { onTheme, palette } from "./palette.js";
import { refresh } from "./refresh.js";
import { onZone, shifted } from "./times.js";

const POINTS = 1000, AGAIN_MS = 5000, DAY_MS = 86_400_000;
const DASHES = ["solid", "6px 2px"]; // of the first four and of the others: colour is not alone
const place = document.getElementById("returns"), axes = document.getElementById("axes");
const runs = [...document.querySelectorAll("[data-compare]")].map(({ dataset }) => (
  { id: dataset.compare, cash: Number(dataset.cash), startMs: Number(dataset.startMs), label: dataset.label, items: [] }));
let axis = "date", last = 0, waiting = 0;

axes.addEventListener("click", (event) => {
  const button = event.target.closest("[data-axis]");
  if (!button) return;
  for (const one of axes.children) one.setAttribute("aria-pressed", String(one === button));
  axis = button.dataset.axis;
  draw();
});

async function load() {
  last = Date.now();
  await Promise.all(runs.map(async (run) => {
    try {
      const answer = await fetch(`/data/runs/${run.id}/equity?points=${POINTS}`);
      if (answer.ok) run.items = (await answer.json()).items;
    } catch { /* the next event asks again */ }
  }));
  draw();
}

// Soon, and not more often than every few seconds.
function follow() {
  if (!waiting) waiting = setTimeout(() => { waiting = 0; load(); }, Math.max(0, last + AGAIN_MS - Date.now()));
}

function draw() {
  const { Plotly } = window;
  if (!Plotly) return;
  const c = palette(), byDate = axis === "date";
  const at = byDate ? (ms) => new Date(shifted(ms)).toISOString().slice(0, 19) : (ms, run) => (ms - run.startMs) / DAY_MS;
  const line = { gridcolor: c.line, linecolor: c.line, zeroline: false, tickfont: { color: c.muted }, automargin: true };
  const traces = runs.map((run, i) => ({
    type: "scatter", mode: "lines", name: run.label.replaceAll("<", ""), // plotly would read a tag
    x: run.items.map(([ms]) => at(ms, run)), y: run.items.map(([, equity]) => Number(equity) / run.cash - 1),
    line: { color: c[`series${i + 1}`], width: 1.6, dash: DASHES[Math.floor(i / 4)] },
    hovertemplate: "%{fullData.name}: %{y:+.2%}<extra></extra>",
  }));
  Plotly.react(place, traces, {
    paper_bgcolor: c.card, plot_bgcolor: c.card, font: { family: c.face, size: 11, color: c.muted },
    margin: { l: 12, r: 16, t: 10, b: 28 }, showlegend: false, hovermode: "x", dragmode: "zoom", uirevision: axis,
    hoverlabel: { bgcolor: c.card, bordercolor: c.lineStrong, font: { color: c.text, family: c.face, size: 12 }, align: "left", namelength: -1 },
    xaxis: byDate ? { ...line, type: "date", hoverformat: "%Y-%m-%d %H:%M" } : { ...line, type: "linear", rangemode: "tozero", ticksuffix: " d", hoverformat: ".2f" },
    yaxis: { ...line, tickformat: "+.2~%", fixedrange: true, nticks: 7 },
    shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: 0, y1: 0, line: { color: c.lineStrong, width: 1, dash: "dot" } }],
  }, { displayModeBar: false, responsive: true, doubleClick: "reset" });
}

function changed() {
  refresh();
  follow();
}

onTheme(draw);
onZone(draw);
script(place.dataset.plotly).then(load, (error) => { place.textContent = error.message; });
const ids = new Set(runs.map((run) => run.id));
listen("/events", { run: (found) => { if (ids.has(String(found.id))) changed(); }, reset: changed, reopened: changed });
