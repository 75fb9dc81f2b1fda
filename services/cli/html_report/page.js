// Draws the figures, whose data stands in the page as JSON, in the style sheet's colours; sorts the table of trades.
const figures = JSON.parse(document.getElementById("figures").textContent);
const config = {
  responsive: true, displaylogo: false, showTips: false, doubleClick: "reset",
  showSendToCloud: false, plotlyServerURL: "", // plotly offers to upload charts unless told not to
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
};
const PAPER_PX = 690; // an A4 page between its margins
const places = Object.keys(figures).map((name) => document.getElementById(name));
const spans = places.filter((place) => figures[place.id].layout.meta);
let following = false;

// "@up" is a colour of the style sheet, "@up/20" the same at 20 %.
function colour(word) {
  const [name, opacity] = word.slice(1).split("/");
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return opacity ? value + Math.round(opacity * 2.55).toString(16).padStart(2, "0") : value;
}

function painted(value) {
  if (typeof value === "string") return value.startsWith("@") ? colour(value) : value;
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(painted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, painted(one)]));
}

// Plotly takes numbers and dates for local time, and texts for what they say: UTC.
const utc = (ms) => new Date(ms).toISOString().slice(0, 23);

function drawn(place) {
  const { data, layout } = painted(figures[place.id]);
  if (!spans.includes(place)) return { data, layout };
  const xaxis = { ...layout.xaxis, range: layout.xaxis.range.map(utc) };
  return { data: data.map((trace) => ({ ...trace, x: trace.x.map(utc) })), layout: { ...layout, xaxis } };
}

function draw(width) {
  for (const place of places) {
    const { data, layout } = drawn(place);
    Plotly.react(place, data, width ? { ...layout, width } : layout, config);
  }
}

// Highest and lowest of what is visible, so that a part of the time fills the height.
function heights(place, from, to) {
  let low = Infinity, high = -Infinity;
  for (const trace of figures[place.id].data) {
    if (trace.yaxis || trace.mode === "markers") continue;
    for (let i = 0; i < trace.x.length; i++) {
      if (trace.x[i] < from || trace.x[i] > to) continue;
      low = Math.min(low, (trace.low ?? trace.y)[i]);
      high = Math.max(high, (trace.high ?? trace.y)[i]);
    }
  }
  const room = (high - low) * 0.06;
  return room > 0 ? { "yaxis.range": [low - room, high + room] } : {};
}

const ms = (axis) => axis.range.map((end) => Date.parse(`${end.replace(" ", "T")}${end.length > 10 ? "Z" : ""}`));

// All figures over time show the same part of it.
async function follow(source, change) {
  const whole = change["xaxis.autorange"], chosen = "xaxis.range[0]" in change || "xaxis.range" in change;
  if (following || !(whole || chosen)) return;
  following = true;
  const range = source.layout.xaxis.range.slice(), [from, to] = ms(source.layout.xaxis);
  for (const place of spans) {
    const fit = !whole && figures[place.id].layout.meta.fit && !(place === source && "yaxis.range[0]" in change) ? heights(place, from, to) : {};
    const all = { "xaxis.autorange": true, "yaxis.autorange": true };
    await Plotly.relayout(place, whole ? all : { "xaxis.range": range, ...fit });
  }
  following = false;
}

function sortTrades(button) {
  const head = button.parentElement, body = head.closest("table").tBodies[0], at = head.cellIndex;
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const read = {
    text: (cell) => cell.textContent,
    number: (cell) => Number(cell.textContent.replaceAll(",", "").replace("%", "").replace("−", "-")),
    held: (cell) => Number(cell.dataset.value),
  }[button.dataset.sort];
  const rows = [...body.rows].map((row) => [read(row.cells[at]), row]);
  rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
  body.append(...rows.map(([, row]) => row));
}

draw();
for (const place of spans) place.on("plotly_relayout", (change) => follow(place, change));
document.querySelectorAll("[data-sort]").forEach((button) => button.addEventListener("click", () => sortTrades(button)));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
addEventListener("beforeprint", () => { document.documentElement.dataset.paper = ""; draw(PAPER_PX); });
addEventListener("afterprint", () => { delete document.documentElement.dataset.paper; draw(); });
